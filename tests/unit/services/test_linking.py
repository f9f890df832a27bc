"""Links between a learner's lesson and the shared head: what is counted, and what an old head may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.clients import Clients
from shared.models.learner import LearningStyle
from shared.models.library import LessonHead
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Progress
from shared.models.status import GenerationStatus
from shared.models.versions import RegenerationRequest
from shared.services.failures import failure
from shared.services.lesson_generation import LessonGeneration
from shared.services.linking import settle
from shared.services.regeneration import LessonRegeneration
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from shared.settings import load_settings
from tests.support.app import app_settings
from tests.support.flow import Flow
from tests.support.processes import one_process

REQUEST = RoadmapRequest.from_json(
    {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
)


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[Clients]:
    async with one_process(load_settings(app_settings(tmp_path))) as clients:
        yield clients


@pytest.fixture
def flow(clients: Clients) -> Flow:
    return Flow([clients])


@pytest.fixture
async def lesson(clients: Clients, flow: Flow) -> Lesson:
    """A lesson of a roadmap, not asked for yet."""
    roadmap = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    await flow.run_all()
    return (await Roadmaps(clients).lessons("ada", roadmap.id))[0]


async def progress(clients: Clients, lesson: Lesson) -> tuple[int, int, int]:
    """The counts of lessons that are generating, completed, failed."""
    counted: Progress = (await Roadmaps(clients).roadmap("ada", lesson.roadmap_id or "")).progress
    return counted.lessons_generating, counted.lessons_completed, counted.lessons_failed


async def head_of(clients: Clients, lesson: Lesson) -> LessonHead:
    return await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)


async def test_each_move_of_a_lesson_is_counted_once(clients: Clients, flow: Flow, lesson: Lesson) -> None:
    assert await progress(clients, lesson) == (0, 0, 0)
    generation = LessonGeneration(clients, flow.orchestrations)
    waiting = await generation.request("ada", lesson.id)
    assert await progress(clients, lesson) == (1, 0, 0)
    await generation.request("ada", lesson.id)
    assert await progress(clients, lesson) == (1, 0, 0), "who asks again is counted already"
    head = await head_of(clients, lesson)
    ended = head.model_copy(update={"status": GenerationStatus.FAILED, "error": failure("no_sources")})
    failed = await settle(clients.documents, waiting, ended)
    assert await progress(clients, lesson) == (0, 0, 1)
    assert await settle(clients.documents, failed, ended) == failed
    assert await progress(clients, lesson) == (0, 0, 1)
    await generation.request("ada", lesson.id)
    assert await progress(clients, lesson) == (1, 0, 0)
    await flow.run_all()
    assert await progress(clients, lesson) == (0, 1, 0)


async def test_the_failure_of_an_earlier_generation_fails_nobody_who_waits_for_the_next(
    clients: Clients, flow: Flow, lesson: Lesson
) -> None:
    waiting = await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    head = await head_of(clients, lesson)
    ended = head.model_copy(update={"status": GenerationStatus.FAILED, "error": failure("no_sources")})
    later = waiting.model_copy(update={"generation": head.generation + 1})
    assert await settle(clients.documents, later, ended) is later
    settled = await settle(clients.documents, waiting, ended)
    assert settled.generation_status is GenerationStatus.FAILED
    assert settled.generation_error == failure("no_sources")


async def test_a_lesson_is_settled_by_the_head_that_it_waits_for_alone(
    clients: Clients, flow: Flow, lesson: Lesson
) -> None:
    await LessonGeneration(clients, flow.orchestrations).request("ada", lesson.id)
    await flow.run_all()
    wish = RegenerationRequest(learning_style=LearningStyle.READING)
    changing = await LessonRegeneration(clients, flow.orchestrations).request("ada", lesson.id, wish)
    assert changing.awaited_key != lesson.lesson_key
    own = await head_of(clients, lesson)
    newer = own.model_copy(update={"latest_version": own.latest_version + 1})
    assert await settle(clients.documents, changing, newer) is changing
    await flow.run_all()
    changed = await clients.documents.read(Lesson, "ada", lesson.id)
    assert (changed.learning_style, changed.regenerating) == (LearningStyle.READING, False)
    assert await progress(clients, lesson) == (0, 1, 0), "a lesson that is regenerated stays completed"
