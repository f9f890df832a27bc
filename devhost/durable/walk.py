"""The walk that the Durable extension makes over an orchestrator's actions.

A v1 orchestrator answers every turn with all the actions of its life so far. The extension performs them
again on DurableTask.Core, one after the other, while it plays the history: that gives out the event ids and
finds what is to be scheduled now. This module does the same (extension:
OutOfProcOrchestrationShim.ProcessAsyncActionsV2 and DurableOrchestrationContext; DurableTask.Core:
TaskOrchestrationExecutor, TaskOrchestrationContext, RetryInterceptor).
"""

import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from durabletask.internal import orchestrator_service_pb2 as pb

from devhost.durable.actions import (
    ACTIVITIES,
    RETRIED,
    SUB_ORCHESTRATORS,
    UNSUPPORTED,
    ActionJson,
    ActionType,
    create_timer,
    parse_moment,
    schedule_activity,
    start_sub_orchestration,
)
from devhost.durable.awaited import (
    SCHEDULING_EVENTS,
    Awaited,
    OrchestrationError,
    Scheduled,
    require_repeated,
)
from devhost.durable.history import EventType, HistoryJson

_log = logging.getLogger(__name__)

_SUCCESSES = frozenset({EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED})
_RESULTS = _SUCCESSES | {
    EventType.TASK_FAILED,
    EventType.SUB_ORCHESTRATION_INSTANCE_FAILED,
    EventType.TIMER_FIRED,
}


@dataclass(frozen=True)
class WalkSettings:
    """What the walk must know of the instance and of the app."""

    instance_id: str
    execution_id: str
    parent_instance_id: str | None
    knows_activity: Callable[[str], bool]
    knows_orchestrator: Callable[[str], bool]
    default_version: str | None = None


