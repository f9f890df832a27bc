"""NCRONTAB expressions, time spans and schedules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.time_span import format_time_span, parse_time_span
from devhost.timers.ncrontab import Crontab
from devhost.timers.schedule import parse_schedule

START = datetime(2026, 11, 20, 10, 17, 30, 500, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * * *", "2026-11-20T10:17:31"),
        ("*/20 * * * * *", "2026-11-20T10:17:40"),
        ("0 */5 * * * *", "2026-11-20T10:20:00"),
        ("*/5 * * * *", "2026-11-20T10:20:00"),
        ("0 0 9-17 * * MON-FRI", "2026-11-20T11:00:00"),
        ("0 0 0 1 Jan *", "2027-01-01T00:00:00"),
        ("0 30 9 * Jan mon", "2027-01-04T09:30:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("0 0 0 13 * FRI", "2027-08-13T00:00:00"),  # both must hold, unlike in cron
        ("0 0 20-8 * * *", "2026-11-20T11:00:00"),  # the ends of a backward range are swapped
        ("5/15 * * * * *", "2026-11-20T10:17:35"),
        ("0 0 0 * * Sunday", "2026-11-22T00:00:00"),
        ("30,31 17 10 * * *", "2026-11-20T10:17:31"),
        ("30 17 10 * * *", "2026-11-21T10:17:30"),
    ],
)
def test_the_next_occurrence(expression: str, expected: str) -> None:
    assert Crontab(expression).next_after(START) == at(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "", "* * * *", "* * * * * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *",
        "* * * * * 7", "*/0 * * * * *", "a * * * * *", "1- * * * * *", "1,, * * * * *", "? * * * * *",
        "0 0 0 L * *", "0 0 0 * * 1#2", "-1 * * * * *", "1/x * * * * *",
    ],
)  # fmt: skip
def test_what_ncrontab_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"field|fields|step|range"):
        Crontab(expression)


def test_a_day_that_never_comes_is_reported() -> None:
    with pytest.raises(ValueError, match="never occurs"):
        Crontab("0 0 0 30 2 *").next_after(START)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    item = st.one_of(
        st.just("*"),
        number.map(str),
        st.builds("{}-{}".format, number, number),
        st.builds("*/{}".format, st.integers(1, high)),
        st.builds("{}-{}/{}".format, number, number, st.integers(1, high)),
    )
    return st.lists(item, min_size=1, max_size=3).map(",".join)


times = st.tuples(field(0, 59), field(0, 59), field(0, 23))
moments = st.integers(0, 6 * 365 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))


@given(times, moments)
def test_the_next_time_is_the_first_second_that_fits(fields: tuple[str, str, str], moment: datetime) -> None:
    crontab = Crontab(" ".join([*fields, "* * *"]))
    seconds, minutes, hours = (set(values) for values in crontab.fields[:3])
    found = crontab.next_after(moment)

    def fits(when: datetime) -> bool:
        return when.second in seconds and when.minute in minutes and when.hour in hours

    assert found > moment
    assert fits(found)
    # No earlier one: walk back over whole hours, minutes and seconds that cannot fit.
    probe = moment.replace(microsecond=0) + timedelta(seconds=1)
    while probe < found:
        if probe.hour not in hours:
            probe = probe.replace(minute=0, second=0) + timedelta(hours=1)
        elif probe.minute not in minutes:
            probe = probe.replace(second=0) + timedelta(minutes=1)
        else:
            assert not fits(probe)
            probe += timedelta(seconds=1)


@given(field(1, 31), field(1, 12), field(0, 6), moments)
def test_the_next_day_is_the_first_that_fits(days: str, months: str, weekdays: str, moment: datetime) -> None:
    crontab = Crontab(f"0 0 0 {days} {months} {weekdays}")
    fitting_days, fitting_months, fitting_weekdays = crontab.fields[3:]
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    first = next(
        (
            day
            for ahead in range(1, 366 * 8)
            if (day := midnight + timedelta(days=ahead)).day in fitting_days
            and day.month in fitting_months
            and (day.weekday() + 1) % 7 in fitting_weekdays
        ),
        None,
    )
    try:
        found = crontab.next_after(moment)
    except ValueError:
        assert first is None
    else:
        assert found == first or (first is None and found > midnight + timedelta(days=366 * 7))


@given(st.timedeltas(timedelta(), timedelta(days=10_000)))
def test_time_spans_survive_their_notation(span: timedelta) -> None:
    assert parse_time_span(format_time_span(span)) == span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:05:00", 300),
        ("1.00:00:01", 86_401),
        ("10", 864_000),
        ("00:30", 1800),
        ("-00:00:01", -1),
        ("0:0:0.5", 0.5),
    ],
)
def test_time_spans_as_dotnet_reads_them(text: str, seconds: float) -> None:
    assert parse_time_span(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "x", "24:00:00", "00:60:00", "1:2:3:4", "5 minutes"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time span"):
        parse_time_span(text)


def test_a_schedule_is_a_crontab_or_an_interval() -> None:
    assert parse_schedule("00:00:30").next_after(START) == START + timedelta(seconds=30)
    assert parse_schedule("0 0 * * * *").next_after(START) == at("2026-11-20T11:00:00")
    with pytest.raises(ValueError, match="was not recognized as a valid cron expression or timespan string"):
        parse_schedule("every day")


@pytest.mark.parametrize(
    ("expression", "monitored"),
    [
        ("*/10 * * * * *", False),
        ("0 * * * * *", True),
        ("* */2 * * * *", True),
        ("00:00:30", False),
        ("00:01:00", True),
    ],
)
def test_only_schedules_of_a_minute_or_more_are_monitored(expression: str, monitored: bool) -> None:
    assert parse_schedule(expression).is_monitored is monitored
