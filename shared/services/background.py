"""Work that nobody waits for: how long it steps aside, and when it has waited long enough.

A provider lets it through only while learners have room. Many of them may be told the same moment, and each
try costs an activity: so the pauses grow with the age of the request, and are spread.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.models.outcomes import Deferred, Next
from shared.services.asking import LOCAL

PATIENCE = timedelta(hours=6)
"""After so long the local tier writes what it can: provisional, until somebody asks for it."""
LEAST_SPREAD = timedelta(seconds=15)
LARGEST_SPREAD = timedelta(minutes=5)
AGES_PER_SPREAD = 4


def stepping_aside(
    deferred: Deferred,
    provider: str,
    requested_at: datetime,
    at: datetime,
    share: Callable[[], float] = random.random,
) -> Deferred | Next:
    """Return when work of the background tries again, or that the local tier is to do it.

    `provider` is whose turn it was; `share` says how much of the spread this one waits, from 0 to 1.
    """
    age = at - requested_at
    if age >= PATIENCE:
        hours = int(PATIENCE / timedelta(hours=1))
        return Next(tried=provider, provider=LOCAL, reason=f"busy: no room for the background in {hours} h")
    spread = min(max(age / AGES_PER_SPREAD, LEAST_SPREAD), LARGEST_SPREAD)
    return Deferred(until=max(deferred.until, at) + spread * share(), background=True)
