"""Durations in .NET's TimeSpan notation, which host.json and timer schedules use."""

import re
from datetime import timedelta

_DAYS = re.compile(r"(?P<sign>-)?(?P<days>\d{1,8})")
_CLOCK = re.compile(
    r"(?P<sign>-)?(?:(?P<days>\d{1,8})\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})"
    r"(?::(?P<seconds>\d{1,2})(?:\.(?P<fraction>\d{1,7}))?)?"
)


def parse_time_span(text: str) -> timedelta:
    """Read `[-][d.]hh:mm[:ss[.fffffff]]` or `[-]d` (a bare number is days, as in .NET).

    Raises ValueError for anything else, also for an hour over 23 or a minute or second over 59.
    """
    text = text.strip()
    match = _DAYS.fullmatch(text) or _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a time span such as 00:05:00")
    part = {
        name: int(value or 0) for name, value in match.groupdict().items() if name not in {"sign", "fraction"}
    }
    if part.get("hours", 0) > 23 or part.get("minutes", 0) > 59 or part.get("seconds", 0) > 59:
        raise ValueError(f"'{text}' is not a time span: an hour, minute or second is out of range")
    fraction = match.groupdict().get("fraction") or ""
    span = timedelta(**part, microseconds=int(fraction.ljust(7, "0")[:6] or 0))
    return -span if match["sign"] else span


def format_time_span(span: timedelta) -> str:
    """Write a non-negative duration as `[d.]hh:mm:ss[.fffffff]`, the notation that `parse_time_span`
    reads."""
    hours, rest = divmod(span.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{span.days}." if span.days else ""
    fraction = f".{span.microseconds:06d}0" if span.microseconds else ""
    return f"{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"
