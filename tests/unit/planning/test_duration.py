"""How long a curriculum takes: parsing of weekly hours, and durations that keep their promise."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.planning.duration import (
    HOURS_IN_A_WEEK,
    LONGEST_IN_YEARS,
    MAX_DURATION_CHARACTERS,
    WEEKS_IN_A_MONTH,
    WEEKS_IN_A_YEAR,
    parse_time_commitment,
    total_duration,
)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3-5", 3, 5),
        ("10", 10, 10),
        ("5-7 hours/week", 5, 7),
        ("10+", 10, 10),
        ("10+ hours per week", 10, 10),
        (" 5 – 7 h ", 5, 7),
        ("5 to 7 hours per week", 5, 7),
        ("about 6 hours a week", 6, 6),
        ("2,5", 2.5, 2.5),
        ("0.5-1", 0.5, 1),
        ("1 hour a day", 7, 7),
        ("30 minutes/day", 3.5, 3.5),
        ("30-60 min daily", 3.5, 7),
        ("4 hrs weekly", 4, 4),
        ("8 WEEKLY", 8, 8),
        ("at least 4", 4, 4),
        ("168", 168, 168),
    ],
)
def test_weekly_hours_as_people_write_them(text: str, low: float, high: float) -> None:
    assert parse_time_commitment(text) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "how many hours"),
        ("a lot", "how many hours"),
        ("-5", "how many hours"),
        ("three", "how many hours"),
        ("1e3", "not in 'e3'"),
        ("5 hours per month", "not in 'hours per month'"),
        ("7-5", "smaller number first: 5-7"),
        ("0", "more than 0"),
        ("169", "at most 168"),
        ("100 hours a day", "at most 168"),
        ("5" * 61, "how many hours"),
        ("nan", "how many hours"),
        ("inf", "how many hours"),
    ],
)
def test_what_cannot_be_weekly_hours_says_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_time_commitment(text)


@given(st.text(max_size=80))
def test_any_text_is_hours_or_a_value_error(text: str) -> None:
    try:
        low, high = parse_time_commitment(text)
    except ValueError:
        return
    assert 0 < low <= high <= HOURS_IN_A_WEEK


@pytest.mark.parametrize(
    ("modules", "weekly", "expected"),
    [
        ([10, 10, 10, 10], (4, 5), "8-10 weeks"),
        ([9], (3, 3), "3 weeks"),
        ([1], (5, 7), "1 week"),
        ([0.1] * 3, (0.3, 0.3), "1 week"),
        ([100], (2, 4), "6-12 months"),
        ([100], (1, 1), "23 months"),
        ([300], (1, 1), "6 years"),
        ([200] * 24, (1, 2), "46-92 years"),
        ([200] * 24, (0.5, 1), "92 to more than 100 years"),
        ([200] * 24, (0.01, 0.02), "more than 100 years"),
    ],
)
def test_durations_in_words(modules: list[float], weekly: tuple[float, float], expected: str) -> None:
    assert total_duration(modules, weekly) == expected


@pytest.mark.parametrize(
    ("modules", "weekly"),
    [
        ([], (1, 2)),
        ([0], (1, 2)),
        ([1], (0, 2)),
        ([1], (2, 1)),
        ([float("nan")], (1, 2)),
        ([1], (1, float("inf"))),
    ],
)
def test_hours_that_make_no_sense_are_refused(modules: list[float], weekly: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="hours"):
        total_duration(modules, weekly)


def weeks(text: str) -> tuple[float, float]:
    """Read a duration back, in weeks; a hundred years and more have no end."""
    if text == "more than 100 years":
        return (LONGEST_IN_YEARS * WEEKS_IN_A_YEAR, float("inf"))
    match = re.fullmatch(r"(\d+)(?:-(\d+)| to (more than 100))? (week|month|year)s?", text)
    assert match, text
    unit = {"week": 1.0, "month": WEEKS_IN_A_MONTH, "year": WEEKS_IN_A_YEAR}[match[4]]
    high = float("inf") if match[3] else int(match[2] or match[1]) * unit
    return int(match[1]) * unit, high


hours = st.floats(0.1, 200, allow_nan=False)
modules_of_hours = st.lists(hours, min_size=1, max_size=24)
weekly_ranges = st.tuples(st.floats(0.25, 168), st.floats(0.25, 168)).map(lambda pair: (min(pair), max(pair)))


@given(modules_of_hours, weekly_ranges)
def test_a_duration_is_short_and_keeps_its_promise(modules: list[float], weekly: tuple[float, float]) -> None:
    text = total_duration(modules, weekly)
    assert len(text) <= MAX_DURATION_CHARACTERS
    quickest, slowest = weeks(text)
    assert quickest <= slowest
    assert quickest * weekly[1] >= sum(modules) * (1 - 1e-5)
    assert slowest * weekly[0] >= sum(modules) * (1 - 1e-5)
    # Rounded up by less than one of the unit it is told in.
    unit = WEEKS_IN_A_YEAR if "year" in text else WEEKS_IN_A_MONTH if "month" in text else 1
    assert quickest <= sum(modules) / weekly[1] + unit + 1.01


@given(modules_of_hours, hours, weekly_ranges)
def test_more_to_learn_never_takes_less_time(
    modules: list[float], more: float, weekly: tuple[float, float]
) -> None:
    before, after = weeks(total_duration(modules, weekly)), weeks(total_duration([*modules, more], weekly))
    assert before[1] <= after[1]
    assert before[0] <= after[0]


@given(modules_of_hours, weekly_ranges, st.floats(1, 2))
def test_more_hours_a_week_never_take_more_time(
    modules: list[float], weekly: tuple[float, float], factor: float
) -> None:
    faster = (weekly[0] * factor, weekly[1] * factor)
    assert weeks(total_duration(modules, faster))[1] <= weeks(total_duration(modules, weekly))[1]
