"""Renewal: a better or a fresher version, written in the background when somebody asks for the lesson.

Learners keep what they have; one conditional write on the head begins one generation, however many ask.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.clients import Clients
from shared.errors import SkillSyncError
from shared.models.document import now
from shared.models.library import Cause, LessonHead, LessonVersion, Occasion
from shared.models.ranking import VersionStanding
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations
from shared.services.generations import begin_generation, start_generation
from shared.services.races import LOST_RACE
from shared.settings import Settings
from shared.telemetry import log, log_fault

# A renewal that failed is not tried again by each request of the next minutes: its cause may last.
PAUSE_AFTER_FAILURE = timedelta(minutes=15)


def due_renewal(head: LessonHead, settings: Settings, at: datetime) -> Occasion | None:
    """Return why a shared lesson should be written anew now, None when it should not.

    Whether a provider is healthy and affordable is asked only of what is due: that needs reads.

    Quotations are upgraded as soon as there is a provider. A version whose score has fallen below
    REGENERATE_BELOW_SCORE is followed by a new one, once. When the newest one is older than
    LESSON_REFRESH_AFTER_DAYS the lesson is refreshed; a model's only by a model.
    """
    if settings.generation != "on" or head.best is None or head.newest is None:
        return None
    if head.status is GenerationStatus.GENERATING:
        return None
    if head.status is GenerationStatus.FAILED and at - head.requested_at < PAUSE_AFTER_FAILURE:
        return None
    has_provider = bool(settings.providers)
    if has_provider and not head.has_model_version:
        return Occasion.UPGRADE
    if has_provider and _is_disliked(head, head.best, settings):
        return Occasion.LOW_SCORE
    days = settings.lesson_refresh_after_days
    is_old = at - head.newest.generated_at > timedelta(days=days)
    if days and is_old and (has_provider or not head.has_model_version):
        return Occasion.REFRESH
    return None


def _is_disliked(head: LessonHead, best: VersionStanding, settings: Settings) -> bool:
    """Tell whether learners dislike the best version, and no other has followed it or failed to.

    A version that followed is a challenger: whether it is better is for its readers to say.
    """
    failed = head.status is GenerationStatus.FAILED and head.cause.occasion is Occasion.LOW_SCORE
    if failed or head.latest_version > best.version_number:
        return False
    return best.votes >= settings.regenerate_min_votes and best.score < settings.regenerate_below_score


def needs_model(head: LessonHead, occasion: Occasion) -> bool:
    """Tell whether only a model's version would do: quotations never follow what a model wrote."""
    return occasion is Occasion.UPGRADE or head.has_model_version


async def provider_at_hand(clients: Clients) -> bool:
    """Tell whether a provider's breaker is closed and the day's budget is not spent."""
    # Imported when something is due: a request that only links never pays for the model adapters.
    from shared.llm.usage import DayUsage, Spending
    from shared.services.asking import limiter_of

    spent = await clients.documents.find(Spending, DayUsage.today(), Spending.ALL)
    if spent is not None and spent.cost_usd >= clients.settings.daily_budget_usd:
        return False
    limiter = clients.kept(limiter_of)
    for provider in clients.settings.providers:
        if not (await limiter.state(provider)).breaker.is_open(limiter.now):
            return True
    return False


class Renewal:
    """What a request does for the lesson beyond being answered; it never fails the request."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._clients = clients
        self._orchestrations = orchestrations

    async def renew(self, head: LessonHead) -> None:
        """Begin and start the renewal that is due, if there is one."""
        occasion = due_renewal(head, self._clients.settings, now())
        if occasion is None or head.best_version is None:
            return
        try:
            if needs_model(head, occasion) and not await provider_at_hand(self._clients):
                return
            await self._begin(head, occasion, head.best_version)
        except LOST_RACE:
            return  # another request has begun it
        except SkillSyncError as error:
            log_fault("lesson.renewal_failed", error, lesson_key=head.key)

    async def _begin(self, head: LessonHead, occasion: Occasion, best_version: int) -> None:
        version = LessonVersion.label(best_version)
        cause = Cause(occasion=occasion, regenerated_from=version, background=True)
        begun = await begin_generation(self._clients.documents, head, cause)
        log("lesson.renewed", lesson_key=head.key, generation=begun.generation, reason=occasion.value)
        await start_generation(self._orchestrations, begun)
