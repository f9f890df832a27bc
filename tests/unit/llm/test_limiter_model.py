"""The limiter against a model: no window of 60 s and no day ever carries more than the limits.

What nobody waits for leaves 30 % of each limit free, moves no place in the queue and has none.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.llm.breaker import CallEnd
from shared.llm.limiter import NEAR_SECONDS, Closed, Granted, Later, Limiter, Reserved
from shared.settings import ProviderSettings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore

LATE_IN_THE_DAY = datetime(2026, 3, 7, 23, 58, tzinfo=UTC).timestamp()
ANSWERED = CallEnd(None)


class LimiterMachine(RuleBasedStateMachine):
    """Two processes share one provider; the clock is virtual and sleeping moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = LATE_IN_THE_DAY
        self.folder = Path(tempfile.mkdtemp(prefix="limiter-"))
        self.runner = asyncio.Runner()
        self.stores = [SqliteDocumentStore(self.folder / "store.db") for _ in range(2)]
        self.limiters = [
            Limiter(Documents(store), clock=lambda: self.now, sleep=self._sleep) for store in self.stores
        ]
        self.sent: list[tuple[float, str]] = []
        self.used: dict[str, int] = {}
        self.running: list[Granted] = []
        self.waiting: list[tuple[Reserved, int]] = []

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds

    @initialize(
        requests=st.integers(1, 3), tokens=st.sampled_from([400, 120]), per_day=st.sampled_from([1000, 6])
    )
    def limits(self, requests: int, tokens: int, per_day: int) -> None:
        self.provider = ProviderSettings(
            name="p",
            base_url="http://127.0.0.1:9/v1",
            model="m",
            requests_per_minute=requests,
            tokens_per_minute=tokens,
            requests_per_day=per_day,
        )

    def _enter(self, process: int, tokens: int, **given: Any) -> None:
        entry = self.runner.run(self.limiters[process].enter(self.provider, tokens, **given))
        if isinstance(entry, Granted):
            assert entry.at <= self.now
            self.sent.append((self.now, entry.reservation))
            self.used[entry.reservation] = tokens
            self.running.append(entry)
        elif isinstance(entry, Reserved):
            assert entry.until > self.now + NEAR_SECONDS, "a near slot is waited for"
            self.waiting.append((entry, tokens))
        else:
            assert isinstance(entry, Later | Closed)
            assert entry.until > self.now

    @rule(process=st.integers(0, 1), tokens=st.integers(1, 100))
    def ask(self, process: int, tokens: int) -> None:
        self._enter(process, tokens)

    @rule(process=st.integers(0, 1), tokens=st.integers(1, 100))
    def ask_for_a_near_slot(self, process: int, tokens: int) -> None:
        self._enter(process, tokens, within=NEAR_SECONDS)

    @rule(process=st.integers(0, 1), tokens=st.integers(1, 84))
    def ask_in_background(self, process: int, tokens: int) -> None:
        if self.provider.requests_per_minute == 1:
            return  # nothing of it is for the background; the router asks nobody
        places = self._places()
        entry = self.runner.run(self.limiters[process].enter(self.provider, tokens, background=True))
        assert not isinstance(entry, Reserved), "the background has no place in the queue"
        if not isinstance(entry, Granted):
            assert entry.until > self.now
            return
        self.sent.append((self.now, entry.reservation))
        self.used[entry.reservation] = tokens
        self.running.append(entry)
        assert self._places() == places
        recent = [name for at, name in self.sent if self.now - 60 < at <= self.now]
        assert self.provider.requests_per_minute is not None
        assert self.provider.tokens_per_minute is not None
        assert self.provider.requests_per_day is not None
        assert len(recent) <= 0.7 * self.provider.requests_per_minute
        assert sum(self.used[name] for name in recent) <= 0.7 * self.provider.tokens_per_minute
        today = datetime.fromtimestamp(self.now, UTC).date()
        of_today = [at for at, _ in self.sent if datetime.fromtimestamp(at, UTC).date() == today]
        assert len(of_today) <= 0.7 * self.provider.requests_per_day

    def _places(self) -> list[tuple[str, float]]:
        state = self.runner.run(Limiter(Documents(self.stores[0])).state(self.provider))
        cut = self.now - 36  # what has lapsed is forgotten at any time
        return [(one.id, one.at) for one in state.window.reservations if not one.redeemed and one.at > cut]

    @rule(process=st.integers(0, 1))
    def ask_from_many_places(self, process: int) -> None:
        for _ in range(4):
            self._enter(process, 60)

    @precondition(lambda self: self.waiting)
    @rule(process=st.integers(0, 1), late=st.floats(0, 25))
    def come_back_in_order(self, process: int, late: float) -> None:
        for reserved, tokens in sorted(self.waiting, key=lambda one: one[0].until):
            self.waiting.remove((reserved, tokens))
            self.now = max(self.now, reserved.until + late)
            late = 0.0
            self._enter(process, tokens, reservation=reserved.reservation)

    @precondition(lambda self: self.waiting)
    @rule(process=st.integers(0, 1), late=st.sampled_from([0.0, 2.0, 20.0, 40.0]), which=st.integers(0, 20))
    def come_back(self, process: int, late: float, which: int) -> None:
        reserved, tokens = self.waiting.pop(which % len(self.waiting))
        self.now = max(self.now, reserved.until + late)
        self._enter(process, tokens, reservation=reserved.reservation)

    @precondition(lambda self: self.running)
    @rule(process=st.integers(0, 1), share=st.floats(0, 1))
    def answered(self, process: int, share: float) -> None:
        granted = self.running.pop()
        tokens = int(self.used[granted.reservation] * share)
        self.used[granted.reservation] = tokens
        self.runner.run(self.limiters[process].settle(self.provider, granted, tokens, ANSWERED))

    @precondition(lambda self: self.running)
    @rule(process=st.integers(0, 1))
    def not_used(self, process: int) -> None:
        granted = self.running.pop()
        self.sent = [(at, name) for at, name in self.sent if name != granted.reservation]
        self.runner.run(self.limiters[process].release(self.provider, granted))

    @rule(seconds=st.sampled_from([0.3, 7.0, 29.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def no_window_and_no_day_is_overfull(self) -> None:
        for end, _ in self.sent:
            inside = [name for at, name in self.sent if end - 60 < at <= end]
            assert self.provider.requests_per_minute is not None
            assert self.provider.tokens_per_minute is not None
            assert len(inside) <= self.provider.requests_per_minute
            assert sum(self.used[name] for name in inside) <= self.provider.tokens_per_minute
        days = [datetime.fromtimestamp(at, UTC).date() for at, _ in self.sent]
        assert self.provider.requests_per_day is not None
        assert all(days.count(day) <= self.provider.requests_per_day for day in set(days))

    def teardown(self) -> None:
        """Close the stores."""
        for store in self.stores:
            self.runner.run(store.close())
        self.runner.close()
        shutil.rmtree(self.folder)


TestLimiterMachine = LimiterMachine.TestCase
TestLimiterMachine.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
