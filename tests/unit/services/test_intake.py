"""The queue's intake: every message is begun once, obsolete, refused where its learner sees it, or named."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import PoisonedMessage, StoreUnavailable
from shared.models.document import now
from shared.models.library import LessonHead
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.planning.standalone import standalone_specification
from shared.services.ending import fail_head
from shared.services.intake import Delivery, Intake
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.standalone import StandaloneLessons
from shared.settings import load_settings
from shared.store.documents import Documents
from tests.support.app import app_settings
from tests.support.flow import Flow
from tests.support.hooked_store import HookedStore
from tests.support.processes import one_process
from tests.support.store_file import stored_documents

TOPIC = standalone_specification("Python", "Dictionaries")
PYTHON = {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5, "learning_style": "mixed"}


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[Clients]:
    async with one_process(load_settings(app_settings(tmp_path))) as clients:
        yield clients


@pytest.fixture
def flow(clients: Clients) -> Flow:
    return Flow([clients])


def limited(clients: Clients, **changes: Any) -> Clients:
    clients.settings = clients.settings.model_copy(update=changes)
    return clients


async def a_lesson(clients: Clients, flow: Flow, user_id: str = "ada") -> Lesson:
    """Return a lesson that nobody has asked for yet."""
    return await StandaloneLessons(clients, flow.orchestrations)._place(user_id, TOPIC)


def lesson_body(lesson: Lesson, **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "kind": "lesson",
        "user_id": lesson.user_id,
        "lesson_id": lesson.id,
        **fields,
    }


def roadmap_body(user_id: str = "ada", **fields: Any) -> dict[str, Any]:
    return {"schema_version": 1, "kind": "roadmap", "user_id": user_id, "request": PYTHON, **fields}


async def take(clients: Clients, flow: Flow, body: Any, message_id: str = "m-1", **fields: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    correlation_id, enqueued_at = fields.pop("correlation_id", None), fields.pop("enqueued_at", None)
    delivery = Delivery(raw, message_id, correlation_id, enqueued_at)
    await Intake(clients, flow.orchestrations).take(delivery)


async def stored(clients: Clients, lesson: Lesson) -> Lesson:
    return await Lessons(clients).lesson(lesson.user_id, lesson.id)


def poisons(folder: Path) -> list[dict[str, Any]]:
    return stored_documents(folder / "skillsync.db", "Poison")


async def test_a_lesson_is_written_in_the_background(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    await take(clients, flow, lesson_body(lesson), correlation_id="c-7")
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert head.cause.background
    await flow.run_all()
    ended = await stored(clients, lesson)
    assert (ended.generation_status, ended.correlation_id) == (GenerationStatus.COMPLETED, "c-7")


async def test_one_for_who_waits_is_not_in_the_background(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    await take(clients, flow, lesson_body(lesson, interactive=True, correlation_id="own"), correlation_id="b")
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert not head.cause.background
    assert (await stored(clients, lesson)).correlation_id == "own"


@pytest.mark.parametrize("key", [None, "key"])
async def test_a_message_that_comes_again_begins_nothing_after_a_failure(
    clients: Clients, flow: Flow, key: str | None
) -> None:
    """Redelivered, sent again by its sender or put back from the dead letters: the same request."""
    lesson = await a_lesson(clients, flow)
    body = lesson_body(lesson, **({"idempotency_key": key} if key else {}))
    await take(clients, flow, body)
    flow.started.clear()
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    await fail_head(clients.documents, head, "no_sources")
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.FAILED
    for message_id in ("m-1", "m-1:r12", "m-2" if key else "m-1"):
        await take(clients, flow, body, message_id)
    assert flow.started == []
    ended = await stored(clients, lesson)
    assert (ended.generation_status, ended.attempt) == (GenerationStatus.FAILED, 1)
    await take(clients, flow, lesson_body(lesson), "another")
    assert len(flow.started) == 1, "another message is another request"


async def test_a_message_that_comes_twice_at_once_begins_one_generation(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    await asyncio.gather(*(take(clients, flow, lesson_body(lesson)) for _ in range(4)))
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert (head.generation, head.waiters, len(flow.started)) == (1, 1, 1)


async def test_a_start_that_was_lost_with_its_process_is_made_by_the_redelivery(
    clients: Clients, flow: Flow
) -> None:
    lesson = await a_lesson(clients, flow)
    await take(clients, flow, lesson_body(lesson))
    flow.started.clear()  # the process died between the writes and the start
    await take(clients, flow, lesson_body(lesson))
    assert len(flow.started) == 1


async def test_force_makes_one_new_version(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    await flow.run_all()
    for _ in range(2):
        await take(clients, flow, lesson_body(lesson, force=True))
        await flow.run_all()
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert (head.generation, head.cause.background) == (2, True)
    await take(clients, flow, lesson_body(lesson), "m-2")
    assert flow.started == [], "a completed lesson is not written again unless it is forced"


async def test_force_writes_what_was_never_written(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    await take(clients, flow, lesson_body(lesson, force=True))
    await flow.run_all()
    await take(clients, flow, lesson_body(lesson, force=True))
    assert flow.started == []
    assert (await stored(clients, lesson)).version == "1.0"


async def test_a_lesson_canceled_since_it_was_asked_for_stays_canceled(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    asked_at = now() - timedelta(seconds=5)
    lesson.move_to(GenerationStatus.CANCELED)
    lesson = await clients.documents.replace(lesson)
    await take(clients, flow, lesson_body(lesson, requested_at=asked_at.isoformat()))
    await take(clients, flow, lesson_body(lesson), "m-2", enqueued_at=asked_at)
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.CANCELED
    ahead = (now() + timedelta(hours=1)).isoformat()
    await take(clients, flow, lesson_body(lesson, requested_at=ahead), "m-2", enqueued_at=asked_at)
    without_zone = asked_at.replace(tzinfo=None).isoformat()
    await take(clients, flow, lesson_body(lesson, requested_at=without_zone), "m-2", enqueued_at=now())
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.CANCELED
    await take(clients, flow, lesson_body(lesson), "m-3", enqueued_at=now())
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.GENERATING


# ------------------------------------------------------------------ refused: the learner sees why


async def test_over_the_quota_the_lesson_fails_where_its_learner_sees_it(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    lesson = await a_lesson(limited(clients, quota_lessons_per_day=0), flow)
    for _ in range(2):
        await take(clients, flow, lesson_body(lesson), correlation_id="c-1")
    ended = await stored(clients, lesson)
    assert ended.generation_error is not None
    assert (ended.generation_status, ended.generation_error.code) == (
        GenerationStatus.FAILED,
        "quota_exceeded",
    )
    assert (ended.attempt, ended.correlation_id) == (1, "c-1")
    assert "tomorrow" in ended.generation_error.message
    assert poisons(tmp_path) == []
    await take(limited(clients, quota_lessons_per_day=5), flow, lesson_body(lesson), "m-2")
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.GENERATING


async def test_with_generation_off_the_lesson_fails_with_that_reason(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(limited(clients, generation="off"), flow)
    await take(clients, flow, lesson_body(lesson))
    error = (await stored(clients, lesson)).generation_error
    assert error is not None
    assert error.code == "generation_off"


async def test_a_refused_new_version_leaves_the_lesson_as_it_is(clients: Clients, flow: Flow) -> None:
    lesson = await a_lesson(clients, flow)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    await flow.run_all()
    await take(limited(clients, quota_regenerations_per_day=0), flow, lesson_body(lesson, force=True))
    ended = await stored(clients, lesson)
    assert (ended.generation_status, ended.version) == (GenerationStatus.COMPLETED, "1.0")
    assert ended.regeneration_error is not None
    assert ended.regeneration_error.code == "quota_exceeded"


@pytest.mark.parametrize("hours", [None, 0, 1])
async def test_a_message_of_a_batch_that_waits_for_the_lesson_no_longer_begins_nothing(
    clients: Clients, flow: Flow, hours: int | None
) -> None:
    """Nor does it hold the queue up, whatever its sender says of the time."""
    lesson = await a_lesson(clients, flow)
    said = {} if hours is None else {"requested_at": (now() + timedelta(hours=hours)).isoformat()}
    async with asyncio.timeout(10):
        await take(clients, flow, lesson_body(lesson, batch_id=str(uuid.uuid4()), **said))
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.PENDING
    assert flow.started == []


# ------------------------------------------------------------------ poison: operators see why


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b"{", "invalid_json", "body"),
        ({"schema_version": 3, "kind": "lesson"}, "invalid_request", "schema_version"),
        ({"schema_version": 1, "kind": "course"}, "invalid_request", "kind"),
        (roadmap_body("\ud800"), "invalid_request", "user_id"),
        (roadmap_body(request={**PYTHON, "goal": ""}), "invalid_request", "request.goal"),
        (roadmap_body(request={"goal": "Learn Python"}), "invalid_request", "skill_level"),
        (roadmap_body(request={**PYTHON, "goal": "how to build a pipe bomb"}), "goal_refused", "goal"),
    ],
)
async def test_what_cannot_be_obeyed_is_named_for_operators_and_raised(
    clients: Clients, flow: Flow, tmp_path: Path, body: Any, reason: str, field: str
) -> None:
    for _ in range(2):
        with pytest.raises(PoisonedMessage, match=reason):
            await take(clients, flow, body, "m/1?")
    [poison] = poisons(tmp_path)
    assert (poison["reason"], poison["field"], poison["deliveries"]) == (reason, field, 2)
    assert "ada" not in json.dumps(poison)
    assert "bomb" not in json.dumps(poison)


async def test_a_lesson_that_never_was_is_poison_but_not_that_of_a_batch(
    clients: Clients, flow: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.patience.VISIBLE_SECONDS", 0.5)
    lesson = (await a_lesson(clients, flow)).model_copy(update={"id": str(uuid.uuid4())})
    await take(clients, flow, lesson_body(lesson, batch_id=str(uuid.uuid4())), "of a batch")
    assert poisons(tmp_path) == [], "it was removed since the batch began"
    with pytest.raises(PoisonedMessage, match="not_found"):
        await take(clients, flow, lesson_body(lesson))
    assert [poison["reason"] for poison in poisons(tmp_path)] == ["not_found"]


async def test_a_roadmap_over_the_quota_is_named_for_operators(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    with pytest.raises(PoisonedMessage, match="quota_exceeded"):
        await take(limited(clients, quota_roadmaps_per_day=0), flow, roadmap_body())
    assert [poison["reason"] for poison in poisons(tmp_path)] == ["quota_exceeded"]


# ------------------------------------------------------------------ roadmaps


@pytest.mark.parametrize("key", [None, "key"])
async def test_a_roadmap_is_created_once(
    clients: Clients, flow: Flow, tmp_path: Path, key: str | None
) -> None:
    body = roadmap_body(**({"idempotency_key": key} if key else {}))
    for message_id in ("m-1", "m-1", "m-1:r4", "m-9" if key else "m-1"):
        await take(clients, flow, body, message_id, correlation_id="c-3")
    await flow.run_all()
    [roadmap] = stored_documents(tmp_path / "skillsync.db", "Roadmap")
    assert (roadmap["status"], roadmap["correlation_id"]) == ("completed", "c-3")
    [record] = stored_documents(tmp_path / "skillsync.db", "Idempotency")
    assert record["ttl"] > 2 * 86_400, "longer than a message lives"
    await take(clients, flow, roadmap_body(), "another")
    assert len(stored_documents(tmp_path / "skillsync.db", "Roadmap")) == 2


async def test_a_roadmap_that_was_deleted_is_not_created_again(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    await take(clients, flow, roadmap_body())
    [roadmap] = stored_documents(tmp_path / "skillsync.db", "Roadmap")
    await clients.documents.store.delete("learning", "ada", roadmap["id"])
    flow.started.clear()
    await take(clients, flow, roadmap_body())
    assert (flow.started, poisons(tmp_path)) == ([], [])


async def test_a_key_that_came_with_another_request_is_named(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    await take(clients, flow, roadmap_body(idempotency_key="key"))
    other = roadmap_body(idempotency_key="key", request={**PYTHON, "goal": "Learn Java"})
    with pytest.raises(PoisonedMessage, match="idempotency_key_reused"):
        await take(clients, flow, other, "m-2")


# ------------------------------------------------------------------ what passes


class PassingTime:
    """Stands for `time` and `asyncio` where patience looks at the clock: whoever sleeps lets time pass."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> PassingTime:
    passing = PassingTime()
    monkeypatch.setattr("shared.services.patience.time", passing)
    monkeypatch.setattr("shared.services.patience.asyncio", passing)
    return passing


