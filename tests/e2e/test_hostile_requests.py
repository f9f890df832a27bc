"""Bad bodies, headers and methods through real HTTP: each gets a clear answer that names the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.learner import GOAL, Learner
from tests.support.local_host import LocalHost


@pytest.fixture(scope="module")
def learner(bare_host: LocalHost) -> Iterator[Learner]:
    with Learner(bare_host.url, "hostile") as learner:
        yield learner


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOAL.items() if name != field}


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    (without("goal"), "goal"),
    (without("skill_level"), "skill_level"),
    (without("weekly_hours"), "weekly_hours"),
    (without("learning_style"), "learning_style"),
    (GOAL | {"goal": ""}, "goal"),
    (GOAL | {"goal": "   "}, "goal"),
    (GOAL | {"goal": "🎉🎉"}, "goal"),
    (GOAL | {"goal": 7}, "goal"),
    (GOAL | {"goal": ["Python"]}, "goal"),
    (GOAL | {"goal": None}, "goal"),
    (GOAL | {"goal": "x" * 501}, "goal"),
    (GOAL | {"goal": "Python\u0000"}, "goal"),
    (GOAL | {"goal": "Py\u001bthon"}, "goal"),
    (GOAL | {"goal": "Python \ud800"}, "goal"),
    (GOAL | {"skill_level": "expert"}, "skill_level"),
    (GOAL | {"weekly_hours": "5"}, "weekly_hours"),
    (GOAL | {"weekly_hours": 0}, "weekly_hours"),
    (GOAL | {"weekly_hours": -1}, "weekly_hours"),
    (GOAL | {"weekly_hours": 1e9}, "weekly_hours"),
    (GOAL | {"weekly_hours": True}, "weekly_hours"),
    (without("weekly_hours") | {"time_commitment": "whenever"}, "time_commitment"),
    (GOAL | {"learning_style": "osmosis"}, "learning_style"),
    (GOAL | {"language": "English, please"}, "language"),
    (GOAL | {"industry": "y" * 101}, "industry"),
    (GOAL | {"generate": "everything"}, "generate"),
    (GOAL | {"user_id": "somebody-else"}, "user_id"),
]


@pytest.mark.parametrize(("body", "field"), BAD_FIELDS, ids=lambda value: str(value)[:60])
def test_a_bad_field_is_named(learner: Learner, body: dict[str, Any], field: str) -> None:
    response = learner.http.post("/roadmaps", content=json.dumps(body))
    assert response.status_code == 422, response.text
    problem = response.json()
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert problem["code"] == "invalid_request"
    assert field in [error["field"] for error in problem["errors"]]
    assert all(error["message"] for error in problem["errors"])


def test_all_bad_fields_are_named_at_once(learner: Learner) -> None:
    """In the order of the description, whatever the order in the request; unknown ones last."""
    documented = ["goal", "skill_level", "weekly_hours", "learning_style", "language", "industry", "generate"]
    for names in (documented, documented[::-1]):
        body = {"user_id": "eve", **dict.fromkeys(names, "?" * 101), "weekly_hours": -1, "goal": ""}
        problem = learner.http.post("/roadmaps", json=body).json()
        assert [error["field"] for error in problem["errors"]] == [*documented, "user_id"]
        assert problem["detail"] == f"These fields are wrong: {', '.join([*documented, 'user_id'])}."


def test_all_missing_fields_are_named_at_once(learner: Learner) -> None:
    missing = ["skill_level", "weekly_hours", "learning_style"]
    problem = learner.http.post("/roadmaps", json={"goal": "Learn Python"}).json()
    assert [error["field"] for error in problem["errors"]] == missing
    assert problem["detail"] == f"These fields are missing: {', '.join(missing)}."


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"not json", 400, "invalid_json"),
        (b'{"goal": "Python"', 400, "invalid_json"),
        (b'{"goal": NaN}', 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[" * 30_000 + b"]" * 30_000, 400, "invalid_json"),
        (b"[]", 422, "invalid_request"),
        (b'"Python"', 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'{"goal": "' + b"x" * 1_000_000 + b'"}', 413, "body_too_large"),
    ],
    ids=["empty", "text", "cut", "nan", "not-utf8", "deep", "list", "string", "null", "1 MB"],
)
def test_a_bad_body_names_the_body(learner: Learner, content: bytes, status: int, code: str) -> None:
    response = learner.http.post("/roadmaps", content=content)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text[:300]
    assert response.json()["errors"][0]["field"] == "body"
    assert "Traceback" not in response.text


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_bad_idempotency_key_is_named(learner: Learner, key: str) -> None:
    response = learner.http.post("/roadmaps", json=GOAL, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("path", "field"),
    [("/roadmaps?limit=0", "limit"), ("/roadmaps?limit=1000", "limit"), ("/roadmaps?limit=x", "limit")],
)
def test_a_bad_query_parameter_is_named(learner: Learner, path: str, field: str) -> None:
    response = learner.http.get(path)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    "path", ["/roadmaps/not-an-id", "/roadmaps/1/status", "/lessons/../x", "/lessons/%00", "/nothing"]
)
def test_what_is_no_route_is_the_hosts_404(learner: Learner, path: str) -> None:
    response = learner.http.get(path)
    assert (response.status_code, response.content) == (404, b"")


def test_a_wrong_method_is_the_hosts_404(learner: Learner) -> None:
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
        assert learner.http.request(method, "/roadmaps").status_code == 404


def test_a_wait_beyond_its_bound_is_named(learner: Learner) -> None:
    roadmap_id = learner.create()
    response = learner.http.get(f"/roadmaps/{roadmap_id}/status?wait=26")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "wait")


def test_ids_are_read_in_either_case(learner: Learner) -> None:
    roadmap_id = learner.create()
    assert learner.http.get(f"/roadmaps/{roadmap_id.upper()}/status").status_code == 200


def test_over_the_quota_says_when_to_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.support.app import app_host

    folder = tmp_path_factory.mktemp("quota")
    settings = {"QUOTA_ROADMAPS_PER_DAY": "2", "QUOTA_LESSONS_PER_DAY": "1"}
    with app_host(folder, settings=settings) as host, Learner(host.url, "eager") as eager:
        roadmap = eager.roadmap()
        key_roadmap = eager.create(key="same")
        assert eager.create(key="same") == key_roadmap, "a repeat costs no quota"
        refused = eager.http.post("/roadmaps", json=GOAL)
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
        assert 0 < int(refused.headers["Retry-After"]) <= 86_400
        lessons = roadmap["modules"][0]["lessons"]
        assert eager.generate(lessons[0]["id"]).status_code == 202
        assert eager.generate(lessons[1]["id"]).status_code == 429
