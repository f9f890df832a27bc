"""Canceling and deleting through real HTTP, while a model is in the middle of its work."""

from __future__ import annotations

import concurrent.futures
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import app_host, with_provider
from tests.support.learner import Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.store_file import stored_documents

MODULES = 4


@dataclass
class Running:
    """The host, its store and its slow provider."""

    host: LocalHost
    store: Path
    provider: ModelProvider

    def documents(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [
            document
            for document in stored_documents(self.store, kind)
            if all(document.get(name) == value for name, value in fields.items())
        ]


def settings_with(provider: ModelProvider) -> dict[str, str]:
    return {**with_provider(provider, timeout_seconds=60), "HISTORY_KEPT_DAYS": "0"}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("cancel")
    with (
        ModelProvider(outline_seconds=2.0, lesson_seconds=2.0, modules=MODULES) as provider,
        app_host(folder, workers=2, settings=settings_with(provider)) as host,
    ):
        yield Running(host, folder / "skillsync.db", provider)


@pytest.fixture(autouse=True)
def _forget(slow: Running) -> None:
    slow.provider.reset()


def someone() -> str:
    return f"learner-{uuid.uuid4()}"


def subject() -> str:
    return f"Subject {uuid.uuid4().hex[:8]}"


def when(condition: Any, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


def test_a_roadmap_is_canceled_while_its_modules_are_outlined(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada:
        roadmap_id = ada.create(goal=subject())
        when(lambda: slow.provider.calls()["outline"] == MODULES, "the outlines are asked for")
        asked = time.monotonic()
        answer = ada.http.post(f"/roadmaps/{roadmap_id}/cancel")
        assert time.monotonic() - asked < 5
        assert answer.status_code == 202
        assert answer.headers["Location"] == answer.json()["status_url"]
        assert answer.json()["status"] == "canceled"
        assert ada.http.post(f"/roadmaps/{roadmap_id}/cancel").status_code == 202
        status = ada.status(roadmap_id)
        assert (status["status"], status["phase"]) == ("canceled", "ended")
        assert {module["status"] for module in status["modules"]} == {"canceled"}

        time.sleep(3)  # the replies come, and find that nobody wants them any longer
        assert ada.status(roadmap_id) == status
        assert slow.documents("Lesson", roadmap_id=roadmap_id) == []
        instance = slow.host.instance(f"roadmap-{roadmap_id}-1")
        assert instance is not None
        assert instance["runtimeStatus"] == "Terminated"

        assert ada.http.post(f"/roadmaps/{roadmap_id}/retry").status_code == 202
        roadmap = ada.await_roadmap(roadmap_id)
        assert {module["status"] for module in roadmap["modules"]} == {"completed"}
        assert ada.http.post(f"/roadmaps/{roadmap_id}/cancel").json()["code"] == "nothing_to_cancel"


def test_whoever_else_waits_for_a_lesson_gets_it(slow: Running) -> None:
    goal = subject()
    learners = [Learner(slow.host.url, someone()) for _ in range(20)]
    try:
        learners[0].roadmap(goal=goal)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            ids = [
                first_lesson(roadmap)["id"]
                for roadmap in pool.map(lambda one: one.roadmap(goal=goal), learners)
            ]
            learners[0].generate(ids[0])
            list(pool.map(lambda pair: pair[0].generate(pair[1]), zip(learners, ids, strict=True)))
            answer = learners[0].http.post(f"/lessons/{ids[0]}/cancel")
            assert (answer.status_code, answer.json()["generation_status"]) == (202, "canceled")
            lessons = list(
                pool.map(lambda pair: pair[0].await_lesson(pair[1]), zip(learners, ids, strict=True))
            )
        assert [lesson["generation_error"] for lesson in lessons[1:]] == [None] * 19
        assert [lesson["generation_status"] for lesson in lessons] == ["canceled"] + ["completed"] * 19
        assert slow.provider.calls()["lesson"] == 1
        again = learners[0].generate(ids[0])
        assert (again.status_code, again.json()["was_cached"]) == (200, True)
    finally:
        for learner in learners:
            learner.http.close()


def test_lessons_end_with_their_roadmap_and_can_be_asked_for_again(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada:
        roadmap = ada.roadmap(goal=subject())
        # One of each module: the fake model's lessons resemble each other, and siblings must not.
        lessons = [module["lessons"][0]["id"] for module in roadmap["modules"]]
        for lesson_id in lessons:
            assert ada.generate(lesson_id).status_code == 202
        assert ada.http.post(f"/roadmaps/{roadmap['roadmap_id']}/cancel").status_code == 202
        status = ada.status(roadmap["roadmap_id"])
        assert (status["status"], status["progress"]["lessons_generating"]) == ("completed", 0)
        canceled = [ada.lesson(lesson_id) for lesson_id in lessons]
        assert {lesson["generation_status"] for lesson in canceled} == {"canceled"}
        assert {lesson["generation_error"]["code"] for lesson in canceled} == {"canceled"}
        when(lambda: not slow.documents("LessonHead", status="generating"), "no head is generating")
        assert ada.generate(lessons[0]).status_code in (200, 202)
        again = ada.await_lesson(lessons[0])
        assert again["generation_status"] == "completed", again["generation_error"]
        nothing = ada.http.post(f"/lessons/{lessons[0]}/cancel")
        assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_cancel")


def test_a_new_version_is_canceled_and_the_old_one_stays(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada:
        lesson_id = first_lesson(ada.roadmap(goal=subject()))["id"]
        ada.generate(lesson_id)
        assert ada.await_lesson(lesson_id)["version"] == "1.0"
        assert ada.regenerate(lesson_id, reason="unclear").json()["regenerating"]
        canceled = ada.http.post(f"/lessons/{lesson_id}/cancel")
        assert (canceled.status_code, canceled.json()["regenerating"]) == (202, False)
        lesson = ada.lesson(lesson_id)
        assert (lesson["generation_status"], lesson["version"]) == ("completed", "1.0")
        assert lesson["regeneration_error"]["code"] == "canceled"
        assert lesson["content"]["sections"]


@pytest.mark.parametrize("moment", ["pending", "outlining", "completed", "writing"])
def test_a_roadmap_is_deleted_at_any_moment_and_stays_so(slow: Running, moment: str) -> None:
    with Learner(slow.host.url, someone()) as ada:
        goal = subject()
        roadmap_id = ada.create(key="key", goal=goal)
        lesson_id = module_id = str(uuid.uuid4())
        if moment == "outlining":
            when(lambda: slow.provider.calls()["outline"] == MODULES, "the outlines are asked for")
        elif moment != "pending":
            roadmap = ada.await_roadmap(roadmap_id)
            module_id, lesson_id = roadmap["modules"][0]["module_id"], first_lesson(roadmap)["id"]
        if moment == "writing":
            ada.generate(lesson_id)
        deleted = ada.http.delete(f"/roadmaps/{roadmap_id}")
        assert (deleted.status_code, deleted.content) == (204, b"")

        def gone() -> bool:
            return all(
                not slow.documents(kind, user_id=ada.user_id) for kind in ("Roadmap", "Module", "Lesson")
            )

        assert gone()
        for path in (
            f"/roadmaps/{roadmap_id}",
            f"/roadmaps/{roadmap_id}/status",
            f"/modules/{module_id}/lessons",
            f"/lessons/{lesson_id}",
        ):
            assert ada.http.get(path).status_code == 404, path
        assert ada.http.get("/roadmaps").json()["items"] == []
        assert ada.http.delete(f"/roadmaps/{roadmap_id}").status_code == 404
        repeat = ada.http.post(
            "/roadmaps",
            json={"goal": goal, "skill_level": "beginner", "weekly_hours": 5, "learning_style": "hands_on"},
            headers={"Idempotency-Key": "key"},
        )
        assert (repeat.status_code, repeat.json()["code"]) == (410, "gone")
        assert slow.host.instance(f"roadmap-{roadmap_id}-1") is None, "its history names the learner"
        time.sleep(2.5)  # whatever was under way comes to its end
        assert gone()


def test_what_is_not_ones_own_is_neither_canceled_nor_deleted(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada, Learner(slow.host.url, someone()) as stranger:
        roadmap = ada.roadmap(goal=subject())
        lesson_id = first_lesson(roadmap)["id"]
        for method, path, own_id in (
            ("POST", "/roadmaps/{}/cancel", roadmap["roadmap_id"]),
            ("DELETE", "/roadmaps/{}", roadmap["roadmap_id"]),
            ("POST", "/lessons/{}/cancel", lesson_id),
        ):
            foreign = stranger.http.request(method, path.format(own_id))
            absent = stranger.http.request(method, path.format(uuid.uuid4()))
            assert (foreign.status_code, foreign.text) == (404, absent.text)
        assert ada.status(roadmap["roadmap_id"])["status"] == "completed"


def test_the_nightly_purge_removes_what_has_ended_and_nothing_that_runs(slow: Running) -> None:
    with Learner(slow.host.url, someone()) as ada:
        ended = f"roadmap-{ada.roadmap(goal=subject())['roadmap_id']}-1"
        roadmap_id = ada.create(goal=subject())
        when(lambda: slow.provider.calls()["outline"] > MODULES, "the second one is being outlined")
        when(lambda: (slow.host.instance(ended) or {})["runtimeStatus"] == "Completed", "the first has ended")
        slow.host.run_timer("purge_histories")
        when(lambda: slow.host.instance(ended) is None, "its history is removed")
        slow.host.wait_for_log("histories.purged")
        assert ada.await_roadmap(roadmap_id)["status"] == "completed"
