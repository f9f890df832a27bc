"""Log records hold ids, counts and codes; there is no field for a secret or a text."""

from __future__ import annotations

import ast
import json
import logging
import typing
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.telemetry import Fields, log, log_fault

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


def test_a_fault_carries_its_type_and_its_traceback_outside_the_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = RuntimeError("what it said")
    log_fault("store.unavailable", error, roadmap_id="r-1")
    [record] = caplog.records
    assert json.loads(record.getMessage()) == {
        "event": "store.unavailable",
        "error": "RuntimeError",
        "roadmap_id": "r-1",
    }
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is error


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
