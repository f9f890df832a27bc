"""What a learner may ask for in one day (UTC)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus

from shared.errors import Conflict, PreconditionFailed, Problem
from shared.models.document import now
from shared.models.roadmap import Quota
from shared.store.contract import Condition
from shared.store.documents import Documents, increment


async def ensure_quota(documents: Documents, user_id: str) -> str:
    """Return the id of today's Quota document, which exists from then on."""
    quota_id = f"quota-{now().date().isoformat()}"
    if await documents.find(Quota, user_id, quota_id) is None:
        with suppress(Conflict):  # another request of this learner was faster
            await documents.create(Quota(id=quota_id, user_id=user_id))
    return quota_id


async def use_quota(documents: Documents, user_id: str, what: str, limit: int) -> None:
    """Count one use of a quota, by its field in Quota; raises a 429 Problem when the day's are used up."""
    quota_id = await ensure_quota(documents, user_id)
    try:
        await documents.patch(
            Quota, user_id, quota_id, [increment(f"/{what}")], [Condition(f"/{what}", "<", limit)]
        )
    except PreconditionFailed:
        raise quota_exceeded(what, limit) from None


def quota_exceeded(what: str, limit: int) -> Problem:
    """Return the 429 for a used-up day; the day is UTC's."""
    midnight = datetime.combine(now().date() + timedelta(days=1), time(), UTC)
    seconds = max(1, int((midnight - now()).total_seconds()))
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "quota_exceeded",
        f"Your {limit} {what} of today are used up. The next day begins at midnight UTC.",
        headers={"Retry-After": str(seconds)},
    )