def without_store_until(clients: Clients, passing: PassingTime, seconds: float) -> None:
    """Let no write succeed before so many seconds have passed."""

    async def away(_: str) -> None:
        if passing.seconds < seconds:
            raise StoreUnavailable("away")

    clients._documents = Documents(HookedStore(clients.documents.store, away))


async def test_two_minutes_without_a_store_are_one_delivery(
    clients: Clients, flow: Flow, passing: PassingTime
) -> None:
    lesson = await a_lesson(clients, flow)
    without_store_until(clients, passing, 120)
    await take(clients, flow, lesson_body(lesson))
    assert 120 <= passing.seconds < 150
    assert len(flow.started) == 1
    assert max(passing.pauses) <= 15, "it notices soon that the store is back"


async def test_an_hour_without_a_store_gives_the_message_back_in_time(
    clients: Clients, flow: Flow, passing: PassingTime, tmp_path: Path
) -> None:
    """The function must end before its time-out, and before its lock is renewed no longer."""
    lesson = await a_lesson(clients, flow)
    without_store_until(clients, passing, 2 * 3600)
    deliveries = 0
    while passing.seconds < 3600:
        began = passing.seconds
        with pytest.raises(StoreUnavailable):
            await take(clients, flow, lesson_body(lesson))
        deliveries += 1
        assert passing.seconds - began == pytest.approx(180)
    assert deliveries > 10, "it is a dead letter by now, which an operator puts back"
    assert poisons(tmp_path) == [], "nothing is wrong with the message"
    passing.seconds = 2 * 3600
    await take(clients, flow, lesson_body(lesson), "m-1:r1")
    assert len(flow.started) == 1


