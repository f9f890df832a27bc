"""What operators are told, from counts that concurrent work adds up; nothing makes its cost grow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.llm.exchange import ChatReply, Usage
from shared.llm.limiter import ProviderState
from shared.llm.usage import Budgets, Charge, DayUsage, Spending
from shared.models.document import now
from shared.models.library import RegenerationReason
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Lesson, Task
from shared.models.status import GenerationStatus
from shared.models.tallies import DayDocument, DayTally, bucket_of
from shared.models.topics import TaskStatus
from shared.models.versions import RegenerationRequest
from shared.planning.standalone import standalone_specification
from shared.services import metrics
from shared.services.asking import limiter_of
from shared.services.metrics import Operations
from shared.services.regeneration import LessonRegeneration
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.standalone import StandaloneLessons
from shared.settings import load_settings
from shared.store.documents import Documents, set_to
from shared.store.sqlite import SqliteDocumentStore
from shared.store.tallies import add_today
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import one_process

TOPIC = standalone_specification("Python", "Dictionaries")


@pytest.fixture
async def clients(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    async with one_process(load_settings(app_settings(tmp_path, **with_provider(provider)))) as clients:
        yield clients


async def written(clients: Clients, flow: Flow, user_id: str) -> Lesson:
    lesson = await StandaloneLessons(clients, flow.orchestrations).get_or_generate(user_id, TOPIC)
    await flow.run_all()
    return await clients.documents.read(Lesson, user_id, lesson.id)


async def roadmap(clients: Clients, flow: Flow, user_id: str) -> None:
    wish: dict[str, Any] = {"skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
    request = RoadmapRequest.from_json({"goal": "Beekeeping", "subject": "Beekeeping", **wish})
    await RoadmapCreation(clients, flow.orchestrations).create(user_id, request, None)
    await flow.run_all()


async def test_the_days_work_is_counted(clients: Clients, provider: ModelProvider) -> None:
    flow = Flow([clients])
    for learner in ("ada", "grace", "linus"):
        await roadmap(clients, flow, learner)
    lesson = await written(clients, flow, "ada")
    for learner in ("grace", "linus"):
        await written(clients, flow, learner)
    wish = RegenerationRequest(reason=RegenerationReason.TOO_HARD)
    await LessonRegeneration(clients, flow.orchestrations).request("ada", lesson.id, wish)
    await flow.run_all()
    provider.script("500", step="lesson")
    other = standalone_specification("Python", "Lists")
    await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", other)
    await flow.run_all()

    found = await Operations(clients).metrics(7)
    caches = [(one.hits, one.misses) for one in (found.curriculum_cache, found.lesson_cache)]
    assert caches == [(2, 1), (2, 2)]
    assert (found.curriculum_cache.hit_rate, found.lesson_cache.hit_rate) == (0.6667, 0.5)
    assert found.source_cache.hit_rate is None, "the only source of this test needs no cache"

    versions = found.versions
    assert (versions.published, versions.by_tier) == (3, {"model": 2, "extractive": 1})
    assert versions.by_provider == {"fake": 2, "extractive": 1}
    assert versions.by_occasion == {"first": 2, "regeneration": 1}
    assert versions.from_request_to_version.count == 3

    [fake] = found.providers
    calls = sum(provider.calls().values())
    assert (fake.calls, fake.share, fake.fallbacks) == (calls, 1.0, 1)
    assert fake.failures == {"server": 2}
    assert fake.answers.count == calls - 2
    assert fake.answers.most_within_s == 1.0
    assert (fake.open, fake.open_until) == (False, None)

    models = {model.model: model for model in found.models}
    assert (models["fake-1"].published, models["fake-1"].regenerated) == (2, 1)
    assert models["fake-1"].reasons == {"too_hard": 1}
    assert (models[None].published, models[None].regenerated) == (1, 0)
    [sample] = found.regenerated
    assert (sample.model, sample.versions, found.sampled) == ("fake-1", 1, 1)
    assert sample.mean_cost_usd > 0

    assert found.costs[0].calls == calls
    assert found.costs[0].cost_usd == pytest.approx(fake.cost_usd)
    assert [cost.cost_usd for cost in found.costs[1:]] == [0.0] * 6
    assert found.budget.spent_usd == found.costs[0].cost_usd
    assert (found.learners.learners, found.learners.complete) == (1, True), "the others paid nothing"
    assert found.learners.highest_usd == pytest.approx(fake.cost_usd)
    assert "ada" not in str(found.to_json())


async def test_what_counts_at_once_counts_in_full(tmp_path: Path) -> None:
    stores = [Documents(SqliteDocumentStore(tmp_path / "skillsync.db")) for _ in range(3)]
    await asyncio.gather(*(add_today(store, {"lesson_hits": 1, "by_tier/model": 2}) for store in stores * 20))
    tally = await stores[0].read(DayTally, DayTally.today(), DayTally.ID)
    assert (tally.lesson_hits, tally.by_tier) == (60, {"model": 120})
    many = {f"fallbacks/provider{number}": 1 for number in range(25)}
    await add_today(stores[0], many)
    tally = await stores[0].read(DayTally, DayTally.today(), DayTally.ID)
    assert len(tally.fallbacks) == 25, "more than one patch can hold"
    for store in stores:
        await store.store.close()


async def test_a_store_that_is_away_fails_nobody(clients: Clients) -> None:
    await clients.documents.store.close()
    await add_today(clients.documents, {"lesson_hits": 1})


async def test_days_before_are_read_as_far_back_as_asked(clients: Clients) -> None:
    yesterday = now().date() - timedelta(days=1)
    tally = DayTally(id=DayTally.ID, key=DayDocument.key_of(yesterday), lesson_hits=3, lesson_misses=1)
    await clients.documents.create(tally)
    spent = Spending(id=Spending.ALL, key=DayUsage.key_of(yesterday), calls=2, cost_usd=0.25)
    await clients.documents.create(spent)
    assert (await Operations(clients).metrics(1)).lesson_cache.hits == 0
    found = await Operations(clients).metrics(2)
    assert found.lesson_cache.hit_rate == 0.75
    assert [cost.cost_usd for cost in found.costs] == [0.0, 0.25]
    assert found.budget.spent_usd == 0.0


async def test_an_open_breaker_is_told(clients: Clients) -> None:
    [settings] = clients.settings.providers
    limiter = clients.kept(limiter_of)
    state = await limiter.state(settings)
    opened = state.breaker.model_copy(update={"open_until": limiter.now + 60, "reason": "auth"})
    operations = [set_to("/breaker", opened.to_json())]
    await clients.documents.patch(ProviderState, state.key, state.id, operations)
    [fake] = (await Operations(clients).metrics(1)).providers
    assert (fake.open, fake.open_reason) == (True, "auth")
    assert fake.open_until is not None


async def test_learners_beyond_the_bound_are_not_looked_at(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MOST_LEARNERS", 4)
    budgets = Budgets(clients.documents, clients.settings)
    reply = ChatReply(content="{}", model="m", usage=Usage(), cost_usd=0.01, seconds=0.5)
    for number in range(8):
        charge = await budgets.reserve(0.02, f"{number:032x}")
        assert isinstance(charge, Charge)
        await budgets.settle(charge, "fake", reply)
    found = (await Operations(clients).metrics(1)).learners
    assert not found.complete
    assert 0 < found.learners <= 5
    assert (found.mean_usd, found.highest_usd) == (0.01, 0.01)


async def task(clients: Clients, number: int, status: GenerationStatus) -> None:
    stored = Task(
        id=f"task-{number}",
        user_id=f"learner-{number}",
        lesson_id="lesson",
        subject="Python",
        topic="Loops",
        message="",
        status=status,
        created_at=now() - timedelta(minutes=number),
    )
    await clients.documents.create(stored)


async def test_tasks_of_all_learners_are_listed_page_by_page(clients: Clients) -> None:
    for number in (4, 0, 3, 1, 2):
        await task(clients, number, GenerationStatus.COMPLETED if number % 2 else GenerationStatus.GENERATING)
    found, continuation = [], None
    for last in (False, False, True):
        page = await Operations(clients).tasks(2, continuation)
        found += page.items
        continuation = page.continuation
        assert (continuation is None) is last
        assert (page.counts[TaskStatus.IN_PROGRESS], page.counts[TaskStatus.COMPLETED]) == (3, 2)
        assert page.complete
        await task(clients, -len(found), GenerationStatus.FAILED)  # newer than all: in no page that follows
    assert [one.task_id for one in found] == [f"task-{number}" for number in range(5)]
    assert not [one for one in found if "learner-" in one.learner]
    with pytest.raises(Problem) as refused:
        await Operations(clients).tasks(2, "nonsense")
    assert [error.field for error in refused.value.errors] == ["continuation"]


async def test_tasks_are_counted_up_to_a_bound(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        await task(clients, number, GenerationStatus.GENERATING)
    for most, counted, complete in ((5, 5, False), (6, 6, True)):
        monkeypatch.setattr(metrics, "MOST_COUNTED", most)
        page = await Operations(clients).tasks(2, None)
        assert (page.counts[TaskStatus.IN_PROGRESS], page.complete) == (counted, complete)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, "le_1"), (1.0, "le_1"), (1.01, "le_2"), (60.0, "le_60"), (300.0, "le_300"), (301.0, "more")],
)
def test_a_duration_has_its_bucket(seconds: float, bucket: str) -> None:
    assert bucket_of(seconds) == bucket
