"""A learner with something of everything, for tests of taking it along and removing it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.clients import Clients
from shared.models.curation import Decision
from shared.models.inputs import InterpretInput
from shared.models.outcomes import Done
from shared.models.progress import ProgressRequest, ProgressState
from shared.models.requests import ProfileRequest, RoadmapRequest
from shared.models.reviews import ReviewRequest
from shared.models.roadmap import Roadmap
from shared.models.topics import TaskRequest
from shared.models.versions import RegenerationRequest
from shared.services.interpreting import Interpreting
from shared.services.learning import Learning
from shared.services.lesson_generation import LessonGeneration
from shared.services.profiles import Profiles
from shared.services.regeneration import LessonRegeneration
from shared.services.reviewing import Reviewing
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from shared.services.tasks import Tasks
from shared.services.voting import Voting
from shared.settings import load_settings
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import stale_processes


def request_for(goal: str) -> RoadmapRequest:
    fields = {"goal": goal, "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
    return RoadmapRequest.from_json(fields)


@asynccontextmanager
async def processes(
    folder: Path, provider: ModelProvider, staleness: float = 0.0, count: int = 1, **settings: str
) -> AsyncIterator[list[Clients]]:
    loaded = load_settings(
        app_settings(folder, REMOVAL_SETTLE_S="0", **with_provider(provider), **settings)
    ).model_copy(update={"reconcile_after_seconds": 0})
    async with stale_processes(loaded, staleness, count) as made:
        yield made


@asynccontextmanager
async def furnished(
    folder: Path, provider: ModelProvider, *learners: str
) -> AsyncIterator[tuple[Clients, Flow]]:
    """Open one app process whose learners have something of everything."""
    async with processes(folder, provider) as [clients]:
        flow = Flow([clients])
        for learner in learners:
            await furnish(clients, flow, learner)
        yield clients, flow


async def furnish(clients: Clients, flow: Flow, user_id: str, *, tries_quiz: bool = True) -> Roadmap:
    """Let a learner have something of everything, running and ended; returns the roadmap that runs."""
    create = RoadmapCreation(clients, flow.orchestrations)
    ended = await create.create(user_id, request_for("Learn Python"), "key")
    await flow.run_all()
    found = await Roadmaps(clients).lessons(user_id, ended.id)
    lessons = sorted(found, key=lambda lesson: lesson.title)  # the same for every learner
    await LessonGeneration(clients, flow.orchestrations).request(user_id, lessons[0].id)
    await flow.run_all()
    await Profiles(clients).replace(user_id, ProfileRequest(industry="Bees"), ())
    await Voting(clients, flow.orchestrations).vote(user_id, lessons[0].id, 1)
    answers = [0] * 4 if tries_quiz else None
    done = ProgressRequest(state=ProgressState.COMPLETED, quiz_answers=answers)
    await Learning(clients).record(user_id, lessons[0].id, done)
    approved = ReviewRequest(decision=Decision.APPROVE, comment=f"{user_id[:3]} has read it")
    await Reviewing(clients).review(user_id, lessons[0].lesson_key, "1.0", approved)
    await LessonRegeneration(clients, flow.orchestrations).request(
        user_id, lessons[0].id, RegenerationRequest()
    )
    await LessonGeneration(clients, flow.orchestrations).request(user_id, lessons[1].id)
    await Tasks(clients).create(
        user_id, TaskRequest(subject="Python", topic=f"Topic of {user_id[:3]}"), flow.orchestrations
    )
    vague = request_for("my grandmother keeps bees and I would like to help her with it this summer")
    running = await create.create(user_id, vague, None)
    work = {"user_id": user_id, "roadmap_id": running.id, "attempt": 1}
    assert isinstance(await Interpreting(clients).interpret(InterpretInput.from_json(work)), Done)
    return running