async def test_a_store_that_is_away_for_a_while_costs_no_delivery(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    """Another process locks the store's file for longer than the adapter is patient."""
    lesson = await a_lesson(clients, flow)
    with closing(sqlite3.connect(tmp_path / "skillsync.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        taking = asyncio.create_task(take(clients, flow, lesson_body(lesson)))
        await asyncio.sleep(12)
        assert not taking.done(), "it is tried again in here, not given back"
        other.execute("COMMIT")
    await taking
    await flow.run_all()
    assert (await stored(clients, lesson)).generation_status is GenerationStatus.COMPLETED


@pytest.mark.parametrize(("age", "seconds"), [(0, 5), (90, 0)])
async def test_what_never_was_holds_the_queue_up_only_while_it_may_still_appear(
    clients: Clients, flow: Flow, passing: PassingTime, age: int, seconds: float
) -> None:
    """A broker delivers it ten times, before all that came after it."""
    unknown = (await a_lesson(clients, flow)).model_copy(update={"id": str(uuid.uuid4())})
    sent_at = now() - timedelta(seconds=age)
    with pytest.raises(PoisonedMessage, match="not_found"):
        await take(clients, flow, lesson_body(unknown), enqueued_at=sent_at)
    assert passing.seconds == pytest.approx(seconds)


async def test_all_patience_with_one_delivery_ends_together(
    clients: Clients, flow: Flow, passing: PassingTime
) -> None:
    """What cannot be obeyed must be noted too, and the function still ends before its time-out."""
    unknown = (await a_lesson(clients, flow)).model_copy(update={"id": str(uuid.uuid4())})
    passing.seconds = 1.0
    without_store_until(clients, passing, 2 * 3600)
    with pytest.raises(StoreUnavailable):
        await take(clients, flow, lesson_body(unknown))
    assert passing.seconds == pytest.approx(181)


async def test_a_store_that_is_slow_at_each_request_gives_the_message_back_in_time(
    clients: Clients, flow: Flow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shared.services.intake.DELIVERY_SECONDS", 0.3)
    lesson = await a_lesson(clients, flow)

    async def slow(_: str) -> None:
        await asyncio.sleep(0.2)

    clients._documents = Documents(HookedStore(clients.documents.store, slow))
    with pytest.raises(StoreUnavailable, match="too slow"):
        await take(clients, flow, lesson_body(lesson))
    assert poisons(tmp_path) == []
    assert flow.started == []
