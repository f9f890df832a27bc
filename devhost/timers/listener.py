"""Firing timers. Source: webjobs-sdk-extensions TimerListener.cs and ScheduleMonitor.cs."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from devhost.engine.catalogue import CatalogueEntry
from devhost.engine.invocation import Invocation, NoAppProcessError
from devhost.timers.schedule import Schedule, parse_schedule
from devhost.timers.status import ScheduleMonitor, ScheduleStatus, timer_payload

_logger = logging.getLogger(__name__)

_LONGEST_SLEEP_SECONDS = 3600.0
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


class TimerListener:
    """One timer function: waits for its next occurrence, runs it, writes down when it is due again.

    The engine runs one listener per function, so an occurrence is run once however many app processes there
    are; the next one waits until the last one has ended, as under the real host's lock.
    """

    def __init__(
        self,
        entry: CatalogueEntry,
        monitor: ScheduleMonitor,
        invoke: Callable[[Invocation], Awaitable[Any]],
        now: Clock = utc_now,
    ) -> None:
        self._name, self._invoke, self._now = entry.name, invoke, now
        self._schedule: Schedule = parse_schedule(str(entry.trigger["schedule"]))
        wanted = entry.trigger.get("useMonitor")
        monitored = self._schedule.is_monitored and (wanted is None or bool(wanted))
        self._monitor = monitor if monitored else None
        self._run_on_startup = bool(entry.trigger.get("runOnStartup"))

    async def run(self, stopping: asyncio.Event) -> None:
        """Fire until `stopping`. An occurrence missed while the host was down is run first, as past due."""
        status, is_past_due = self._initial_status()
        if is_past_due or self._run_on_startup:
            status = await self._fire(status, is_past_due=is_past_due, on_schedule=False)
        while not await self._is_stopped_before(status.next, stopping):
            status = await self._fire(status, is_past_due=False, on_schedule=True)

    async def _is_stopped_before(self, moment: datetime, stopping: asyncio.Event) -> bool:
        """Wait for a moment of the wall clock, or for the end; tell whether it was the end."""
        while not stopping.is_set() and (seconds := (moment - self._now()).total_seconds()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), min(seconds, _LONGEST_SLEEP_SECONDS))
        return stopping.is_set()

    def _initial_status(self) -> tuple[ScheduleStatus, bool]:
        now = self._now()
        stored = self._monitor.read(self._name) if self._monitor else None
        if stored is None:
            status = ScheduleStatus(None, self._schedule.next_after(now), now)
            self._keep(status)
            return status, False
        since = stored.last or stored.last_updated
        expected = self._schedule.next_after(since)
        if stored.next != expected:  # the schedule was changed: a new one is not past due at once
            if now > expected:
                since, expected = now, self._schedule.next_after(now)
            stored = ScheduleStatus(None, expected, since)
            self._keep(stored)
        return stored, now > stored.next

    async def _fire(self, status: ScheduleStatus, *, is_past_due: bool, on_schedule: bool) -> ScheduleStatus:
        begun = self._now()
        shown = status if self._monitor else None
        payload = timer_payload(shown, is_past_due=is_past_due)
        reason = f"Timer fired at {begun.isoformat()}"
        try:
            await self._invoke(Invocation(self._name, "json", payload, reason))
        except NoAppProcessError:
            _logger.error("the timer '%s' was not run: no app process is up", self._name)  # noqa: TRY400
        # A clock that is slightly early must not make the same occurrence fire twice.
        counted = max(begun, status.next) if on_schedule else begun
        following = ScheduleStatus(counted, self._schedule.next_after(counted), counted)
        self._keep(following)
        return following

    def _keep(self, status: ScheduleStatus) -> None:
        if self._monitor is not None:
            self._monitor.write(self._name, status)
