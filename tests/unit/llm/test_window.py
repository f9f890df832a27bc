"""The window's own arithmetic: days, merging, sizes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.llm.window import DayUsedUp, Limits, Reservation, Window, earliest, pruned, reserve

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC).timestamp()
PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("zone", "at", "day", "reset"),
    [
        (UTC, "2026-03-07T23:59:59+00:00", "2026-03-07", "2026-03-08T00:00:00+00:00"),
        (PACIFIC, "2026-03-07T07:59:59+00:00", "2026-03-06", "2026-03-07T08:00:00+00:00"),
        # The clocks change in that night: midnight is an hour earlier in UTC from then on.
        (PACIFIC, "2026-03-08T12:00:00+00:00", "2026-03-08", "2026-03-09T07:00:00+00:00"),
    ],
)
def test_a_providers_day_begins_at_its_own_midnight(zone: ZoneInfo, at: str, day: str, reset: str) -> None:
    limits = Limits(1, None, 1, zone)
    moment = datetime.fromisoformat(at).timestamp()
    assert limits.day_of(moment) == day
    assert limits.next_reset(moment) == datetime.fromisoformat(reset).timestamp()


def test_a_place_that_nobody_came_for_is_given_back_to_the_day() -> None:
    limits = Limits(5, None, 1)
    window = reserve(Window(), limits, Reservation(id="a", at=NOON, tokens=1))
    assert isinstance(earliest(window, limits, NOON + 1, 1), DayUsedUp)
    later = NOON + 40
    assert earliest(pruned(window, limits, later), limits, later, 1) == later


def test_a_small_request_may_pass_where_a_large_one_waits() -> None:
    limits = Limits(10, 100, None)
    window = reserve(Window(), limits, Reservation(id="a", at=NOON, tokens=80, redeemed=True))
    waiting = earliest(window, limits, NOON + 1, 70)
    assert not isinstance(waiting, DayUsedUp)
    assert waiting == NOON + 61
    window = reserve(window, limits, Reservation(id="b", at=waiting, tokens=70))
    assert earliest(window, limits, NOON + 2, 20) == NOON + 2
    assert earliest(window, limits, NOON + 2, 31) == waiting + 61, "it may not push out who waits already"


def test_the_document_stays_small_however_many_requests_a_minute_has() -> None:
    limits = Limits(10_000, None, None)
    window = Window()
    for number in range(2_000):
        at = NOON + number * 0.05
        one = Reservation(id=f"{number:012}", at=at, tokens=1, redeemed=True, settled=True)
        window = reserve(pruned(window, limits, at), limits, one)
    end = NOON + 100
    last_minute = [one for one in window.reservations if one.at > end - 60]
    assert sum(one.requests for one in last_minute) == 1_200
    assert len(window.to_json()["reservations"]) < 80
