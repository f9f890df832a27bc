"""Bodies: whatever is sent, the answer is a request or a problem that names the field."""

from __future__ import annotations

import json
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.models.requests import MAX_GOAL, RoadmapRequest
from shared.models.validation import validated
from tests.support.function_table import endpoint_rows
from tests.unit.triggers.requests import answer_to, fields_of, problem_of, request
from triggers.endpoints import model_named
from triggers.questions import MAX_BODY_BYTES, read_body

GOOD: dict[str, Any] = {
    "goal": "Learn Python",
    "skill_level": "beginner",
    "weekly_hours": 5,
    "learning_style": "mixed",
}


def ask(req: func.HttpRequest) -> RoadmapRequest:
    return read_body(req, RoadmapRequest)


def problem(body: bytes | dict[str, Any]) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return problem_of(ask, request(raw))


def refused_fields(**changes: Any) -> list[str]:
    """Return the fields that a good body with these changes is refused for."""
    found = problem({**GOOD, **changes})
    assert (found["status"], found["code"]) == (422, "invalid_request")
    for field in fields_of(found):
        assert field in found["detail"]
    return fields_of(found)


def accepted(**changes: Any) -> RoadmapRequest:
    return ask(request(json.dumps({**GOOD, **changes}).encode()))


def test_a_good_body() -> None:
    read = accepted()
    assert (read.goal, read.weekly_hours, read.generate) == ("Learn Python", 5.0, "skeleton")


@pytest.mark.parametrize("name", sorted({row["body"] for row in endpoint_rows().values() if row["body"]}))
def test_fields_are_named_in_the_order_of_the_description(name: str) -> None:
    """Whatever stands first in the request; a field that is unknown comes last."""
    model = model_named(name)
    described = list(model.model_json_schema()["properties"])
    sent = {"unknown_field": 1, **dict.fromkeys(reversed(described), object())}
    with pytest.raises(Problem) as refused:
        validated(model, sent)
    named = list(dict.fromkeys(error.field.partition(".")[0] for error in refused.value.errors))
    known = [field for field in named if field != "unknown_field"]
    assert known == [field for field in described if field in known]
    assert named[-1] == "unknown_field" or model.model_config.get("extra") == "ignore"
    assert len(known) > len(described) / 2, "an object is hardly ever right"


def test_only_the_goal_is_needed_here() -> None:
    assert ask(request(b'{"goal": "Learn Python"}')).skill_level is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (b" \r\n\t", "is empty"),
        (b"goal=Learn+Python", "is not valid JSON"),
        (b"{'goal': 'Learn'}", "is not valid JSON"),
        (b'{"goal": "Learn"', "is not valid JSON"),
        (b'{"goal": "Learn"} extra', "is not valid JSON"),
        (b'{"goal": "Learn",}', "is not valid JSON"),
        (b'{"goal": "a\nb"}', "is not valid JSON"),
        (b'{"weekly_hours": NaN}', "NaN is not JSON"),
        (b'{"weekly_hours": Infinity}', "Infinity is not JSON"),
        (b'{"weekly_hours": -Infinity}', "-Infinity is not JSON"),
        (b'{"weekly_hours": ' + b"9" * 5000 + b"}", "is not valid JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"goal": "größe"}'.encode("latin-1"), "is not UTF-8"),
        ('{"goal": "x"}'.encode("utf-16"), "is not UTF-8"),
        (b'{"goal": "\xed\xa0\x80"}', "is not UTF-8"),
        (b"\x00" * 100, "is not valid JSON"),
        (b"[" * 30_000, "is nested too deeply"),
        (b'{"a":' * 10_000, "is nested too deeply"),
    ],
)
def test_what_is_not_json_is_a_400(body: bytes, says: str) -> None:
    found = problem(body)
    assert (found["status"], found["code"]) == (400, "invalid_json")
    assert fields_of(found) == ["body"]
    assert says in found["detail"]


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"1", b"1e999", b'"goal"', b"true", b"[[]]", b'[{"goal": "x"}]']
)
def test_json_that_is_no_object_is_a_422(body: bytes) -> None:
    found = problem(body)
    assert (found["status"], found["code"]) == (422, "invalid_request")
    assert found["errors"] == [
        {"field": "body", "message": "must be a JSON object", "code": found["errors"][0]["code"]}
    ]
    assert "RoadmapRequest" not in json.dumps(found)


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 100_000, 1_048_576])
def test_a_body_that_is_too_large_is_a_413(size: int) -> None:
    body = b'{"goal": "' + b"a" * (size - 12) + b'"}'
    assert len(body) == size
    found = problem(body)
    assert (found["status"], found["code"]) == (413, "body_too_large")
    assert fields_of(found) == ["body"]
    assert "64 KB" in found["detail"]


def test_a_large_body_is_not_parsed() -> None:
    assert problem(b"[" * 100_000)["status"] == 413


def test_the_largest_body_is_read() -> None:
    padding = b" " * (MAX_BODY_BYTES - len(json.dumps(GOOD)))
    assert ask(request(json.dumps(GOOD).encode() + padding)).goal == "Learn Python"


