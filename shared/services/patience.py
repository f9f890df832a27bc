"""Patience with what is away: a message's work is tried for minutes before the message is given back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import Problem, QueueUnavailable, StoreUnavailable
from shared.services.races import LOST_RACE
from shared.telemetry import log_fault

T = TypeVar("T")

# A delivery that fails is repeated at once, so ten of them burn in seconds: an outage must pass in here,
# while the host renews the message's lock (for 10 minutes), and within the function's time-out (5:30).
PATIENCE_SECONDS = 180.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
VISIBLE_SECONDS = 5.0
"""What another instance has just written may not be visible here yet."""


class Patience:
    """What one delivery has left of the time that it may take, whatever it is spent on."""

    def __init__(self, *, is_fresh: bool = True) -> None:
        """Begin; what is not fresh was written so long ago that all it is about must be visible."""
        self._began = time.monotonic()
        self._visible_seconds = VISIBLE_SECONDS if is_fresh else 0.0

    async def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, again and again while store or broker are away; raises the last error in the end."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await work()
            except (StoreUnavailable, QueueUnavailable, Problem, *LOST_RACE) as error:
                waited = time.monotonic() - self._began
                left = self._seconds_for(error) - waited
                if left <= 0:
                    raise
                log_fault("message.postponed", error, seconds=round(waited, 1))
            await asyncio.sleep(min(left, pause * random.uniform(0.5, 1.0)))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _seconds_for(self, error: Exception) -> float:
        """Return for how long an error is worth waiting, from the beginning on."""
        if not isinstance(error, Problem) or error.code == "conflict":
            return PATIENCE_SECONDS
        return self._visible_seconds if error.code in ("not_found", "not_outlined") else 0.0
