"""The sliding window of one provider: pure arithmetic over reservations, no store and no clock.

A reservation has a moment (`at`, epoch seconds), a number of requests (one, until settled ones are merged)
and of tokens. `redeemed` ones were sent at their moment; the others are places in the queue. What is
guaranteed rests on redeemed ones alone: whoever is let through fits into every window of `SPAN_SECONDS` that
holds it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate

from pydantic import Field

from shared.models.base import Model

MINUTE_SECONDS = 60.0
SLACK_SECONDS = 1.0
"""A request leaves at most so long after the moment it is counted at; later, and it is counted anew."""
SPAN_SECONDS = MINUTE_SECONDS + SLACK_SECONDS
"""Counted windows are longer by the slack, so that no 60 s of departures hold more than the limit."""
REDEEMABLE_SECONDS = 30.0
"""So long after its moment a reservation is still a place in the queue."""
CLOCK_ALLOWANCE_SECONDS = 5.0
"""Clocks of instances may differ by this much before what is still in a window is forgotten."""
BACKGROUND_PERCENT = 70
"""Work that nobody waits for is let through only while the rest of every limit stays free after it."""


class Reservation(Model):
    """Some requests and tokens at one moment."""

    id: str
    at: float
    tokens: int
    requests: int = 1
    redeemed: bool = False
    settled: bool = False


class Window(Model):
    """What is counted of one provider: the last minute, what is reserved ahead, and requests by day."""

    reservations: list[Reservation] = Field(default_factory=list)
    days: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows; None is no limit. `zone` is where its day begins at midnight."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    requests_per_day: int | None
    zone: tzinfo = UTC

    @property
    def any(self) -> bool:
        """Tell whether there is anything to count."""
        limits = (self.requests_per_minute, self.tokens_per_minute, self.requests_per_day)
        return any(limit is not None for limit in limits)

    @property
    def in_background(self) -> Limits:
        """What may be used up, by whomever, when a request of the background is let through."""
        return replace(
            self,
            requests_per_minute=background_share(self.requests_per_minute),
            tokens_per_minute=background_share(self.tokens_per_minute),
            requests_per_day=background_share(self.requests_per_day),
        )

    def day_of(self, at: float) -> str:
        """Return the provider's day of a moment, as an ISO date."""
        return datetime.fromtimestamp(at, self.zone).date().isoformat()

    def next_reset(self, at: float) -> float:
        """Return when the provider's next day begins."""
        local = datetime.fromtimestamp(at, self.zone)
        tomorrow = local.date() + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self.zone).timestamp()


@dataclass(frozen=True, slots=True)
class DayUsedUp:
    """The day's requests are spent; the next day begins at `until`."""

    until: float


def background_share(limit: int | None) -> int | None:
    """Return the part of a limit that background work may fill; None is no limit."""
    return None if limit is None else limit * BACKGROUND_PERCENT // 100


def pruned(window: Window, limits: Limits, now: float) -> Window:
    """Return the window without what no longer counts; places that nobody came for are given back."""
    kept, days = [], dict(window.days)
    for one in window.reservations:
        if not one.redeemed and one.at < now - REDEEMABLE_SECONDS - CLOCK_ALLOWANCE_SECONDS:
            _uncount(days, limits, one)
        elif one.at > now - SPAN_SECONDS - CLOCK_ALLOWANCE_SECONDS:
            kept.append(one)
    today = limits.day_of(now - CLOCK_ALLOWANCE_SECONDS)
    days = {day: count for day, count in days.items() if day >= today and count > 0}
    return Window(reservations=_merged(kept), days=days)


def earliest(window: Window, limits: Limits, now: float, tokens: int) -> float | DayUsedUp:
    """Return the first moment from `now` on at which one more request of so many tokens fits.

    An empty window must hold it: what is larger than the limit of a minute would fit never.
    """
    ordered = sorted(window.reservations, key=lambda one: one.at)
    endings = [one.at + SPAN_SECONDS for one in ordered]
    tally = _Tally(ordered, limits)
    moment = next(at for at in [now, *(end for end in endings if end > now)] if tally.fits(at, tokens))
    if limits.requests_per_day is not None:
        used = window.days.get(limits.day_of(moment), 0)
        if used >= limits.requests_per_day:
            return DayUsedUp(limits.next_reset(moment))
    return moment


