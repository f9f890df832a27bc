"""A timer's schedule: a crontab or a constant interval. Source: webjobs-sdk-extensions TimerSchedule.cs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from devhost.time_span import parse_time_span
from devhost.timers.ncrontab import Crontab


class Schedule(Protocol):
    """When a timer fires."""

    def next_after(self, moment: datetime) -> datetime:
        """The next occurrence after `moment`."""
        ...

    @property
    def is_monitored(self) -> bool:
        """Whether occurrences are persisted: not for schedules of less than a minute."""
        ...


@dataclass(frozen=True)
class CronSchedule:
    """A schedule from an NCRONTAB expression, in UTC."""

    crontab: Crontab

    def next_after(self, moment: datetime) -> datetime:
        """The next occurrence after `moment`."""
        return self.crontab.next_after(moment)

    @property
    def is_monitored(self) -> bool:
        """Whether occurrences are persisted."""
        return not self.crontab.fires_within_minutes


@dataclass(frozen=True)
class ConstantSchedule:
    """A schedule of a fixed interval."""

    interval: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """`moment` plus the interval."""
        return moment + self.interval

    @property
    def is_monitored(self) -> bool:
        """Whether occurrences are persisted."""
        return self.interval >= timedelta(minutes=1)


def parse_schedule(expression: str) -> Schedule:
    """Read a six- or five-field NCRONTAB expression or a time span; raises ValueError in the extension's
    words."""
    try:
        return CronSchedule(Crontab(expression))
    except ValueError as crontab_error:
        try:
            interval = parse_time_span(expression)
        except ValueError:
            interval = timedelta()
        if interval > timedelta():
            return ConstantSchedule(interval)
        raise ValueError(
            f"The schedule expression '{expression}' was not recognized as a valid cron expression or "
            "timespan "
            f"string. ({crontab_error})"
        ) from None
