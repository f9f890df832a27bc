"""The weekly hours that a request states: as a number, or in words."""

from __future__ import annotations

from shared.models.requests import StatedPreferences
from shared.planning.duration import parse_time_commitment
from shared.planning.problems import reading


def stated_hours(request: StatedPreferences) -> tuple[float, float] | None:
    """Return the least and the most hours; None when none are stated. Raises a 422 Problem for odd words."""
    if request.weekly_hours is not None:
        return request.weekly_hours, request.weekly_hours
    if request.time_commitment is None:
        return None
    with reading("time_commitment"):
        return parse_time_commitment(request.time_commitment)


def in_words(low: float | None, high: float | None) -> str | None:
    """Return hours as a time commitment that can be stated again, such as "3-5"; None without any."""
    if low is None:
        return None
    return f"{low:g}" if high is None or high == low else f"{low:g}-{high:g}"
