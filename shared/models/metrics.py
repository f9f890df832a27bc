"""What operators see of the app's work: caches, providers, cost, versions; and of everybody's tasks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from shared.models.base import Model
from shared.models.queries import PlainNumber, Query
from shared.models.topics import TaskStatus, TaskSummary
from shared.models.views import Page

MOST_DAYS = 31


class MetricsQuery(Query):
    """How many days are asked for, today included."""

    days: Annotated[int, PlainNumber] = Field(
        default=7, ge=1, le=MOST_DAYS, description="UTC days, up to today"
    )


class CacheFigures(Model):
    """How often a cache spared work; the rate is None where nobody asked."""

    hits: int
    misses: int
    hit_rate: float | None


class Durations(Model):
    """How long something took: half, and 95 % of it, at most so many seconds; None is above 300."""

    count: int
    half_within_s: float | None
    most_within_s: float | None


class ProviderFigures(Model):
    """What a provider did in the days asked for, and how it is now."""

    provider: str
    calls: int
    share: float | None = Field(description="of all calls")
    failures: dict[str, int] = Field(description="by kind, see docs/operations.md")
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    answers: Durations
    fallbacks: int = Field(description="versions that it was to write and another wrote")
    open: bool = Field(description="its breaker holds calls back now")
    open_reason: str
    open_until: datetime | None


class DayCost(Model):
    """What model calls of a UTC day cost, prices of running calls included."""

    day: date
    calls: int
    cost_usd: float


class LearnerCosts(Model):
    """What learners cost today; at most 500 of them are looked at, which `complete` tells.

    They are taken in the order of their pseudonyms, which is no order of anything.
    """

    learners: int
    mean_usd: float | None
    highest_usd: float | None
    complete: bool


class BudgetFigures(Model):
    """The day's budget and what is spent of it."""

    daily_usd: float
    spent_usd: float
    learner_daily_usd: float


class QueueFigures(Model):
    """What waits to be sent or written now; at most 500 documents of a kind are looked at."""

    batches_open: int
    lessons_queued: int = Field(description="lessons of batches that nobody has begun")
    lessons_running: int
    lessons_in_flight: int = Field(description="sent to the queue by batches and not ended")
    lessons_in_flight_limit: int
    unsent: int = Field(description="events and messages that are still stored to be sent")
    refused: int = Field(description="of these, what the broker will not take")
    complete: bool


class VersionsWritten(Model):
    """The lesson versions that were published in the days asked for."""

    published: int
    by_tier: dict[str, int]
    by_provider: dict[str, int]
    by_occasion: dict[str, int]
    from_request_to_version: Durations


class ModelFigures(Model):
    """What a model has written in the days asked for; what of its work was regenerated, and why."""

    model: str | None = Field(description="None: the composer")
    published: int
    regenerated: int
    regenerated_share: float | None = Field(description="regenerated over published; of different versions")
    reasons: dict[str, int]


class RegeneratedSample(Model):
    """Regenerated versions that stand in the library, by the model that wrote them.

    At most so many are looked at as `sampled` says, in no particular order, whenever they were written.
    """

    model: str | None
    versions: int
    mean_cost_usd: float
    mean_seconds: float
    votes_up: int
    votes_down: int


class Metrics(Model):
    """Counts by day, and the state of now.

    Counts are added beside the work: an interrupted process may lose one, a repeated step may add one twice.
    """

    as_of: datetime
    days: int
    curriculum_cache: CacheFigures
    lesson_cache: CacheFigures
    source_cache: CacheFigures
    providers: list[ProviderFigures]
    versions: VersionsWritten
    models: list[ModelFigures]
    regenerated: list[RegeneratedSample]
    sampled: int = Field(description="versions that `regenerated` rests on; 50 at most")
    costs: list[DayCost] = Field(description="the newest day first")
    learners: LearnerCosts
    budget: BudgetFigures
    queue: QueueFigures


class LearnersTask(TaskSummary):
    """A task and whose it is."""

    learner: str = Field(description="a pseudonym")


class AllTasks(Page[LearnersTask]):
    """A part of the tasks of all learners, the newest first, and how many there are of each status.

    At most 500 tasks are counted, in no particular order; `complete` tells whether these are all.
    """

    counts: dict[TaskStatus, int]
    complete: bool
