"""Batches: a window over a module's lessons, bounded per learner and in all; the withdrawn never begin."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.llm.usage import DayUsage, Spending
from shared.models.base import timestamp
from shared.models.batch import Batch, BatchSlots, BatchState, HeldSlots
from shared.models.document import now
from shared.models.inputs import BatchInput, RemovalInput
from shared.models.library import LessonHead
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Quota, Roadmap
from shared.models.status import GenerationStatus
from shared.services.batch_advance import BatchAdvance, close_batch
from shared.services.batch_creation import BatchCreation
from shared.services.batch_slots import Slots
from shared.services.budget_notes import NOTE
from shared.services.ending import fail_head
from shared.services.intake import Delivery, Intake
from shared.services.learner_sweep import LearnerSweep
from shared.services.lesson_cancellation import LessonCancellation
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.metrics import Operations
from shared.services.reconciliation import Reconciler
from shared.services.removal import LearnerRemoval
from shared.services.roadmap_cancellation import RoadmapCancellation
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmap_deletion import RoadmapDeletion
from shared.services.roadmaps import Roadmaps
from shared.services.stopping import Stopping
from shared.settings import load_settings
from shared.store.contract import Document, JsonValue, Page
from shared.store.documents import Documents, increment, set_to
from shared.store.sqlite import SqliteDocumentStore
from tests.support.app import app_settings
from tests.support.broker import BrokerProcess, need_broker
from tests.support.flow import Flow
from tests.support.forwarding_store import ForwardingStore
from tests.support.hooked_store import HookedStore, overtaken
from tests.support.processes import one_process
from tests.support.service_bus import Namespace, ids
from tests.support.stale_store import StaleReadStore
from tests.support.store_file import stored_documents

need_broker()

pytestmark = pytest.mark.usefixtures("broken_connections_collected")

PYTHON = {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
PER_LEARNER = 2


@pytest.fixture
async def clients(tmp_path: Path, broker: BrokerProcess) -> AsyncIterator[Clients]:
    settings = load_settings(
        app_settings(
            tmp_path,
            ServiceBusConnection=broker.connection_string,
            BATCH_LESSONS_PER_LEARNER=str(PER_LEARNER),
        )
    )
    async with one_process(settings.model_copy(update={"reconcile_after_seconds": 0})) as clients:
        yield clients


@pytest.fixture
def flow(clients: Clients) -> Flow:
    return Flow([clients])


def limited(clients: Clients, **changes: Any) -> Clients:
    clients.settings = clients.settings.model_copy(update=changes)
    return clients


async def a_roadmap(clients: Clients, flow: Flow, user_id: str = "ada", **fields: Any) -> Roadmap:
    request = RoadmapRequest.from_json({**PYTHON, **fields})
    created = await RoadmapCreation(clients, flow.orchestrations).create(user_id, request, None)
    await flow.run_all()
    return await clients.documents.read(Roadmap, user_id, created.id)


async def a_batch(clients: Clients, flow: Flow, roadmap: Roadmap, module: int = 0) -> Batch:
    module_id = roadmap.module_ids(GenerationStatus.COMPLETED)[module]
    return await BatchCreation(clients, flow.orchestrations).create(roadmap.user_id, module_id)


async def advance(clients: Clients, batch: Batch) -> dict[str, Any]:
    work = BatchInput(user_id=batch.user_id, batch_id=batch.id, attempt=batch.attempt)
    outcome = await BatchAdvance(clients).advance(work)
    assert outcome.kind == "done", outcome
    return outcome.result


async def stored(clients: Clients, batch: Batch) -> Batch:
    return await clients.documents.read(Batch, batch.user_id, batch.id)


async def lessons_of(clients: Clients, roadmap: Roadmap, module: int = 0) -> list[Lesson]:
    module_id = roadmap.module_ids(GenerationStatus.COMPLETED)[module]
    page = await Roadmaps(clients).module_lessons(roadmap.user_id, module_id, 100, None)
    return page.items


async def delivered(clients: Clients, flow: Flow, namespace: Namespace, most: int = 50) -> int:
    """Let the queue's trigger take what is there; returns how many messages that were."""
    queued = await asyncio.to_thread(namespace.queued)
    messages = await asyncio.to_thread(namespace.take, min(len(queued), most)) if queued else []
    for message in messages:
        delivery = Delivery(
            str(message).encode(), str(message.message_id), message.correlation_id, message.enqueued_time_utc
        )
        await Intake(clients, flow.orchestrations).take(delivery)
    return len(messages)


async def write_all(flow: Flow) -> None:
    """Run the lessons that have begun; batches are advanced by the tests themselves."""
    flow.started = [one for one in flow.started if one[0] != "batch_orchestrator"]
    await flow.run_all()


