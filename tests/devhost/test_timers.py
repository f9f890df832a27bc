"""Timer listeners on a clock that the test moves."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from devhost.engine.catalogue import CatalogueEntry
from devhost.engine.invocation import Invocation, InvocationResult, NoAppProcessError
from devhost.timers.listener import TimerListener
from devhost.timers.status import ScheduleMonitor, ScheduleStatus

NOW = datetime(2026, 11, 20, 10, 17, 30, tzinfo=UTC)


class Runs:
    """Records what a listener invokes, and stops it after so many."""

    def __init__(self, stop_after: int = 1) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.stopping = asyncio.Event()
        self._stop_after = stop_after

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        self.payloads.append(json.loads(invocation.payload))
        if len(self.payloads) >= self._stop_after:
            self.stopping.set()
        return InvocationResult()


def timer(schedule: str, **more: object) -> CatalogueEntry:
    return CatalogueEntry("tick", {"type": "timerTrigger", "schedule": schedule, **more})


def listener(entry: CatalogueEntry, runs: Runs, tmp_path: Path, now: datetime = NOW) -> TimerListener:
    return TimerListener(entry, ScheduleMonitor(tmp_path / "timers.json"), runs.invoke, lambda: now)


async def test_a_new_timer_is_not_run_at_once_but_its_next_time_is_kept(tmp_path: Path) -> None:
    runs = Runs()
    runs.stopping.set()
    await listener(timer("0 0 * * * *"), runs, tmp_path).run(runs.stopping)
    assert runs.payloads == []
    kept = ScheduleMonitor(tmp_path / "timers.json").read("tick")
    assert kept == ScheduleStatus(None, datetime(2026, 11, 20, 11, tzinfo=UTC), NOW)


async def test_run_on_startup_is_not_past_due(tmp_path: Path) -> None:
    runs = Runs()
    await listener(timer("0 0 * * * *", runOnStartup=True), runs, tmp_path).run(runs.stopping)
    assert [payload["IsPastDue"] for payload in runs.payloads] == [False]


async def test_a_missed_occurrence_is_run_once_and_is_past_due(tmp_path: Path) -> None:
    first = Runs()
    first.stopping.set()
    await listener(timer("0 0 * * * *"), first, tmp_path).run(first.stopping)
    runs = Runs()
    later = NOW + timedelta(hours=5)
    await listener(timer("0 0 * * * *"), runs, tmp_path, later).run(runs.stopping)
    assert [payload["IsPastDue"] for payload in runs.payloads] == [True]
    assert runs.payloads[0]["ScheduleStatus"]["Next"] == "2026-11-20T11:00:00+00:00"
    kept = ScheduleMonitor(tmp_path / "timers.json").read("tick")
    assert kept == ScheduleStatus(later, datetime(2026, 11, 20, 16, tzinfo=UTC), later)


async def test_a_changed_schedule_is_not_past_due(tmp_path: Path) -> None:
    first = Runs()
    first.stopping.set()
    await listener(timer("0 0 * * * *"), first, tmp_path).run(first.stopping)
    runs = Runs()
    runs.stopping.set()
    later = NOW + timedelta(hours=5)
    await listener(timer("0 30 * * * *"), runs, tmp_path, later).run(runs.stopping)
    assert runs.payloads == []
    kept = ScheduleMonitor(tmp_path / "timers.json").read("tick")
    assert kept is not None
    assert kept.next == datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


async def test_a_frequent_timer_keeps_no_status(tmp_path: Path) -> None:
    runs = Runs(stop_after=2)
    moments = iter([NOW + timedelta(seconds=second) for second in range(60)])
    frequent = TimerListener(
        timer("* * * * * *"), ScheduleMonitor(tmp_path / "timers.json"), runs.invoke, lambda: next(moments)
    )
    await frequent.run(runs.stopping)
    assert len(runs.payloads) == 2
    assert runs.payloads[0]["ScheduleStatus"] is None
    assert not (tmp_path / "timers.json").exists()


async def test_use_monitor_off(tmp_path: Path) -> None:
    runs = Runs()
    await listener(timer("0 0 * * * *", runOnStartup=True, useMonitor=False), runs, tmp_path).run(
        runs.stopping
    )
    assert not (tmp_path / "timers.json").exists()


async def test_a_clock_that_is_early_does_not_fire_an_occurrence_twice(tmp_path: Path) -> None:
    """The wait may end a moment before the second; the following occurrence counts from the scheduled one."""
    fired: list[datetime] = []
    due = datetime(2026, 11, 20, 11, tzinfo=UTC)
    moments = iter([NOW, due, due - timedelta(milliseconds=3), due + timedelta(seconds=1)])
    stopping = asyncio.Event()

    async def invoke(invocation: Invocation) -> InvocationResult:
        fired.append(due)
        stopping.set()
        return InvocationResult()

    monitor = ScheduleMonitor(tmp_path / "timers.json")
    await TimerListener(timer("0 0 * * * *"), monitor, invoke, lambda: next(moments)).run(stopping)
    kept = monitor.read("tick")
    assert kept == ScheduleStatus(due, due + timedelta(hours=1), due)


async def test_an_occurrence_without_an_app_process_is_passed_over(tmp_path: Path) -> None:
    stopping = asyncio.Event()

    async def invoke(invocation: Invocation) -> InvocationResult:
        stopping.set()
        raise NoAppProcessError

    entry = timer("0 0 * * * *", runOnStartup=True)
    await TimerListener(entry, ScheduleMonitor(tmp_path / "timers.json"), invoke, lambda: NOW).run(stopping)
    assert ScheduleMonitor(tmp_path / "timers.json").read("tick") is not None


def test_a_damaged_status_file_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "timers.json"
    for content in ("", "[]", '{"tick": 1}', '{"tick": {"Last": "x"}}'):
        file.write_text(content)
        assert ScheduleMonitor(file).read("tick") is None
