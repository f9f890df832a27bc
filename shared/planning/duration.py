"""How long a curriculum takes a learner, in words, from its modules' hours and the learner's weekly hours."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

# A week has 168 hours; nobody studies in all of them, but that is the learner's affair.
HOURS_IN_A_WEEK = 168.0
DAYS_IN_A_WEEK = 7
WEEKS_IN_A_MONTH = 52.1775 / 12
WEEKS_IN_A_YEAR = 52.1775

# Up to half a year people count in weeks, up to three years in months.
LONGEST_IN_WEEKS = 26
LONGEST_IN_MONTHS = 156
LONGEST_IN_YEARS = 100

MAX_DURATION_CHARACTERS = 50


class WeeklyHours(NamedTuple):
    """The hours a learner has in a week, at least and at most."""

    low: float
    high: float


_number = r"(\d{1,4}(?:[.,]\d{1,2})?)"
_amount = re.compile(rf"{_number}(?:\s*(?:-|–|—|~|to|bis|à|a|until)\s*{_number})?\s*(\+)?\s*(.*)")
_approximately = re.compile(
    r"^(?:about|around|approximately|approx\.?|circa|ca\.?|up to|at least|~|<|≤|>|≥)\s*"
)
_minutes = re.compile(r"(?:m|min|mins|minutes?)\b\.?")
_hours = re.compile(r"(?:h|hr|hrs|hours?)\b\.?")
_period = re.compile(r"(?:/|a|an|per|each|every)?\s*(?P<unit>weekly|week|wk|w|daily|day|d)\.?")


def parse_time_commitment(text: str) -> WeeklyHours:
    """Return the weekly hours that a text such as "3-5", "10+" or "30 minutes a day" states.

    A number without a unit means hours a week. "10+" and "at least 10" promise ten and count as ten. Raises
    ValueError with a text for a person.
    """
    match = _amount.fullmatch(_approximately.sub("", text.strip().lower()))
    if len(text) > 60 or match is None:
        raise ValueError('must say how many hours a week, for example "3-5" or "10"')
    factor = _hours_per_unit(match[4])
    low = float(match[1].replace(",", ".")) * factor
    high = float(match[2].replace(",", ".")) * factor if match[2] else low
    if low > high:
        raise ValueError(f"must name the smaller number first: {_plain(high)}-{_plain(low)}")
    if low <= 0:
        raise ValueError("must be more than 0 hours a week")
    if high > HOURS_IN_A_WEEK:
        raise ValueError(f"must be at most {HOURS_IN_A_WEEK:g} hours a week")
    return WeeklyHours(low, high)


def _hours_per_unit(unit: str) -> float:
    """Return how many hours a week one of the unit is; raises ValueError for a unit it does not know."""
    rest, factor = unit.strip(), 1.0
    minutes, hours = _minutes.match(rest), _hours.match(rest)
    if minutes:
        factor, rest = 1 / 60, rest[minutes.end() :].strip()
    elif hours:
        rest = rest[hours.end() :].strip()
    if not rest:
        return factor
    period = _period.fullmatch(rest)
    if period is None:
        raise ValueError(f"must be in hours a week, not in '{unit.strip()[:30]}'")
    return factor * (DAYS_IN_A_WEEK if period["unit"].startswith("d") else 1)


def _plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def total_duration(module_hours: Sequence[float], weekly_hours: tuple[float, float]) -> str:
    """Return how long the modules take at these weekly hours, such as "8-10 weeks", in at most 50 characters.

    The quicker end is what the larger number of hours makes possible, both ends rounded up: the time named is
    never too short. Raises ValueError for hours that are not positive numbers.
    """
    low, high = weekly_hours
    if (
        not all(math.isfinite(hours) and hours > 0 for hours in (*module_hours, low, high))
        or not module_hours
    ):
        raise ValueError("hours must be positive numbers, and there must be at least one module")
    if low > high:
        raise ValueError("the smaller number of weekly hours comes first")
    total = math.fsum(module_hours)
    return _in_words(_rounded_up(total / high), _rounded_up(total / low))


def _rounded_up(amount: float) -> int:
    """Round up, but not for what the last bits of floating point add: 3 × 0.1 h are 0.3 h."""
    return max(1, math.ceil(round(min(amount, 1e9), 6)))


def _in_words(quickest: int, slowest: int) -> str:
    if slowest <= LONGEST_IN_WEEKS:
        return _range(quickest, slowest, "week")
    if slowest <= LONGEST_IN_MONTHS:
        return _range(
            _rounded_up(quickest / WEEKS_IN_A_MONTH), _rounded_up(slowest / WEEKS_IN_A_MONTH), "month"
        )
    years = [_rounded_up(weeks / WEEKS_IN_A_YEAR) for weeks in (quickest, slowest)]
    if years[0] > LONGEST_IN_YEARS:
        return f"more than {LONGEST_IN_YEARS} years"
    if years[1] > LONGEST_IN_YEARS:
        return f"{years[0]} to more than {LONGEST_IN_YEARS} years"
    return _range(years[0], years[1], "year")


def _range(low: int, high: int, unit: str) -> str:
    if low == high:
        return f"{low} {unit}" if low == 1 else f"{low} {unit}s"
    return f"{low}-{high} {unit}s"
