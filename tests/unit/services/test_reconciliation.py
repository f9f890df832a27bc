"""The reconciler: what it leaves alone, and what it takes up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.clients import Clients
from shared.models.document import now
from shared.models.library import LessonHead
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Roadmap
from shared.models.status import GenerationStatus
from shared.services import reconciliation
from shared.services.lesson_generation import LessonGeneration
from shared.services.reconciliation import Reconciler
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from shared.settings import load_settings
from shared.store.documents import set_to
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import one_process

PATIENCE = timedelta(seconds=120)
REQUEST = RoadmapRequest.from_json(
    {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
)


@pytest.fixture
async def clients(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    async with one_process(load_settings(app_settings(tmp_path, **with_provider(provider)))) as clients:
        yield clients


@pytest.fixture
def flow(clients: Clients) -> Flow:
    return Flow([clients])


async def pass_time(clients: Clients, roadmap: Roadmap, by: timedelta) -> None:
    """Make all that was asked for older."""
    store, earlier = clients.documents.store, (now() - by).isoformat()
    aged = [set_to("/requested_at", earlier), set_to("/updated_at", earlier)]
    await store.patch("learning", "ada", roadmap.id, aged)
    for lesson in await Roadmaps(clients).lessons("ada", roadmap.id):
        if lesson.requested_at is not None:
            await store.patch("learning", "ada", lesson.id, aged)
            await store.patch("library", lesson.lesson_key, LessonHead.ID, aged)


async def made(clients: Clients, flow: Flow) -> tuple[Roadmap, Lesson]:
    roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    await flow.run_all()
    return roadmap, (await Roadmaps(clients).lessons("ada", roadmap.id))[0]


async def test_what_was_asked_for_a_moment_ago_is_left_alone(clients: Clients, flow: Flow) -> None:
    """Its start may be on the way: documents come first."""
    roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    flow.started.clear()
    await pass_time(clients, roadmap, PATIENCE - timedelta(seconds=20))
    assert await Reconciler(clients, flow.orchestrations).sweep() == 0
    await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=1))
    assert await Reconciler(clients, flow.orchestrations).sweep() == 1
    assert (await Roadmaps(clients).roadmap("ada", roadmap.id)).attempt == 2


async def test_what_was_written_long_ago_and_asked_for_again_is_left_alone(
    clients: Clients, flow: Flow
) -> None:
    roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    flow.started.clear()
    earlier = (now() - 2 * PATIENCE).isoformat()
    await clients.documents.store.patch("learning", "ada", roadmap.id, [set_to("/updated_at", earlier)])
    assert await Reconciler(clients, flow.orchestrations).sweep() == 0


async def test_what_runs_is_left_alone_however_long_it_takes(clients: Clients, flow: Flow) -> None:
    roadmap, lesson = await made(clients, flow)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    [running] = flow.started
    await pass_time(clients, roadmap, 10 * PATIENCE)
    assert await Reconciler(clients, flow.orchestrations).sweep() == 0
    assert flow.started == [running]
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert (head.generation, head.attempts) == (1, 1)


async def test_a_generation_whose_orchestration_is_gone_is_begun_again(clients: Clients, flow: Flow) -> None:
    roadmap, lesson = await made(clients, flow)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    flow.started.clear()
    await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=1))
    assert await Reconciler(clients, flow.orchestrations).sweep() == 1
    await flow.run_all()
    settled = await clients.documents.read(Lesson, "ada", lesson.id)
    assert settled.generation_status is GenerationStatus.COMPLETED


async def test_a_generation_that_is_interrupted_for_ever_ends_with_everybody_who_waits(
    clients: Clients, flow: Flow
) -> None:
    roadmap, lesson = await made(clients, flow)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    for _ in range(3):
        flow.started.clear()
        await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=1))
        assert await Reconciler(clients, flow.orchestrations).sweep() == 1
    settled = await clients.documents.read(Lesson, "ada", lesson.id)
    assert settled.generation_status is GenerationStatus.FAILED
    assert settled.generation_error is not None
    assert settled.generation_error.code == "infrastructure"


async def test_a_recovery_goes_on_with_what_was_interrupted_and_not_with_what_has_failed(
    clients: Clients, flow: Flow, provider: ModelProvider
) -> None:
    roadmap, _ = await made(clients, flow)
    failed, interrupted = roadmap.module_id(0), roadmap.module_id(1)
    store = clients.documents.store
    for module_id, status in ((failed, "failed"), (interrupted, "generating")):
        await store.patch("learning", "ada", module_id, [set_to("/status", status)])
        await store.patch("learning", "ada", roadmap.id, [set_to(f"/modules/{module_id}/status", status)])
    await store.patch("learning", "ada", roadmap.id, [set_to("/status", "generating")])
    await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=1))
    assert await Reconciler(clients, flow.orchestrations).sweep() == 1
    recovered = await Roadmaps(clients).roadmap("ada", roadmap.id)
    assert recovered.module_ids(GenerationStatus.GENERATING) == [interrupted]
    assert recovered.module_ids(GenerationStatus.FAILED) == [failed]
    assert recovered.recoveries == 1


async def test_what_runs_does_not_hide_what_is_gone(
    clients: Clients, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep looks at so many at a time: those that are well must not be all that it ever sees."""
    monkeypatch.setattr(reconciliation, "PAGE", 5)
    creation = RoadmapCreation(clients, flow.orchestrations)
    for older in range(12, 0, -1):
        running = await creation.create("ada", REQUEST, None)
        await pass_time(clients, running, PATIENCE + timedelta(seconds=older))
    gone = await creation.create("ada", REQUEST, None)
    flow.started.pop()
    await pass_time(clients, gone, PATIENCE + timedelta(seconds=0.5))
    acted = [await Reconciler(clients, flow.orchestrations).sweep() for _ in range(3)]
    assert sum(acted) == 1
    assert (await Roadmaps(clients).roadmap("ada", gone.id)).attempt == 2


