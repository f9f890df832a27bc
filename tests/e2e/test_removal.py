"""A learner is removed through real HTTP: documents, queue, dead letters, histories; and begins anew."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import app_host, with_provider
from tests.support.broker import need_broker
from tests.support.learner import GOAL, Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.service_bus import Namespace
from tests.support.store_file import all_documents

need_broker()

SETTLE_SECONDS = 4


@dataclass
class Running:
    """The host with its store, its queue and its slow provider."""

    host: LocalHost
    store: Path
    namespace: Namespace
    provider: ModelProvider

    def traces(self, user_id: str) -> set[str]:
        """Return the types of all documents in which a user id occurs."""
        return {one["type"] for one in all_documents(self.store) if user_id in json.dumps(one)}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("removal")
    with ModelProvider(outline_seconds=1.5, lesson_seconds=1.5, modules=3) as provider:
        settings = {
            **with_provider(provider, timeout_seconds=60),
            "REMOVAL_SETTLE_S": str(SETTLE_SECONDS),
            "RECONCILE_AFTER_S": "2",
        }
        with app_host(folder, workers=2, settings=settings) as host:
            namespace = Namespace(host.service_bus())
            yield Running(host, folder / "skillsync.db", namespace, provider)


@pytest.fixture(autouse=True)
def _forget(slow: Running) -> None:
    slow.provider.reset()


def someone() -> str:
    return f"learner-{uuid.uuid4()}"


def when(condition: Callable[[], Any], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.1)


def message(learner: Learner, lesson_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "kind": "lesson",
        "user_id": learner.user_id,
        "lesson_id": lesson_id,
        **fields,
    }


def removed(learner: Learner) -> bool:
    answer = learner.http.delete("/me")
    assert answer.status_code == 202, answer.text
    return bool(answer.json()["status"] == "completed")


def test_a_learner_is_removed_while_everything_runs_and_begins_anew(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada, Learner(slow.host.url, someone()) as grace:
        goal = f"Subject {uuid.uuid4().hex[:8]}"
        ended = ada.roadmap(goal=goal)
        hers = grace.roadmap(goal=goal)
        shared, own = first_lesson(ended)["id"], first_lesson(hers)["id"]
        ada.generate(shared)
        grace.generate(own)
        running = ada.create(goal=f"Subject {uuid.uuid4().hex[:8]}")
        # One message that cannot be obeyed, of each of them.
        nothing = str(uuid.uuid4())
        for learner in (ada, grace):
            slow.namespace.send(message(learner, nothing), f"dead-{learner.user_id}")
        when(lambda: len(slow.namespace.dead()) == 2, "both messages are dead")

        taken = ada.export()
        assert {"Roadmap", "Module", "Lesson", "Quota"} <= {item["type"] for item in taken}
        assert grace.user_id not in json.dumps(taken)

        first = ada.http.delete("/me")
        assert (first.status_code, first.json()["status"]) == (202, "running")
        assert first.headers["Retry-After"]
        for method, path in (("GET", "/roadmaps"), ("POST", "/roadmaps"), ("GET", f"/lessons/{shared}")):
            refused = ada.http.request(method, path, json=GOAL if method == "POST" else None)
            assert (refused.status_code, refused.json()["code"]) == (409, "removal_running"), path
        by_back_end = ada.http.post(
            "/generate_lesson_content",
            json={"lesson_id": shared},
            headers={"x-functions-key": slow.host.function_key()},
        )
        assert by_back_end.json()["code"] == "removal_running"
        slow.namespace.send(message(ada, shared, requested_at="2026-01-01T00:00:00Z"), "late")

        when(lambda: removed(ada), "the removal is over")
        assert slow.traces(ada.user_id) == set()
        lesson = grace.await_lesson(own)
        assert lesson["generation_status"] == "completed", lesson["generation_error"]
        assert slow.provider.calls()["lesson"] == 1
        [dead] = slow.namespace.dead()
        assert json.loads(str(dead))["user_id"] == grace.user_id, "others' dead letters stay"
        assert slow.namespace.queued() == []
        for roadmap_id in (ended["roadmap_id"], running):
            assert slow.host.instance(f"roadmap-{roadmap_id}-1") is None

        assert ada.export() == []
        assert ada.http.get("/roadmaps").json()["items"] == []
        assert ada.http.get(f"/lessons/{shared}").status_code == 404
        again = ada.roadmap(goal=goal)
        assert again["roadmap_id"] not in (ended["roadmap_id"], running)
        answer = ada.generate(first_lesson(again)["id"])
        assert (answer.status_code, answer.json()["was_cached"]) == (200, True), "shared lessons stay"


def test_the_removals_own_history_goes_too(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada:
        ada.roadmap(goal=f"Subject {uuid.uuid4().hex[:8]}")
        ada.http.delete("/me")
        started = [line for line in slow.host.log().splitlines() if "removal-" in line]
        instance_id = "removal-" + started[-1].split("removal-", 1)[1].split('"', 1)[0].split("'", 1)[0]
        when(lambda: removed(ada), "the removal is over")

        def cleared() -> bool:
            slow.host.run_timer("reconcile")
            return slow.host.instance(instance_id) is None

        assert slow.host.instance(instance_id) is not None
        when(cleared, "the reconciler has removed the history")


@pytest.mark.parametrize("moment", ["at once", "while it settles"])
def test_the_app_process_dies_in_the_middle(slow: Running, moment: str) -> None:
    with Learner(slow.host.url, someone(), patient=True) as ada:
        ada.roadmap(goal=f"Subject {uuid.uuid4().hex[:8]}")
        ada.http.delete("/me")
        if moment == "while it settles":
            when(lambda: slow.traces(ada.user_id) == {"Removal"}, "the first sweep is done")
        for process_id in slow.host.app_process_ids():
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)

        def over() -> bool:
            with suppress(Exception):  # the app process is being started again
                slow.host.run_timer("reconcile")
                return removed(ada)
            return False

        when(over, "the removal is over", 120)
        assert slow.traces(ada.user_id) == set()
