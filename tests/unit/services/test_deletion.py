"""Deleting roadmaps: all of them goes, wherever the process dies, and nothing of others."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.models.inputs import FinishInput, OutlineInput, PlanInput
from shared.models.outcomes import Done
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Roadmap
from shared.services.ending import RoadmapEnding
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.outlining import Outlining
from shared.services.planning import Planning
from shared.services.reconciliation import Reconciler
from shared.services.roadmap_cancellation import RoadmapCancellation
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmap_deletion import RoadmapDeletion
from shared.services.roadmap_retry import RoadmapRetry
from shared.services.roadmaps import Roadmaps
from shared.services.stopping import Stopping
from shared.settings import load_settings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.hooked_store import HookedStore, ProcessDied, dies_after, overtaken
from tests.support.model_provider import ModelProvider
from tests.support.processes import stale_processes
from tests.support.store_file import stored_documents

REQUEST = RoadmapRequest.from_json(
    {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
)
KINDS = ("Roadmap", "Module", "Lesson")


@pytest.fixture(scope="module")
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(modules=3) as provider:
        yield provider


@asynccontextmanager
async def process(folder: Path, provider: ModelProvider, writes: int | None = None) -> AsyncIterator[Clients]:
    """One process; with `writes`, it dies before the next one."""
    settings = load_settings(app_settings(folder, **with_provider(provider)))
    clients = Clients(settings.model_copy(update={"reconcile_after_seconds": 0}))
    store = SqliteDocumentStore(settings.sqlite_path)
    clients._documents = Documents(store if writes is None else HookedStore(store, dies_after(writes)))
    try:
        yield clients
    finally:
        await clients.close()


@asynccontextmanager
async def steady(folder: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    """One process that may also run orchestrations."""
    settings = load_settings(app_settings(folder, **with_provider(provider)))
    settings = settings.model_copy(update={"reconcile_after_seconds": 0})
    async with stale_processes(settings, 0.0, count=1) as [clients]:
        yield clients


def stored(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    return [one for kind in kinds for one in stored_documents(folder / "skillsync.db", kind)]


async def with_a_lesson_in_flight(clients: Clients, flow: Flow, key: str | None = None) -> Roadmap:
    roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, key)
    await flow.run_all()
    lessons = await Roadmaps(clients).lessons("ada", roadmap.id)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lessons[0].id)
    return await Roadmaps(clients).roadmap("ada", roadmap.id)


async def test_all_of_a_roadmap_goes_and_nothing_of_another(tmp_path: Path, provider: ModelProvider) -> None:
    async with steady(tmp_path, provider) as clients:
        flow = Flow([clients])
        kept = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, "other")
        roadmap = await with_a_lesson_in_flight(clients, flow, "key")
        both = len(stored(tmp_path, *KINDS))
        deletion = RoadmapDeletion(clients, flow.orchestrations)
        await deletion.delete("ada", roadmap.id)
        left = stored(tmp_path, *KINDS)
        assert len(left) == both / 2
        assert {document.get("roadmap_id", document["id"]) for document in left} == {kept.id}
        assert flow.purged == [f"roadmap-{roadmap.id}-1"], "its history names the learner"
        assert stored(tmp_path, "Waiter") == []
        assert [head["status"] for head in stored(tmp_path, "LessonHead")] == ["canceled"]
        with pytest.raises(Problem, match="no such roadmap"):
            await deletion.delete("ada", roadmap.id)
        with pytest.raises(Problem, match="was deleted") as gone:
            await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, "key")
        assert (gone.value.status, gone.value.code) == (410, "gone")
        again = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, "other")
        assert again.id == kept.id


async def test_it_is_gone_for_its_learner_from_the_first_write_on(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with steady(tmp_path, provider) as clients:
        flow = Flow([clients])
        roadmap = await with_a_lesson_in_flight(clients, flow, "key")
    async with process(tmp_path, provider, writes=1) as dying:
        with pytest.raises(ProcessDied):
            await RoadmapDeletion(dying, flow.orchestrations).delete("ada", roadmap.id)
    assert [document["deleting"] for document in stored(tmp_path, "Roadmap")] == [True]
    async with process(tmp_path, provider) as clients:
        assert (await Roadmaps(clients).page("ada", 10, None)).items == []
        for wish in (
            Roadmaps(clients).roadmap("ada", roadmap.id),
            RoadmapRetry(clients, flow.orchestrations).retry("ada", roadmap.id),
            RoadmapCancellation(clients, flow.orchestrations).cancel("ada", roadmap.id),
            RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id),
        ):
            with pytest.raises(Problem) as refused:
                await wish
            assert refused.value.status == 404
        with pytest.raises(Problem) as gone:
            await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, "key")
        assert gone.value.status == 410


async def test_wherever_the_process_dies_the_reconciler_finishes(
    tmp_path: Path, provider: ModelProvider
) -> None:
    before, folder = tmp_path / "before", tmp_path / "copy"
    async with steady(before, provider) as clients:
        flow = Flow([clients])
        roadmap = await with_a_lesson_in_flight(clients, flow)
    for writes in itertools.count(1):
        shutil.copytree(before, folder, dirs_exist_ok=True)
        finished = True
        async with process(folder, provider, writes) as dying:
            try:
                await RoadmapDeletion(dying, flow.orchestrations).delete("ada", roadmap.id)
            except ProcessDied:
                finished = False
        async with process(folder, provider) as clients:
            await Reconciler(clients, flow.orchestrations).sweep()
            assert stored(folder, *KINDS) == [], f"after {writes} writes"
            assert await Reconciler(clients, flow.orchestrations).sweep() == 0
        shutil.rmtree(folder)
        if finished:
            assert writes > 4
            return


@pytest.mark.parametrize("done", range(5))
async def test_late_activities_bring_nothing_back(tmp_path: Path, provider: ModelProvider, done: int) -> None:
    """One process deletes; the other, which sees that late, goes on with the activities."""
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    async with stale_processes(settings, 0.4, count=2) as [worker, other]:
        flow = Flow([worker])
        roadmap = await RoadmapCreation(other, flow.orchestrations).create("ada", REQUEST, None)
        work = {"user_id": "ada", "roadmap_id": roadmap.id, "attempt": 1}

        async def call(number: int) -> Any:
            if number == 0:
                return await Planning(worker).plan(PlanInput.from_json(work))
            if number == 4:
                return await RoadmapEnding(worker).finish(FinishInput.from_json(work))
            module = {"module_id": roadmap.module_id(number - 1)}
            return await Outlining(worker).outline(OutlineInput.from_json({**work, **module}))

        for number in range(done):
            while not isinstance(await call(number), Done):
                pass  # the roadmap is not visible yet
        await RoadmapDeletion(other, flow.orchestrations).delete("ada", roadmap.id)
        assert stored(tmp_path, *KINDS) == []
        for number in range(done, 5):
            await call(number)
        assert stored(tmp_path, *KINDS) == []


async def test_a_lesson_that_is_deleted_while_it_is_asked_for_is_not_found(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with steady(tmp_path, provider) as clients:
        flow = Flow([clients])
        roadmap = await with_a_lesson_in_flight(clients, flow)
        lesson, *_ = await Roadmaps(clients).lessons("ada", roadmap.id)
        await RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id)
        await flow.run_all()
        for wish in (
            Lessons(clients).view("ada", lesson.id),
            LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id),
        ):
            with pytest.raises(Problem) as refused:
                await wish
            assert refused.value.status == 404


@pytest.mark.parametrize("is_over", [True, False])
async def test_a_lesson_that_is_asked_for_while_its_roadmap_is_deleted_is_written_for_nobody(
    tmp_path: Path, provider: ModelProvider, *, is_over: bool
) -> None:
    """The deletion comes between joining the generation and marking the lesson."""
    async with steady(tmp_path, provider) as clients:
        flow = Flow([clients])
        created = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
        await flow.run_all()
        lesson, *_ = await Roadmaps(clients).lessons("ada", created.id)

        async def overtake() -> None:
            roadmap = await Stopping(clients, flow.orchestrations).begin("ada", created.id, deleting=True)
            if is_over:
                await RoadmapDeletion(clients, flow.orchestrations).finish(roadmap)

        async with steady(tmp_path, provider) as other:
            other._documents = Documents(HookedStore(clients.documents.store, overtaken("library", overtake)))
            with pytest.raises(Problem, match="not_found"):
                await LessonGeneration(other, flow.orchestrations).request("ada", lesson.id)
            [head] = stored(tmp_path, "LessonHead")
            assert (head["status"], head["waiters"]) == ("canceled", 0)
            left = {one["generation_status"] for one in stored(tmp_path, "Lesson")}
            assert left == (set() if is_over else {"pending"})
        assert flow.started == []


async def test_a_history_that_cannot_go_yet_is_removed_by_the_reconciler(
    tmp_path: Path, provider: ModelProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The orchestration has not ended when its roadmap is deleted."""
    async with steady(tmp_path, provider) as clients:
        flow = Flow([clients])
        roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)

        async def slowly(instance_id: str, reason: str) -> None:
            return None  # the message is on its way

        with monkeypatch.context() as patched:
            patched.setattr(flow, "terminate", slowly)
            await RoadmapDeletion(clients, flow.orchestrations).delete("ada", roadmap.id)
        [left] = stored(tmp_path, *KINDS)
        assert (left["deleting"], left["status"], flow.purged) == (True, "canceled", [])
        await Reconciler(clients, flow.orchestrations).sweep()
        assert stored(tmp_path, *KINDS) == []
        assert flow.purged == [f"roadmap-{roadmap.id}-1"]