def test_deep_nesting_below_the_limit_names_its_field() -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    assert refused_fields(goal=deep) == ["goal"]


WRONG: dict[str, list[Any]] = {
    "goal": [None, "", "   ", 5, True, [], {}, "a" * (MAX_GOAL + 1)],
    "skill_level": ["expert", "Beginner", "", 1, ["beginner"]],
    "weekly_hours": ["5", True, 0, 0.4, -1, 100.5, 10**400, [5], {}],
    "time_commitment": [5, "x" * 101, ["3-5"], "3\x005"],
    "learning_style": ["visual", 0, {}],
    "language": ["", "english", "EN", "en_US", "e", "en-", "en\nde", 1, "x" * 40],
    "industry": ["x" * 101, 1, "a\x1bb"],
    "subject": ["x" * 101, 1, "a\x00b"],
    "focus": ["x" * 101, 1, "a\x7fb"],
    "generate": ["everything", "", None, 1],
    "favourite_colour": ["green"],
    "Goal": ["Learn"],
    "user_id": ["someone-else"],
}
CONTROLS = (0, 1, 8, 0x1B, 0x7F, 0x85, 0x9B)


@pytest.mark.parametrize("code", CONTROLS)
def test_a_control_character_is_refused_and_named(code: int) -> None:
    found = problem({**GOOD, "goal": f"Learn{chr(code)}Python"})
    assert (found["status"], fields_of(found)) == (422, ["goal"])
    assert f"U+{code:04X}" in found["errors"][0]["message"]


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_value_names_its_field(field: str, value: Any) -> None:
    changes = {field: value}
    if field == "time_commitment":
        changes["weekly_hours"] = None
    assert set(refused_fields(**changes)) == {field}


def test_a_missing_goal_is_named() -> None:
    found = problem({"skill_level": "beginner"})
    assert found["errors"] == [{"field": "goal", "message": "Field required", "code": "missing"}]


def test_every_bad_field_is_named_at_once() -> None:
    bad = {"goal": "", "skill_level": "guru", "weekly_hours": "many", "learning_style": 7, "generate": "now"}
    assert set(refused_fields(**bad)) == set(bad)


def test_hours_are_given_once() -> None:
    assert refused_fields(time_commitment="3-5") == ["time_commitment"]
    assert "weekly_hours" in problem({**GOOD, "time_commitment": "3-5"})["errors"][0]["message"]


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff", r"a\udc00b", r"\ude00\ud83d"])
def test_half_a_character_is_refused_as_a_value_and_as_a_name(escape: str) -> None:
    as_value = problem(b'{"goal": "' + escape.encode() + b'"}')
    assert (as_value["status"], fields_of(as_value)) == (422, ["goal"])
    as_name = problem(b'{"goal": "Learn", "' + escape.encode() + b'": 1}')
    assert as_name["status"] == 422
    assert len(as_name["errors"]) == 1


def test_a_name_of_any_length_does_not_swell_the_answer() -> None:
    found = problem({**GOOD, "x" * 50_000: 1})
    assert found["status"] == 422
    assert fields_of(found)[0].startswith("xxx")


def test_many_unknown_names_do_not_swell_the_answer() -> None:
    found = problem({**GOOD, **{f"unknown-field-number-{number}": 1 for number in range(1500)}})
    assert found["status"] == 422
    assert 1 <= len(found["errors"]) <= 50


def test_a_bad_value_is_not_repeated_in_the_answer() -> None:
    assert "hunter2" not in json.dumps(problem({**GOOD, "skill_level": "hunter2", "weekly_hours": "hunter2"}))


@pytest.mark.parametrize(
    "goal",
    ["Learn C#", "日本語を学ぶ", "Go", ".NET", "a" * MAX_GOAL, "two\nlines", "👩‍💻 coding", "تعلم بايثون"],
)
def test_goals_in_any_script_pass(goal: str) -> None:
    assert accepted(goal=f"  {goal}\n").goal == goal


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.text(max_size=5), inner, max_size=3
), max_leaves=5)  # fmt: skip


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert answer_to(ask, request(body)).status_code in {204, 400, 422}


@given(st.dictionaries(st.sampled_from(sorted(RoadmapRequest.model_fields)) | st.text(max_size=10), VALUES))
def test_any_object_is_read_or_refused_with_its_bad_fields_named(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    if answer_to(ask, request(raw)).status_code == 204:
        return
    found = problem(raw)
    assert found["status"] in {400, 422}
    assert found["errors"]


@given(st.text(st.characters(), min_size=1, max_size=MAX_GOAL))
def test_what_is_accepted_as_a_goal_can_be_stored_and_read_back(goal: str) -> None:
    raw = json.dumps({"goal": goal}).encode()
    if answer_to(ask, request(raw)).status_code == 204:
        read = ask(request(raw)).goal
        assert read.encode().decode() == read == goal.strip()
        assert "\0" not in read
