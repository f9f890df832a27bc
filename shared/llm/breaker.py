"""The breaker of one provider: a pure state that every instance shares.

Closed, calls go through. Open, none does until `open_until`; then one call probes, and its end closes the
breaker or opens it again. Which failures open it, and for how long, follows from what each of them means.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.llm.exchange import FailureKind
from shared.models.base import Model

LONG_SECONDS = 900.0
"""Keys, credit and model names are mended by people, not by waiting."""
BRIEF_SECONDS = 30.0
LONGEST_BRIEF_SECONDS = 300.0
FAILURES_IN_A_ROW = 3
PROBE_SECONDS = 160.0
"""Longer than any call: a probe whose process died does not keep the breaker open for ever."""
MINUTE_LIMIT_SECONDS = 20.0
"""So long nothing is sent after a 429 that names no time."""

NEEDS_A_PERSON = frozenset({FailureKind.AUTH, FailureKind.PAYMENT, FailureKind.MODEL_GONE})
UNWELL = frozenset({FailureKind.SERVER, FailureKind.TIMEOUT, FailureKind.CONNECTION, FailureKind.MALFORMED})
PER_DAY = "per_day"


class Breaker(Model):
    """The shared state: failures in a row, how long it is open and why, and who probes."""

    failures: int = 0
    open_until: float = 0.0
    reason: str = ""
    probe_until: float = 0.0
    probe_in_background: bool = False
    """A probe that nobody waits for holds no learner's request back: that one probes too."""
    paused_until: float = 0.0
    """After a limit per minute: nothing leaves before then, but it can be waited for."""

    def is_open(self, now: float, *, background: bool = False) -> bool:
        """Tell whether calls are held back now."""
        probed = now < self.probe_until and (background or not self.probe_in_background)
        return now < self.open_until or probed

    def needs_probe(self, now: float, *, background: bool = False) -> bool:
        """Tell whether the next call finds out if the provider is back."""
        return bool(self.reason) and not self.is_open(now, background=background)


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended, as far as the breaker is concerned: None for an answer."""

    kind: FailureKind | None
    per_day: bool = False
    retry_after: float | None = None


def probing(breaker: Breaker, now: float, *, background: bool = False) -> Breaker:
    """Return the state while one call probes."""
    probe = {"probe_until": now + PROBE_SECONDS, "probe_in_background": background}
    return breaker.model_copy(update=probe)


def unused(breaker: Breaker) -> Breaker:
    """Return the state after a probe that was never sent."""
    return breaker.model_copy(update={"probe_until": 0.0})


def after(breaker: Breaker, end: CallEnd, now: float, day_ends: float) -> Breaker:
    """Return the state after a call; `day_ends` is when the provider's quota of a day begins anew."""
    if end.kind in NEEDS_A_PERSON:
        return _opened(breaker, now + LONG_SECONDS, end.kind.value)
    if end.kind is FailureKind.RATE_LIMITED:
        if end.per_day:
            return _opened(breaker, day_ends, PER_DAY)
        pause = MINUTE_LIMIT_SECONDS if end.retry_after is None else end.retry_after
        paused = breaker.model_copy(update={"paused_until": max(breaker.paused_until, now + pause)})
        return paused if now < breaker.open_until else Breaker(paused_until=paused.paused_until)
    if end.kind in UNWELL:
        failures = breaker.failures + 1
        if failures < FAILURES_IN_A_ROW and not breaker.reason:
            return breaker.model_copy(update={"failures": failures})
        doublings = max(failures - FAILURES_IN_A_ROW, 0)
        seconds = min(BRIEF_SECONDS * 2 ** min(doublings, 8), LONGEST_BRIEF_SECONDS)
        return _opened(breaker.model_copy(update={"failures": failures}), now + seconds, end.kind.value)
    if now < breaker.open_until:
        return breaker  # an older call came through; what opened the breaker since then is newer
    return Breaker(paused_until=breaker.paused_until)


def _opened(breaker: Breaker, until: float, reason: str) -> Breaker:
    # A call that began before must not shorten what another one found out.
    until = max(until, breaker.open_until)
    return breaker.model_copy(update={"open_until": until, "reason": reason, "probe_until": 0.0})
