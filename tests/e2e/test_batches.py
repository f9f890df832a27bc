"""Batches end to end: HTTP, the queue, the orchestration, events; a learner who asks is never behind."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import app_host, with_provider
from tests.support.broker import need_broker
from tests.support.learner import Body, Learner
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.service_bus import Namespace, until
from tests.support.store_file import stored_documents

need_broker()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batches")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[LocalHost]:
    settings = {"LLM_CHAIN": "groq", "BATCH_LESSONS_PER_LEARNER": "3"}
    with app_host(folder, workers=2, settings=settings) as host:
        yield host


@pytest.fixture
def ada(host: LocalHost) -> Iterator[Learner]:
    with Learner(host.url, f"learner-{uuid.uuid4()}", patient=True) as learner:
        yield learner


def generate_module(learner: Learner, module: Body) -> Body:
    response = learner.http.post(f"/modules/{module['module_id']}/generate")
    assert response.status_code == 202, response.text
    body: Body = response.json()
    assert response.headers["Location"] == body["status_url"] == f"/api/batches/{body['batch_id']}"
    return body


def batch(learner: Learner, batch_id: str) -> Body:
    body: Body = learner._get(f"/batches/{batch_id}")
    return body


def until_ended(learner: Learner, batch_id: str, seconds: float = 90) -> Body:
    def ended() -> Any:
        found = batch(learner, batch_id)
        return found if found["state"] != "open" else None

    found: Body = until(ended, f"the end of batch {batch_id}", seconds)
    return found


def test_a_module_is_written_through_the_queue(host: LocalHost, ada: Learner) -> None:
    roadmap = ada.roadmap()
    module = roadmap["modules"][0]
    accepted = generate_module(ada, module)
    assert accepted["queued"] + accepted["cached"] == len(module["lessons"])
    assert generate_module(ada, module)["batch_id"] == accepted["batch_id"]
    status = ada.status(roadmap["roadmap_id"])
    assert "wait for their turn" in status["message"] or not status["progress"]["lessons_queued"]
    ended = until_ended(ada, accepted["batch_id"])
    assert (ended["state"], ended["completed"], ended["queued"], ended["running"]) == (
        "ended",
        accepted["queued"],
        0,
        0,
    )
    written = ada.http.get(f"/modules/{module['module_id']}/lessons").json()["items"]
    assert {lesson["generation_status"] for lesson in written} == {"completed"}
    progress = ada.status(roadmap["roadmap_id"])["progress"]
    assert (progress["lessons_queued"], progress["lessons_completed"]) == (0, len(written))
    with Learner(host.url, "a-stranger") as stranger:
        assert stranger.http.get(f"/batches/{accepted['batch_id']}").status_code == 404
        path = f"/modules/{module['module_id']}/generate"
        assert stranger.http.post(path).status_code == 404
    events = [
        event
        for event in Namespace(host.service_bus()).events()
        if event["data"]["user_id"] == ada.user_id and event["type"] == "skillsync.lesson.completed"
    ]
    assert len({event["subject"] for event in events}) == len(written)


def test_a_roadmap_comes_with_its_first_lesson_or_all_of_them(host: LocalHost, ada: Learner) -> None:
    first = ada.roadmap(generate="first_lesson", subject="Python", focus="first lessons")
    lesson_id = first["modules"][0]["lessons"][0]["id"]
    assert ada.await_lesson(lesson_id)["generation_status"] == "completed"
    whole = ada.roadmap(generate="all")
    wanted = sum(len(module["lessons"]) for module in whole["modules"])

    def written() -> bool:
        progress = ada.status(whole["roadmap_id"])["progress"]
        return bool(progress["lessons_completed"] == wanted and not progress["lessons_queued"])

    until(written, "all lessons", 110)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_processes_that_die_while_a_batch_runs_lose_nothing(tmp_path: Path) -> None:
    with (
        ModelProvider(modules=3, lesson_seconds=0.5) as provider,
        app_host(
            tmp_path, workers=2, settings={**with_provider(provider), "RECONCILE_AFTER_S": "30"}
        ) as host,
        Learner(host.url, "ada", patient=True) as ada,
    ):
        kill_and_wait(host, ada)
    lessons = [one for one in stored_documents(tmp_path / "skillsync.db", "Lesson") if one["attempt"]]
    assert {(one["generation_status"], one["batch_id"]) for one in lessons} == {("completed", None)}
    heads = stored_documents(tmp_path / "skillsync.db", "LessonHead")
    assert (len(heads), {head["latest_version"] for head in heads}) == (len(lessons), {1})


def kill_and_wait(host: LocalHost, ada: Learner) -> None:
    """Kill every process while three batches run; wait for their ends."""
    roadmap = ada.roadmap()
    accepted = [generate_module(ada, module) for module in roadmap["modules"]]
    for _ in range(3):
        for process in host.app_process_ids():
            os.kill(process, signal.SIGKILL)
            time.sleep(1)
    engine, broker = host.engine_process_id(), host.broker_process_id()
    for victim in (engine, broker):
        if victim is not None:
            os.kill(victim, signal.SIGKILL)
            time.sleep(2)
    for one in accepted:
        ended = until_ended(ada, one["batch_id"], 180)
        assert (ended["state"], ended["completed"]) == ("ended", one["queued"])


def test_a_learner_who_asks_is_not_behind_a_batch(tmp_path: Path) -> None:
    """The provider takes twenty requests a minute: the batches leave six of them to whoever asks."""
    with ModelProvider(modules=5) as provider:
        settings = {
            **with_provider(provider),
            "LLM__FAKE__REQUESTS_PER_MINUTE": "20",
            "BATCH_LESSONS_PER_LEARNER": "30",
        }
        with app_host(tmp_path, settings=settings) as host, Learner(host.url, "ada") as ada:
            roadmap = ada.roadmap(subject="Python")
            # The fake model's lessons resemble each other: a module's second one would be sent back.
            *written, own = roadmap["modules"]
            for module in written:
                generate_module(ada, module)
            # The plan and five outlines were six requests; the batches may take eight more, of twelve.
            until(lambda: provider.calls()["lesson"] >= 8, "the batches' share", 60)
            began = time.monotonic()
            lesson = own["lessons"][0]
            ada.generate(lesson["id"])
            assert ada.await_lesson(lesson["id"], 60)["generation_status"] == "completed"
            assert time.monotonic() - began < 20, "it had a place at once, though others waited longer"
            assert provider.calls()["lesson"] == 9, "the batches take no more than their share"
            progress = ada.status(roadmap["roadmap_id"])["progress"]
            assert progress["lessons_queued"] + progress["lessons_generating"] > 3, "the batches still wait"
