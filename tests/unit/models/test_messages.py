"""Messages of the queue: what is accepted, and that whatever is refused is named."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.models.messages import (
    MAX_ID,
    MAX_MESSAGE_BYTES,
    LessonMessage,
    RoadmapMessage,
    lesson_message,
    original_id,
    read_message,
    redriven_id,
    sender_of,
)
from shared.models.poison import Poison

LESSON = str(uuid.UUID(int=7))
GOOD: dict[str, Any] = {
    "schema_version": 1,
    "kind": "lesson",
    "user_id": "ada",
    "lesson_id": LESSON,
    "requested_at": "2026-11-20T10:00:00Z",
    "force": False,
    "idempotency_key": "key",
}
ROADMAP: dict[str, Any] = {
    "schema_version": 1,
    "kind": "roadmap",
    "user_id": "ada",
    "request": {"goal": "Learn Python", "skill_level": "beginner"},
}


def refusal(raw: bytes) -> Problem | None:
    try:
        read_message(raw)
    except Problem as problem:
        return problem
    return None


def refused(body: object) -> tuple[str, str]:
    """Return the code and the first field of a refusal."""
    problem = refusal(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert problem is not None, "it was accepted"
    return problem.code, problem.errors[0].field


def test_a_lesson_and_a_roadmap_are_read() -> None:
    lesson = read_message(json.dumps({**GOOD, "lesson_id": LESSON.upper()}).encode())
    assert isinstance(lesson, LessonMessage)
    assert (lesson.lesson_id, lesson.force, lesson.interactive) == (LESSON, False, False)
    roadmap = read_message(json.dumps(ROADMAP).encode())
    assert isinstance(roadmap, RoadmapMessage)
    assert roadmap.request.goal == "Learn Python"


def test_what_the_app_sends_it_reads() -> None:
    body = lesson_message("ada", LESSON, batch_id=LESSON, correlation_id="c-1", interactive=True)
    message = read_message(json.dumps(body).encode())
    assert isinstance(message, LessonMessage)
    assert (message.batch_id, message.correlation_id, message.interactive) == (LESSON, "c-1", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"schema_version": "1"}, "schema_version"),
        ({"schema_version": True}, "schema_version"),
        ({"schema_version": None}, "schema_version"),
        ({"kind": "course"}, "kind"),
        ({"kind": ["lesson"]}, "kind"),
        ({"kind": None}, "kind"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "x" * 129}, "user_id"),
        ({"user_id": "a\nb"}, "user_id"),
        ({"user_id": 7}, "user_id"),
        ({"lesson_id": "seven"}, "lesson_id"),
        ({"lesson_id": f"{{{LESSON}}}"}, "lesson_id"),
        ({"force": "yes"}, "force"),
        ({"force": 1}, "force"),
        ({"requested_at": "yesterday"}, "requested_at"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "x" * 201}, "idempotency_key"),
        ({"correlation_id": "x" * 129}, "correlation_id"),
        ({"batch_id": "b"}, "batch_id"),
        ({"forse": True}, "forse"),
        ({"module_id": LESSON}, "module_id"),
    ],
)
def test_every_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    assert refused({**GOOD, **changes}) == ("invalid_request", field)


@pytest.mark.parametrize("missing", ["schema_version", "kind", "user_id", "lesson_id"])
def test_every_missing_field_is_named(missing: str) -> None:
    assert refused({name: value for name, value in GOOD.items() if name != missing})[1] == missing


def test_a_field_of_the_request_is_named_by_its_path() -> None:
    assert refused({**ROADMAP, "request": {"goal": ""}})[1] == "request.goal"
    assert refused({**ROADMAP, "request": {"goal": "Go", "weekly_hours": "5"}})[1] == "request.weekly_hours"


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[]", b'"lesson"', b"null", b"[" * 100_000, b"NaN"])
def test_what_is_no_json_object_is_the_body(raw: bytes) -> None:
    assert refused(raw)[1] == "body"


def test_a_message_that_is_too_large_is_refused() -> None:
    assert refused(json.dumps({**GOOD, "x": "x" * MAX_MESSAGE_BYTES}).encode())[1] == "body"


@pytest.mark.parametrize(
    ("user_id", "learner"),
    [
        ("ada", "ada"),
        (" ada ", "ada"),  # as in a message that can be obeyed
        ("", None),
        ("x" * (MAX_ID + 1), None),
        ("a\nb", None),
        ("\ud800", None),
        (7, None),
        (None, None),
        (["ada"], None),
    ],
)
def test_what_cannot_be_obeyed_says_whose_it_is_if_a_learner_can_be_called_so(
    user_id: object, learner: str | None
) -> None:
    assert sender_of(json.dumps({"user_id": user_id, "lesson_id": "no id"}).encode()) == learner


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b"[]", b'"ada"', b"{}", json.dumps({"user_id": "ada", "x": "x" * 70_000}).encode()],
)
def test_what_cannot_be_read_does_not_say_whose_it_is(raw: bytes) -> None:
    assert sender_of(raw) is None


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(
    lambda value: json.dumps(value).encode()
))  # fmt: skip
def test_whatever_comes_is_refused_with_a_name(raw: bytes) -> None:
    code, field = refused(raw)
    assert code in ("invalid_json", "invalid_request")
    assert field


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.none() | st.integers() | st.text() | st.booleans()))
def test_whatever_is_changed_is_accepted_or_named(changes: dict[str, Any]) -> None:
    raw = json.dumps({**GOOD, **changes}).encode()
    problem = refusal(raw)
    if problem is not None:
        assert problem.errors
        assert all(error.field.split(".")[0] in GOOD for error in problem.errors)


@given(st.text(min_size=1, max_size=MAX_ID), st.integers(min_value=1), st.integers(min_value=1))
def test_a_redriven_id_is_new_fits_and_leads_back(message_id: str, first: int, second: int) -> None:
    once = redriven_id(message_id, first)
    twice = redriven_id(once, second)
    assert len(once) <= MAX_ID
    assert len(twice) <= MAX_ID
    assert once.endswith(f":r{first}")
    assert twice.endswith(f":r{second}")
    assert (once == twice) == (first == second) or len(message_id) > MAX_ID - 20
    if len(once) < MAX_ID:
        assert original_id(twice) == original_id(once) == original_id(message_id)
        assert Poison.key_of(once) == Poison.key_of(message_id)
