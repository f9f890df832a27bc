"""Long polls: answering a status request when the thing has changed, within bounds."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

T = TypeVar("T")

WAITS_PER_LEARNER = 2
WAITS_PER_PROCESS = 200
# A wait reads one small document over and over: 1 s apart at first, 3 s apart later.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 3.0


class Waits:
    """The long polls of this process; above the bounds a request is answered at once."""

    def __init__(self) -> None:
        self._by_learner: Counter[str] = Counter()

    async def until_changed(
        self,
        read: Callable[[], Awaitable[T]],
        tag_of: Callable[[T], str],
        at_rest: Callable[[T], bool],
        known: Collection[str],
        user_id: str,
        seconds: float,
    ) -> T:
        """Read until the entity tag is none of the known ones, or the time is over; return the last reading.

        Without a known tag, the state at the first reading is what must change; what is at rest by then is
        answered at once, since nothing would change it.
        """
        found = await read()
        tag = tag_of(found)
        is_news = tag not in known if known else at_rest(found)
        if seconds <= 0 or is_news or not self._admitted(user_id):
            return found
        self._by_learner[user_id] += 1
        try:
            return await self._poll(read, tag_of, tag, found, time.monotonic() + seconds)
        finally:
            self._by_learner[user_id] -= 1
            if not self._by_learner[user_id]:
                del self._by_learner[user_id]

    def _admitted(self, user_id: str) -> bool:
        return self._by_learner[user_id] < WAITS_PER_LEARNER and self._by_learner.total() < WAITS_PER_PROCESS

    async def _poll(
        self,
        read: Callable[[], Awaitable[T]],
        tag_of: Callable[[T], str],
        tag: str,
        found: T,
        deadline: float,
    ) -> T:
        pause = FIRST_PAUSE
        while (left := deadline - time.monotonic()) > 0:
            await asyncio.sleep(min(pause, left))
            found = await read()
            if tag_of(found) != tag:
                break
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return found


WAITS = Waits()
