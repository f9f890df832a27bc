"""What operators ask: answered from counts by day, so that it costs the same however large the library is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.clients import Clients
from shared.llm.usage import DayUsage, ProviderUsage, Spending
from shared.models.document import now
from shared.models.library import LessonVersion, Occasion
from shared.models.metrics import (
    AllTasks,
    BudgetFigures,
    CacheFigures,
    DayCost,
    Durations,
    LearnerCosts,
    LearnersTask,
    Metrics,
    ModelFigures,
    ProviderFigures,
    RegeneratedSample,
    VersionsWritten,
)
from shared.models.roadmap import Task
from shared.models.tallies import UP_TO_SECONDS, DayDocument, DayTally, ModelTally, ProviderTally
from shared.models.topics import TaskStatus, TaskSummary
from shared.security.pseudonym import pseudonym
from shared.services.asking import limiter_of
from shared.services.queue_figures import queue_figures
from shared.services.roadmaps import named_continuation

MOST_LEARNERS = 500
MOST_COUNTED = 500
MOST_SAMPLED = 50
MOST_NAMES = 100
"""Providers and models of one day: a deployment has a handful."""


@dataclass(frozen=True, slots=True)
class _Day:
    """All counts of one day."""

    cost: DayCost
    tally: DayTally
    models: list[ModelTally]
    answers: list[ProviderTally]
    usage: list[ProviderUsage]


class Operations:
    """The use cases behind `GET /ops/metrics` and `GET /ops/tasks`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._documents = clients.documents

    async def metrics(self, days: int) -> Metrics:
        """Return the figures of so many days up to today, and the state of now."""
        today = now().date()
        read = [self._day(today - timedelta(days=ago)) for ago in range(days)]
        found, learners, sample, queue = await asyncio.gather(
            asyncio.gather(*read), self._learners(), self._regenerated(), queue_figures(self._clients)
        )
        tallies = [day.tally for day in found]
        return Metrics(
            as_of=now(),
            days=days,
            curriculum_cache=_cache(tallies, "curriculum"),
            lesson_cache=_cache(tallies, "lesson"),
            source_cache=_cache(tallies, "source"),
            providers=await self._providers(found),
            versions=_written(tallies),
            models=_models([tally for day in found for tally in day.models]),
            regenerated=_by_model(sample),
            sampled=len(sample),
            costs=[day.cost for day in found],
            learners=learners,
            budget=BudgetFigures(
                daily_usd=self._settings.daily_budget_usd,
                spent_usd=found[0].cost.cost_usd,
                learner_daily_usd=self._settings.learner_daily_budget_usd,
            ),
            queue=queue,
        )

    async def tasks(self, limit: int, continuation: str | None) -> AllTasks:
        """Return a page of the tasks of all learners, newest first; raises a 422 Problem.

        All pages hold the same counts, and of 500 tasks at most.
        """
        with named_continuation(continuation):
            page, counted = await asyncio.gather(
                self._documents.page_across(
                    Task, {}, order_by="created_at", descending=True, limit=limit, continuation=continuation
                ),
                self._documents.query_across(Task, {}, limit=MOST_COUNTED + 1),
            )
        counts = Counter(TaskStatus.of(task.status) for task in counted[:MOST_COUNTED])
        return AllTasks(
            items=[self._task(task) for task in page.items],
            continuation=page.continuation,
            counts={status: counts[status] for status in TaskStatus},
            complete=len(counted) <= MOST_COUNTED,
        )

    def _task(self, task: Task) -> LearnersTask:
        learner = pseudonym(self._settings, task.user_id)
        return LearnersTask(**TaskSummary.of(task).model_dump(), learner=learner)

    async def _day(self, day: date) -> _Day:
        counted, used = DayDocument.key_of(day), DayUsage.key_of(day)
        tally, models, answers, usage, spent = await asyncio.gather(
            self._documents.find(DayTally, counted, DayTally.ID),
            self._documents.query(ModelTally, counted, limit=MOST_NAMES),
            self._documents.query(ProviderTally, counted, limit=MOST_NAMES),
            self._documents.query(ProviderUsage, used, limit=MOST_NAMES),
            self._documents.find(Spending, used, Spending.ALL),
        )
        cost = DayCost(
            day=day,
            calls=spent.calls if spent else 0,
            cost_usd=round(spent.cost_usd, 6) if spent else 0.0,
        )
        empty = DayTally(id=DayTally.ID, key=counted)
        return _Day(cost, tally or empty, models.items, answers.items, usage.items)

    async def _providers(self, days: Sequence[_Day]) -> list[ProviderFigures]:
        """Return the providers of the chain in its order, then those that it held before."""
        names = dict.fromkeys(provider.name for provider in self._settings.providers)
        names |= dict.fromkeys(sorted(_name(usage) for day in days for usage in day.usage))
        calls = sum(usage.calls for day in days for usage in day.usage)
        return [await self._provider(name, days, calls) for name in names]

    async def _provider(self, name: str, days: Sequence[_Day], all_calls: int) -> ProviderFigures:
        usage = [usage for day in days for usage in day.usage if _name(usage) == name]
        calls = sum(day.calls for day in usage)
        failures = _sum(day.failures for day in usage)
        breaker, is_open = None, False
        for provider in self._settings.providers:
            if provider.name == name:
                limiter = self._clients.kept(limiter_of)
                breaker = (await limiter.state(provider)).breaker
                is_open = breaker.is_open(limiter.now)
        return ProviderFigures(
            provider=name,
            calls=calls,
            share=_share(calls, all_calls),
            failures={kind: count for kind, count in failures.items() if count},
            prompt_tokens=sum(day.prompt_tokens for day in usage),
            completion_tokens=sum(day.completion_tokens for day in usage),
            cost_usd=round(sum(day.cost_usd for day in usage), 6),
            answers=_durations(
                _sum(tally.seconds for day in days for tally in day.answers if tally.provider == name)
            ),
            fallbacks=sum(day.tally.fallbacks.get(name, 0) for day in days),
            open=is_open,
            open_reason=breaker.reason if breaker and is_open else "",
            open_until=datetime.fromtimestamp(breaker.open_until, UTC) if breaker and is_open else None,
        )

    async def _learners(self) -> LearnerCosts:
        """Return what learners cost today, from a bounded number of them."""
        page = await self._documents.query(Spending, DayUsage.today(), limit=MOST_LEARNERS + 1)
        costs = [spending.cost_usd for spending in page.items if spending.id != Spending.ALL]
        return LearnerCosts(
            learners=len(costs),
            mean_usd=round(sum(costs) / len(costs), 6) if costs else None,
            highest_usd=round(max(costs), 6) if costs else None,
            complete=page.continuation is None,
        )

    async def _regenerated(self) -> list[LessonVersion]:
        where = {"generation_metadata.occasion": Occasion.REGENERATION.value}
        return await self._documents.query_across(LessonVersion, where, limit=MOST_SAMPLED)