async def test_a_batch_moves_its_window_until_all_is_written(
    clients: Clients, flow: Flow, namespace: Namespace, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    lessons = await lessons_of(clients, roadmap)
    batch = await a_batch(clients, flow, roadmap)
    assert (batch.queued, batch.cached) == (len(lessons), 0)
    assert flow.started[-1][0] == "batch_orchestrator"
    assert "ada" not in flow.started[-1][1], "no learner in the instance's name"
    fresh = await clients.documents.read(Roadmap, "ada", roadmap.id)
    assert fresh.progress.lessons_queued == len(lessons)
    [quota] = stored_documents(tmp_path / "skillsync.db", "Quota")
    assert quota["lessons"] == len(lessons), "counted as a whole, at once"

    rounds = 0
    while not (await advance(clients, batch))["ended"]:
        sent = await asyncio.to_thread(namespace.queued)
        assert len(sent) <= PER_LEARNER
        bodies = [json.loads(str(message)) for message in sent]
        assert ids(sent) == [f"{body['lesson_id']}:1" for body in bodies]
        await delivered(clients, flow, namespace)
        running = await stored(clients, batch)
        assert running.running == len(sent)
        await write_all(flow)
        rounds += 1
        assert rounds <= len(lessons)
    ended = await stored(clients, batch)
    assert (ended.state, ended.completed, ended.queued, ended.running) == (
        BatchState.ENDED,
        len(lessons),
        0,
        0,
    )
    assert ended.ttl
    fresh = await clients.documents.read(Roadmap, "ada", roadmap.id)
    assert (fresh.progress.lessons_queued, fresh.progress.lessons_completed) == (0, len(lessons))
    [quota] = stored_documents(tmp_path / "skillsync.db", "Quota")
    assert quota["lessons"] == len(lessons), "and not once more by each message"
    [slots] = stored_documents(tmp_path / "skillsync.db", "BatchSlots")
    assert slots["held"] == {}
    assert "ada" not in json.dumps(slots)
    heads = stored_documents(tmp_path / "skillsync.db", "LessonHead")
    assert {head["cause"]["background"] for head in heads} == {True}


async def test_while_a_batch_is_open_a_repeat_answers_with_it(clients: Clients, flow: Flow) -> None:
    roadmap = await a_roadmap(clients, flow)
    batches = await asyncio.gather(*(a_batch(clients, flow, roadmap) for _ in range(5)))
    assert len({batch.id for batch in batches}) == 1
    quota = await clients.documents.query(Quota, "ada")
    assert quota.items[0].lessons == len(batches[0].lessons)


async def test_lessons_of_the_library_are_linked_at_once(
    clients: Clients, flow: Flow, namespace: Namespace
) -> None:
    first = await a_roadmap(clients, flow, "grace")
    lesson = (await lessons_of(clients, first))[0]
    await LessonGeneration(clients, flow.orchestrations).request("grace", lesson.id)
    await flow.run_all()
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    lessons = await lessons_of(clients, roadmap)
    assert (batch.cached, batch.queued) == (1, len(lessons) - 1)
    assert (lessons[0].generation_status, lessons[0].was_cached) == (GenerationStatus.COMPLETED, True)


async def test_with_nothing_left_to_write_a_batch_has_ended(clients: Clients, flow: Flow) -> None:
    roadmap = await a_roadmap(clients, flow)
    for lesson in await lessons_of(clients, roadmap):
        await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    await flow.run_all()
    batch = await a_batch(clients, flow, roadmap)
    assert (batch.state, batch.queued, batch.cached) == (BatchState.ENDED, 0, 0)
    assert flow.started == []


async def test_a_quota_that_does_not_hold_all_of_it_changes_nothing(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    count = len(await lessons_of(clients, roadmap))
    with pytest.raises(Problem, match="quota_exceeded") as refused:
        await a_batch(limited(clients, quota_lessons_per_day=count - 1), flow, roadmap)
    assert int(refused.value.headers["Retry-After"]) > 0
    assert stored_documents(tmp_path / "skillsync.db", "Batch") == []
    assert {lesson.batch_id for lesson in await lessons_of(clients, roadmap)} == {None}
    batch = await a_batch(limited(clients, quota_lessons_per_day=count), flow, roadmap)
    assert batch.queued == count
    with pytest.raises(Problem, match="generation_off"):
        await a_batch(limited(clients, generation="off", quota_lessons_per_day=500), flow, roadmap, 1)


async def test_without_a_queue_the_setting_is_named(tmp_path: Path) -> None:
    async with one_process(load_settings(app_settings(tmp_path))) as clients:
        flow = Flow([clients])
        roadmap = await a_roadmap(clients, flow)
        with pytest.raises(Problem, match="ServiceBusConnection"):
            await a_batch(clients, flow, roadmap)
        with pytest.raises(Problem, match="ServiceBusConnection"):
            await a_roadmap(clients, flow, generate="all")


async def test_a_repeat_after_a_crash_sends_nothing_twice(
    clients: Clients, flow: Flow, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)

    async def die(*_: Any) -> None:
        raise RuntimeError("the worker died between sending and noting it")

    with monkeypatch.context() as dying:
        dying.setattr(BatchAdvance, "_note", die)
        with pytest.raises(RuntimeError):
            await advance(clients, batch)
    await asyncio.gather(advance(clients, batch), advance(clients, batch))
    assert len(await asyncio.to_thread(namespace.queued)) == PER_LEARNER


async def test_bounds_hold_over_all_batches(clients: Clients, flow: Flow, namespace: Namespace) -> None:
    limited(clients, batch_lessons_in_all=3, batch_lessons_per_learner=2)
    ada, grace = await a_roadmap(clients, flow), await a_roadmap(clients, flow, "grace")
    batches = [
        await a_batch(clients, flow, ada),
        await a_batch(clients, flow, ada, 1),
        await a_batch(clients, flow, grace, 2),
    ]
    for batch in batches:
        await advance(clients, batch)
    senders = [json.loads(str(one))["user_id"] for one in await asyncio.to_thread(namespace.queued)]
    assert sorted(senders) == ["ada", "ada", "grace"]
    assert (await advance(clients, batches[1]))["pause"] > (await advance(clients, batches[0]))["pause"]
    await delivered(clients, flow, namespace)
    await write_all(flow)
    await asyncio.gather(*(advance(clients, batch) for batch in batches))
    sent = [json.loads(str(one))["user_id"] for one in await asyncio.to_thread(namespace.queued)]
    assert (len(sent), sent.count("ada") <= 2) == (3, True)


async def test_a_lost_batch_frees_its_slots_when_they_expire(
    clients: Clients, flow: Flow, namespace: Namespace
) -> None:
    limited(clients, batch_lessons_in_all=1)
    batch = await a_batch(clients, flow, await a_roadmap(clients, flow))
    lost = HeldSlots(learner="somebody", lessons=1, expires_at=now() + timedelta(minutes=5))
    slots = BatchSlots(id=BatchSlots.ID, key=BatchSlots.KEY, held={"lost": lost})
    await clients.documents.create(slots)
    await advance(clients, batch)
    assert await asyncio.to_thread(namespace.queued) == []
    gone = {"lost": {**lost.to_json(), "expires_at": "2026-01-01T00:00:00.000000Z"}}
    await clients.documents.patch(BatchSlots, BatchSlots.KEY, BatchSlots.ID, [set_to("/held", gone)])
    await advance(clients, batch)
    assert len(await asyncio.to_thread(namespace.queued)) == 1


async def test_a_learner_who_asks_has_it_at_once_and_the_batch_counts_it(
    clients: Clients, flow: Flow, namespace: Namespace
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    lessons = await lessons_of(clients, roadmap)
    last = lessons[-1]
    await LessonGeneration(clients, flow.orchestrations).request("ada", last.id)
    head = await clients.documents.read(LessonHead, last.lesson_key, LessonHead.ID)
    assert not head.cause.background
    assert (await stored(clients, batch)).running == 1
    await write_all(flow)
    counted = await stored(clients, batch)
    assert (counted.completed, counted.queued) == (1, len(lessons) - 1)
    # One that was sent and begins by a learner's hand is begun once.
    await advance(clients, batch)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lessons[0].id)
    assert await delivered(clients, flow, namespace) == PER_LEARNER
    await write_all(flow)
    assert (await stored(clients, batch)).completed == 1 + PER_LEARNER


async def test_canceling_a_roadmap_takes_what_waits_out_of_the_queue(
    clients: Clients, flow: Flow, namespace: Namespace
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    await advance(clients, batch)
    await RoadmapCancellation(clients, flow.orchestrations).cancel("ada", roadmap.id)
    lessons = await lessons_of(clients, roadmap)
    assert {lesson.generation_status for lesson in lessons} == {GenerationStatus.CANCELED}
    assert await delivered(clients, flow, namespace) == PER_LEARNER
    assert {one.generation_status for one in await lessons_of(clients, roadmap)} == {
        GenerationStatus.CANCELED
    }
    assert (await advance(clients, batch))["ended"]
    ended = await stored(clients, batch)
    assert (ended.state, ended.canceled) == (BatchState.ENDED, len(lessons))
    fresh = await clients.documents.read(Roadmap, "ada", roadmap.id)
    assert fresh.progress.lessons_queued == 0
    # Asked for again, they have new message ids: the broker knows the old ones.
    again = await a_batch(clients, flow, roadmap)
    await advance(clients, again)
    sent = ids(await asyncio.to_thread(namespace.queued))
    assert len(sent) == PER_LEARNER
    assert all(message_id.endswith(":2") for message_id in sent)
    assert await delivered(clients, flow, namespace) == PER_LEARNER
    assert (await stored(clients, again)).running == PER_LEARNER


async def test_one_lesson_is_taken_out_of_the_queue_by_canceling_it(
    clients: Clients, flow: Flow, namespace: Namespace
) -> None:
    roadmap = await a_roadmap(clients, flow)
    lessons = await lessons_of(clients, roadmap)
    failing = lessons[1]
    await LessonGeneration(clients, flow.orchestrations).request("ada", failing.id)
    flow.started.clear()
    head = await clients.documents.read(LessonHead, failing.lesson_key, LessonHead.ID)
    await fail_head(clients.documents, head, "no_sources")
    await Lessons(clients).lesson("ada", failing.id)
    batch = await a_batch(clients, flow, roadmap)
    for lesson in lessons[:2]:
        canceled = await LessonCancellation(clients).cancel("ada", lesson.id)
        assert (canceled.generation_status, canceled.batch_id) == (GenerationStatus.CANCELED, None)
    counted = await stored(clients, batch)
    assert (counted.canceled, counted.queued) == (2, len(lessons) - 2)
    fresh = await clients.documents.read(Roadmap, "ada", roadmap.id)
    assert (fresh.progress.lessons_queued, fresh.progress.lessons_failed) == (len(lessons) - 2, 0)


async def test_a_lesson_that_is_canceled_while_its_message_is_taken_stays_canceled(
    clients: Clients, flow: Flow, namespace: Namespace
) -> None:
    """Whoever loses that race reads again, and must see then that it is no longer wanted."""
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    await advance(clients, batch)
    flow.started.clear()
    lesson = (await lessons_of(clients, roadmap))[0]
    other = overtaken_process(
        clients, "library", lambda: LessonCancellation(clients).cancel("ada", lesson.id)
    )
    await delivered(other, flow, namespace, most=1)
    left = await clients.documents.read(Lesson, "ada", lesson.id)
    assert (left.generation_status, left.batch_id) == (GenerationStatus.CANCELED, None)
    assert flow.started == []
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert (head.status, head.waiters) == (GenerationStatus.CANCELED, 0), "nobody waits for it"


async def test_deleting_a_roadmap_removes_its_batches_and_what_they_sent_is_obsolete(
    clients: Clients, flow: Flow, namespace: Namespace, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    await advance(clients, batch)
    flow.started.clear()
    await RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id)
    assert stored_documents(tmp_path / "skillsync.db", "Batch") == []
    assert await delivered(clients, flow, namespace) == PER_LEARNER
    assert flow.started == []
    assert stored_documents(tmp_path / "skillsync.db", "Poison") == []


async def test_a_message_that_was_lost_is_sent_again_and_in_the_end_given_up(
    clients: Clients, flow: Flow, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    monkeypatch.setattr("shared.services.batch_advance.RESENT_AFTER", timedelta(0))
    for _ in range(3):
        await advance(clients, batch)
    sends = [entry.sends for entry in (await stored(clients, batch)).lessons.values()]
    assert sorted(sends, reverse=True)[:3] == [3, 3, 0]
    await asyncio.to_thread(namespace.take, PER_LEARNER)
    await advance(clients, batch)
    failed = await stored(clients, batch)
    assert failed.failed == PER_LEARNER
    lessons = [one for one in await lessons_of(clients, roadmap) if one.generation_error]
    assert {one.generation_error.code for one in lessons if one.generation_error} == {"infrastructure"}


async def test_a_broker_that_is_away_makes_a_batch_wait(
    clients: Clients, flow: Flow, broker: BrokerProcess, namespace: Namespace
) -> None:
    batch = await a_batch(clients, flow, await a_roadmap(clients, flow))
    broker.go_away()
    assert (await advance(clients, batch))["pause"] == 60
    broker.come_back()
    await advance(clients, batch)
    assert len(await asyncio.to_thread(namespace.queued)) == PER_LEARNER


async def test_a_batch_whose_orchestration_is_gone_is_started_again_and_in_the_end_given_up(
    clients: Clients, flow: Flow
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    reconciler = Reconciler(clients, flow.orchestrations)
    assert await reconciler.sweep() == 0, "what runs is left alone"
    for attempt in (2, 3, 4):
        flow.started.clear()
        assert await reconciler.sweep() == 1
        assert flow.started[0][2]["attempt"] == attempt
    work = BatchInput(user_id="ada", batch_id=batch.id, attempt=1)
    assert (await BatchAdvance(clients).advance(work)).kind == "failed", "an old attempt sends nothing"
    flow.started.clear()
    assert await reconciler.sweep() == 1
    ended = await stored(clients, batch)
    assert (ended.state, ended.queued, ended.failed) == (BatchState.FAILED, 0, len(batch.lessons))
    fresh = await clients.documents.read(Roadmap, "ada", roadmap.id)
    assert fresh.progress.lessons_queued == 0
    assert await reconciler.sweep() == 0
    again = await a_batch(clients, flow, roadmap)
    assert (again.number, again.queued) == (2, len(batch.lessons))


async def test_a_module_is_asked_for_by_a_message_once(
    clients: Clients, flow: Flow, namespace: Namespace, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    module_id = roadmap.module_ids(GenerationStatus.COMPLETED)[0]
    body = {"schema_version": 1, "kind": "module", "user_id": "ada", "module_id": module_id}
    for message_id in ("m-1", "m-1:r3"):
        await asyncio.to_thread(namespace.send, body, message_id)
    assert await delivered(clients, flow, namespace) == 2
    [batch] = stored_documents(tmp_path / "skillsync.db", "Batch")
    await RoadmapCancellation(clients, flow.orchestrations).cancel("ada", roadmap.id)
    await asyncio.to_thread(namespace.send, body | {"requested_at": batch["requested_at"]}, "m-2")
    await asyncio.to_thread(namespace.send, body, "m-1:r4")
    assert await delivered(clients, flow, namespace) == 2
    assert len(stored_documents(tmp_path / "skillsync.db", "Batch")) == 1, "one is void, one was obeyed"


async def test_a_module_over_the_quota_fails_where_its_learner_sees_it(
    clients: Clients, flow: Flow, namespace: Namespace, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    module_id = roadmap.module_ids(GenerationStatus.COMPLETED)[0]
    limited(clients, quota_lessons_per_day=1)
    body = {"schema_version": 1, "kind": "module", "user_id": "ada", "module_id": module_id}
    for message_id in ("m-1", "m-1:r1"):
        await asyncio.to_thread(namespace.send, body, message_id)
    await delivered(clients, flow, namespace)
    lessons = await lessons_of(clients, roadmap)
    errors = {lesson.generation_error.code for lesson in lessons if lesson.generation_error}
    assert (errors, {lesson.attempt for lesson in lessons}) == ({"quota_exceeded"}, {1})
    assert stored_documents(tmp_path / "skillsync.db", "Poison") == []


@pytest.mark.parametrize("generate", ["first_lesson", "all"])
async def test_lessons_are_asked_for_when_the_roadmap_is_outlined(
    clients: Clients, flow: Flow, namespace: Namespace, tmp_path: Path, generate: str
) -> None:
    clients.documents.outbox = lambda _: None
    roadmap = await a_roadmap(clients, flow, generate=generate)
    messages = [
        one for one in stored_documents(tmp_path / "skillsync.db", "Outbox") if one["destination"] == "queue"
    ]
    bodies = {one["message_id"]: one["content"] for one in messages}
    assert {body["roadmap_id"] for body in bodies.values()} == {roadmap.id}
    for message_id, body in bodies.items():
        await asyncio.to_thread(namespace.send, body, message_id)
    await delivered(clients, flow, namespace)
    first = (await lessons_of(clients, roadmap))[0]
    if generate == "first_lesson":
        assert list(bodies) == [f"{first.id}:1"]
        assert first.generation_status is GenerationStatus.GENERATING
        head = await clients.documents.read(LessonHead, first.lesson_key, LessonHead.ID)
        assert not head.cause.background, "its learner has just asked for it"
    else:
        assert len(bodies) == len(roadmap.modules)
        fresh = await clients.documents.read(Roadmap, "ada", roadmap.id)
        assert fresh.progress.lessons_queued == fresh.progress.lessons_total
        assert len(stored_documents(tmp_path / "skillsync.db", "Batch")) == len(roadmap.modules)


async def test_messages_of_a_roadmap_that_was_deleted_meanwhile_are_obsolete(
    clients: Clients, flow: Flow, namespace: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.patience.VISIBLE_SECONDS", 0.2)
    clients.documents.outbox = lambda _: None
    roadmap = await a_roadmap(clients, flow, generate="all")
    messages = stored_documents(tmp_path / "skillsync.db", "Outbox")
    await RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id)
    for one in [one for one in messages if one["destination"] == "queue"][:2]:
        await asyncio.to_thread(namespace.send, one["content"], one["message_id"])
    assert await delivered(clients, flow, namespace) == 2
    assert stored_documents(tmp_path / "skillsync.db", "Poison") == []


async def test_the_status_says_what_waits_and_what_the_budget_means(clients: Clients, flow: Flow) -> None:
    roadmap = await a_roadmap(clients, flow)
    await a_batch(clients, flow, roadmap)
    roadmaps = Roadmaps(clients)
    status = await roadmaps.status(await roadmaps.roadmap("ada", roadmap.id))
    assert f"{status.progress.lessons_queued} lessons wait for their turn" in status.message
    assert NOTE not in status.message
    provider = load_settings(
        {"AZURE_FUNCTIONS_ENVIRONMENT": "Development", "AUTH_MODE": "development",
         "LLM_CHAIN": "own", "LLM__OWN__BASE_URL": "http://127.0.0.1:1/v1", "LLM__OWN__MODEL": "m"}
    ).provider_settings  # fmt: skip
    limited(clients, provider_settings=provider)
    await clients.documents.create(Spending(id=Spending.ALL, key=DayUsage.today(), cost_usd=5.0))
    status = await roadmaps.status(await roadmaps.roadmap("ada", roadmap.id))
    assert status.message.endswith(NOTE)


async def test_operators_see_what_waits(clients: Clients, flow: Flow) -> None:
    clients.documents.outbox = lambda _: None
    batch = await a_batch(clients, flow, await a_roadmap(clients, flow))
    await advance(clients, batch)
    figures = (await Operations(clients).metrics(1)).queue
    assert (figures.batches_open, figures.lessons_queued, figures.lessons_in_flight, figures.unsent) == (
        1,
        len(batch.lessons),
        PER_LEARNER,
        1,
    )
    assert (figures.lessons_in_flight_limit, figures.refused, figures.complete) == (40, 0, True)


async def test_a_batch_ends_well_where_writes_become_visible_late(
    clients: Clients, tmp_path: Path, namespace: Namespace
) -> None:
    processes = []
    for seed in range(3):
        process = Clients(clients.settings)
        store = SqliteDocumentStore(clients.settings.sqlite_path)
        process._documents = Documents(StaleReadStore(store, staleness_s=0.4, seed=seed), lambda _: None)
        processes.append(process)
    flow = Flow(processes)
    request = RoadmapRequest.from_json(PYTHON)
    created = await RoadmapCreation(processes[0], flow.orchestrations).create(
        "ada", request, str(uuid.uuid4())
    )
    await flow.run_all()
    await asyncio.sleep(0.4)
    roadmap = await processes[0].documents.read(Roadmap, "ada", created.id)
    batch = await a_batch(processes[0], flow, roadmap)
    for turn in range(40):
        process = processes[turn % 3]
        work = BatchInput(user_id="ada", batch_id=batch.id, attempt=batch.attempt)
        outcome = await BatchAdvance(process).advance(work)
        if outcome.kind == "done" and outcome.result["ended"]:
            break
        assert len(await asyncio.to_thread(namespace.queued)) <= PER_LEARNER
        await delivered(processes[(turn + 1) % 3], flow, namespace)
        await write_all(flow)
    ended = (await clients.documents.read(Batch, "ada", batch.id)).model_dump()
    assert (ended["state"], ended["completed"]) == (BatchState.ENDED, len(batch.lessons))
    versions = stored_documents(tmp_path / "skillsync.db", "LessonVersion")
    assert {version["version_number"] for version in versions} == {1}
    for process in processes:
        await process.close()


async def test_a_deleted_roadmap_frees_what_its_batches_held(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    await advance(clients, batch)
    [slots] = stored_documents(tmp_path / "skillsync.db", "BatchSlots")
    assert slots["held"]
    await RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id)
    [slots] = stored_documents(tmp_path / "skillsync.db", "BatchSlots")
    assert slots["held"] == {}


def overtaken_process(clients: Clients, container: str, overtake: Callable[[], Awaitable[object]]) -> Clients:
    """Return a process whose next write to a container is overtaken."""
    other = Clients(clients.settings)
    other._documents = Documents(HookedStore(clients.documents.store, overtaken(container, overtake)))
    return other


async def test_no_batch_begins_in_a_roadmap_whose_deletion_has_begun(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    """It would be removed with the roadmap, and nobody would stop its orchestration."""
    roadmap = await a_roadmap(clients, flow)
    stopping = Stopping(clients, flow.orchestrations)
    other = overtaken_process(clients, "learning", lambda: stopping.begin("ada", roadmap.id, deleting=True))
    with pytest.raises(Problem, match="not_found"):
        await a_batch(other, flow, roadmap)
    assert stored_documents(tmp_path / "skillsync.db", "Batch") == []
    assert flow.started == []


async def test_a_batch_that_is_deleted_while_it_advances_holds_nothing(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    deletion = RoadmapDeletion(clients, flow.orchestrations)
    other = overtaken_process(clients, "operations", lambda: deletion.delete("ada", roadmap.id))
    other._service_bus = clients.service_bus
    work = BatchInput(user_id="ada", batch_id=batch.id, attempt=1)
    assert (await BatchAdvance(other).advance(work)).kind == "failed"
    [slots] = stored_documents(tmp_path / "skillsync.db", "BatchSlots")
    assert slots["held"] == {}


@pytest.mark.parametrize("until", ["closed", "deleted"])
async def test_a_batch_that_is_deleted_before_it_holds_slots_frees_them_without_a_broker(
    clients: Clients, flow: Flow, tmp_path: Path, until: str
) -> None:
    """Its orchestration is ended by then: nobody would look again, and others would wait for the expiry."""
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)

    async def overtake() -> None:
        await close_batch(clients.documents, batch)
        await Slots(clients).free(batch.id)
        if until == "deleted":
            await clients.documents.delete(Batch, "ada", batch.id)

    other = limited(overtaken_process(clients, "operations", overtake), service_bus_connection=None)
    work = BatchInput(user_id="ada", batch_id=batch.id, attempt=1)
    assert (await BatchAdvance(other).advance(work)).kind == "failed"
    [slots] = stored_documents(tmp_path / "skillsync.db", "BatchSlots")
    assert slots["held"] == {}


class OvertakenFlow(Flow):
    """The reconciler comes by right after an orchestration was terminated."""

    def __init__(self, clients: Clients) -> None:
        super().__init__([clients])
        self._clients = clients
        self.instances: set[str] = set()

    async def start_new(self, name: str, instance_id: str, data: dict[str, Any]) -> str:
        self.instances.add(instance_id)
        return await super().start_new(name, instance_id, data)

    async def terminate(self, instance_id: str, reason: str) -> None:
        await super().terminate(instance_id, reason)
        await Reconciler(self._clients, self.orchestrations).sweep()


async def test_a_batch_that_the_reconciler_finds_while_its_learner_is_removed_leaves_no_history(
    clients: Clients,
) -> None:
    """Each history of a batch names its learner."""
    limited(clients, removal_settle_seconds=0)
    flow = OvertakenFlow(clients)
    batch = await a_batch(clients, flow, await a_roadmap(clients, flow))
    flow.started = [one for one in flow.started if one[1] == batch.instance_id]
    await LearnerRemoval(clients, flow.orchestrations).request("ada")
    work = RemovalInput(user_id="ada", attempt=1)
    assert (await LearnerSweep(clients, flow.orchestrations).sweep(work)).kind == "done"
    flow.started = [one for one in flow.started if one[0] != "removal_orchestrator"]
    await flow.run_all()
    last = work.model_copy(update={"last": True})
    while (await LearnerSweep(clients, flow.orchestrations).sweep(last)).kind != "done":
        pass
    begun = {one for one in flow.instances if one.startswith("batch-")}
    assert begun <= set(flow.purged)


async def test_an_attempt_of_a_batch_that_the_sweep_cannot_see_yet_leaves_no_history(
    clients: Clients, flow: Flow
) -> None:
    limited(clients, removal_settle_seconds=0)
    batch = await a_batch(clients, flow, await a_roadmap(clients, flow))
    await LearnerRemoval(clients, flow.orchestrations).request("ada")
    flow.started.clear()
    again = [increment("/attempt")]
    other = Clients(clients.settings)
    # The first write is the removal's own.
    hook = overtaken("learning", lambda: clients.documents.patch(Batch, "ada", batch.id, again), after=1)
    other._documents = Documents(HookedStore(clients.documents.store, hook))
    other._service_bus = clients.service_bus
    sweep = LearnerSweep(other, flow.orchestrations)
    await sweep.sweep(RemovalInput(user_id="ada", attempt=1))
    while (await sweep.sweep(RemovalInput(user_id="ada", attempt=1, last=True))).kind != "done":
        pass
    assert {batch.instance_id, f"batch-{batch.id}-2"} <= set(flow.purged)


async def test_a_batch_that_the_reconciler_finds_while_its_roadmap_is_deleted_leaves_no_history(
    clients: Clients,
) -> None:
    flow = OvertakenFlow(clients)
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    await RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id)
    begun = {one for one in flow.instances if one.startswith("batch-")}
    assert begun == {batch.instance_id}
    assert begun <= set(flow.purged)


class SlowFlow(Flow):
    """A roadmap is deleted while the start of a batch is on its way to the extension."""

    def __init__(self, clients: Clients) -> None:
        super().__init__([clients])
        self._clients = clients

    async def start_new(self, name: str, instance_id: str, data: dict[str, Any]) -> str:
        if name == "batch_orchestrator":
            batch = await self._clients.documents.read(Batch, "ada", data["batch_id"])
            await RoadmapDeletion(self._clients, self.orchestrations).delete("ada", batch.roadmap_id)
        return await super().start_new(name, instance_id, data)


async def test_a_batch_that_is_started_while_its_roadmap_is_deleted_leaves_no_history(
    clients: Clients,
) -> None:
    flow = SlowFlow(clients)
    batch = await a_batch(clients, flow, await a_roadmap(clients, flow))
    assert flow.started == []
    assert flow.purged[-1] == batch.instance_id


class LateStore(ForwardingStore):
    """No query finds a batch before it is two seconds old, as another process may have begun it."""

    async def query(
        self, container: str, partition: str, equals: Mapping[str, JsonValue], **rest: Any
    ) -> Page:
        """See DocumentStore."""
        page = await super().query(container, partition, equals, **rest)
        seen = timestamp(now() - timedelta(seconds=2))
        items = [one for one in page.items if one["type"] != Batch.document_type or one["created_at"] < seen]
        return Page(items, page.continuation)


async def test_a_batch_that_another_process_has_just_begun_ends_with_its_roadmap(
    clients: Clients, flow: Flow
) -> None:
    """Removed without its orchestration, it would leave a history that names its learner."""
    roadmap = await a_roadmap(clients, flow)
    batch = await a_batch(clients, flow, roadmap)
    other = Clients(clients.settings)
    other._documents = Documents(LateStore(clients.documents.store))
    await RoadmapDeletion(other, flow.orchestrations).delete("ada", roadmap.id)
    assert flow.started == []
    assert batch.instance_id in flow.purged


class RemovingStore(ForwardingStore):
    """Another deletion of the same roadmap is faster: it has removed each batch that is closed here."""

    async def patch(self, container: str, partition: str, document_id: str, *rest: Any) -> Document:
        """See DocumentStore."""
        if (await self.read(container, partition, document_id))["type"] == Batch.document_type:
            await self.delete(container, partition, document_id)
        return await super().patch(container, partition, document_id, *rest)


async def test_a_roadmap_that_two_delete_at_once_is_gone(
    clients: Clients, flow: Flow, tmp_path: Path
) -> None:
    roadmap = await a_roadmap(clients, flow)
    await a_batch(clients, flow, roadmap)
    other = Clients(clients.settings)
    other._documents = Documents(RemovingStore(clients.documents.store))
    await RoadmapDeletion(other, flow.orchestrations).delete("ada", roadmap.id)
    for kind in ("Roadmap", "Module", "Lesson", "Batch"):
        assert stored_documents(tmp_path / "skillsync.db", kind) == [], kind


async def test_a_removed_learner_leaves_no_batch_and_holds_nothing(
    clients: Clients, flow: Flow, tmp_path: Path, namespace: Namespace
) -> None:
    limited(clients, removal_settle_seconds=0)
    ada, grace = await a_roadmap(clients, flow), await a_roadmap(clients, flow, "grace")
    batches = [await a_batch(clients, flow, roadmap) for roadmap in (ada, grace)]
    for batch in batches:
        await advance(clients, batch)
    await LearnerRemoval(clients, flow.orchestrations).request("ada")
    work = RemovalInput(user_id="ada", attempt=1)
    assert (await LearnerSweep(clients, flow.orchestrations).sweep(work)).kind == "done"
    assert batches[0].instance_id not in [started[1] for started in flow.started]
    last = work.model_copy(update={"last": True})
    while (await LearnerSweep(clients, flow.orchestrations).sweep(last)).kind != "done":
        pass
    [left] = stored_documents(tmp_path / "skillsync.db", "Batch")
    assert left["user_id"] == "grace"
    [slots] = stored_documents(tmp_path / "skillsync.db", "BatchSlots")
    assert list(slots["held"]) == [batches[1].id]
    assert batches[0].instance_id in flow.purged
    # What the batch had sent is void, and no message of the learner begins anything.
    await delivered(clients, flow, namespace)
    stored_by = {one["user_id"] for one in stored_documents(tmp_path / "skillsync.db", "Lesson")}
    assert stored_by == {"grace"}
