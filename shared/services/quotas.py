"""What a learner may ask for in one day (UTC)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus

from shared.errors import Conflict, Problem
from shared.models.document import now
from shared.models.roadmap import Quota
from shared.store.documents import Documents


async def ensure_quota(documents: Documents, user_id: str) -> str:
    """Return the id of today's Quota document, which exists from then on."""
    quota_id = f"quota-{now().date().isoformat()}"
    if await documents.find(Quota, user_id, quota_id) is None:
        with suppress(Conflict):  # another request of this learner was faster
            await documents.create(Quota(id=quota_id, user_id=user_id))
    return quota_id


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
