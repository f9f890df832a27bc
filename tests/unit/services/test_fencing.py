"""Who is no longer the newest writes nothing: late writers of lessons, and late attempts of roadmaps.

Each test lets a second writer overtake the first in the middle of its work, where a read made before helps
nobody: only the conditions of the writes do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clients import Clients
from shared.errors import PreconditionFailed
from shared.models.document import now
from shared.models.inputs import FinishInput, OutlineInput, PlanInput, ResearchInput, WriteInput
from shared.models.library import LessonHead
from shared.models.outcomes import Deferred, Done, Failed
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Roadmap
from shared.models.status import GenerationStatus
from shared.planning.standalone import standalone_specification
from shared.services.ending import RoadmapEnding
from shared.services.generations import begin_generation
from shared.services.leases import CLOCK_ALLOWANCE, LEASE, take_lease
from shared.services.outlining import Outlining
from shared.services.planning import Planning
from shared.services.reconciliation import Reconciler
from shared.services.researching import Researching
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from shared.services.standalone import StandaloneLessons
from shared.services.writing import Writing
from shared.settings import load_settings
from shared.store.documents import equals, set_to
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import one_process
from tests.support.store_file import stored_documents

TOPIC = standalone_specification("Python", "Dictionaries")
REQUEST = RoadmapRequest.from_json(
    {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
)
SUPERSEDED = Failed(code="superseded")
ASK_AGAIN = Failed(code="superseded", retryable=True)


@pytest.fixture
async def provider() -> AsyncIterator[ModelProvider]:
    with ModelProvider(lesson_seconds=0.4, plan_seconds=0.4, outline_seconds=0.4) as provider:
        yield provider


@pytest.fixture
async def clients(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    async with one_process(settings.model_copy(update={"reconcile_after_seconds": 0})) as clients:
        yield clients


async def while_asked(
    provider: ModelProvider, work: Awaitable[object], meanwhile: Callable[[], Awaitable[object]]
) -> object:
    """Do something while the work waits for the model; returns what the work came to."""
    before, running = len(provider.requests), asyncio.ensure_future(work)
    while len(provider.requests) == before:
        assert not running.done(), running.result()
        await asyncio.sleep(0.01)
    await meanwhile()
    return await running


# ---------------------------------------------------------------------- lessons


async def begun(clients: Clients) -> LessonHead:
    """Have a lesson asked for; its generation has begun and nobody writes it yet."""
    await StandaloneLessons(clients, Flow([clients]).orchestrations).get_or_generate("ada", TOPIC)
    return await clients.documents.read(LessonHead, TOPIC.key, LessonHead.ID)


def research_by(head: LessonHead, owner: str) -> ResearchInput:
    return ResearchInput(lesson_key=head.key, generation=head.generation, owner=owner)


def writing_by(head: LessonHead, owner: str, token: int) -> WriteInput:
    return WriteInput(lesson_key=head.key, generation=head.generation, owner=owner, token=token)


async def researched(clients: Clients, head: LessonHead, owner: str) -> int:
    outcome = await Researching(clients).research(research_by(head, owner))
    assert isinstance(outcome, Done)
    return int(outcome.result["token"])


def versions(folder: Path) -> int:
    return len(stored_documents(folder / "skillsync.db", "LessonVersion"))


async def test_of_two_that_read_one_head_one_takes_the_lease(clients: Clients) -> None:
    head = await begun(clients)
    taken = await take_lease(clients.documents, head, "first")
    with pytest.raises(PreconditionFailed):
        await take_lease(clients.documents, head, "second")
    again = await take_lease(clients.documents, taken, "second")
    assert again.lease is not None
    assert (taken.lease_token, again.lease_token) == (1, 2)
    assert (again.lease.token, again.lease.owner) == (2, "second")


async def test_a_lease_is_waited_for_until_clocks_may_differ_no_more(clients: Clients) -> None:
    head = await begun(clients)
    token = await researched(clients, head, "first")
    held = (await clients.documents.read(LessonHead, head.key, head.id)).lease
    assert held is not None
    assert await Researching(clients).research(research_by(head, "second")) == Deferred(
        until=held.expires_at + CLOCK_ALLOWANCE
    )
    assert await researched(clients, head, "first") == token, "its own holder may repeat"

    async def age(by: timedelta) -> None:
        expired = (now() - by).isoformat()
        await clients.documents.patch(LessonHead, head.key, head.id, [set_to("/lease/expires_at", expired)])

    await age(CLOCK_ALLOWANCE / 2)
    assert isinstance(await Researching(clients).research(research_by(head, "second")), Deferred)
    await age(CLOCK_ALLOWANCE)
    assert await researched(clients, head, "second") == token + 1


async def test_a_writer_prolongs_its_own_lease_alone(clients: Clients, provider: ModelProvider) -> None:
    head = await begun(clients)
    token = await researched(clients, head, "first")
    await clients.documents.patch(
        LessonHead, head.key, head.id, [set_to("/lease/expires_at", now().isoformat())]
    )

    async def is_prolonged() -> None:
        lease = (await clients.documents.read(LessonHead, head.key, head.id)).lease
        assert lease is not None
        assert lease.expires_at > now() + LEASE / 2

    work = Writing(clients).write(writing_by(head, "first", token))
    assert isinstance(await while_asked(provider, work, is_prolonged), Done)


async def test_who_was_overtaken_before_writing_asks_no_model(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    head = await begun(clients)
    old = await researched(clients, head, "first")
    new = await take_lease(
        clients.documents, await clients.documents.read(LessonHead, head.key, head.id), "second"
    )
    assert await Writing(clients).write(writing_by(head, "first", old)) == SUPERSEDED
    assert provider.requests == []
    assert isinstance(await Writing(clients).write(writing_by(head, "second", new.lease_token)), Done)
    assert versions(tmp_path) == 1


async def test_a_late_copy_of_the_research_does_not_overtake_its_own_orchestration(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    """A host that is lost between an answer and its acknowledgement has the activity delivered once more."""
    head = await begun(clients)
    token = await researched(clients, head, "first")

    async def late_copy() -> None:
        assert await researched(clients, head, "first") == token
        lease = (await clients.documents.read(LessonHead, head.key, head.id)).lease
        assert lease is not None
        assert lease.calling, "a call may be paid: whoever leaves must not end it"

    work = Writing(clients).write(writing_by(head, "first", token))
    assert isinstance(await while_asked(provider, work, late_copy), Done)
    assert versions(tmp_path) == 1


async def test_who_is_overtaken_while_writing_publishes_nothing(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    head = await begun(clients)
    token = await researched(clients, head, "first")

    async def overtake() -> None:
        await take_lease(
            clients.documents, await clients.documents.read(LessonHead, head.key, head.id), "second"
        )

    work = Writing(clients).write(writing_by(head, "first", token))
    assert await while_asked(provider, work, overtake) == ASK_AGAIN
    assert versions(tmp_path) == 0
    after = await clients.documents.read(LessonHead, head.key, head.id)
    assert (after.status, after.best_version, after.lease_token) == (
        GenerationStatus.GENERATING,
        None,
        token + 1,
    )


async def test_a_newer_generation_is_not_ended_by_the_older_ones_writer(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    """The newer one has no lease of its own yet: the token alone would let the older writer in."""
    head = await begun(clients)
    token = await researched(clients, head, "first")

    async def begin_anew() -> None:
        current = await clients.documents.read(LessonHead, head.key, head.id)
        await begin_generation(clients.documents, current, current.cause, attempts=2)

    work = Writing(clients).write(writing_by(head, "first", token))
    assert await while_asked(provider, work, begin_anew) == ASK_AGAIN
    assert versions(tmp_path) == 0
    after = await clients.documents.read(LessonHead, head.key, head.id)
    assert (after.status, after.generation) == (GenerationStatus.GENERATING, 2)


async def test_a_failed_generation_is_not_completed_by_a_late_writer(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    head = await begun(clients)
    token = await researched(clients, head, "first")

    async def give_up() -> None:
        await clients.documents.patch(
            LessonHead, head.key, head.id, [set_to("/status", "failed")], [equals("/status", "generating")]
        )

    work = Writing(clients).write(writing_by(head, "first", token))
    assert await while_asked(provider, work, give_up) == ASK_AGAIN
    assert versions(tmp_path) == 0


# ---------------------------------------------------------------------- roadmaps


async def restarted(clients: Clients) -> tuple[Roadmap, Roadmap]:
    """Return a roadmap as its first attempt knows it, and as the second one does."""
    flow = Flow([clients])
    first = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    flow.started.clear()
    assert await Reconciler(clients, flow.orchestrations).sweep() == 1
    second = await Roadmaps(clients).roadmap("ada", first.id)
    assert (first.attempt, second.attempt) == (1, 2)
    return first, second


def plan_of(roadmap: Roadmap, attempt: int) -> PlanInput:
    return PlanInput(user_id="ada", roadmap_id=roadmap.id, attempt=attempt)


def outline_of(roadmap: Roadmap, attempt: int) -> OutlineInput:
    module_id = roadmap.module_id(0)
    return OutlineInput(user_id="ada", roadmap_id=roadmap.id, attempt=attempt, module_id=module_id)


async def test_an_older_attempt_plans_outlines_and_ends_nothing(
    clients: Clients, provider: ModelProvider
) -> None:
    roadmap, _ = await restarted(clients)
    assert await Planning(clients).plan(plan_of(roadmap, 1)) == SUPERSEDED
    assert isinstance(await Planning(clients).plan(plan_of(roadmap, 2)), Done)
    before, asked = await Roadmaps(clients).roadmap("ada", roadmap.id), len(provider.requests)
    assert await Outlining(clients).outline(outline_of(roadmap, 1)) == SUPERSEDED
    ending = FinishInput(user_id="ada", roadmap_id=roadmap.id, attempt=1, failure="infrastructure")
    assert await RoadmapEnding(clients).finish(ending) == SUPERSEDED
    assert await Roadmaps(clients).roadmap("ada", roadmap.id) == before
    assert len(provider.requests) == asked


async def test_an_attempt_that_is_not_to_be_seen_yet_is_asked_for_again(clients: Clients) -> None:
    """Another instance may have begun it a moment ago."""
    _, roadmap = await restarted(clients)
    assert await Planning(clients).plan(plan_of(roadmap, 3)) == ASK_AGAIN


async def test_an_attempt_that_is_overtaken_while_planning_stores_no_modules(
    clients: Clients, provider: ModelProvider
) -> None:
    _, roadmap = await restarted(clients)

    async def overtake() -> None:
        await Reconciler(clients, Flow([clients]).orchestrations).sweep()

    assert await while_asked(provider, Planning(clients).plan(plan_of(roadmap, 2)), overtake) == ASK_AGAIN
    after = await Roadmaps(clients).roadmap("ada", roadmap.id)
    assert (after.attempt, after.modules) == (3, {})


async def test_an_attempt_that_is_overtaken_while_outlining_stores_no_lessons(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    _, roadmap = await restarted(clients)
    assert isinstance(await Planning(clients).plan(plan_of(roadmap, 2)), Done)

    async def overtake() -> None:
        await Reconciler(clients, Flow([clients]).orchestrations).sweep()

    work = Outlining(clients).outline(outline_of(roadmap, 2))
    assert await while_asked(provider, work, overtake) == ASK_AGAIN
    assert stored_documents(tmp_path / "skillsync.db", Lesson.document_type) == []
    after = await Roadmaps(clients).roadmap("ada", roadmap.id)
    assert (after.attempt, after.progress.modules_completed, after.progress.lessons_total) == (3, 0, 0)


async def test_of_two_deliveries_of_the_end_one_writes_it(clients: Clients) -> None:
    _, before = await restarted(clients)
    ending = FinishInput(user_id="ada", roadmap_id=before.id, attempt=2, failure="infrastructure")
    ends = await asyncio.gather(*(RoadmapEnding(clients).finish(ending) for _ in range(2)))
    assert sorted(isinstance(end, Done) for end in ends) == [False, True]
    assert ASK_AGAIN in ends
    after = await Roadmaps(clients).roadmap("ada", before.id)
    assert (after.status, after.revision) == (GenerationStatus.FAILED, before.revision + 1)
    assert isinstance(await RoadmapEnding(clients).finish(ending), Done), "the repeat finds it ended"


async def test_a_module_that_ends_meanwhile_is_not_ended_as_failed(
    clients: Clients, provider: ModelProvider
) -> None:
    """Whoever ends the attempt read the roadmap before the module was completed."""
    _, roadmap = await restarted(clients)
    assert isinstance(await Planning(clients).plan(plan_of(roadmap, 2)), Done)
    ending = FinishInput(user_id="ada", roadmap_id=roadmap.id, attempt=2)
    read = await Roadmaps(clients).roadmap("ada", roadmap.id)
    assert isinstance(await Outlining(clients).outline(outline_of(roadmap, 2)), Done)
    with pytest.raises(PreconditionFailed):
        await RoadmapEnding(clients)._end(read, ending)
    assert isinstance(await RoadmapEnding(clients).finish(ending), Done)
    after = await Roadmaps(clients).roadmap("ada", roadmap.id)
    assert (after.status, after.progress.modules_completed, after.progress.modules_failed) == (
        GenerationStatus.COMPLETED,
        1,
        len(after.modules) - 1,
    )
