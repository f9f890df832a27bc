"""POST /generate_lesson_content: another back end acts for a learner, and leaves a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.learner import Learner
from tests.support.local_host import LocalHost
from tests.support.tokens import Signer

PATH = "/api/generate_lesson_content"
USER = "learner-of-a-back-end"


@pytest.fixture(scope="module")
def lessons(token_host: LocalHost, signer: Signer) -> list[str]:
    """The ids of a learner's lessons, none of which is written yet."""
    with Learner(token_host.url, USER, token=signer.token(USER)) as learner:
        roadmap = learner.roadmap(skill_level="advanced")
    return [lesson["id"] for module in roadmap["modules"] for lesson in module["lessons"]]


@pytest.fixture(scope="module")
def back_end(token_host: LocalHost) -> Iterator[httpx.Client]:
    headers = {"x-functions-key": token_host.function_key()}
    with httpx.Client(base_url=token_host.url, headers=headers, timeout=60, trust_env=False) as http:
        yield http


def test_within_its_patience_the_lesson_comes_back(back_end: httpx.Client, lessons: list[str]) -> None:
    body = {"lesson_id": lessons[0].upper(), "user_id": USER}
    answer = back_end.post(PATH, params={"wait": 25}, json=body)
    assert answer.status_code == 200, answer.text
    lesson = answer.json()
    assert (lesson["id"], lesson["generation_status"]) == (lessons[0], "completed")
    assert lesson["content"]["summary"]
    assert lesson["was_cached"] is False
    again = back_end.post(PATH, json=body)
    assert (again.status_code, again.json()["was_cached"]) == (200, True)


def test_without_patience_it_says_where_to_ask_on(back_end: httpx.Client, lessons: list[str]) -> None:
    answer = back_end.post(PATH, json={"lesson_id": lessons[1]}, headers={"X-User-Id": USER})
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/lessons/{lessons[1]}/status"
    assert answer.json()["generation_status"] == "in_progress"
    assert answer.json()["content"] is None


@pytest.mark.parametrize(
    ("body", "headers", "status", "field"),
    [
        ({"user_id": USER}, {}, 422, "lesson_id"),
        ({"lesson_id": "7", "user_id": USER}, {}, 422, "lesson_id"),
        ({"lesson_id": "{LESSON}"}, {}, 422, "user_id"),
        ({"lesson_id": "{LESSON}", "user_id": ""}, {}, 422, "user_id"),
        ({"lesson_id": "{LESSON}", "user_id": "  "}, {}, 422, "user_id"),
        ({"lesson_id": "{LESSON}", "user_id": "a\nb"}, {}, 422, "user_id"),
        ({"lesson_id": "{LESSON}", "user_id": 7}, {}, 422, "user_id"),
        ({"lesson_id": "{LESSON}", "user_id": USER}, {"X-User-Id": "another"}, 422, "user_id"),
        ({"lesson_id": "{LESSON}"}, {"X-User-Id": "x" * 129}, 400, "X-User-Id"),
        ({"lesson_id": "{LESSON}", "user_id": USER, "force": True}, {}, 422, "force"),
    ],
)
def test_what_is_wrong_is_named(
    back_end: httpx.Client,
    lessons: list[str],
    body: dict[str, Any],
    headers: dict[str, str],
    status: int,
    field: str,
) -> None:
    text = json.dumps(body).replace("{LESSON}", lessons[0])
    answer = back_end.post(PATH, content=text, headers=headers)
    assert answer.status_code == status, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_every_request_leaves_a_trace_without_the_learners_name(
    back_end: httpx.Client, lessons: list[str], token_host: LocalHost
) -> None:
    back_end.post(PATH, json={"lesson_id": lessons[2], "user_id": "somebody-else"})
    token_host.wait_for_log(f'"lesson_id": "{lessons[2]}", "code": "not_found"')
    back_end.post(PATH, params={"wait": 25}, json={"lesson_id": lessons[2], "user_id": USER})
    token_host.wait_for_log(f'"lesson_id": "{lessons[2]}", "code": "completed"')
    traces = [line for line in token_host.log().splitlines() if "audit.lesson_for_back_end" in line]
    assert all('"learner": "' in line for line in traces)
    assert not [line for line in token_host.log().splitlines() if USER in line or "somebody-else" in line]
