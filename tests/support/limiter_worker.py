"""One of several processes that share a provider's limits; reports when its requests left.

Run as `python -m tests.support.limiter_worker FILE SEED SPEED SECONDS STALENESS`. The clock runs SPEED times
as fast as the machine's, so that minutes pass in seconds; with a staleness above 0 every read may be that old
(real seconds). It waits for a line on standard input and prints its report as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from shared.errors import PreconditionFailed
from shared.llm.breaker import CallEnd
from shared.llm.limiter import Granted, Later, Limiter, Reserved
from shared.settings import ProviderSettings
from shared.store.contract import DocumentStore
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.stale_store import StaleReadStore

PROVIDER = ProviderSettings(
    name="shared",
    base_url="http://127.0.0.1:9/v1",
    model="m",
    requests_per_minute=12,
    tokens_per_minute=6_000,
    requests_per_day=1_000_000,
)
SOURCES = 4


def fast_clock(speed: float) -> tuple[Callable[[], float], Callable[[float], Awaitable[None]]]:
    """Return a clock that all processes share and that runs `speed` times as fast, and its sleep."""
    midday = 1_750_000_000.0

    def clock() -> float:
        return midday + (time.time() % 1_000_000) * speed

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    return clock, sleep


class Worker:
    """Sends as many requests as it is allowed, from several places at once."""

    def __init__(self, store: DocumentStore, seed: int, speed: float) -> None:
        self.clock, self.sleep = fast_clock(speed)
        self.limiter = Limiter(Documents(store), clock=self.clock, sleep=self.sleep)
        self.random = random.Random(seed)
        self.sent: list[tuple[float, int]] = []
        self.contended = 0

    async def run(self, seconds: float) -> None:
        """Go on for so many seconds of the fast clock."""
        ends_at = self.clock() + seconds
        await asyncio.gather(*(self._source(ends_at) for _ in range(SOURCES)))

    async def _source(self, ends_at: float) -> None:
        reservation: str | None = None
        while self.clock() < ends_at:
            tokens = self.random.choice([100, 400, 1_500])
            try:
                entry = await self.limiter.enter(PROVIDER, tokens, reservation=reservation)
            except PreconditionFailed:
                self.contended += 1
                continue
            reservation = None
            if isinstance(entry, Granted):
                used = self.random.randint(tokens // 2, tokens)
                self.sent.append((entry.at, used))
                await self.sleep(self.random.uniform(0.5, 4))
                await self.limiter.settle(PROVIDER, entry, used, CallEnd(None))
                continue
            reservation = entry.reservation if isinstance(entry, Reserved) else None
            late = self.random.choice([0.0, 0.0, 1.0, 35.0])
            until = entry.until if isinstance(entry, Reserved | Later) else self.clock() + 1
            await self.sleep(max(min(until, ends_at) - self.clock(), 0.0) + late)


async def main(file: str, seed: str, speed: str, seconds: str, staleness: str) -> None:
    """Wait for the start, work, report."""
    sys.stdin.readline()
    sqlite = SqliteDocumentStore(Path(file), busy_timeout_s=60)
    late = float(staleness)
    store = StaleReadStore(sqlite, staleness_s=late, seed=int(seed)) if late else sqlite
    worker = Worker(store, int(seed), float(speed))
    await worker.run(float(seconds))
    await sqlite.close()
    print(json.dumps({"sent": worker.sent, "contended": worker.contended}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
