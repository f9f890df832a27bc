"""The daily purge: histories of orchestrations that ended, and that nobody will look at any longer.

They hold ids and counts only, but those of roadmaps name their learner, and storage is paid by size.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from shared.clients import Clients
from shared.models.document import now
from shared.orchestrations import Orchestrations
from shared.telemetry import log

WINDOW = timedelta(days=1)
WINDOWS = 30
"""Days that are purged one by one; whatever is older than they are goes in one more request."""
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
PURGE_SECONDS = 240.0
"""Less than the function's time-out; the next day goes on."""


class HistoryPurge:
    """The use case behind the timer `purge_histories`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._kept = timedelta(days=clients.settings.history_kept_days)
        self._orchestrations = orchestrations

    async def purge(self) -> int:
        """Remove the histories of what has ended and was started longer ago than HISTORY_KEPT_DAYS.

        The oldest go first, a day in each request, so that one run is bounded and loses nothing when it is
        interrupted.
        """
        ends_at = time.monotonic() + PURGE_SECONDS
        purged = 0
        for begin, end in _windows(now() - self._kept):
            if time.monotonic() > ends_at:
                log("histories.purge_unfinished", count=purged)
                break
            purged += await self._orchestrations.purge_ended(begin, end)
        log("histories.purged", count=purged)
        return purged


def _windows(until: datetime) -> Iterator[tuple[datetime, datetime]]:
    first = until - WINDOWS * WINDOW
    yield BEGINNING, first
    for number in range(WINDOWS):
        yield first + number * WINDOW, first + (number + 1) * WINDOW
