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


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do the work, again and again while store or broker are away; raises the last error in the end."""
    began = time.monotonic()
    pause = FIRST_PAUSE
    while True:
        try:
            return await work()
        except (StoreUnavailable, QueueUnavailable, Problem, *LOST_RACE) as error:
            waited = time.monotonic() - began
            if waited + pause > _patience_with(error):
                raise
            log_fault("message.postponed", error, seconds=round(waited, 1))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)


def _patience_with(error: Exception) -> float:
    """Return how many seconds an error is worth waiting for."""
    if not isinstance(error, Problem) or error.code == "conflict":
        return PATIENCE_SECONDS
    return VISIBLE_SECONDS if error.code in ("not_found", "not_outlined") else 0.0
