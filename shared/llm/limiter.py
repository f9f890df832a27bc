"""The limiter: one provider's requests and tokens, counted once for all instances.

One small document per provider (container `operations`) holds its window and its breaker. Every decision is
one conditional write on that document's revision: requests a minute, tokens a minute and requests a day are
reserved together or not at all. A lost race means that somebody else's decision stands; the loser looks again
through a write, whose answer no replica can make old, and decides anew.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import Field

from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.llm import breaker as breaking
from shared.llm import window as counting
from shared.llm.breaker import Breaker, CallEnd
from shared.llm.window import DayUsedUp, Limits, Reservation, Window
from shared.models.document import Document
from shared.settings import ProviderSettings
from shared.store.documents import Documents, equals, set_to

NEAR_SECONDS = 5.0
"""A slot this near is waited for in the worker; a further one on the orchestrator's durable timer."""
HORIZON_SECONDS = 240.0
"""Nothing is reserved further ahead: a lesson's lease lasts five minutes, and the document stays small."""
FRESH_SECONDS = 1.0
"""A refusal is not given from a copy of the document that is older."""
MAX_WRITE_ATTEMPTS = 12
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5

R = TypeVar("R")


class ProviderState(Document):
    """The shared state of one provider; `revision` counts decisions, `looks` only forces a fresh answer."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "ProviderState"
    ID: ClassVar[str] = "state"

    key: str
    revision: str = ""
    looked: str = ""
    window: Window = Field(default_factory=Window)
    breaker: Breaker = Field(default_factory=Breaker)

    @staticmethod
    def key_of(provider: str) -> str:
        """Return the partition of a provider."""
        return f"provider-{provider}"


@dataclass(frozen=True, slots=True)
class Granted:
    """Send the request now; `at` is the moment it is counted at. Settle or release it afterwards."""

    reservation: str
    at: float


@dataclass(frozen=True, slots=True)
class Reserved:
    """Come back at `until` (epoch seconds) with the reservation, at most 30 s later."""

    until: float
    reservation: str


@dataclass(frozen=True, slots=True)
class Later:
    """No slot before `until`, and none was reserved."""

    until: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The provider is not to be asked before `until`; `reason` is one word or two."""

    until: float
    reason: str


Entry = Granted | Reserved | Later | Closed


def limits_of(provider: ProviderSettings) -> Limits:
    """Return the limits of a provider's settings."""
    return Limits(
        requests_per_minute=provider.requests_per_minute,
        tokens_per_minute=provider.tokens_per_minute,
        requests_per_day=provider.requests_per_day,
        zone=provider.day_zone,
    )


