"""Writes that lost a race: read again, after a pause that grows."""

from __future__ import annotations

import asyncio
import random

from shared.errors import Conflict, NotFound, PreconditionFailed

LOST_RACE = (Conflict, NotFound, PreconditionFailed)
# Together about three seconds: longer than another instance's write may take to become visible here.
TRIES = 8
FIRST_PAUSE = 0.025


async def pause(lost: int) -> None:
    """Sleep after the nth loss in a row (from 0); the spread keeps two losers from meeting again."""
    await asyncio.sleep(FIRST_PAUSE * 2**lost * random.uniform(0.5, 1.5))
