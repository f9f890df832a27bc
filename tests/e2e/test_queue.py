"""The queue end to end: the real client, the embedded broker, the app on the local host."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import app_host
from tests.support.broker import need_broker
from tests.support.learner import GOAL, Body, Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.service_bus import Namespace, until
from tests.support.store_file import stored_documents

need_broker()

ADMIN = {"X-User-Id": "operator", "X-User-Roles": "admin"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("queue")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[LocalHost]:
    with app_host(folder, workers=2, settings={"LLM_CHAIN": "groq"}) as host:
        yield host


@pytest.fixture(scope="module")
def namespace(host: LocalHost) -> Namespace:
    return Namespace(host.service_bus())


@pytest.fixture
def ada(host: LocalHost) -> Iterator[Learner]:
    with Learner(host.url, f"learner-{uuid.uuid4()}") as learner:
        yield learner


def lesson_message(learner: Learner, lesson: Body, **fields: Any) -> Body:
    return {
        "schema_version": 1,
        "kind": "lesson",
        "user_id": learner.user_id,
        "lesson_id": lesson["id"],
        **fields,
    }


def events_of(namespace: Namespace, learner: Learner) -> list[Body]:
    return [event for event in namespace.events() if event["data"]["user_id"] == learner.user_id]


def awaited_events(namespace: Namespace, learner: Learner, count: int, seconds: float = 30) -> list[Body]:
    """Wait until so many events of a learner have come."""
    found: list[Body] = until(
        lambda: len(events := events_of(namespace, learner)) >= count and events,
        f"{count} events",
        seconds,
    )
    return found


def test_the_queue_is_ready(host: LocalHost, ada: Learner) -> None:
    ready = ada.http.get("/ready").json()
    assert (ready["ready"], ready["checks"]["queue"], ready["checks"]["events"]) == (True, "ok", "ok")


def test_a_roadmap_and_a_lesson_are_asked_for_by_messages(namespace: Namespace, ada: Learner) -> None:
    message = {
        "schema_version": 1,
        "kind": "roadmap",
        "user_id": ada.user_id,
        "request": GOAL,
        "correlation_id": "c-roadmap",
    }
    for message_id in (str(uuid.uuid4()), str(uuid.uuid4())):
        namespace.send({**message, "idempotency_key": ada.user_id}, message_id)
    [event] = awaited_events(namespace, ada, 1)
    assert (event["type"], event["correlationid"]) == ("skillsync.roadmap.completed", "c-roadmap")
    roadmap = ada.await_roadmap(event["data"]["roadmap_id"])
    assert len(ada.http.get("/roadmaps").json()["items"]) == 1

    lesson = first_lesson(roadmap)
    for _ in range(2):
        message_id = str(uuid.uuid4())
        body = lesson_message(ada, lesson, idempotency_key="one")
        namespace.send(body, message_id, correlation_id="c-lesson")
    assert ada.await_lesson(lesson["id"])["generation_status"] == "completed"
    ended = awaited_events(namespace, ada, 2)[1]
    assert (ended["type"], ended["subject"], ended["correlationid"]) == (
        "skillsync.lesson.completed",
        f"lessons/{lesson['id']}",
        "c-lesson",
    )
    time.sleep(1)
    assert len(events_of(namespace, ada)) == 2, "each end is told once"
    assert not [one for one in namespace.dead() if ada.user_id in str(one)]


def test_what_cannot_be_obeyed_is_a_dead_letter_that_says_why_and_comes_back(
    namespace: Namespace, ada: Learner
) -> None:
    lesson = first_lesson(ada.roadmap())
    message_id = str(uuid.uuid4())
    namespace.send(lesson_message(ada, lesson, force="perhaps"), message_id)
    dead = until(
        lambda: [
            one
            for one in ada.http.get("/ops/dead-letters", headers=ADMIN).json()["items"]
            if one["message_id"] == message_id
        ],
        "the dead letter",
    )[0]
    assert (dead["reason"], dead["poison"]["reason"], dead["poison"]["field"]) == (
        "MaxDeliveryCountExceeded",
        "invalid_request",
        "force",
    )
    assert dead["poison"]["deliveries"] == 10
    one = ada.http.get(f"/ops/dead-letters/{dead['sequence_number']}", headers=ADMIN).json()
    assert lesson["id"] in one["body"]
    wish = {"sequence_numbers": [dead["sequence_number"]]}
    put_back = ada.http.post("/ops/dead-letters/redrive", headers=ADMIN, json=wish).json()
    new_id = f"{message_id}:r{dead['sequence_number']}"
    assert put_back["redriven"] == [{"sequence_number": dead["sequence_number"], "message_id": new_id}]
    again = until(
        lambda: [
            one
            for one in ada.http.get("/ops/dead-letters", headers=ADMIN).json()["items"]
            if one["message_id"] == new_id
        ],
        "it fails again",
    )[0]
    assert again["poison"]["deliveries"] == 20, "it arrived, though its first id is known to the broker"
    for method, path in (("GET", ""), ("GET", "/1"), ("POST", "/redrive")):
        refused = ada.http.request(method, f"/ops/dead-letters{path}", json={"all": True})
        assert refused.status_code == 403


def test_a_store_that_is_away_dead_letters_nothing(namespace: Namespace, ada: Learner, folder: Path) -> None:
    """Another process holds the file for longer than the adapter, and ten deliveries at once, would last."""
    lessons = [lesson for module in ada.roadmap()["modules"] for lesson in module["lessons"]][:4]
    dead_before = len(namespace.dead())
    with closing(sqlite3.connect(folder / "skillsync.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for lesson in lessons:
            namespace.send(lesson_message(ada, lesson), str(uuid.uuid4()))
        time.sleep(25)
        other.execute("COMMIT")
    for lesson in lessons:
        assert ada.await_lesson(lesson["id"], 60)["generation_status"] == "completed"
    assert len(namespace.dead()) == dead_before


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_processes_that_die_while_messages_come_lose_and_double_nothing(
    namespace: Namespace, ada: Learner, host: LocalHost, folder: Path
) -> None:
    roadmap = ada.roadmap()
    lessons = [lesson for module in roadmap["modules"] for lesson in module["lessons"]][:8]
    bodies = {str(uuid.uuid4()): lesson_message(ada, lesson) for lesson in lessons}
    namespace.send_all(bodies)
    for process in host.app_process_ids():
        os.kill(process, signal.SIGKILL)
        time.sleep(0.5)
    namespace.send_all({str(uuid.uuid4()): body | {"idempotency_key": key} for key, body in bodies.items()})
    with Learner(host.url, ada.user_id, patient=True) as patient:
        for lesson in lessons:
            assert patient.await_lesson(lesson["id"], 90)["generation_status"] == "completed"
    stored = {lesson["id"]: lesson for lesson in stored_documents(folder / "skillsync.db", "Lesson")}
    keys = {stored[lesson["id"]]["lesson_key"] for lesson in lessons}
    heads = [head for head in stored_documents(folder / "skillsync.db", "LessonHead") if head["key"] in keys]
    assert {head["latest_version"] for head in heads} == {1}
    # What a process stored and could not send any more is sent by the sweep, a minute later or two.
    told = awaited_events(namespace, ada, 1 + len(lessons), seconds=130)
    events = [event for event in told if "lesson" in event["type"]]
    assert len({event["id"] for event in events}) == len(lessons)
