"""Canceling over processes that see each other's writes late: nothing runs on, nothing comes back."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import PreconditionFailed, Problem
from shared.models.document import now
from shared.models.inputs import (
    FinishInput,
    InterpretInput,
    OutlineInput,
    PlanInput,
    ResearchInput,
    WriteInput,
)
from shared.models.messages import lesson_message
from shared.models.outcomes import Done, Failed, Next
from shared.models.progress import ProgressRequest, ProgressState
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Module, Roadmap
from shared.models.status import GenerationStatus
from shared.models.topics import TaskRequest
from shared.models.versions import RegenerationRequest
from shared.services.ending import RoadmapEnding, fail_head
from shared.services.intake import Delivery, Intake
from shared.services.interpreting import Interpreting
from shared.services.learning import Learning
from shared.services.leases import begin_turn, take_lease
from shared.services.lesson_cancellation import LessonCancellation
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.outlining import Outlining
from shared.services.planning import Planning
from shared.services.reconciliation import Reconciler
from shared.services.regeneration import LessonRegeneration
from shared.services.researching import Researching
from shared.services.roadmap_cancellation import RoadmapCancellation
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmap_retry import RoadmapRetry
from shared.services.roadmaps import Roadmaps
from shared.services.stopping import Stopping
from shared.services.tasks import Tasks
from shared.services.writing import Writing
from shared.settings import load_settings
from shared.store.documents import Documents, creation
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.hooked_store import HookedStore, overtaken
from tests.support.model_provider import ModelProvider
from tests.support.processes import fresh, stale_processes
from tests.support.shared_lesson import TOPIC, asked, head_of
from tests.support.store_file import stored_documents

PENDING, GENERATING, COMPLETED, CANCELED = (
    GenerationStatus.PENDING,
    GenerationStatus.GENERATING,
    GenerationStatus.COMPLETED,
    GenerationStatus.CANCELED,
)


@pytest.fixture(scope="module")
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(modules=3) as provider:
        yield provider


@pytest.fixture(autouse=True)
def _forget(provider: ModelProvider) -> None:
    provider.reset()


@pytest.fixture
async def processes(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[list[Clients]]:
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    settings = settings.model_copy(update={"reconcile_after_seconds": 0})
    async with stale_processes(settings) as made:
        yield made


def request_for(goal: str) -> RoadmapRequest:
    fields = {"goal": goal, "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
    return RoadmapRequest.from_json(fields)


async def made_roadmap(clients: Clients, flow: Flow, user_id: str, goal: str = "Beekeeping") -> Roadmap:
    roadmap = await RoadmapCreation(clients, flow.orchestrations).create(user_id, request_for(goal), None)
    await flow.run_all()
    await fresh()
    return await Roadmaps(clients).roadmap(user_id, roadmap.id)


async def lessons_of(clients: Clients, roadmap: Roadmap) -> list[Lesson]:
    lessons = await Roadmaps(clients).lessons(roadmap.user_id, roadmap.id)
    return sorted(lessons, key=lambda lesson: (roadmap.modules[lesson.module_id or ""].order, lesson.order))


def snapshot(folder: Path) -> list[dict[str, Any]]:
    """What is stored of roadmaps, modules and lessons, to be compared later."""
    store = folder / "skillsync.db"
    return [one for kind in ("Roadmap", "Module", "Lesson") for one in stored_documents(store, kind)]


# ---------------------------------------------------------------- roadmaps


async def step(clients: Clients, roadmap: Roadmap, name: str, attempt: int = 1) -> Any:
    """Run one activity of the roadmap's orchestration."""
    work = {"user_id": roadmap.user_id, "roadmap_id": roadmap.id, "attempt": attempt}
    if name == "interpret":
        return await Interpreting(clients).interpret(InterpretInput.from_json(work))
    if name == "plan":
        return await Planning(clients).plan(PlanInput.from_json(work))
    if name == "finish":
        return await RoadmapEnding(clients).finish(FinishInput.from_json(work))
    module = {"module_id": roadmap.module_id(int(name.removeprefix("outline-")))}
    return await Outlining(clients).outline(OutlineInput.from_json({**work, **module}))


