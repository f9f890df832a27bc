"""The moment that a request is counted at is the one at which it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.llm.breaker import FAILURES_IN_A_ROW, CallEnd
from shared.llm.exchange import FailureKind
from shared.llm.limiter import Closed, Granted, Limiter
from shared.llm.window import SLACK_SECONDS
from shared.settings import ProviderSettings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore

PROVIDER = ProviderSettings(
    name="p",
    base_url="http://127.0.0.1:9/v1",
    model="m",
    requests_per_minute=3,
    tokens_per_minute=None,
    requests_per_day=None,
)


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class SlowStore(SqliteDocumentStore):
    """A store whose next writes take so many seconds each."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path)
        self.clock = clock
        self.delays: Iterator[float] = iter(())

    async def patch(self, *arguments: Any, **options: Any) -> Any:
        written = await super().patch(*arguments, **options)
        self.clock.now += next(self.delays, 0.0)
        return written


@pytest.mark.parametrize("background", [False, True])
async def test_a_write_that_took_long_is_counted_anew(tmp_path: Path, *, background: bool) -> None:
    clock = Clock()
    store = SlowStore(tmp_path / "store.db", clock)
    limiter = Limiter(Documents(store), clock=lambda: clock.now, sleep=clock.sleep)
    first = await limiter.enter(PROVIDER, 1, background=background)
    store.delays = iter((40.0, 0.5))
    granted = await limiter.enter(PROVIDER, 1, background=background)
    assert isinstance(first, Granted)
    assert isinstance(granted, Granted)
    assert clock.now - granted.at <= SLACK_SECONDS
    window = (await limiter.state(PROVIDER)).window
    assert [one.at for one in window.reservations] == [first.at, granted.at], "its first moment is given back"
    await store.close()


@pytest.mark.parametrize("background", [False, True])
async def test_a_probe_whose_write_took_long_is_still_the_probe(tmp_path: Path, *, background: bool) -> None:
    clock = Clock()
    store = SlowStore(tmp_path / "store.db", clock)
    limiter = Limiter(Documents(store), clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(FAILURES_IN_A_ROW):
        sent = await limiter.enter(PROVIDER, 1)
        assert isinstance(sent, Granted)
        await limiter.settle(PROVIDER, sent, 1, CallEnd(FailureKind.SERVER))
    clock.now += 100
    store.delays = iter((5.0,))
    probe = await limiter.enter(PROVIDER, 1, background=background)
    assert isinstance(probe, Granted)
    assert isinstance(await limiter.enter(PROVIDER, 1, background=True), Closed), "one probes"
    await limiter.settle(PROVIDER, probe, 1, CallEnd(None))
    assert not (await limiter.state(PROVIDER)).breaker.reason
    await store.close()
