"""Rounds: how an orchestrator repeats what was interrupted, deferred or handed to the next provider.

This is the one owner of retries around activities. `task_all` fails at the first failed task, and the SDK
may not await the same tasks twice; so each round catches that failure, sleeps on a durable timer (by the
time it fires every sibling has ended, because the host awaits actions in order) and then reads each task by
itself. What raised, was deferred, went to the next provider or failed retryably is called again, with new
tasks, in the next round. A call that holds a reservation is called again when its own time has come,
whatever the others wait for: a reservation lapses 30 s later. Work of the background steps aside for longer,
and goes on at once when the event `WANTED` tells that somebody waits for it now. The SDK's retry options are
never used: they cannot back off and may hang before a `task_all`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from orchestrators.versions import started_before
from shared.models.outcomes import OUTCOME, WANTED, Deferred, Done, Failed, Next

# Rounds lost to faults, per call; deferrals and moves to the next provider do not count against it. With the
# pauses between them a store may be away for two minutes.
MAX_FAULTS = 9
# Half a minute: what instances that were started before version 1.0 go on with.
MAX_FAULTS_BEFORE_1_0 = 5
# So often a call is made, however often it is deferred or handed on: no orchestration may live for ever.
MAX_ROUNDS = 40
# Work of the background steps aside for hours; its activity gives up long before this.
MAX_STEPS_ASIDE = 400
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)

Input = dict[str, Any]
Calls = Generator[Any, Any, list[Done | Failed]]


def in_rounds(context: df.DurableOrchestrationContext, activity: str, inputs: Sequence[Input]) -> Calls:
    """Call an activity once for each input and repeat what did not end; the result has one entry per input.

    A call that only ever raised ends as `Failed("infrastructure")`. Use with `yield from`.
    """
    most_faults = MAX_FAULTS_BEFORE_1_0 if started_before(context, "1.0") else MAX_FAULTS
    calls = {index: _Call(dict(data), most_faults) for index, data in enumerate(inputs)}
    while open_calls := {index: call for index, call in calls.items() if call.ended is None}:
        now = context.current_utc_datetime
        first_due = min(call.due or now for call in open_calls.values())
        if first_due > now:
            now = yield from _sleep(context, first_due, list(open_calls.values()))
        due_calls = {index: call for index, call in open_calls.items() if call.due is None or call.due <= now}
        answers = yield from _round(context, activity, due_calls)
        for index, answer in answers.items():
            calls[index].take(answer)
        pause_until = _pause_until(context.current_utc_datetime, answers)
        if pause_until is not None and any(call.ended is None for call in calls.values()):
            yield context.create_timer(pause_until)
    return [call.ended or Failed(code="infrastructure") for call in calls.values()]


class _Call:
    """One input on its way through the rounds."""

    def __init__(self, data: Input, most_faults: int) -> None:
        self.data = data
        self._most_faults = most_faults
        self.faults = 0
        self.rounds = 0
        self.steps_aside = 0
        self.due: datetime | None = None
        self.in_background = False
        self.ended: Done | Failed | None = None

    def take(self, answer: Done | Deferred | Next | Failed | None) -> None:
        """Note what the last round brought; None stands for an exception."""
        self.due = None
        self.in_background = isinstance(answer, Deferred) and bool(answer.background)
        if self.in_background:
            self.steps_aside += 1
        else:
            self.rounds += 1
        self.data.pop("reservation", None)
        if isinstance(answer, Next):
            tried = {"provider": answer.tried, "reason": answer.reason}
            skipped = [one.to_json() for one in answer.skipped or []]
            self.data["provider"] = answer.provider
            self.data["fallbacks"] = [*self.data.get("fallbacks", []), tried, *skipped]
        elif isinstance(answer, Deferred) and answer.reservation is not None:
            self.due = answer.until
            self.data["reservation"] = answer.reservation
        elif isinstance(answer, Deferred) and answer.background:
            self.due = answer.until
        elif isinstance(answer, Done) or (isinstance(answer, Failed) and not answer.retryable):
            self.ended = answer
        elif not isinstance(answer, Deferred):
            self.faults += 1
            if self.faults >= self._most_faults:
                self.ended = answer or Failed(code="infrastructure")
        if self.ended is None and (self.rounds >= MAX_ROUNDS or self.steps_aside >= MAX_STEPS_ASIDE):
            self.ended = Failed(code="infrastructure")


def _sleep(
    context: df.DurableOrchestrationContext, until: datetime, calls: Sequence[_Call]
) -> Generator[Any, Any, datetime]:
    """Wait for a moment, or until work of the background is wanted; returns what time it is then."""
    timer: Any = context.create_timer(until)
    aside = [call for call in calls if call.in_background]
    if not aside:
        yield timer
    else:
        yield context.task_any([context.wait_for_external_event(WANTED), timer])
        if not timer.is_completed:
            timer.cancel()  # an open timer would hold the orchestration's end
            for call in aside:
                call.due = None
            return context.current_utc_datetime
    return max(until, context.current_utc_datetime)


def _round(
    context: df.DurableOrchestrationContext, activity: str, calls: dict[int, _Call]
) -> Generator[Any, Any, dict[int, Done | Deferred | Next | Failed | None]]:
    """Call every open input once and read every answer, whatever happened to its siblings."""
    pause = _pause(max(call.faults for call in calls.values()))
    tasks = {index: context.call_activity(activity, call.data) for index, call in calls.items()}
    try:
        yield context.task_all(list(tasks.values()))
    except Exception:  # noqa: BLE001 - the SDK raises plain Exception for a failed activity
        yield context.create_timer(context.current_utc_datetime + pause)
    return {index: _answer(task) for index, task in tasks.items()}


def _answer(task: Any) -> Done | Deferred | Next | Failed | None:
    """Read one task: its outcome, or None when it raised or answered what no activity answers."""
    try:
        return OUTCOME.validate_python(task.result)
    except Exception:  # noqa: BLE001 - a failed task's result is its exception, or raises it
        return None


def _pause(faults: int) -> timedelta:
    """Back off exponentially: 1 s, 2 s, 4 s, ... at most 30 s."""
    doubled: timedelta = FIRST_PAUSE * 2**faults
    return min(doubled, LONGEST_PAUSE)


def _pause_until(
    now: datetime, answers: dict[int, Done | Deferred | Next | Failed | None]
) -> datetime | None:
    """Return when the next round may begin, when an answer without a reservation asks for a pause."""
    deferred = [answer for answer in answers.values() if isinstance(answer, Deferred)]
    moments = [answer.until for answer in deferred if answer.reservation is None and not answer.background]
    if any(isinstance(answer, Failed) and answer.retryable for answer in answers.values()):
        moments.append(now + FIRST_PAUSE)
    later = [moment for moment in moments if moment > now]
    return max(later) if later else None