STEPS = ["interpret", "plan", "outline-0", "outline-1", "outline-2", "finish"]


@pytest.mark.parametrize("done", range(len(STEPS)))
async def test_canceled_at_every_boundary_nothing_comes_back(
    processes: list[Clients], tmp_path: Path, done: int
) -> None:
    """One process works, and sees late that another one has canceled."""
    worker, other, _ = processes
    flow = Flow([worker])
    goal = "my grandmother keeps bees and I would like to help her with it this summer"
    roadmap = await RoadmapCreation(worker, flow.orchestrations).create("ada", request_for(goal), None)
    assert not roadmap.settled
    for name in STEPS[:done]:
        assert isinstance(await step(worker, roadmap, name), Done)
    await fresh()
    canceled = await RoadmapCancellation(other, flow.orchestrations).cancel("ada", roadmap.id)
    assert canceled.status is CANCELED
    assert flow.started == [], "the orchestration was terminated"
    before = snapshot(tmp_path)
    for name in STEPS[done:]:
        outcome = await step(worker, roadmap, name)
        assert isinstance(outcome, Failed if name != "finish" else (Done, Failed)), (name, outcome)
    await fresh()
    for name in STEPS[done:]:
        await step(worker, roadmap, name)
    assert snapshot(tmp_path) == before
    assert {document["status"] for document in before if document["type"] != "Lesson"} <= {
        "canceled",
        "completed",
    }
    assert [document["stopping"] for document in before if document["type"] == "Roadmap"] == [False]


async def test_a_late_activity_pays_for_nothing(processes: list[Clients], provider: ModelProvider) -> None:
    flow = Flow(processes[:1])
    create = RoadmapCreation(processes[0], flow.orchestrations)
    roadmap = await create.create("ada", request_for("Beekeeping"), None)
    await step(processes[0], roadmap, "plan")
    await fresh()
    await RoadmapCancellation(processes[0], flow.orchestrations).cancel("ada", roadmap.id)
    paid = provider.calls()
    assert await step(processes[0], roadmap, "outline-0") == Failed(code="superseded")
    assert provider.calls() == paid


