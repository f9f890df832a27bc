"""Work that nobody waits for: it steps aside, ends all the same, and comes forward when it is wanted."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrators.rounds import MAX_STEPS_ASIDE
from shared import clients as clients_module
from shared.clients import Clients
from shared.llm.window import Limits, Reservation, Window, earliest, pruned, reserve
from shared.models.curriculum import Tier
from shared.models.library import LessonHead, LessonVersion
from shared.models.outcomes import Deferred, Next
from shared.models.status import GenerationStatus
from shared.planning.standalone import standalone_specification
from shared.services import background as stepping
from shared.services.asking import LOCAL, limiter_of
from shared.services.background import PATIENCE, stepping_aside
from shared.services.lesson_generation import LessonGeneration
from shared.services.origin import Origin
from shared.services.standalone import StandaloneLessons
from shared.settings import load_settings
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow, functions_of_app
from tests.support.model_provider import ModelProvider
from tests.support.processes import one_process

TOPIC = standalone_specification("Python", "Dictionaries")
NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def clients(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    values = {**with_provider(provider), "LLM__FAKE__REQUESTS_PER_MINUTE": "10"}
    async with one_process(load_settings(app_settings(tmp_path, **values))) as clients:
        clients_module._by_loop[asyncio.get_running_loop()] = clients
        yield clients


async def lesson_of(clients: Clients, flow: Flow, learner: str, *, background: bool = False) -> LessonHead:
    """Ask for the lesson as a learner or as a batch; returns the head of the library."""
    lesson = await StandaloneLessons(clients, flow.orchestrations)._place(learner, TOPIC)
    asking = LessonGeneration(clients, flow.orchestrations)
    await asking.request(learner, lesson.id, Origin(background=background))
    return await clients.documents.read(LessonHead, TOPIC.key, LessonHead.ID)


async def researched(head: LessonHead) -> dict[str, Any]:
    """Take the first step of the generation; returns the input of the second."""
    work = {"lesson_key": head.key, "generation": head.generation, "owner": "instance"}
    found = await functions_of_app()["research_lesson"](work=work)
    return {**work, "token": found["result"]["token"]}


async def write(work: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = await functions_of_app()["write_lesson"](work=work)
    return written


async def fill(clients: Clients, requests: int) -> None:
    """Let learners use up so many requests of the minute."""
    for _ in range(requests):
        await clients.kept(limiter_of).enter(clients.settings.providers[0], 10)


async def test_it_is_written_while_there_is_room(clients: Clients, provider: ModelProvider) -> None:
    head = await lesson_of(clients, Flow([clients]), "ada", background=True)
    assert head.cause.background
    await fill(clients, 6)
    assert (await write(await researched(head)))["kind"] == "done"
    assert provider.calls()["lesson"] == 1


async def test_it_steps_aside_without_a_place_and_comes_forward_when_a_learner_asks(
    clients: Clients, provider: ModelProvider
) -> None:
    flow = Flow([clients])
    head = await lesson_of(clients, flow, "ada", background=True)
    await fill(clients, 7)
    work = await researched(head)
    aside = await write(work)
    assert (aside["kind"], aside["background"]) == ("deferred", True)
    assert "reservation" not in aside
    assert provider.calls().get("lesson", 0) == 0

    assert (await lesson_of(clients, flow, "grace", background=True)).cause.background
    assert flow.woken == []
    head = await lesson_of(clients, flow, "lin")
    assert not head.cause.background
    assert flow.woken == [f"lesson-{head.key}-{head.generation}"]
    assert (await write(work))["kind"] == "done"
    assert provider.calls()["lesson"] == 1


async def test_it_comes_forward_for_the_learner_whose_batch_it_is(clients: Clients) -> None:
    flow = Flow([clients])
    await lesson_of(clients, flow, "ada", background=True)
    head = await lesson_of(clients, flow, "ada")
    assert not head.cause.background
    assert len(flow.woken) == 1
    await lesson_of(clients, flow, "ada")
    assert len(flow.woken) == 1, "once is enough"


async def test_after_long_waiting_it_is_composed_and_provisional(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepping, "PATIENCE", timedelta(0))
    head = await lesson_of(clients, Flow([clients]), "ada", background=True)
    await fill(clients, 7)
    work = await researched(head)
    handed_on = await write(work)
    assert (handed_on["kind"], handed_on["provider"]) == ("next", LOCAL)
    tried = {"provider": handed_on["tried"], "reason": handed_on["reason"]}
    assert (await write({**work, "provider": LOCAL, "fallbacks": [tried]}))["kind"] == "done"
    head = await clients.documents.read(LessonHead, head.key, LessonHead.ID)
    assert head.status is GenerationStatus.COMPLETED
    assert [standing.tier for standing in head.ranking] == [Tier.EXTRACTIVE]
    version = await clients.documents.read(LessonVersion, head.key, LessonVersion.id_of(1))
    assert version.generation_metadata.fallbacks[0].reason.startswith("busy: no room for the background")


def test_pauses_grow_with_the_age_and_end() -> None:
    soon = Deferred(until=NOON)
    spreads = []
    for age in (0, 1, 10, 60, 300):
        aside = stepping_aside(soon, "p", NOON - age * MINUTE, NOON, lambda: 1.0)
        assert isinstance(aside, Deferred)
        spreads.append((aside.until - NOON).total_seconds())
    assert spreads == [15, 15, 150, 300, 300]
    ended = stepping_aside(soon, "p", NOON - PATIENCE, NOON)
    assert isinstance(ended, Next)
    assert (ended.tried, ended.provider) == ("p", LOCAL)


@pytest.mark.parametrize("learners_per_minute", [0, 2])
def test_five_hundred_lessons_at_ten_requests_a_minute(learners_per_minute: int) -> None:
    """All are written in about the time that their share takes, with few tries, and no learner waits."""
    crowd = Crowd(lessons=500, requests_per_minute=10, learners_per_minute=learners_per_minute, seed=1)
    crowd.run()
    share = 7 - learners_per_minute
    assert crowd.written == 500
    assert crowd.longest_wait_of_a_learner == 0
    assert crowd.last / 60 < 1.3 * 500 / share
    assert max(crowd.tries) < MAX_STEPS_ASIDE / 4
    assert sum(crowd.tries) / 500 < 30


class Crowd:
    """Lessons of batches and learners at one provider, on a clock of their own."""

    def __init__(self, lessons: int, requests_per_minute: int, learners_per_minute: int, seed: int) -> None:
        self.limits = Limits(requests_per_minute, None, None)
        self.random = random.Random(seed)
        self.window = Window()
        self.number = itertools.count()
        self.tries = [0] * lessons
        self.written = 0
        self.last = 0.0
        self.longest_wait_of_a_learner = 0.0
        self.due: list[tuple[float, int]] = [(0.0, lesson) for lesson in range(lessons)]
        if learners_per_minute:
            every = 60 / learners_per_minute
            self.due += [(every * number, -1) for number in range(200 * learners_per_minute)]
        heapq.heapify(self.due)

    def run(self) -> None:
        while self.written < len(self.tries):
            now, who = heapq.heappop(self.due)
            self.window = pruned(self.window, self.limits, now)
            limits = self.limits if who < 0 else self.limits.in_background
            free_at = earliest(self.window, limits, now, 1)
            assert isinstance(free_at, float)
            if who < 0:
                self.longest_wait_of_a_learner = max(self.longest_wait_of_a_learner, free_at - now)
                self._send(free_at)
                continue
            self.tries[who] += 1
            if free_at <= now:
                self._send(now)
                self.written, self.last = self.written + 1, now
                continue
            at = NOON + timedelta(seconds=now)
            deferred = Deferred(until=NOON + timedelta(seconds=free_at))
            aside = stepping_aside(deferred, "p", NOON, at, self.random.random)
            assert isinstance(aside, Deferred), "it has waited too long"
            heapq.heappush(self.due, ((aside.until - NOON).total_seconds(), who))

    def _send(self, at: float) -> None:
        sent = Reservation(id=str(next(self.number)), at=at, tokens=1, redeemed=True)
        self.window = reserve(self.window, self.limits, sent)
