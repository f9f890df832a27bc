"""Activities, orchestrators and the timer under Microsoft's own Python worker runtime."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.models.document import now
from shared.models.removal import Removal
from shared.models.roadmap import Lesson, Module
from shared.models.status import GenerationStatus
from tests.conformance.environment import ROOT
from tests.conformance.runtime_process import WorkerRuntime
from tests.conformance.stored_documents import backdate, read_roadmap, stored_roadmap, with_documents
from tests.support.replay import OUT_OF_PROC_LABEL, answer_of, context_of

HISTORIES = sorted((ROOT / "tests" / "unit" / "orchestrators" / "histories").rglob("*.json"))
LEARNER = "learner-1"
ACTIVITIES = (
    *("fail_lesson", "research_lesson", "write_lesson"),
    *("finish_roadmap", "interpret_goal", "outline_module", "plan_roadmap"),
    *("finish_removal", "remove_learner"),
)

pytestmark = pytest.mark.timeout(900)  # the first run installs the runtime


class TestActivities:
    """Activities with real inputs, on documents that this test has stored."""

    def test_an_unknown_roadmap_is_superseded(self, app: WorkerRuntime) -> None:
        work = {"user_id": LEARNER, "roadmap_id": str(uuid.uuid4()), "attempt": 1}
        result = app.invoke("finish_roadmap", {"work": {"json": json.dumps(work)}})
        assert result.succeeded, result.error
        assert (result.json["kind"], result.json["code"]) == ("failed", "superseded")

    def test_a_roadmap_is_planned_outlined_and_finished_with_no_keys(
        self, app: WorkerRuntime, database: Path
    ) -> None:
        roadmap = stored_roadmap(database, "learner-activities")
        attempt = {"user_id": roadmap.user_id, "roadmap_id": roadmap.id, "attempt": 1}
        planned = app.invoke("plan_roadmap", {"work": {"json": json.dumps(attempt)}})
        assert planned.succeeded, planned.error
        module_ids = planned.json["result"]["module_ids"]
        assert len(module_ids) >= 3
        for module_id in module_ids:
            work = {**attempt, "module_id": module_id}
            outlined = app.invoke("outline_module", {"work": {"json": json.dumps(work)}})
            assert outlined.succeeded, outlined.error
            assert outlined.json["kind"] == "done"
        finished = app.invoke("finish_roadmap", {"work": {"json": json.dumps(attempt)}})
        assert finished.json == {"kind": "done", "result": {"status": "completed"}}

        stored = read_roadmap(database, roadmap)
        assert stored.status is GenerationStatus.COMPLETED
        assert stored.progress.modules_completed == len(module_ids)
        modules = with_documents(
            database,
            lambda documents: documents.query(Module, roadmap.user_id, {"roadmap_id": roadmap.id}),
        )
        assert {module.id for module in modules.items} == set(module_ids)

    def test_a_lesson_is_researched_written_and_read_with_no_keys(
        self, app: WorkerRuntime, database: Path
    ) -> None:
        roadmap = stored_roadmap(database, "learner-lesson")
        attempt = {"user_id": roadmap.user_id, "roadmap_id": roadmap.id, "attempt": 1}
        planned = app.invoke("plan_roadmap", {"work": {"json": json.dumps(attempt)}}).json
        outline = {**attempt, "module_id": planned["result"]["module_ids"][0]}
        app.invoke("outline_module", {"work": {"json": json.dumps(outline)}})
        lesson = first_lesson(database, roadmap.user_id)
        headers = {"X-User-Id": roadmap.user_id}
        asked = app.request(
            "generate_lesson",
            "POST",
            f"lessons/{lesson.id}/generate",
            headers=headers,
            params={"id": lesson.id},
            client="client",
        )
        assert asked.status == 202

        owner = {"lesson_key": lesson.lesson_key, "generation": 1, "owner": "instance-1"}
        researched = app.invoke("research_lesson", {"work": {"json": json.dumps(owner)}})
        assert researched.succeeded, researched.error
        work = {**owner, "token": researched.json["result"]["token"]}
        written = app.invoke("write_lesson", {"work": {"json": json.dumps(work)}})
        assert written.succeeded, written.error
        assert written.json["kind"] == "done"

        shown = app.request(
            "get_lesson", "GET", f"lessons/{lesson.id}", headers=headers, params={"id": lesson.id}
        )
        assert (shown.json["generation_status"], shown.json["tier"]) == ("completed", "extractive")
        assert shown.json["content"]["sections"]
        assert shown.json["source_attribution"]
        for shape in ("markdown", "html"):
            page = app.request(
                "get_lesson",
                "GET",
                f"lessons/{lesson.id}",
                headers=headers,
                params={"id": lesson.id},
                query={"format": shape},
            )
            assert page.headers["content-type"].startswith(f"text/{shape}")
            assert lesson.title in page.body.decode()

    def test_a_learner_is_removed_by_an_activity_that_has_the_durable_client(
        self, app: WorkerRuntime, database: Path
    ) -> None:
        """The extension does not answer: what runs cannot be terminated, and everything goes all the same."""
        roadmap = stored_roadmap(database, "learner-removed")
        removal = Removal(id=Removal.ID, user_id=roadmap.user_id, requested_at=now())
        with_documents(database, lambda documents: documents.create(removal))
        work = {"work": {"json": json.dumps({"user_id": roadmap.user_id, "attempt": 1})}}
        swept = app.invoke("remove_learner", {**work, "client": app.durable_client()}, seconds=60)
        assert swept.succeeded, swept.error
        assert (swept.json["kind"], set(swept.json["result"])) == ("done", {"until"})
        left = with_documents(
            database, lambda documents: documents.store.query("learning", roadmap.user_id, {})
        )
        assert [document["type"] for document in left.items] == ["Removal"]

    @pytest.mark.parametrize("name", ACTIVITIES)
    def test_an_input_that_is_none_is_a_failure_and_says_so(self, app: WorkerRuntime, name: str) -> None:
        inputs = {"work": {"json": '{"no": "such input"}'}}
        if name == "remove_learner":
            inputs["client"] = app.durable_client()
        result = app.invoke(name, inputs)
        assert not result.succeeded
        assert result.error.startswith("ValidationError: ")


def first_lesson(database: Path, learner: str) -> Lesson:
    lessons = with_documents(database, lambda documents: documents.query(Lesson, learner, {"order": 0}))
    return lessons.items[0]


class TestOrchestrators:
    """Stored histories under this Python and this runtime, step by step."""

    @pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
    def test_a_stored_history_replays_to_the_stored_actions(self, app: WorkerRuntime, path: Path) -> None:
        recording = json.loads(path.read_text(encoding="utf-8"))
        played: list[dict[str, Any]] = []
        for step in recording["steps"]:
            fresh = [{**event, "IsPlayed": False} for event in step["history"]]
            context = context_of(recording, played + fresh)
            result = app.invoke(recording["name"], {"context": {"string": json.dumps(context)}})
            assert answer_of(state_of(result.succeeded, result.value, result.error)) == {
                name: value for name, value in step.items() if name != "history"
            }
            assert result.succeeded is (step["error"] is None)
            played += [{**event, "IsPlayed": True} for event in step["history"]]

    def test_there_are_histories_of_every_orchestrator(self, app: WorkerRuntime) -> None:
        names = {json.loads(path.read_text(encoding="utf-8"))["name"] for path in HISTORIES}
        assert names == {name for name in app.functions if name.endswith("_orchestrator")}


def state_of(succeeded: bool, value: dict[str, Any], error: str) -> dict[str, Any]:
    """Return an orchestrator's state; that of a failed one stands behind a label in its error."""
    text = value.get("string") or value["json"] if succeeded else error.rpartition(OUT_OF_PROC_LABEL)[2]
    state: Any = json.loads(text)
    # The SDK returns its state as JSON text, which the binding encodes as JSON once more.
    state = json.loads(state) if isinstance(state, str) else state
    assert isinstance(state, dict)
    return state


