"""The breaker's states, each from what its failures mean."""

from __future__ import annotations

import pytest

from shared.llm.breaker import (
    BRIEF_SECONDS,
    LONG_SECONDS,
    LONGEST_BRIEF_SECONDS,
    PROBE_SECONDS,
    Breaker,
    CallEnd,
    after,
    probing,
    unused,
)
from shared.llm.exchange import FailureKind

NOW = 1_000_000.0
RESET = NOW + 40_000
SERVER = CallEnd(FailureKind.SERVER)
ANSWERED = CallEnd(None)


def broken(times: int, now: float = NOW) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker = after(breaker, SERVER, now, RESET)
    return breaker


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.PAYMENT, FailureKind.MODEL_GONE])
def test_what_needs_a_person_opens_it_long_at_once(kind: FailureKind) -> None:
    breaker = after(Breaker(), CallEnd(kind), NOW, RESET)
    assert (breaker.open_until, breaker.reason) == (NOW + LONG_SECONDS, kind.value)


def test_a_used_up_day_opens_it_until_the_day_ends_whatever_the_reply_says() -> None:
    end = CallEnd(FailureKind.RATE_LIMITED, per_day=True, retry_after=26)
    assert after(Breaker(), end, NOW, RESET).open_until == RESET


def test_a_limit_per_minute_pauses_and_does_not_open_it() -> None:
    breaker = after(Breaker(), CallEnd(FailureKind.RATE_LIMITED, retry_after=26), NOW, RESET)
    assert not breaker.is_open(NOW)
    assert breaker.paused_until == NOW + 26


@pytest.mark.parametrize(
    "kind", [FailureKind.BAD_JSON, FailureKind.REFUSED, FailureKind.TRUNCATED, FailureKind.TOO_LARGE]
)
def test_what_the_request_or_the_model_did_is_no_fault_of_the_provider(kind: FailureKind) -> None:
    assert after(broken(2), CallEnd(kind), NOW, RESET) == Breaker()


def test_only_failures_in_a_row_open_it() -> None:
    assert not broken(2).is_open(NOW)
    assert broken(3).open_until == NOW + BRIEF_SECONDS
    mended = after(broken(2), ANSWERED, NOW, RESET)
    assert not after(mended, SERVER, NOW, RESET).is_open(NOW)


def test_one_call_probes_and_its_end_decides() -> None:
    breaker = broken(3)
    later = breaker.open_until
    assert breaker.needs_probe(later)
    probe = probing(breaker, later)
    assert probe.is_open(later), "nobody else is let through"
    assert not probe.is_open(later + PROBE_SECONDS), "a probe that died does not keep it open"
    assert after(probe, ANSWERED, later, RESET) == Breaker()
    again = after(probe, SERVER, later, RESET)
    assert again.open_until == later + 2 * BRIEF_SECONDS
    assert unused(probe).needs_probe(later)


def test_a_probe_that_nobody_waits_for_holds_back_nobody_who_waits() -> None:
    breaker = broken(3)
    later = breaker.open_until
    probe = probing(breaker, later, background=True)
    assert probe.is_open(later, background=True), "one of the background is enough"
    assert not probe.is_open(later)
    assert probe.needs_probe(later)
    assert probing(probe, later).is_open(later)
    assert after(probe, ANSWERED, later, RESET) == Breaker()


def test_it_never_stays_open_for_longer_than_its_bound() -> None:
    breaker = broken(3)
    for _ in range(60):
        moment = breaker.open_until
        breaker = after(probing(breaker, moment), SERVER, moment, RESET)
        assert breaker.open_until - moment <= LONGEST_BRIEF_SECONDS


def test_an_older_call_neither_closes_nor_shortens_what_a_newer_one_found() -> None:
    breaker = after(Breaker(), CallEnd(FailureKind.AUTH), NOW, RESET)
    assert after(breaker, ANSWERED, NOW + 1, RESET) == breaker
    assert after(breaker, SERVER, NOW + 1, RESET).open_until == breaker.open_until
    assert after(breaker, CallEnd(FailureKind.RATE_LIMITED), NOW + 1, RESET).is_open(NOW + 2)
