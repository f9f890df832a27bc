"""Writes that lost a race: read again, after a pause that grows."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.models.document import now

LOST_RACE = (Conflict, NotFound, PreconditionFailed)
# Together about three seconds: longer than another instance's write may take to become visible here.
TRIES = 8
FIRST_PAUSE = 0.025
VISIBLE_AFTER = timedelta(seconds=2.5)
"""Session consistency shows another instance's write within about two seconds."""


async def pause(lost: int) -> None:
    """Sleep after the nth loss in a row (from 0); the spread keeps two losers from meeting again."""
    await asyncio.sleep(FIRST_PAUSE * 2**lost * random.uniform(0.5, 1.5))


async def until_visible(written_at: datetime) -> None:
    """Sleep until whatever was written by then, by whatever instance, is found by a query."""
    await asyncio.sleep(max(0.0, (written_at + VISIBLE_AFTER - now()).total_seconds()))