class Limiter:
    """Decides for one process when a request may leave; all processes share the documents."""

    def __init__(
        self,
        documents: Documents,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._sleep = sleep
        self._known: dict[str, tuple[ProviderState, float]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    @property
    def now(self) -> float:
        """The present moment in epoch seconds."""
        return self._clock()

    async def enter(
        self,
        provider: ProviderSettings,
        tokens: int,
        *,
        within: float = HORIZON_SECONDS,
        reservation: str | None = None,
        background: bool = False,
    ) -> Entry:
        """Ask for a slot for one request of so many tokens, at most `within` seconds ahead.

        A near slot is waited for, so that the answer is Granted. `reservation` is one that was given before;
        one that has lapsed is treated like none. Work of the `background` leaves now or gets Later: it is let
        through only while its share of every limit has room, and never has a place in the queue. `tokens`
        must fit into the limit of a minute, or into the share of the background.
        """
        mine = reservation or uuid.uuid4().hex[:12]
        gives_up_at = self.now + 2 * NEAR_SECONDS
        limits = limits_of(provider)

        def decide(state: ProviderState, now: float) -> tuple[Entry, ProviderState | None]:
            if background:
                return _entering_in_background(state, limits, now, mine, tokens)
            return _entering(state, limits, now, mine, tokens, within)

        while True:
            entry = await self._decide(provider, decide)
            if isinstance(entry, Granted):
                if self.now - entry.at <= counting.SLACK_SECONDS:
                    return entry
                continue  # the write took so long that the moment must be counted anew
            if not isinstance(entry, Reserved):
                return entry
            if entry.until - self.now > NEAR_SECONDS or self.now > gives_up_at:
                return entry
            await self._sleep(max(entry.until - self.now, 0.0))

    async def settle(
        self, provider: ProviderSettings, granted: Granted, tokens: int | None, end: CallEnd
    ) -> tuple[Breaker, Breaker]:
        """Count what a call really used (None: unknown, the estimate stands) and how it ended.

        Returns the breaker before and after.
        """
        limits = limits_of(provider)

        def decide(state: ProviderState, now: float) -> tuple[tuple[Breaker, Breaker], ProviderState | None]:
            window, ended = state.window, breaking.after(state.breaker, end, now, limits.next_reset(now))
            mine = counting.find(window, granted.reservation)
            if mine is not None:
                used = mine.tokens if tokens is None else tokens
                window = counting.settle(window, granted.reservation, used)
            if mine is None and ended == state.breaker:
                return (state.breaker, ended), None
            return (state.breaker, ended), _with(state, window, ended)

        return await self._decide(provider, decide)

    async def release(self, provider: ProviderSettings, granted: Granted) -> None:
        """Give back a slot that was not used."""
        limits = limits_of(provider)

        def decide(state: ProviderState, _: float) -> tuple[None, ProviderState | None]:
            window = counting.release(state.window, limits, granted.reservation)
            return None, _with(state, window, breaking.unused(state.breaker))

        await self._decide(provider, decide)

    async def state(self, provider: ProviderSettings) -> ProviderState:
        """Return what is known of a provider now; for readiness and operators."""
        return await self._read(provider)

    async def _decide(
        self,
        provider: ProviderSettings,
        decide: Callable[[ProviderState, float], tuple[R, ProviderState | None]],
    ) -> R:
        """Decide on the document and write the decision; raises PreconditionFailed when that never worked."""
        # One decision at a time in this process: it would only lose its own races.
        async with self._turns.setdefault(provider.name, asyncio.Lock()):
            state, read_at = self._known.get(provider.name) or (await self._read(provider), self.now)
            for lost in range(MAX_WRITE_ATTEMPTS):
                result, changed = decide(state, self.now)
                if changed is None:
                    if self.now - read_at <= FRESH_SECONDS:
                        return result
                    state, read_at = await self._read(provider), self.now
                    continue
                try:
                    self._remember(provider, await self._write(state, changed))
                except (NotFound, PreconditionFailed):
                    pause = min(FIRST_PAUSE_SECONDS * 2**lost, LONGEST_PAUSE_SECONDS)
                    await asyncio.sleep(pause * random.uniform(0.2, 1.0))
                    state, read_at = await self._look(provider), self.now
                    if state.revision == changed.revision:
                        return result  # our write happened, its answer got lost
                else:
                    return result
        raise PreconditionFailed(f"the state of provider {provider.name} kept changing")

    async def _write(self, state: ProviderState, changed: ProviderState) -> ProviderState:
        return await self._documents.patch(
            ProviderState,
            state.key,
            state.id,
            [
                set_to("/window", changed.window.to_json()),
                set_to("/breaker", changed.breaker.to_json()),
                set_to("/revision", changed.revision),
            ],
            [equals("/revision", state.revision)],
        )

    async def _read(self, provider: ProviderSettings) -> ProviderState:
        found = await self._documents.find(
            ProviderState, ProviderState.key_of(provider.name), ProviderState.ID
        )
        return self._remember(provider, found or await self._look(provider))

    async def _look(self, provider: ProviderSettings) -> ProviderState:
        """Return the document as it is now: a write's answer is never old. It changes no revision."""
        key = ProviderState.key_of(provider.name)
        looked = [set_to("/looked", uuid.uuid4().hex[:8])]
        try:
            state = await self._documents.patch(ProviderState, key, ProviderState.ID, looked)
        except NotFound:
            try:
                state = await self._documents.create(ProviderState(id=ProviderState.ID, key=key))
            except Conflict:
                state = await self._documents.patch(ProviderState, key, ProviderState.ID, looked)
        return self._remember(provider, state)

    def _remember(self, provider: ProviderSettings, state: ProviderState) -> ProviderState:
        self._known[provider.name] = (state, self.now)
        return state


def _with(state: ProviderState, window: Window, breaker: Breaker) -> ProviderState:
    return state.model_copy(update={"window": window, "breaker": breaker, "revision": uuid.uuid4().hex[:12]})


def _entering(
    state: ProviderState, limits: Limits, now: float, mine: str, tokens: int, within: float
) -> tuple[Entry, ProviderState | None]:
    """Decide on one request; the second part is what has to be written for it, if anything."""
    breaker = state.breaker
    if breaker.is_open(now) and not _has_left(state, mine, now):
        return Closed(max(breaker.open_until, breaker.probe_until), breaker.reason), None
    probes = breaker.needs_probe(now)
    if probes:
        breaker = breaking.probing(breaker, now)
    elif not limits.any and now >= breaker.paused_until:
        return Granted(mine, now), None
    window = counting.pruned(state.window, limits, now)
    place = counting.find(window, mine)
    if place is not None:
        window = counting.release(window, limits, mine)
    opens_at = max(now, breaker.paused_until)
    has_turn = place is not None and place.at <= now and opens_at <= now
    if has_turn and _within_day(window, limits, now) and counting.may_leave(window, limits, now, tokens):
        moment: float | DayUsedUp = now
    elif place is not None and not place.redeemed and place.at > opens_at:
        moment = place.at  # too early
    else:
        moment = counting.earliest(window, limits, opens_at, tokens)
    if isinstance(moment, DayUsedUp):
        return Closed(moment.until, breaking.PER_DAY), None
    if moment - now > within and place is None:
        return Later(moment), None
    leaves = moment <= now
    if not leaves and place is not None and place.at == moment and not place.redeemed:
        return Reserved(moment, mine), None
    reserved = Reservation(id=mine, at=moment, tokens=tokens, redeemed=leaves)
    changed = _with(state, counting.reserve(window, limits, reserved), breaker if leaves else state.breaker)
    return (Granted(mine, now) if leaves else Reserved(moment, mine)), changed


def _entering_in_background(
    state: ProviderState, limits: Limits, now: float, mine: str, tokens: int
) -> tuple[Entry, ProviderState | None]:
    """Decide on one request that nobody waits for: now, or later without a place.

    Everything counts against its share, places in the queue included, so that it moves none of them.
    """
    breaker = state.breaker
    counted = counting.find(state.window, mine)
    if breaker.is_open(now, background=True) and not _has_left(state, mine, now):
        return Closed(max(breaker.open_until, breaker.probe_until), breaker.reason), None
    if breaker.needs_probe(now, background=True):
        breaker = breaking.probing(breaker, now, background=True)
    elif not limits.any and now >= breaker.paused_until:
        return Granted(mine, now), None
    window = counting.pruned(state.window, limits, now)
    if counted is not None:
        window = counting.release(window, limits, mine)
    moment = counting.earliest(window, limits.in_background, max(now, breaker.paused_until), tokens)
    if isinstance(moment, DayUsedUp):
        return Closed(moment.until, breaking.PER_DAY), None
    if moment > now:
        return Later(moment), None if counted is None else _with(state, window, breaking.unused(breaker))
    leaving = Reservation(id=mine, at=now, tokens=tokens, redeemed=True)
    return Granted(mine, now), _with(state, counting.reserve(window, limits, leaving), breaker)


def _has_left(state: ProviderState, mine: str, now: float) -> bool:
    """Tell whether a request was let through a moment ago, perhaps as the probe, and is only counted anew."""
    counted = counting.find(state.window, mine)
    return counted is not None and counted.redeemed and now >= state.breaker.open_until


def _within_day(window: Window, limits: Limits, now: float) -> bool:
    most = limits.requests_per_day
    return most is None or window.days.get(limits.day_of(now), 0) < most