def _name(usage: ProviderUsage) -> str:
    return usage.id.removeprefix(ProviderUsage.id_of(""))


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _sum(tables: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for table in tables:
        total.update(table)
    return total


def _cache(tallies: Sequence[DayTally], name: str) -> CacheFigures:
    hits = sum(getattr(tally, f"{name}_hits") for tally in tallies)
    misses = sum(getattr(tally, f"{name}_misses") for tally in tallies)
    return CacheFigures(hits=hits, misses=misses, hit_rate=_share(hits, hits + misses))


def _durations(buckets: Mapping[str, int]) -> Durations:
    return Durations(
        count=sum(buckets.values()),
        half_within_s=_within(buckets, 0.5),
        most_within_s=_within(buckets, 0.95),
    )


def _within(buckets: Mapping[str, int], share: float) -> float | None:
    """Return the end of the bucket in which this share of all is reached; None beyond the last."""
    wanted, reached = share * sum(buckets.values()), 0
    if not wanted:
        return None
    for most in UP_TO_SECONDS:
        reached += buckets.get(f"le_{most}", 0)
        if reached >= wanted:
            return float(most)
    return None


def _written(tallies: Sequence[DayTally]) -> VersionsWritten:
    return VersionsWritten(
        published=sum(tally.published for tally in tallies),
        by_tier=dict(_sum(tally.by_tier for tally in tallies)),
        by_provider=dict(_sum(tally.by_provider for tally in tallies)),
        by_occasion=dict(_sum(tally.by_occasion for tally in tallies)),
        from_request_to_version=_durations(_sum(tally.waits for tally in tallies)),
    )


def _models(tallies: Sequence[ModelTally]) -> list[ModelFigures]:
    names = sorted({tally.model for tally in tallies})
    return [_model(name, [tally for tally in tallies if tally.model == name]) for name in names]


def _model(name: str, tallies: Sequence[ModelTally]) -> ModelFigures:
    published = sum(tally.published for tally in tallies)
    regenerated = sum(tally.regenerated for tally in tallies)
    return ModelFigures(
        model=name or None,
        published=published,
        regenerated=regenerated,
        regenerated_share=_share(regenerated, published),
        reasons=dict(_sum(tally.reasons for tally in tallies)),
    )


def _by_model(versions: Sequence[LessonVersion]) -> list[RegeneratedSample]:
    names = sorted({version.generation_metadata.model for version in versions})
    return [
        _sample(name, [version for version in versions if version.generation_metadata.model == name])
        for name in names
    ]


def _sample(name: str, versions: Sequence[LessonVersion]) -> RegeneratedSample:
    metadata = [version.generation_metadata for version in versions]
    return RegeneratedSample(
        model=name or None,
        versions=len(versions),
        mean_cost_usd=round(sum(one.cost_usd for one in metadata) / len(metadata), 6),
        mean_seconds=round(sum(one.seconds for one in metadata) / len(metadata), 3),
        votes_up=sum(version.votes_up for version in versions),
        votes_down=sum(version.votes_down for version in versions),
    )
