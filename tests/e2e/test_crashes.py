"""The app process is killed at every boundary of the main job: nothing is lost, doubled or paid twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from shared.models.library import CurriculumOutline, CurriculumVersion, LessonHead, LessonVersion
from tests.support.app import app_host, with_provider
from tests.support.learner import Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.store_file import stored_documents

SUBJECT = "Beekeeping"
MODULES = 3
Mode = Literal["fail", "redeliver"]


@pytest.fixture
def slow_provider() -> Iterator[ModelProvider]:
    """Slow enough to be killed in the middle of a call."""
    with ModelProvider(
        plan_seconds=0.7, outline_seconds=0.7, lesson_seconds=0.7, modules=MODULES
    ) as provider:
        yield provider


class Victim:
    """The host, its store and its provider, seen from outside."""

    def __init__(self, host: LocalHost, store: Path, provider: ModelProvider) -> None:
        self.host, self._store, self.provider = host, store, provider

    def documents(self, kind: str) -> list[dict[str, Any]]:
        return stored_documents(self._store, kind)

    def calls(self, **fields: Any) -> list[dict[str, Any]]:
        return [
            record
            for record in self.documents("CallRecord")
            if all(record.get(name) == value for name, value in fields.items())
        ]

    def kill_when(self, moment: Callable[[], bool], what: str) -> set[str]:
        """Kill every app process at a moment; returns the steps whose replies were recorded by then."""
        deadline = time.monotonic() + 60
        while not moment():
            assert time.monotonic() < deadline, f"never came: {what}\n{self.host.log()[-3000:]}"
            time.sleep(0.02)
        for process_id in self.host.app_process_ids():
            with suppress(ProcessLookupError):  # it is being started again since the last kill
                os.kill(process_id, signal.SIGKILL)
        return {record["step"] for record in self.calls(status="completed")}


@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("mode", ["fail", "redeliver"])
def test_killed_at_every_boundary(tmp_path: Path, slow_provider: ModelProvider, mode: Mode) -> None:
    settings = {**with_provider(slow_provider, timeout_seconds=2), "RECONCILE_AFTER_S": "10"}
    with (
        app_host(tmp_path, on_worker_exit=mode, settings=settings) as host,
        reconciled(host),
        Learner(host.url, "survivor", patient=True) as learner,
    ):
        victim = Victim(host, tmp_path / "skillsync.db", slow_provider)
        roadmap_id = learner.create(goal=SUBJECT)
        paid: dict[str, int] = {}

        def kill(moment: Callable[[], bool], what: str) -> None:
            """Kill, then remember how often each recorded step had reached the wire."""
            for step in victim.kill_when(moment, what):
                paid.setdefault(step, wire_calls(victim)[step])

        kill(lambda: bool(victim.calls(step="plan", status="calling")), "the plan is being written")
        kill(lambda: bool(victim.calls(step="plan", status="completed")), "the plan's reply is recorded")
        kill(lambda: bool(victim.documents("Module")), "the modules are stored")
        kill(lambda: bool(victim.calls(step="outline-1", status="calling")), "an outline is being written")
        kill(lambda: bool(victim.calls(step="outline-1", status="completed")), "an outline is recorded")
        kill(lambda: len(completed(victim, "Module")) == MODULES, "all modules are outlined")
        roadmap = learner.await_roadmap(roadmap_id, seconds=150)
        assert roadmap["status"] == "completed", roadmap["message"]
        assert [module["status"] for module in roadmap["modules"]] == ["completed"] * MODULES

        lesson_id = first_lesson(roadmap)["id"]
        assert learner.generate(lesson_id).status_code == 202
        kill(lambda: bool(victim.documents("LessonHead")), "the generation has begun")
        kill(lambda: bool(victim.documents("Brief")), "the brief is stored")
        kill(lambda: bool(victim.calls(step="lesson", status="calling")), "the lesson is being written")
        kill(lambda: bool(victim.calls(step="lesson", status="completed")), "the lesson's reply is recorded")
        kill(lambda: bool(victim.documents("LessonVersion")), "the lesson is published")
        lesson = learner.await_lesson(lesson_id, seconds=150)
        assert lesson["generation_status"] == "completed", lesson["generation_error"]

        assert len(victim.documents(LessonVersion.document_type)) == 1
        assert len(victim.documents(CurriculumVersion.document_type)) == 1
        assert len(victim.documents(CurriculumOutline.document_type)) == MODULES
        assert [head["status"] for head in victim.documents(LessonHead.document_type)] == ["completed"]
        assert paid, "no call was ever recorded"
        now = wire_calls(victim)
        assert {step: now[step] for step in paid} == paid, "a recorded call was paid again"
        # Another attempt of the roadmap has records of its own for what no attempt before had brought home.
        counted: Counter[str] = Counter()
        for record in victim.documents("CallRecord"):
            counted[record["step"]] += 1 + record["repeats"]
        assert all(now[step] <= allowed for step, allowed in counted.items()), (now, counted)


@contextmanager
def reconciled(host: LocalHost) -> Iterator[None]:
    """Run the reconciler every few seconds instead of every minute.

    A process that dies in an orchestrator's turn takes the orchestration along; the reconciler goes on then.
    """
    over = threading.Event()
    key = host.master_key()

    def sweep() -> None:
        while not over.wait(3):
            # A request fails while the app process is down; the next one comes soon.
            with suppress(httpx.HTTPError):
                httpx.post(
                    f"{host.url}/admin/functions/reconcile",
                    json={"input": ""},
                    headers={"x-functions-key": key},
                    trust_env=False,
                )

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def completed(victim: Victim, kind: str) -> list[dict[str, Any]]:
    return [document for document in victim.documents(kind) if document["status"] == "completed"]


def wire_calls(victim: Victim) -> Counter[str]:
    """Return how often each step of the ledger has reached the provider."""
    plans = victim.documents(CurriculumVersion.document_type)
    titles = [module["title"] for module in plans[0]["plan"]["modules"]] if plans else []
    return Counter(
        f"outline-{titles.index(received.target)}" if received.step == "outline" else received.step
        for received in victim.provider.requests
    )
