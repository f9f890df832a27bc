"""This app, loaded and invoked by Microsoft's own Python worker runtime."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.environment import ROOT, VERSION
from tests.conformance.runtime_process import HttpAnswer, WorkerRuntime
from tests.conformance.stored_documents import stored_roadmap
from tests.support.function_table import endpoint_rows

pytestmark = pytest.mark.timeout(900)  # the first run installs the runtime

LEARNER = "learner-1"
BODY = {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5, "learning_style": "mixed"}

ORCHESTRATORS = ("batch_orchestrator", "lesson_orchestrator", "removal_orchestrator", "roadmap_orchestrator")
ACTIVITIES = (
    *("fail_lesson", "research_lesson", "write_lesson"),
    *("finish_roadmap", "interpret_goal", "outline_module", "plan_roadmap"),
    *("advance_batch", "finish_removal", "remove_learner"),
)
# The one that purges histories.
ACTIVITIES_WITH_CLIENT = frozenset({"remove_learner"})
# Timers by their schedules, and which of them take the durable client.
TIMERS = {"purge_histories": "0 30 3 * * *", "reconcile": "0 * * * * *", "send_outbox": "30 * * * * *"}
TIMERS_WITH_CLIENT = frozenset({"purge_histories", "reconcile"})

CLIENT = {"direction": "IN", "type": "durableClient", "name": "client"}
ANSWER = {"direction": "OUT", "type": "http", "name": "$return"}


def handlers_with_client() -> set[str]:
    """Return the HTTP functions whose handlers ask for the durable client."""
    return {
        node.name
        for source in (ROOT / "triggers").glob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncFunctionDef) and "client" in {one.arg for one in node.args.args}
    }


def expected_bindings() -> dict[str, list[dict[str, Any]]]:
    """Return what the host must be told of every function, in the order of the names of the bindings."""
    table: dict[str, list[dict[str, Any]]] = {}
    with_client = handlers_with_client()
    for name, row in endpoint_rows().items():
        trigger = {
            "direction": "IN",
            "type": "httpTrigger",
            "name": "req",
            "methods": [row["method"]],
            "authLevel": "FUNCTION" if row["access"] == "function_key" else "ANONYMOUS",
            "route": row["route"],
        }
        table[name] = [ANSWER, *([CLIENT] if name in with_client else []), trigger]
    for name in ORCHESTRATORS:
        table[name] = [{"direction": "IN", "type": "orchestrationTrigger", "name": "context"}]
    for name in ACTIVITIES:
        trigger = {"direction": "IN", "type": "activityTrigger", "name": "work"}
        table[name] = [*([CLIENT] if name in ACTIVITIES_WITH_CLIENT else []), trigger]
    for name, schedule in TIMERS.items():
        timer = {
            "direction": "IN",
            "type": "timerTrigger",
            "name": "timer",
            "schedule": schedule,
            "runOnStartup": False,
        }
        table[name] = [*([CLIENT] if name in TIMERS_WITH_CLIENT else []), timer]
    message = {
        "direction": "IN",
        "type": "serviceBusTrigger",
        "name": "message",
        "queueName": "%LESSON_QUEUE%",
        "connection": "ServiceBusConnection",
    }
    table["take_message"] = [CLIENT, message]
    return table


def create_roadmap(app: WorkerRuntime, body: bytes, **headers: str) -> HttpAnswer:
    return app.request("create_roadmap", "POST", "roadmaps", body=body, headers={**headers}, client="client")


def problem(answer: HttpAnswer) -> dict[str, Any]:
    assert answer.headers["content-type"].startswith("application/problem+json")
    found: dict[str, Any] = answer.json
    assert found["status"] == answer.status
    return found


def test_the_runtime_is_the_one_that_is_meant(app: WorkerRuntime) -> None:
    assert app.load["python"].startswith(f"{VERSION}.")
    assert app.load["runtime"].startswith("1.")


def test_every_function_is_indexed_with_its_bindings(app: WorkerRuntime) -> None:
    indexed = {
        name: sorted(bindings, key=lambda binding: str(binding["name"]))
        for name, bindings in app.functions.items()
    }
    assert indexed == expected_bindings()


class TestHttp:
    """HTTP functions through the runtime's own conversion of requests and answers."""

    def test_health(self, app: WorkerRuntime) -> None:
        answer = app.request("get_health", "GET", "health")
        assert (answer.status, answer.json) == (200, {"status": "ok"})
        assert answer.headers["content-type"] == "application/json"

    def test_ready(self, app: WorkerRuntime) -> None:
        answer = app.request("get_ready", "GET", "ready")
        assert answer.status == 200
        assert answer.json["checks"]["store"] == "ok"

    def test_without_a_learner_nothing_is_created(self, app: WorkerRuntime) -> None:
        answer = create_roadmap(app, json.dumps(BODY).encode())
        assert answer.status == 401
        assert problem(answer)["code"] == "unauthenticated"

    def test_bad_fields_are_named(self, app: WorkerRuntime) -> None:
        answer = create_roadmap(app, json.dumps({**BODY, "goal": ""}).encode(), **{"X-User-Id": LEARNER})
        assert answer.status == 422
        assert [error["field"] for error in problem(answer)["errors"]] == ["goal"]

    @pytest.mark.parametrize("body", [b"", b"{", b'{"weekly_hours": NaN}', b"[" * 30_000, b"\xff"])
    def test_what_is_not_json_is_refused(self, app: WorkerRuntime, body: bytes) -> None:
        answer = create_roadmap(app, body, **{"X-User-Id": LEARNER})
        assert answer.status == 400
        assert problem(answer)["code"] == "invalid_json"

    def test_a_large_body_is_refused(self, app: WorkerRuntime) -> None:
        answer = create_roadmap(app, b"x" * 1_048_576, **{"X-User-Id": LEARNER})
        assert (answer.status, problem(answer)["code"]) == (413, "body_too_large")

    def test_a_roadmap_is_stored_even_when_it_cannot_be_started(self, app: WorkerRuntime) -> None:
        """The reconciler starts what the extension did not take."""
        answer = create_roadmap(app, json.dumps(BODY).encode(), **{"X-User-Id": "learner-http"})
        assert answer.status == 202
        created = answer.json
        assert (
            answer.headers["location"]
            == created["status_url"]
            == (f"/api/roadmaps/{created['roadmap_id']}/status")
        )
        status = app.request(
            "get_roadmap_status",
            "GET",
            f"roadmaps/{created['roadmap_id']}/status",
            headers={"X-User-Id": "learner-http"},
            params={"id": created["roadmap_id"].upper()},
        )
        assert (status.status, status.json["status"]) == (200, "pending")
        unchanged = app.request(
            "get_roadmap_status",
            "GET",
            f"roadmaps/{created['roadmap_id']}/status",
            headers={"X-User-Id": "learner-http", "If-None-Match": status.headers["etag"]},
            params={"id": created["roadmap_id"]},
        )
        assert (unchanged.status, unchanged.body) == (304, b"")

    def test_a_stranger_finds_nothing(self, app: WorkerRuntime, database: Path) -> None:
        roadmap = stored_roadmap(database, "learner-own")
        answer = app.request(
            "get_roadmap",
            "GET",
            f"roadmaps/{roadmap.id}",
            headers={"X-User-Id": "learner-strange"},
            params={"id": roadmap.id},
        )
        assert answer.status == 404
        assert roadmap.subject not in json.dumps(problem(answer))


def test_a_wrong_setting_stops_the_load_with_one_line(
    runtime_python: Path, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = {**bare_environment, "AUTH_MODE": "development", "PSEUDONYM_KEY": "random"}
    with WorkerRuntime(runtime_python, ROOT, environment, tmp_path / "log.txt") as runtime:
        assert runtime.load["error"]["message"].startswith("ConfigurationError: AUTH_MODE: ")