class TestTimer:
    """The reconciler against an extension that does not answer."""

    def test_it_neither_hangs_nor_hides_that_nothing_could_be_started(
        self, app: WorkerRuntime, database: Path
    ) -> None:
        roadmap = stored_roadmap(database, "learner-timer", requested_at=now() - timedelta(hours=1))
        backdate(database, roadmap)
        begun = time.monotonic()
        result = app.invoke(
            "reconcile", {"timer": {"json": timer()}, "client": app.durable_client()}, seconds=60
        )
        assert time.monotonic() - begun < 60
        assert not result.succeeded
        assert "still running" not in result.error
        assert "127.0.0.1" in result.error
        assert read_roadmap(database, roadmap).attempt == 1

    def test_with_nothing_to_do_it_asks_nobody(
        self, runtime_python: Path, bare_environment: dict[str, str], tmp_path: Path
    ) -> None:
        environment = {
            **bare_environment,
            "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
            "AUTH_MODE": "development",
            "SQLITE_PATH": str(tmp_path / "empty.db"),
        }
        with WorkerRuntime(runtime_python, ROOT, environment, tmp_path / "log.txt") as runtime:
            result = runtime.invoke(
                "reconcile", {"timer": {"json": timer()}, "client": runtime.durable_client()}
            )
            assert result.succeeded, result.error


def timer() -> str:
    return json.dumps({"IsPastDue": False, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": None})
