"""Answers: every error becomes a problem document, and what is inside a fault stays in the log."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import FieldError, InvalidContinuation, Problem, StoreUnavailable
from shared.models.roadmap import Failure
from shared.store.sqlite import SqliteDocumentStore
from tests.unit.triggers.requests import answer_to, fields_of, problem_of, request
from triggers.answers import accepted_answer, json_answer, problem_answer, text_answer

SECRET = "AccountKey=never-to-be-seen"


def raising(error: BaseException) -> Callable[[func.HttpRequest], NoReturn]:
    def ask(req: func.HttpRequest) -> NoReturn:
        raise error

    return ask


def test_json_keeps_every_script_and_no_cache() -> None:
    body = Failure(code="größe", message="日本語")
    answer = json_answer(body, HTTPStatus.ACCEPTED, {"Location": "/api/x"})
    assert answer.status_code == 202
    assert answer.get_body().decode() == '{"code": "größe", "message": "日本語"}'
    assert (answer.mimetype, answer.charset) == ("application/json", "utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Location"] == "/api/x"


def test_what_was_accepted_says_where_to_ask_on_and_when() -> None:
    answer = accepted_answer(Failure(code="later", message="Ask again."), "/api/things/1/status")
    assert answer.status_code == 202
    assert answer.headers["Location"] == "/api/things/1/status"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_value_that_a_view_cannot_hold_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It may be a learner's; a fault's text is logged with its traceback."""
    told = {"code": "late", "message": ["a learner's own words"]}
    answer = answer_to(lambda _: json_answer(Failure.model_validate(told)), request())
    assert answer.status_code == 500
    assert "ValidationError" in caplog.text
    assert "own words" not in caplog.text


def test_texts_are_private_too() -> None:
    answer = text_answer("# Größe", "text/markdown")
    assert answer.get_body().decode() == "# Größe"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_problem_carries_its_fields_and_headers() -> None:
    problem = Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "quota_exceeded",
        "Come back tomorrow.",
        (FieldError("goal", "is one too many"),),
        {"Retry-After": "60"},
    )
    answer = answer_to(raising(problem), request())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert problem_of(raising(problem), request()) == {
        "type": "urn:skillsync:problem:quota_exceeded",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Come back tomorrow.",
        "code": "quota_exceeded",
        "errors": [{"field": "goal", "message": "is one too many", "code": "invalid"}],
    }


def test_a_fault_is_a_500_that_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    found = problem_of(raising(RuntimeError(SECRET)), request())
    assert (found["status"], found["code"]) == (500, "internal_error")
    assert SECRET not in json.dumps(found)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert SECRET not in logging.Formatter().format(record)
    told = json.loads(record.getMessage())
    assert told.pop("at").startswith("RuntimeError < test_answers.py:")
    assert told == {"event": "request.failed", "error": "RuntimeError", "route": "handler"}


def test_a_store_that_is_away_is_a_503_with_a_time_to_come_back() -> None:
    answer = answer_to(raising(StoreUnavailable(SECRET)), request())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    found = problem_of(raising(StoreUnavailable(SECRET)), request())
    assert found["code"] == "store_unavailable"
    assert SECRET not in json.dumps(found)


def test_a_continuation_of_another_list_is_named() -> None:
    found = problem_of(raising(InvalidContinuation("the continuation belongs to another query")), request())
    assert (found["status"], found["code"], fields_of(found)) == (422, "invalid_request", ["continuation"])


@pytest.mark.parametrize("token", ["nonsense", "bm9uc2Vuc2U=", "é", "[]", "W10=", "a" * 10_000])
async def test_the_store_refuses_a_continuation_as_one(token: str, tmp_path: Path) -> None:
    store = SqliteDocumentStore(tmp_path / "documents.db")
    try:
        with pytest.raises(InvalidContinuation):
            await store.query("learning", "learner-1", {}, continuation=token, limit=10)
    finally:
        await store.close()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), asyncio.CancelledError()])
def test_the_end_of_the_process_is_no_answer(error: BaseException) -> None:
    with pytest.raises(type(error)):
        answer_to(raising(error), request())


@given(st.text(), st.text(), st.text())
def test_any_text_in_a_problem_can_be_sent(detail: str, field: str, message: str) -> None:
    """Half a surrogate pair too: a name in a JSON body may hold one."""
    problem = Problem(HTTPStatus.BAD_REQUEST, "bad", detail + "\ud800", (FieldError(field, message),))
    body = json.loads(problem_answer(problem).get_body())
    assert body["errors"][0]["field"] == field
    assert body["detail"].startswith(detail)