@dataclass
class Walk:
    """The state of one walk; call `run` once, then read the results.

    `scheduled`: the engine's actions to perform now. `may_end`: every action was awaited and nothing is
    open, so the orchestrator's own end counts. `continue_as_new`: the new input (JSON text) if the
    orchestrator asked for one. `carried_events`: positions in the history of the events that came after that
    and belong to the next execution.
    """

    settings: WalkSettings
    may_end: bool = False
    continue_as_new: str | None = None
    continues: bool = False
    carried_events: list[int] = field(default_factory=list)

    _next_event_id: int = 0
    _suspended: bool = False
    _now: str = ""
    _current: Awaited | None = None
    _exhausted: bool = False
    _new: dict[int, Scheduled] = field(default_factory=dict)
    _held: dict[int, Scheduled] = field(default_factory=dict)
    _open: dict[int, Awaited] = field(default_factory=dict)
    _waiters: dict[str, list[Awaited]] = field(default_factory=lambda: defaultdict(list))
    _buffered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _while_suspended: deque[tuple[int, HistoryJson]] = field(default_factory=deque)
    _actions: Iterator[ActionJson] = field(default_factory=lambda: iter(()))

    @property
    def scheduled(self) -> list[pb.OrchestratorAction]:
        """The actions of this turn, in the order of their event ids."""
        return [scheduled.build() for scheduled in self._new.values()]

    def run(self, history: list[HistoryJson], actions: list[ActionJson]) -> None:
        """Play `history` over `actions`; raises OrchestrationError where the extension fails the instance."""
        self._actions = iter(actions)
        for position, event in enumerate(history):
            if event["EventType"] == EventType.ORCHESTRATOR_STARTED:
                self._now = event["Timestamp"]
            elif self._suspended and event["EventType"] != EventType.EXECUTION_RESUMED:
                self._while_suspended.append((position, event))
            else:
                self._play(position, event)
        # DurableTask.Core does not end an orchestration while a task of it is open: a forgotten timer holds
        # it.
        self.may_end = self._exhausted and not self._open

    # ------------------------------------------------------------------ the history
    def _play(self, position: int, event: HistoryJson) -> None:
        kind = event["EventType"]
        if kind == EventType.EXECUTION_STARTED:
            self._advance()
        elif kind in SCHEDULING_EVENTS:
            require_repeated(event, self._new.pop(event["EventId"], None))
        elif kind in _RESULTS:
            event_id = event["TimerId"] if kind == EventType.TIMER_FIRED else event["TaskScheduledId"]
            awaited = self._open.pop(event_id, None)
            if awaited is not None:
                self._result(awaited, succeeded=kind in _SUCCESSES)
                self._advance()
        elif kind == EventType.EVENT_RAISED:
            self._raise_event(position, event["Name"])
        elif kind == EventType.EXECUTION_SUSPENDED:
            self._suspended = True
            self._held, self._new = self._held | self._new, {}
        elif kind == EventType.EXECUTION_RESUMED:
            self._suspended = False
            self._new, self._held = self._held | self._new, {}
            while self._while_suspended and not self._suspended:
                self._play(*self._while_suspended.popleft())

    def _raise_event(self, position: int, name: str) -> None:
        if self.continues:
            self.carried_events.append(position)
        elif self._waiters[name]:
            self._waiters[name].pop().settle()  # the newest first: the extension keeps a stack
            self._advance()
        else:
            self._buffered[name] += 1

    def _result(self, awaited: Awaited, *, succeeded: bool) -> None:
        if awaited.kind not in RETRIED:
            awaited.settle()
            return
        options = awaited.action["retryOptions"]
        if awaited.in_retry_timer:
            awaited.in_retry_timer = False
            if awaited.attempts >= options["maxNumberOfAttempts"]:
                awaited.settle()
            else:
                self._call(awaited)
        elif succeeded:
            awaited.settle()
        else:
            awaited.attempts += 1
            awaited.in_retry_timer = True
            # The last failure gets a timer too, which fires at once: histories of old depend on its event id.
            last = awaited.attempts >= options["maxNumberOfAttempts"]
            delay = timedelta(milliseconds=0 if last else options["firstRetryIntervalInMilliseconds"])
            self._schedule_timer(awaited, parse_moment(self._now) + delay)

    # ------------------------------------------------------------------ the actions
    def _advance(self) -> None:
        """Perform actions until one must be waited for."""
        while self._current is None or self._current.done:
            action = next(self._actions, None)
            if action is None:
                self._exhausted = True
                return
            self._current = self._perform(action, None)

    def _perform(self, action: ActionJson, parent: Awaited | None) -> Awaited:
        awaited = Awaited(action, parent)
        kind = awaited.kind
        if kind in UNSUPPORTED:
            raise OrchestrationError(UNSUPPORTED[kind])
        if kind in {ActionType.WHEN_ALL, ActionType.WHEN_ANY}:
            awaited.missing = len(action["compoundActions"])
            for child in action["compoundActions"]:
                self._perform(child, awaited)
            if not action["compoundActions"]:
                awaited.settle()
        elif kind is ActionType.WAIT_FOR_EXTERNAL_EVENT:
            self._wait_for_event(awaited)
        elif kind is ActionType.CONTINUE_AS_NEW:
            self.continues, self.continue_as_new = True, action.get("input")
            awaited.settle()
        elif kind is ActionType.CREATE_TIMER:
            self._timer(awaited)
        elif self._exists(awaited):
            self._call(awaited)
        else:
            awaited.settle()
        return awaited

    def _wait_for_event(self, awaited: Awaited) -> None:
        """Take a buffered event, or wait; an event takes no event id."""
        name = awaited.action["externalEventName"]
        if self._buffered[name]:
            self._buffered[name] -= 1
            awaited.settle()
        else:
            self._waiters[name].append(awaited)

    def _timer(self, awaited: Awaited) -> None:
        fire_at = parse_moment(awaited.action["fireAt"])
        event_id = self._schedule_timer(awaited, fire_at)
        if awaited.action.get("isCanceled"):
            # It keeps its event id, and is created in the engine all the same; nobody waits for it.
            del self._open[event_id]
            awaited.settle()

    def _call(self, awaited: Awaited) -> None:
        event_id, action = self._open_task(awaited), awaited.action
        if awaited.kind in ACTIVITIES:
            kind, build = EventType.TASK_SCHEDULED, lambda: schedule_activity(event_id, action)
        else:
            kind, build = EventType.SUB_ORCHESTRATION_INSTANCE_CREATED, lambda: self._child(event_id, action)
        self._new[event_id] = Scheduled(kind, action["functionName"], build)

    def _child(self, event_id: int, action: ActionJson) -> pb.OrchestratorAction:
        instance_id = action.get("instanceId") or f"{self.settings.execution_id}:{event_id}"
        version = action.get("version") or self.settings.default_version
        return start_sub_orchestration(event_id, action, instance_id, version)

    def _schedule_timer(self, awaited: Awaited, fire_at: datetime) -> int:
        event_id = self._open_task(awaited)
        self._new[event_id] = Scheduled(EventType.TIMER_CREATED, "", lambda: create_timer(event_id, fire_at))
        return event_id

    def _open_task(self, awaited: Awaited) -> int:
        event_id, self._next_event_id = self._next_event_id, self._next_event_id + 1
        self._open[event_id] = awaited
        return event_id

    def _exists(self, awaited: Awaited) -> bool:
        """Tell whether the called function can be started.

        The extension swallows the exception of a call to an unknown function and awaits the next action: the
        orchestration stays Running for ever (azure-functions-durable-js #197). The log says what the host
        does not.
        """
        name, settings = awaited.action["functionName"], self.settings
        if awaited.kind in SUB_ORCHESTRATORS:
            child_id = (awaited.action.get("instanceId") or "").casefold()
            own_ids = {settings.instance_id.casefold(), (settings.parent_instance_id or "").casefold()}
            if settings.knows_orchestrator(name) and (not child_id or child_id not in own_ids):
                return True
            reason = (
                "is not an orchestrator function, or its instance id is the caller's or the caller's parent's"
            )
        else:
            if settings.knows_activity(name):
                return True
            reason = "doesn't exist, is disabled, or is not an activity function"
        _log.error(
            "Orchestration '%s' calls '%s', which %s: like on Azure, the orchestration will not go on.",
            settings.instance_id,
            name,
            reason,
        )
        return False