async def test_one_that_fails_keeps_no_other_from_being_taken_up(
    clients: Clients, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    creation = RoadmapCreation(clients, flow.orchestrations)
    roadmaps = [await creation.create("ada", REQUEST, None) for _ in range(3)]
    flow.started.clear()
    for roadmap in roadmaps:
        await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=1))
    asking = flow.get_status

    async def get_status(instance_id: str) -> Any:
        if instance_id == f"roadmap-{roadmaps[1].id}-1":
            raise Exception("the extension cannot read this history")  # noqa: TRY002 - the SDK's way
        return await asking(instance_id)

    flow.get_status = get_status  # type: ignore[method-assign]
    with pytest.raises(Exception, match="cannot read this history"):
        await Reconciler(clients, flow.orchestrations).sweep()
    attempts = [(await Roadmaps(clients).roadmap("ada", roadmap.id)).attempt for roadmap in roadmaps]
    assert attempts == [2, 1, 2]
    assert "reconciler.failed" in caplog.text


async def test_what_this_code_cannot_read_keeps_nothing_else_from_being_taken_up(
    clients: Clients, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    """After a roll-back there may be documents of the newer code; what they say is no matter for a log."""
    roadmap, lesson = await made(clients, flow)
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    flow.started.clear()
    newer = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    flow.started.clear()
    for one in (roadmap, newer):
        await pass_time(clients, one, PATIENCE + timedelta(seconds=1))
    changed = [set_to("/phase", "dreaming of bees")]
    await clients.documents.store.patch("learning", "ada", newer.id, changed)
    earlier = (now() - 2 * PATIENCE).isoformat()
    await clients.documents.store.patch("learning", "ada", newer.id, [set_to("/updated_at", earlier)])
    other = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    flow.started.clear()
    await pass_time(clients, other, PATIENCE + timedelta(seconds=1))
    with pytest.raises(ValidationError):
        await Reconciler(clients, flow.orchestrations).sweep()
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    assert head.attempts == 2
    assert (await Roadmaps(clients).roadmap("ada", other.id)).attempt == 2
    assert "reconciler.failed" in caplog.text
    assert "bees" not in caplog.text


async def test_a_part_that_takes_long_leaves_the_rest_to_the_next_minute(
    clients: Clients, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host would end the function at its time-out, and with it all that runs beside it."""
    monkeypatch.setattr(reconciliation, "PART_SECONDS", 0.25)
    creation = RoadmapCreation(clients, flow.orchestrations)
    for _ in range(4):
        roadmap = await creation.create("ada", REQUEST, None)
        await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=1))
    flow.started.clear()
    asking = flow.get_status

    async def get_status(instance_id: str) -> Any:
        await asyncio.sleep(0.2)
        return await asking(instance_id)

    flow.get_status = get_status  # type: ignore[method-assign]
    acted = [await Reconciler(clients, flow.orchestrations).sweep() for _ in range(2)]
    assert acted == [2, 2]


@pytest.mark.parametrize(
    ("one", "sweep", "raised", "attempts"),
    [(60, 0.3, nullcontext(), [1, 1]), (0.3, 60, pytest.raises(TimeoutError), [1, 2])],
)
async def test_an_extension_that_hangs_does_not_hold_the_sweep_up_for_ever(
    clients: Clients,
    flow: Flow,
    monkeypatch: pytest.MonkeyPatch,
    one: float,
    sweep: float,
    raised: AbstractContextManager[object],
    attempts: list[int],
) -> None:
    monkeypatch.setattr(reconciliation, "ONE_SECONDS", one)
    monkeypatch.setattr(reconciliation, "SWEEP_SECONDS", sweep)
    creation = RoadmapCreation(clients, flow.orchestrations)
    roadmaps = [await creation.create("ada", REQUEST, None) for _ in range(2)]
    flow.started.clear()
    for roadmap, older in zip(roadmaps, (2, 1), strict=True):
        await pass_time(clients, roadmap, PATIENCE + timedelta(seconds=older))
    asking = flow.get_status

    async def get_status(instance_id: str) -> Any:
        if instance_id == f"roadmap-{roadmaps[0].id}-1":
            await asyncio.sleep(60)
        return await asking(instance_id)

    flow.get_status = get_status  # type: ignore[method-assign]
    async with asyncio.timeout(30):
        with raised:
            await Reconciler(clients, flow.orchestrations).sweep()
    assert [(await Roadmaps(clients).roadmap("ada", roadmap.id)).attempt for roadmap in roadmaps] == attempts
