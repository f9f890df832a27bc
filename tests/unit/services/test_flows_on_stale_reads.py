"""The flows when every other instance's writes arrive late: correctness must not rest on reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from shared.clients import Clients
from shared.errors import Conflict
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Roadmap
from shared.models.status import GenerationStatus
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.reconciliation import Reconciler
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmap_retry import RoadmapRetry
from shared.services.roadmaps import Roadmaps
from shared.settings import load_settings
from shared.store.contract import BatchOperation, Document
from shared.store.documents import Documents
from tests.support.app import app_settings
from tests.support.flow import Flow
from tests.support.forwarding_store import ForwardingStore
from tests.support.processes import fresh, stale_processes
from tests.support.store_file import stored_documents

REQUEST = RoadmapRequest.from_json(
    {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
)


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[list[Clients]]:
    """Three app processes over one store, each seeing the others' writes late."""
    settings = load_settings(app_settings(tmp_path)).model_copy(update={"reconcile_after_seconds": 0})
    async with stale_processes(settings) as made:
        yield made


async def made_roadmap(processes: list[Clients], flow: Flow, user_id: str) -> Roadmap:
    roadmap = await RoadmapCreation(processes[0], flow.orchestrations).create(user_id, REQUEST, "key")
    await flow.run_all()
    await fresh()
    return await Roadmaps(processes[1]).roadmap(user_id, roadmap.id)


async def first_lesson(clients: Clients, roadmap: Roadmap) -> Lesson:
    lessons = await Roadmaps(clients).lessons(roadmap.user_id, roadmap.id)
    return min(lessons, key=lambda lesson: (roadmap.modules[lesson.module_id or ""].order, lesson.order))


async def test_a_roadmap_is_completed_across_instances(processes: list[Clients]) -> None:
    roadmap = await made_roadmap(processes, Flow(processes), "ada")
    assert roadmap.status is GenerationStatus.COMPLETED
    assert roadmap.progress.modules_completed == roadmap.progress.modules_total == len(roadmap.modules)
    lessons = await Roadmaps(processes[2]).lessons("ada", roadmap.id)
    assert len(lessons) == roadmap.progress.lessons_total


async def test_everyone_who_waits_gets_the_one_version(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes)
    learners = ["ada", "grace", "linus"]
    lessons = []
    for learner in learners:
        roadmap = await made_roadmap(processes, flow, learner)
        lessons.append(await first_lesson(processes[0], roadmap))
    assert len({lesson.lesson_key for lesson in lessons}) == 1
    asked = [
        await LessonGeneration(clients, flow.orchestrations).request(lesson.user_id, lesson.id)
        for clients, lesson in zip(processes, lessons, strict=True)
    ]
    assert {lesson.generation_status for lesson in asked} == {GenerationStatus.GENERATING}
    assert len(flow.started) == 1
    await flow.run_all()
    await fresh()
    for clients, lesson in zip(processes, lessons, strict=True):
        settled = await Lessons(clients).lesson(lesson.user_id, lesson.id)
        assert settled.generation_status is GenerationStatus.COMPLETED
    assert len(stored_documents(tmp_path / "skillsync.db", "LessonVersion")) == 1


async def test_a_start_that_never_happened_is_made_up_for(processes: list[Clients]) -> None:
    flow = Flow(processes)
    roadmap = await RoadmapCreation(processes[0], flow.orchestrations).create("ada", REQUEST, None)
    flow.started.clear()  # the process died between the write and the start
    await fresh()
    impatient = Reconciler(processes[1], flow.orchestrations)
    assert await impatient.sweep() == 1
    assert await impatient.sweep() == 0, "what runs is left alone"
    await flow.run_all()
    await fresh()
    ended = await Roadmaps(processes[2]).roadmap("ada", roadmap.id)
    assert (ended.status, ended.attempt, ended.recoveries) == (GenerationStatus.COMPLETED, 2, 1)


async def test_what_is_interrupted_for_ever_ends_as_failed(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    roadmap = await RoadmapCreation(processes[0], flow.orchestrations).create("ada", REQUEST, None)
    impatient = Reconciler(processes[0], flow.orchestrations)
    for _ in range(4):
        flow.started.clear()
        await impatient.sweep()
    ended = await Roadmaps(processes[0]).roadmap("ada", roadmap.id)
    assert ended.status is GenerationStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == "infrastructure"
    again = await RoadmapRetry(processes[0], flow.orchestrations).retry("ada", roadmap.id)
    assert (again.status, again.recoveries) == (GenerationStatus.GENERATING, 0)
    await flow.run_all()
    assert (await Roadmaps(processes[0]).roadmap("ada", roadmap.id)).status is GenerationStatus.COMPLETED


async def test_a_generation_left_behind_is_begun_again(processes: list[Clients]) -> None:
    flow = Flow(processes)
    roadmap = await made_roadmap(processes, flow, "ada")
    lesson = await first_lesson(processes[0], roadmap)
    await LessonGeneration(processes[0], flow.orchestrations).request("ada", lesson.id)
    flow.started.clear()
    await fresh()
    impatient = Reconciler(processes[1], flow.orchestrations)
    assert await impatient.sweep() == 1
    await flow.run_all()
    await fresh()
    settled = await Lessons(processes[2]).lesson("ada", lesson.id)
    assert settled.generation_status is GenerationStatus.COMPLETED


async def test_an_attempt_that_has_ended_changes_nothing_when_it_runs_again(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    roadmap = await RoadmapCreation(processes[0], flow.orchestrations).create("ada", REQUEST, None)
    name, instance_id, data = flow.started[0]
    await flow.run_all()
    before = await Roadmaps(processes[0]).roadmap("ada", roadmap.id)
    flow.started.append((name, f"{instance_id}-again", data))
    await flow.run_all()
    after = await Roadmaps(processes[0]).roadmap("ada", roadmap.id)
    assert after == before


class UnheardStore(ForwardingStore):
    """The answer of every batch is lost, and the adapter's repeat finds what the first try has written."""

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        await super().batch(container, partition, operations)
        raise Conflict("it is there")


@pytest.mark.parametrize("key", ["key", None])
async def test_a_roadmap_that_was_stored_unseen_is_answered(
    processes: list[Clients], tmp_path: Path, key: str | None
) -> None:
    flow, [clients, *_] = Flow(processes), processes
    clients._documents = Documents(UnheardStore(clients.documents.store))
    made = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, key)
    [stored] = stored_documents(tmp_path / "skillsync.db", "Roadmap")
    assert stored["id"] == made.id


async def test_a_repeat_at_another_instance_answers_with_the_first_roadmap(
    processes: list[Clients], tmp_path: Path
) -> None:
    """The first answer was lost; the other instance cannot see yet what the first one wrote."""
    flow = Flow(processes)
    for number in range(6):
        first, *repeats = [
            await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, f"key-{number}")
            for clients in processes
        ]
        assert {repeat.id for repeat in repeats} == {first.id}
    assert len(stored_documents(tmp_path / "skillsync.db", "Roadmap")) == 6
    [quota] = stored_documents(tmp_path / "skillsync.db", "Quota")
    assert quota["roadmaps"] == 6
