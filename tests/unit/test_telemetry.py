"""Log records hold ids, counts and codes; there is no field for a secret or a text."""

from __future__ import annotations

import ast
import errno
import json
import logging
import sqlite3
import typing
from pathlib import Path

import pytest
from azure.cosmos.exceptions import CosmosHttpResponseError
from pydantic import SecretStr

from shared.telemetry import CAUSED_BY, Fields, log, log_fault

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = ("triggers", "orchestrators", "activities", "shared")
ALLOWED = set(typing.get_type_hints(Fields))
# Words that name what must never be logged.
FORBIDDEN = ("key", "token", "secret", "password", "content", "body", "text", "prompt", "goal", "user_id")


def calls_of_log(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"log", "log_fault"}
    ]


def test_a_record_is_one_json_object_and_its_fields_are_attributes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "skillsync"):
        log("roadmap.created", roadmap_id="r-1", attempt=2)
    [record] = caplog.records
    assert json.loads(record.getMessage()) == {"event": "roadmap.created", "roadmap_id": "r-1", "attempt": 2}
    assert (record.__dict__["event"], record.__dict__["roadmap_id"]) == ("roadmap.created", "r-1")
    assert record.levelno == logging.INFO


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an error as whoever catches it sees it."""
    try:
        raise error from cause  # noqa: TRY301 - it is to have a traceback
    except BaseException as caught:  # noqa: BLE001 - whatever a test wants
        return caught


def cosmos_error(status: int) -> Exception:
    error: Exception = CosmosHttpResponseError(status_code=status, message="the document")  # type: ignore[no-untyped-call]
    return error


def test_a_fault_says_what_it_was_and_where_but_not_in_its_words(caplog: pytest.LogCaptureFixture) -> None:
    cause = raised(ConnectionRefusedError(errno.ECONNREFUSED, "what the network said"))
    log_fault("store.unavailable", raised(RuntimeError("what it said"), cause), roadmap_id="r-1")
    [record] = caplog.records
    told = json.loads(record.getMessage())
    line = raised.__code__.co_firstlineno + 3
    assert told.pop("at").split(CAUSED_BY) == [
        f"RuntimeError < test_telemetry.py:{line} raised",
        f"ConnectionRefusedError ECONNREFUSED < test_telemetry.py:{line} raised",
    ]
    assert told == {"event": "store.unavailable", "error": "RuntimeError", "roadmap_id": "r-1"}
    assert record.levelno == logging.ERROR
    assert record.exc_info is None
    assert "said" not in logging.Formatter().format(record)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (cosmos_error(449), "CosmosHttpResponseError 449"),
        (OSError(errno.ENOSPC, "the path"), "OSError ENOSPC"),
        (ValueError("the value"), "ValueError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_fault_is_told_apart_by_its_code(
    error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    log_fault("request.failed", error)
    assert json.loads(caplog.records[0].getMessage())["error"] == kind


def test_a_full_disk_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(sqlite3.OperationalError) as failed:
        sqlite3.connect(tmp_path)
    log_fault("store.unavailable", failed.value)
    assert json.loads(caplog.records[0].getMessage())["error"] == "OperationalError SQLITE_CANTOPEN"


def test_a_fault_without_end_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    error: BaseException = ValueError()
    error.__cause__ = error
    log_fault("request.failed", error)
    for _ in range(100):
        error = raised(RuntimeError(), error)
    log_fault("request.failed", error)
    places = [json.loads(record.getMessage())["at"].split(CAUSED_BY) for record in caplog.records]
    assert [len(chain) for chain in places] == [1, 5]


def test_no_field_can_hold_a_secret_or_a_text() -> None:
    named_like_a_secret = {name for name in ALLOWED for word in FORBIDDEN if word in name}
    # The key of a shared lesson is a digest of its specification.
    assert named_like_a_secret == {"lesson_key"}


@pytest.mark.parametrize("field", ["api_key", "content", "user_id", "goal", "exc_info"])
def test_a_field_outside_the_list_is_refused(field: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "skillsync"), pytest.raises(TypeError, match=field):
        log("roadmap.created", **{field: "sk-secret"})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=field):
        log_fault("roadmap.failed", RuntimeError(), **{field: "sk-secret"})  # type: ignore[arg-type]
    assert caplog.records == []


def test_a_setting_that_is_a_secret_is_no_value_of_a_field(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "skillsync"), pytest.raises(TypeError) as refused:
        log("provider.failed", code=SecretStr("sk-secret"))  # type: ignore[arg-type]
    assert "sk-secret" not in str(refused.value)
    assert caplog.records == []


def test_every_log_call_in_the_app_uses_listed_fields_only() -> None:
    files = [path for folder in DEPLOYED for path in (ROOT / folder).rglob("*.py")]
    seen = 0
    for path in files:
        for call in calls_of_log(ast.parse(path.read_text(encoding="utf-8"))):
            if path.name == "telemetry.py":
                continue
            seen += 1
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert {keyword.arg for keyword in call.keywords} <= ALLOWED, where
            assert isinstance(call.args[0], ast.Constant), f"{where}: an event's name is fixed"
    assert seen > 10


def test_nothing_in_the_app_prints_or_logs_past_telemetry() -> None:
    for folder in DEPLOYED:
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call):
                    continue
                called = ast.unparse(node.func)
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert called != "print", where
                if called == "logging.getLogger":
                    assert path.name == "telemetry.py", where
                assert not called.startswith(("logging.info", "logging.warning", "logging.error")), where
