"""The runner proves itself on the local host's sample apps: what it reports is what those apps do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.runtime_process import WorkerRuntime

APPS = Path(__file__).resolve().parents[1] / "devhost" / "apps"

# Apps that are wrong on purpose: the runtime refuses them while it indexes.
UNLOADABLE = frozenset({"broken"})

pytestmark = pytest.mark.timeout(900)  # the first run installs the runtime


@pytest.fixture(scope="module")
def basics(
    runtime_python: Path, bare_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerRuntime]:
    folder = tmp_path_factory.mktemp("basics")
    environment = {**bare_environment, "NOTES": str(folder / "notes.jsonl")}
    with WorkerRuntime(runtime_python, APPS / "basics", environment, folder / "log.txt") as runtime:
        yield runtime


@pytest.fixture(scope="module")
def chaining(
    runtime_python: Path, bare_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerRuntime]:
    log = tmp_path_factory.mktemp("chaining") / "log.txt"
    with WorkerRuntime(runtime_python, APPS / "chaining", bare_environment, log) as runtime:
        yield runtime


def test_an_http_function_sees_its_request(basics: WorkerRuntime) -> None:
    answer = basics.request(
        "echo", "POST", "echo/bob", body="größe".encode(), params={"who": "bob"}, query={"a": "1"}
    )
    assert answer.status == 200
    assert answer.json["params"] == {"who": "bob"}
    assert answer.json["query"] == {"a": "1"}
    assert answer.json["body"].encode("latin-1").decode() == "größe"
    assert answer.json["function_name"] == "echo"


def test_what_an_app_prints_does_not_disturb_the_conversation(basics: WorkerRuntime) -> None:
    basics.request("echo", "GET", "echo/bob", params={"who": "bob"})
    assert "printed by echo" in basics.log()


def test_an_exception_is_a_failure_of_the_invocation(basics: WorkerRuntime) -> None:
    request: dict[str, Any] = {"method": "GET", "url": "http://localhost/api/boom", "body": ""}
    request.update(headers={}, params={}, query={})
    result = basics.invoke("boom", {"req": {"http": request}})
    assert not result.succeeded
    assert result.error == "ValueError: the secret of the traceback"


def test_an_invocation_that_hangs_is_a_failure(basics: WorkerRuntime) -> None:
    request: dict[str, Any] = {"method": "GET", "url": "http://localhost/api/sleep/60", "body": ""}
    request.update(headers={}, params={"seconds": "60"}, query={})
    result = basics.invoke("sleep", {"req": {"http": request}}, seconds=0.2)
    assert result.error == "still running after 0.2 s"


def test_a_queue_message_arrives_with_its_metadata(basics: WorkerRuntime) -> None:
    metadata: dict[str, dict[str, Any]] = {
        "MessageId": {"string": "m-1"},
        "DeliveryCount": {"json": "2"},
        "UserProperties": {"json": "{}"},
        "ApplicationProperties": {"json": '{"kind": "lesson"}'},
    }
    result = basics.invoke("on_message", {"message": {"string": '{"id": "a"}'}}, metadata)
    assert result.succeeded, result.error


@pytest.mark.parametrize(
    "app", sorted({path.parent.name for path in APPS.glob("*/function_app.py")} - UNLOADABLE)
)
def test_every_sample_app_loads(
    app: str, runtime_python: Path, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    with WorkerRuntime(runtime_python, APPS / app, bare_environment, tmp_path / "log.txt") as runtime:
        assert runtime.functions


def test_an_app_that_does_not_load_says_why(
    runtime_python: Path, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    with WorkerRuntime(runtime_python, APPS / "broken", bare_environment, tmp_path / "log.txt") as runtime:
        assert runtime.load["error"]["message"]
        assert "functions" not in runtime.load


def test_activities_take_and_return_json(chaining: WorkerRuntime) -> None:
    assert chaining.invoke("add_one", {"number": {"json": "41"}}).json == 42
    failed = chaining.invoke("f3", {"number": {"json": "101"}})
    assert (failed.succeeded, failed.error) == (False, "ValueError: too large")


def test_an_orchestrator_schedules_its_first_activity(chaining: WorkerRuntime) -> None:
    moment = {"EventId": -1, "IsPlayed": False, "Timestamp": "2026-01-01T00:00:00Z"}
    started = {"EventType": 0, "Name": "hello_orchestrator", "Version": "", "Input": "null"}
    body = {
        "history": [{"EventType": 12, **moment}, {**started, **moment}],
        "input": "null",
        "instanceId": "instance-1",
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "maximumShortTimerDuration": "6.00:00:00",
        "longRunningTimerIntervalDuration": "3.00:00:00",
    }
    result = chaining.invoke("hello_orchestrator", {"context": {"string": json.dumps(body)}})
    assert result.succeeded, result.error
    [[action]] = result.json["actions"]
    assert (action["functionName"], json.loads(action["input"])) == ("hello", "Seattle")