async def test_a_retry_redoes_what_was_canceled_and_nothing_else(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    create = RoadmapCreation(processes[0], flow.orchestrations)
    roadmap = await create.create("ada", request_for("Beekeeping"), None)
    for name in ("plan", "outline-1"):
        await step(processes[0], roadmap, name)
    canceled = await RoadmapCancellation(processes[0], flow.orchestrations).cancel("ada", roadmap.id)
    assert canceled.message == "Canceled. 1 of 3 modules are ready."
    kept = await processes[0].documents.read(Module, "ada", roadmap.module_id(1))
    before = len(provider.requests)

    retried = await RoadmapRetry(processes[0], flow.orchestrations).retry("ada", roadmap.id)
    assert (retried.status, retried.attempt) == (GENERATING, 2)
    await flow.run_all()
    ended = await Roadmaps(processes[0]).roadmap("ada", roadmap.id)
    assert (ended.status, ended.progress.modules_completed) == (COMPLETED, 3)
    assert await processes[0].documents.read(Module, "ada", roadmap.module_id(1)) == kept
    again = [received.target for received in provider.requests[before:]]
    assert sorted(again) == sorted(ended.modules[roadmap.module_id(order)].title for order in (0, 2)), (
        "only the canceled modules were asked for"
    )


async def test_what_is_canceled_before_it_was_planned_can_be_retried(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    create = RoadmapCreation(processes[0], flow.orchestrations)
    roadmap = await create.create("ada", request_for("Beekeeping"), None)
    canceled = await RoadmapCancellation(processes[0], flow.orchestrations).cancel("ada", roadmap.id)
    assert (canceled.status, canceled.message) == (CANCELED, "Canceled before it was planned.")
    await RoadmapRetry(processes[0], flow.orchestrations).retry("ada", roadmap.id)
    await flow.run_all()
    assert (await Roadmaps(processes[0]).roadmap("ada", roadmap.id)).status is COMPLETED


async def test_a_cancellation_is_repeated_without_harm_and_refused_without_cause(
    processes: list[Clients], tmp_path: Path
) -> None:
    flow = Flow(processes[:1])
    cancellation = RoadmapCancellation(processes[0], flow.orchestrations)
    roadmap = await made_roadmap(processes[0], flow, "ada")
    with pytest.raises(Problem) as refused:
        await cancellation.cancel("ada", roadmap.id)
    assert (refused.value.status, refused.value.code) == (409, "nothing_to_cancel")
    assert not (await Roadmaps(processes[0]).roadmap("ada", roadmap.id)).stopping
    create = RoadmapCreation(processes[0], flow.orchestrations)
    other = await create.create("ada", request_for("Chess"), None)
    first = await cancellation.cancel("ada", other.id)
    again = await cancellation.cancel("ada", other.id)
    assert (first.status, again.status, again.revision) == (CANCELED, CANCELED, first.revision)
    with pytest.raises(Problem, match="no such roadmap"):
        await cancellation.cancel("grace", other.id)


# ---------------------------------------------------------------- lessons of a roadmap


async def test_lessons_in_flight_end_with_the_cancellation_wherever_they_were_asked_for(
    processes: list[Clients], tmp_path: Path
) -> None:
    """A completed roadmap: one lesson is written, one generating, one regenerating, all seen late."""
    flow = Flow(processes[:1])
    roadmap = await made_roadmap(processes[0], flow, "ada", "Learn Python")
    one, two, three = (await lessons_of(processes[0], roadmap))[:3]
    for lesson in (one, two):
        await LessonGeneration(processes[0], flow.orchestrations).request("ada", lesson.id)
    await flow.run_all()
    await fresh()
    await lessons_of(processes[2], roadmap)  # it will see those for a while, and not what follows
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", two.id, RegenerationRequest())
    await LessonGeneration(processes[1], flow.orchestrations).request("ada", three.id)
    canceled = await RoadmapCancellation(processes[2], flow.orchestrations).cancel("ada", roadmap.id)
    assert canceled.status is COMPLETED
    await fresh()
    stored = {lesson.id: lesson for lesson in await lessons_of(processes[0], roadmap)}
    assert stored[one.id].generation_status is COMPLETED
    assert stored[one.id].regeneration_error is None
    assert (stored[two.id].generation_status, stored[two.id].regenerating) == (COMPLETED, False)
    assert stored[two.id].regeneration_error is not None
    assert (stored[two.id].regeneration_key, stored[two.id].version) == (None, "1.0")
    assert stored[three.id].generation_status is CANCELED
    progress = (await Roadmaps(processes[0]).roadmap("ada", roadmap.id)).progress
    assert (progress.lessons_completed, progress.lessons_generating, progress.lessons_failed) == (2, 0, 0)
    await flow.run_all()
    heads = stored_documents(tmp_path / "skillsync.db", "LessonHead")
    assert sorted(head["status"] for head in heads) == ["canceled", "canceled", "completed"]
    after = {lesson.id: lesson for lesson in await lessons_of(processes[0], roadmap)}
    assert after == stored, "nothing of it comes back"


async def with_lessons(clients: Clients, roadmap: Roadmap, count: int) -> list[Lesson]:
    """Give the roadmap so many lessons, each with a key of its own."""
    [first, *_] = await lessons_of(clients, roadmap)
    made = []
    for number in range(count):
        specification = first.specification.model_copy(update={"title": f"Lesson {number}"})
        changes = {
            "id": f"00000000-0000-4000-8000-{number:012}",
            "specification": specification,
            "lesson_key": specification.key,
            "etag": "",
        }
        made.append(first.model_copy(update=changes))
    for start in range(0, count, 100):
        operations = [creation(lesson) for lesson in made[start : start + 100]]
        await clients.documents.batch(Lesson, roadmap.user_id, operations)
    return made


async def test_all_lessons_of_the_largest_roadmap_end_within_seconds(
    tmp_path: Path, provider: ModelProvider
) -> None:
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    async with stale_processes(settings, 0.0, count=1) as [clients]:
        flow = Flow([clients])
        roadmap = await made_roadmap(clients, flow, "ada")
        lessons = await with_lessons(clients, roadmap, 288)
        generation = LessonGeneration(clients, flow.orchestrations)
        for start in range(0, len(lessons), 24):
            await asyncio.gather(
                *(generation.request("ada", lesson.id) for lesson in lessons[start : start + 24])
            )
        started = time.monotonic()
        await RoadmapCancellation(clients, flow.orchestrations).cancel("ada", roadmap.id)
        assert time.monotonic() - started < 20
        roadmap = await Roadmaps(clients).roadmap("ada", roadmap.id)
        assert roadmap.progress.lessons_generating == 0
        stored = [await clients.documents.read(Lesson, "ada", lesson.id) for lesson in lessons]
        assert {lesson.generation_status for lesson in stored} == {CANCELED}
        heads = stored_documents(tmp_path / "skillsync.db", "LessonHead")
        assert {(head["status"], head["waiters"]) for head in heads} == {("canceled", 0)}
        assert stored_documents(tmp_path / "skillsync.db", "Waiter") == []


@pytest.mark.parametrize("interrupted", ["before anything", "after the lessons"])
async def test_a_cancellation_that_was_interrupted_is_finished(
    processes: list[Clients], interrupted: str
) -> None:
    flow = Flow(processes[:1])
    roadmap = await made_roadmap(processes[0], flow, "ada")
    one, two = (await lessons_of(processes[0], roadmap))[:2]
    await LessonGeneration(processes[0], flow.orchestrations).request("ada", one.id)
    stopping = Stopping(processes[0], flow.orchestrations)
    marked = await stopping.begin("ada", roadmap.id)
    if interrupted == "after the lessons":
        await stopping.finish(marked)
    await fresh()
    flow.started.clear()
    impatient = Reconciler(processes[1], flow.orchestrations)
    assert await impatient.sweep() >= 1
    await fresh()
    assert (await Lessons(processes[2]).lesson("ada", one.id)).generation_status is CANCELED
    assert not (await Roadmaps(processes[2]).roadmap("ada", roadmap.id)).stopping
    assert (await Lessons(processes[2]).lesson("ada", two.id)).generation_status is PENDING


@pytest.mark.parametrize(("minutes", "begun"), [(-1, False), (1, True)])
async def test_a_message_from_before_the_cancellation_begins_nothing(
    processes: list[Clients], minutes: int, begun: bool
) -> None:
    flow = Flow(processes[:1])
    roadmap = await made_roadmap(processes[0], flow, "ada")
    one, two = (await lessons_of(processes[0], roadmap))[:2]
    await LessonGeneration(processes[0], flow.orchestrations).request("ada", one.id)
    await RoadmapCancellation(processes[0], flow.orchestrations).cancel("ada", roadmap.id)
    flow.started.clear()
    asked_at = now() + timedelta(minutes=minutes)
    body = lesson_message("ada", two.id, requested_at=asked_at)
    delivery = Delivery(json.dumps(body).encode(), "m-1", None, None)
    await Intake(processes[0], flow.orchestrations).take(delivery)
    assert len(flow.started) == begun
    lesson = await processes[0].documents.read(Lesson, "ada", two.id)
    assert lesson.generation_status is (GENERATING if begun else PENDING)


# ---------------------------------------------------------------- shared generations


async def test_who_began_it_may_leave_and_all_others_get_it(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes)
    learners = [f"learner-{number}" for number in range(20)]
    lessons = [await asked(processes[number % 3], flow, learner) for number, learner in enumerate(learners)]
    assert len(flow.started) == 1
    canceled = await LessonCancellation(processes[1]).cancel(learners[0], lessons[0].id)
    assert canceled.generation_status is CANCELED
    head = await head_of(processes[1])
    assert (head.status, head.waiters, head.cause.charged_to) == (GENERATING, 19, "")
    await flow.run_all()
    await fresh()
    for number, lesson in enumerate(lessons):
        settled = await Lessons(processes[2]).lesson(lesson.user_id, lesson.id)
        assert settled.generation_status is (COMPLETED if number else CANCELED)
    assert len(stored_documents(tmp_path / "skillsync.db", "LessonVersion")) == 1


async def test_a_generation_ends_with_the_last_who_waits_and_can_be_begun_again(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes)
    lessons = [await asked(processes[0], flow, learner) for learner in ("ada", "grace")]
    await fresh()
    for clients, lesson in zip(processes, lessons, strict=False):
        await LessonCancellation(clients).cancel(lesson.user_id, lesson.id)
    head = await head_of(processes[2])
    assert (head.status, head.waiters, head.lease) == (CANCELED, 0, None)
    await flow.run_all()
    [ended] = flow.ended.values()
    assert ended["output"] == {"failure": "superseded"}
    assert provider.calls()["lesson"] == 0

    again = await asked(processes[1], flow, "ada")
    assert (again.generation_status, again.generation, again.generation_error) == (GENERATING, 2, None)
    await flow.run_all()
    await fresh()
    assert (await Lessons(processes[0]).lesson("ada", again.id)).generation_status is COMPLETED
    left = await Lessons(processes[0]).lesson("grace", lessons[1].id)
    assert left.generation_status is CANCELED
    assert provider.calls()["lesson"] == 1


async def test_a_call_that_is_paid_is_not_thrown_away(processes: list[Clients], tmp_path: Path) -> None:
    with ModelProvider(lesson_seconds=1.0) as slow:
        settings = load_settings(app_settings(tmp_path, **with_provider(slow)))
        async with stale_processes(settings) as slow_processes:
            flow = Flow(slow_processes[:1])
            lesson = await asked(slow_processes[0], flow, "ada")
            running = asyncio.create_task(flow.run_all())
            while not slow.calls()["lesson"]:  # noqa: ASYNC110 - the provider is another thread's
                await asyncio.sleep(0.02)
            canceled = await LessonCancellation(slow_processes[1]).cancel("ada", lesson.id)
            assert canceled.generation_status is CANCELED
            await running
            head = await head_of(slow_processes[1])
            assert (head.status, head.best_version, head.waiters) == (COMPLETED, 1, 0)
            kept = await Lessons(slow_processes[2]).lesson("ada", lesson.id)
            assert (kept.generation_status, kept.version) == (CANCELED, None)
            assert (await asked(slow_processes[2], flow, "ada")).generation_status is COMPLETED
            assert slow.calls()["lesson"] == 1


async def test_a_reply_that_is_recorded_counts_as_paid_between_two_turns(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    lesson = await asked(processes[0], flow, "ada")
    provider.script("garbage", step="lesson")
    work = {"lesson_key": TOPIC.key, "generation": 1, "owner": flow.started[0][1]}
    researched = await Researching(processes[0]).research(ResearchInput.from_json(work))
    assert isinstance(researched, Done)
    token = researched.result["token"]
    turn = await Writing(processes[0]).write(WriteInput.from_json({**work, "token": token}))
    assert isinstance(turn, Next)
    head = await head_of(processes[0])
    assert head.lease is not None
    assert not head.lease.calling
    await LessonCancellation(processes[0]).cancel("ada", lesson.id)
    head = await head_of(processes[0])
    assert (head.status, head.waiters) == (GENERATING, 0)
    await flow.run_all()
    assert (await head_of(processes[0])).status is COMPLETED


async def test_a_learner_who_left_can_wait_again_for_the_same_generation(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    ada, _ = [await asked(processes[0], flow, learner) for learner in ("ada", "grace")]
    await LessonCancellation(processes[0]).cancel("ada", ada.id)
    again = await asked(processes[0], flow, "ada")
    assert (again.generation_status, again.generation) == (GENERATING, 1)
    assert (await head_of(processes[0])).waiters == 2
    await flow.run_all()
    assert (await Lessons(processes[0]).lesson("ada", ada.id)).generation_status is COMPLETED


async def test_what_a_renewal_brings_does_not_depend_on_who_waits_for_it(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    provider.script("garbage", step="lesson")
    await asked(processes[0], flow, "ada")
    await flow.run_all()
    provider.reset()
    lesson = await asked(processes[0], flow, "grace")  # quotations: an upgrade begins in the background
    assert len(flow.started) == 1
    await LessonRegeneration(processes[0], flow.orchestrations).request(
        "grace", lesson.id, RegenerationRequest()
    )
    await LessonCancellation(processes[0]).cancel("grace", lesson.id)
    assert (await head_of(processes[0])).status is GENERATING
    await flow.run_all()
    assert (await head_of(processes[0])).best_version == 2


async def test_a_lesson_that_is_ready_first_stays_ready(processes: list[Clients]) -> None:
    """The one who cancels still sees it generating."""
    flow = Flow(processes[:1])
    lesson = await asked(processes[0], flow, "ada")
    await fresh()
    assert (await Lessons(processes[1]).lesson("ada", lesson.id)).generation_status is GENERATING
    await flow.run_all()
    with pytest.raises(Problem) as refused:
        await LessonCancellation(processes[1]).cancel("ada", lesson.id)
    assert refused.value.code == "nothing_to_cancel"
    await fresh()
    assert (await Lessons(processes[2]).lesson("ada", lesson.id)).generation_status is COMPLETED


async def test_a_lesson_is_canceled_by_a_process_that_has_not_seen_it_asked_for(
    processes: list[Clients],
) -> None:
    flow = Flow(processes[:1])
    lesson = await asked(processes[0], flow, "ada")
    await LessonCancellation(processes[0]).cancel("ada", lesson.id)
    await fresh()
    assert (await Lessons(processes[1]).lesson("ada", lesson.id)).generation_status is CANCELED
    await LessonGeneration(processes[0], flow.orchestrations).request("ada", lesson.id)
    again = await LessonCancellation(processes[1]).cancel("ada", lesson.id)
    assert (again.generation_status, again.attempt) == (CANCELED, 2)


async def test_a_task_ends_as_failed_when_its_lesson_is_canceled(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    request = TaskRequest(subject=TOPIC.curriculum.subject, topic=TOPIC.title)
    created = await Tasks(processes[0]).create("ada", request, flow.orchestrations)
    await LessonCancellation(processes[0]).cancel("ada", created.lesson_id)
    task, shown = await Tasks(processes[0]).task("ada", created.id)
    assert task.status is GenerationStatus.FAILED
    assert task.error is not None
    assert (task.error.code, task.ttl, shown) == ("canceled", 3600, None)


@pytest.mark.parametrize("seed", range(4))
async def test_joining_and_leaving_at_once_loses_nobody(
    processes: list[Clients], tmp_path: Path, seed: int
) -> None:
    """Learners come and go over all processes; who stays gets the lesson, and the head counts them."""
    chance = random.Random(seed)
    flow = Flow(processes)

    async def come_and_go(number: int) -> tuple[Lesson, bool]:
        learner = f"learner-{number}"
        await asyncio.sleep(chance.uniform(0, 0.3))
        asker = chance.choice(processes)
        lesson = await asked(asker, flow, learner)
        stays = chance.random() < 0.4
        if not stays:
            await asyncio.sleep(chance.uniform(0, 0.2))
            with suppress(Problem):  # a process that has not seen the lesson yet finds none
                await LessonCancellation(chance.choice(processes)).cancel(learner, lesson.id)
                return lesson, False
            await LessonCancellation(asker).cancel(learner, lesson.id)
        return lesson, stays

    outcomes = await asyncio.gather(*(come_and_go(number) for number in range(12)))
    head = await head_of(processes[0])
    staying = sum(stays for _, stays in outcomes)
    assert len(stored_documents(tmp_path / "skillsync.db", "Waiter")) == staying
    assert (head.status, head.waiters) == ((GENERATING, staying) if staying else (CANCELED, 0))
    await flow.run_all()
    await fresh()
    for lesson, stays in outcomes:
        settled = await Lessons(processes[1]).lesson(lesson.user_id, lesson.id)
        assert settled.generation_status is (COMPLETED if stays else CANCELED)


async def test_a_generation_that_lost_its_orchestration_is_not_begun_again_for_nobody(
    processes: list[Clients],
) -> None:
    flow = Flow(processes[:1])
    lesson = await asked(processes[0], flow, "ada")
    head = await take_lease(processes[0].documents, await head_of(processes[0]), "an instance")
    await begin_turn(processes[0].documents, head, may_pay=True)
    await LessonCancellation(processes[0]).cancel("ada", lesson.id)
    head = await head_of(processes[0])
    assert (head.status, head.waiters) == (GENERATING, 0), "its call may be paid already"
    flow.started.clear()  # the process died in the middle of it
    await fresh()
    assert await Reconciler(processes[1], flow.orchestrations).sweep() == 1
    assert flow.started == []
    assert (await head_of(processes[0])).status is CANCELED


# ---------------------------------------------------------------- overtaken between a read and its write


def overtaking(clients: Clients, container: str, overtake: Callable[[], Awaitable[object]]) -> Clients:
    """Return a process whose next write to a container is overtaken."""
    other = Clients(clients.settings)
    other._documents = Documents(HookedStore(clients.documents.store, overtaken(container, overtake)))
    return other


async def test_a_turn_that_begins_while_the_last_one_leaves_is_not_paid_for_nothing(
    processes: list[Clients],
) -> None:
    clients = processes[0]
    lesson = await asked(clients, Flow([clients]), "ada")
    head = await take_lease(clients.documents, await head_of(clients), "an instance")
    slow = overtaking(clients, "library", lambda: begin_turn(clients.documents, head, may_pay=True))
    canceled = await LessonCancellation(slow).cancel("ada", lesson.id)
    assert canceled.generation_status is CANCELED
    head = await head_of(clients)
    assert (head.status, head.waiters) == (GENERATING, 0)


async def test_a_turn_that_is_late_finds_the_generation_ended(processes: list[Clients]) -> None:
    clients = processes[0]
    lesson = await asked(clients, Flow([clients]), "ada")
    head = await take_lease(clients.documents, await head_of(clients), "an instance")
    slow = overtaking(clients, "library", lambda: LessonCancellation(clients).cancel("ada", lesson.id))
    with pytest.raises(PreconditionFailed):
        await begin_turn(slow.documents, head, may_pay=True)
    assert (await head_of(clients)).status is CANCELED


async def test_who_joins_while_the_last_one_leaves_gets_the_lesson(processes: list[Clients]) -> None:
    clients = processes[0]
    flow = Flow([clients])
    lesson = await asked(clients, flow, "ada")
    slow = overtaking(clients, "library", lambda: asked(clients, flow, "grace"))
    await LessonCancellation(slow).cancel("ada", lesson.id)
    head = await head_of(clients)
    assert (head.status, head.waiters) == (GENERATING, 1)
    await flow.run_all()
    assert (await asked(clients, flow, "grace")).generation_status is COMPLETED


async def test_a_generation_ends_also_when_the_last_two_leave_at_once(processes: list[Clients]) -> None:
    clients = processes[0]
    flow = Flow([clients])
    ada, grace = [await asked(clients, flow, learner) for learner in ("ada", "grace")]
    slow = overtaking(clients, "library", lambda: LessonCancellation(clients).cancel("grace", grace.id))
    await LessonCancellation(slow).cancel("ada", ada.id)
    head = await head_of(clients)
    assert (head.status, head.waiters) == (CANCELED, 0)


async def test_a_place_of_an_earlier_generation_is_not_counted_in_the_next(
    processes: list[Clients],
) -> None:
    """Ada has not heard yet that her generation failed; Grace has begun the next one."""
    clients = processes[0]
    flow = Flow([clients])
    ada = await asked(clients, flow, "ada")
    await fail_head(clients.documents, await head_of(clients), "no_sources")
    flow.started.clear()
    grace = await asked(clients, flow, "grace")
    await LessonCancellation(clients).cancel("ada", ada.id)
    head = await head_of(clients)
    assert (head.generation, head.status, head.waiters) == (2, GENERATING, 1)
    await flow.run_all()
    assert (await Lessons(clients).lesson("grace", grace.id)).generation_status is COMPLETED


async def test_a_place_is_counted_in_what_recovers_its_generation(processes: list[Clients]) -> None:
    clients = processes[0]
    flow = Flow([clients])
    ada = await asked(clients, flow, "ada")
    flow.started.clear()  # its process died
    await fresh()
    assert await Reconciler(clients, flow.orchestrations).sweep() == 1
    assert (await head_of(clients)).generation == 2
    await LessonCancellation(clients).cancel("ada", ada.id)
    head = await head_of(clients)
    assert (head.status, head.waiters) == (CANCELED, 0)


async def test_a_module_that_is_ready_first_stays_ready(processes: list[Clients]) -> None:
    clients = processes[0]
    flow = Flow([clients])
    create = RoadmapCreation(clients, flow.orchestrations)
    roadmap = await create.create("ada", request_for("Beekeeping"), None)
    await step(clients, roadmap, "plan")
    slow = overtaking(clients, "learning", lambda: step(clients, roadmap, "outline-1"))
    canceled = await RoadmapCancellation(slow, flow.orchestrations).cancel("ada", roadmap.id)
    modules = await Roadmaps(clients).modules("ada", roadmap.id)
    assert [module.status for module in modules] == [CANCELED, COMPLETED, CANCELED]
    assert [canceled.modules[module.id].status for module in modules] == [one.status for one in modules]
    assert await lessons_of(clients, canceled)


async def test_what_was_learned_meanwhile_stays_counted(processes: list[Clients]) -> None:
    """The cancellation writes the summaries of all modules, and with them what others count there."""
    clients = processes[0]
    flow = Flow([clients])
    create = RoadmapCreation(clients, flow.orchestrations)
    roadmap = await create.create("ada", request_for("Learn Python"), None)
    flow.started.clear()
    for name in ("plan", "outline-1"):
        await step(clients, roadmap, name)
    planned = await Roadmaps(clients).roadmap("ada", roadmap.id)
    [lesson, *_] = await lessons_of(clients, planned)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    await flow.run_all()
    done = ProgressRequest(state=ProgressState.COMPLETED)
    slow = overtaking(clients, "learning", lambda: Learning(clients).record("ada", lesson.id, done))
    canceled = await RoadmapCancellation(slow, flow.orchestrations).cancel("ada", roadmap.id)
    assert canceled.modules[roadmap.module_id(1)].learned == 1
    stored = await Roadmaps(clients).roadmap("ada", roadmap.id)
    assert stored.modules[roadmap.module_id(1)].learned == 1


async def test_a_roadmap_that_is_completed_first_has_nothing_to_cancel(processes: list[Clients]) -> None:
    clients = processes[0]
    flow = Flow([clients])
    create = RoadmapCreation(clients, flow.orchestrations)
    roadmap = await create.create("ada", request_for("Beekeeping"), None)
    slow = overtaking(clients, "learning", flow.run_all)
    with pytest.raises(Problem) as refused:
        await RoadmapCancellation(slow, flow.orchestrations).cancel("ada", roadmap.id)
    assert refused.value.code == "nothing_to_cancel"
    assert (await Roadmaps(clients).roadmap("ada", roadmap.id)).status is COMPLETED


async def test_a_lesson_that_is_linked_first_stays_linked(processes: list[Clients]) -> None:
    clients = processes[0]
    flow = Flow([clients])
    lesson = await asked(clients, flow, "ada")
    slow = overtaking(clients, "learning", flow.run_all)
    # Nobody waits any longer, so the generation ends, and with it the lesson: as canceled all the same.
    canceled = await LessonCancellation(slow).cancel("ada", lesson.id)
    stored = await Lessons(clients).lesson("ada", lesson.id)
    assert canceled.generation_status is stored.generation_status is CANCELED
    assert (await head_of(clients)).status is CANCELED