def reserve(window: Window, limits: Limits, reservation: Reservation) -> Window:
    """Return the window with one more reservation, counted in its day."""
    days = dict(window.days)
    if limits.requests_per_day is not None:
        day = limits.day_of(reservation.at)
        days[day] = days.get(day, 0) + reservation.requests
    return Window(reservations=[*window.reservations, reservation], days=days)


def release(window: Window, limits: Limits, reservation_id: str) -> Window:
    """Return the window without a reservation that was not used."""
    days = dict(window.days)
    kept = []
    for one in window.reservations:
        if one.id == reservation_id:
            _uncount(days, limits, one)
        else:
            kept.append(one)
    return Window(reservations=kept, days=days)


def settle(window: Window, reservation_id: str, tokens: int) -> Window:
    """Return the window with what a request really used."""
    return Window(
        reservations=[
            one.model_copy(update={"tokens": tokens, "settled": True}) if one.id == reservation_id else one
            for one in window.reservations
        ],
        days=window.days,
    )


def find(window: Window, reservation_id: str) -> Reservation | None:
    """Return a reservation that still counts."""
    return next((one for one in window.reservations if one.id == reservation_id), None)


def may_leave(window: Window, limits: Limits, at: float, tokens: int) -> bool:
    """Tell whether a request that has a place in the queue may be sent now: what was sent decides alone.

    Places behind it do not hold it back; whoever comes for one of them is let through by the same rule.
    """
    sent = sorted((one for one in window.reservations if one.redeemed), key=lambda one: one.at)
    return _Tally(sent, limits).fits(at, tokens)


class _Tally:
    """Sums over reservations in the order of their moments."""

    def __init__(self, ordered: Sequence[Reservation], limits: Limits) -> None:
        self._moments = [one.at for one in ordered]
        self._requests = [0, *accumulate(one.requests for one in ordered)]
        self._tokens = [0, *accumulate(one.tokens for one in ordered)]
        self._limits = limits

    def fits(self, at: float, tokens: int) -> bool:
        """Tell whether every window that holds `at` stays within the limits with one more request."""
        first = bisect_right(self._moments, at)
        last = bisect_right(self._moments, at + SPAN_SECONDS - 1e-6)
        return all(self._has_room(end, tokens) for end in [at, *self._moments[first:last]])

    def _has_room(self, end: float, tokens: int) -> bool:
        after, until = bisect_right(self._moments, end - SPAN_SECONDS), bisect_right(self._moments, end)
        requests = self._requests[until] - self._requests[after] + 1
        total = self._tokens[until] - self._tokens[after] + tokens
        most_requests, most_tokens = self._limits.requests_per_minute, self._limits.tokens_per_minute
        return (most_requests is None or requests <= most_requests) and (
            most_tokens is None or total <= most_tokens
        )


def _merged(reservations: Sequence[Reservation]) -> list[Reservation]:
    """Merge settled ones of one second into one at the latest of their moments: the document stays small."""
    seconds: dict[int, Reservation] = {}
    kept: list[Reservation] = []
    for one in reservations:
        if not one.settled:
            kept.append(one)
            continue
        same = seconds.get(int(one.at))
        seconds[int(one.at)] = (
            one
            if same is None
            else same.model_copy(
                update={
                    "at": max(same.at, one.at),
                    "tokens": same.tokens + one.tokens,
                    "requests": same.requests + one.requests,
                }
            )
        )
    return [*seconds.values(), *kept]


def _uncount(days: dict[str, int], limits: Limits, reservation: Reservation) -> None:
    day = limits.day_of(reservation.at)
    if day in days:
        days[day] -= reservation.requests
