"""NCRONTAB expressions, in the dialect of the NCrontab library that the timer extension uses.

Not croniter or the like: NCrontab takes day and weekday together (both must hold), swaps the ends of a
backward range, knows neither weekday 7 nor `L`, `W`, `#`, `?`; a schedule must not mean something else here
than in Azure. Source: atifaziz/NCrontab CrontabFieldImpl.cs and CrontabSchedule.cs.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
# No schedule of day and weekday needs longer: 29 February falls on each weekday within 40 years.
_HORIZON_YEARS = 41


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS = (
    _Field("seconds", 0, 59),
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("days", 1, 31),
    _Field("months", 1, 12, _MONTHS),
    _Field("weekdays", 0, 6, _WEEKDAYS),
)


class Crontab:
    """A parsed expression of six fields (seconds first) or five (on the minute)."""

    def __init__(self, expression: str) -> None:
        """Parse; raises ValueError that names the field."""
        texts = expression.split()
        if len(texts) == 5:
            texts = ["0", *texts]
        if len(texts) != 6:
            raise ValueError(f"'{expression}' has {len(texts)} fields; five or six are needed")
        self.fields = tuple(_parse_field(field, text) for field, text in zip(_FIELDS, texts, strict=True))
        self.fires_within_minutes = all(text == "*" for text in texts[1:]) and len(self.fields[0]) > 1

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after `moment`; raises ValueError when there is none (30
        February)."""
        seconds, minutes, hours, days, months, weekdays = self.fields
        start = moment.replace(microsecond=0) + timedelta(seconds=1)
        day = start.replace(hour=0, minute=0, second=0)
        last_year = start.year + _HORIZON_YEARS
        while day.year <= last_year:
            if day.month not in months:
                day = _first_of_next_month(day)
                continue
            if day.day in days and (day.weekday() + 1) % 7 in weekdays:
                found = _first_time(day, start, (hours, minutes, seconds))
                if found is not None:
                    return found
            day += timedelta(days=1)
        raise ValueError("the schedule never occurs")


def _first_time(day: datetime, start: datetime, times: tuple[tuple[int, ...], ...]) -> datetime | None:
    """The first hour, minute and second of the schedule on `day` that is not before `start`."""
    earliest = max(day, start)
    hours, minutes, seconds = times
    if earliest == day:
        return day.replace(hour=hours[0], minute=minutes[0], second=seconds[0])
    for hour in (h for h in hours if h >= earliest.hour):
        if hour > earliest.hour:
            return day.replace(hour=hour, minute=minutes[0], second=seconds[0])
        for minute in (m for m in minutes if m >= earliest.minute):
            if minute > earliest.minute:
                return day.replace(hour=hour, minute=minute, second=seconds[0])
            for second in (s for s in seconds if s >= earliest.second):
                return day.replace(hour=hour, minute=minute, second=second)
    return None


def _first_of_next_month(day: datetime) -> datetime:
    return day + timedelta(days=monthrange(day.year, day.month)[1] - day.day + 1)


def _parse_field(field: _Field, text: str) -> tuple[int, ...]:
    values: set[int] = set()
    for item in text.split(","):
        values |= _parse_item(field, item)
    return tuple(sorted(values))


def _parse_item(field: _Field, item: str) -> set[int]:
    span, slash, step_text = item.partition("/")
    step = 1
    if slash:
        if not step_text.isdecimal() or int(step_text) < 1:
            raise ValueError(f"'{item}' is not a valid step in the {field.name} field")
        step = int(step_text)
    if span == "*":
        return set(range(field.low, field.high + 1, step))
    first_text, dash, last_text = span.partition("-")
    first = _value(field, first_text)
    if dash:
        last = _value(field, last_text)
        first, last = min(first, last), max(first, last)
    else:
        last = field.high if slash and step > 1 else first
    return set(range(first, last + 1, step))


def _value(field: _Field, text: str) -> int:
    if text.isdecimal():
        number = int(text)
        if not field.low <= number <= field.high:
            raise ValueError(
                f"{number} is out of range in the {field.name} field ({field.low} to {field.high})"
            )
        return number
    # NCrontab takes any beginning of a name; the first that fits counts.
    for index, word in enumerate(field.words):
        if text and word.startswith(text.lower()):
            return index + field.low
    raise ValueError(f"'{text}' is not a valid value in the {field.name} field")