class SlowFlow(Flow):
    """A roadmap is deleted while the next start is on its way to the extension."""

    def __init__(self, clients: Clients) -> None:
        super().__init__([clients])
        self._clients = clients
        self.instances: list[str] = []
        self.deleted: Roadmap | None = None

    async def start_new(self, name: str, instance_id: str, data: dict[str, Any]) -> str:
        if self.deleted is not None:
            roadmap, self.deleted = self.deleted, None
            await RoadmapDeletion(self._clients, self.orchestrations).delete("ada", roadmap.id)
        self.instances.append(instance_id)
        return await super().start_new(name, instance_id, data)


@pytest.mark.parametrize("beginning", ["retry", "reconciler"])
async def test_what_is_started_while_its_roadmap_is_deleted_leaves_no_history(
    tmp_path: Path, provider: ModelProvider, beginning: str
) -> None:
    """Each history of a roadmap names its learner."""
    async with steady(tmp_path, provider) as clients:
        flow = SlowFlow(clients)
        roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
        flow.started.clear()
        if beginning == "retry":
            await RoadmapCancellation(clients, flow.orchestrations).cancel("ada", roadmap.id)
        flow.deleted = roadmap
        if beginning == "retry":
            await RoadmapRetry(clients, flow.orchestrations).retry("ada", roadmap.id)
        else:
            await Reconciler(clients, flow.orchestrations).sweep()
        assert stored(tmp_path, *KINDS) == []
        assert flow.started == []
        assert flow.instances == [f"roadmap-{roadmap.id}-{attempt}" for attempt in (1, 2)]
        assert flow.purged[-1] == flow.instances[-1]
