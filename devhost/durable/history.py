"""The engine's protobuf history as the JSON that the Durable extension hands to a v1 orchestrator.

Field names are PascalCase and event types are numbers, as Newtonsoft writes DurableTask.Core's HistoryEvent.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb

from devhost.durable.wire import iso_text, text_of

HistoryJson = dict[str, Any]


class EventType(IntEnum):
    """DurableTask.Core's event types, as far as they reach a v1 orchestrator or the status API."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_INSTANCE_CREATED = 7
    SUB_ORCHESTRATION_INSTANCE_COMPLETED = 8
    SUB_ORCHESTRATION_INSTANCE_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_RAISED = 15
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


def _execution_started(event: pb.ExecutionStartedEvent) -> HistoryJson:
    instance = event.orchestrationInstance
    return {
        "EventType": EventType.EXECUTION_STARTED,
        "Name": event.name,
        "Version": text_of(event, "version") or "",
        "Input": text_of(event, "input"),
        "Tags": None,
        "OrchestrationInstance": {
            "InstanceId": instance.instanceId,
            "ExecutionId": text_of(instance, "executionId"),
        },
    }


def _execution_completed(event: pb.ExecutionCompletedEvent) -> HistoryJson:
    failure = event.failureDetails.errorMessage if event.HasField("failureDetails") else None
    return {
        "EventType": EventType.EXECUTION_COMPLETED,
        "OrchestrationStatus": event.orchestrationStatus,
        "Result": failure if failure is not None else text_of(event, "result"),
    }


def _task_scheduled(event: pb.TaskScheduledEvent) -> HistoryJson:
    # DurableTask.Core wraps an activity's input in an array of arguments.
    return {
        "EventType": EventType.TASK_SCHEDULED,
        "Name": event.name,
        "Version": "",
        "Input": f"[{text_of(event, 'input') or 'null'}]",
    }


def _task_completed(event: pb.TaskCompletedEvent) -> HistoryJson:
    return {
        "EventType": EventType.TASK_COMPLETED,
        "TaskScheduledId": event.taskScheduledId,
        "Result": text_of(event, "result"),
    }


def _task_failed(event: pb.TaskFailedEvent) -> HistoryJson:
    return {
        "EventType": EventType.TASK_FAILED,
        "TaskScheduledId": event.taskScheduledId,
        **_failure(event.failureDetails),
    }


def _sub_orchestration_created(event: pb.SubOrchestrationInstanceCreatedEvent) -> HistoryJson:
    return {
        "EventType": EventType.SUB_ORCHESTRATION_INSTANCE_CREATED,
        "Name": event.name,
        "Version": text_of(event, "version") or "",
        "InstanceId": event.instanceId,
        "Input": text_of(event, "input"),
    }


def _sub_orchestration_completed(event: pb.SubOrchestrationInstanceCompletedEvent) -> HistoryJson:
    return {
        "EventType": EventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED,
        "TaskScheduledId": event.taskScheduledId,
        "Result": text_of(event, "result"),
    }


def _sub_orchestration_failed(event: pb.SubOrchestrationInstanceFailedEvent) -> HistoryJson:
    return {
        "EventType": EventType.SUB_ORCHESTRATION_INSTANCE_FAILED,
        "TaskScheduledId": event.taskScheduledId,
        **_failure(event.failureDetails),
    }


def _failure(details: pb.TaskFailureDetails) -> HistoryJson:
    return {"Reason": details.errorMessage, "Details": details.stackTrace.value, "FailureDetails": None}


def _timer_created(event: pb.TimerCreatedEvent) -> HistoryJson:
    return {"EventType": EventType.TIMER_CREATED, "FireAt": iso_text(event.fireAt)}


def _timer_fired(event: pb.TimerFiredEvent) -> HistoryJson:
    return {"EventType": EventType.TIMER_FIRED, "TimerId": event.timerId, "FireAt": iso_text(event.fireAt)}


def _event_raised(event: pb.EventRaisedEvent) -> HistoryJson:
    return {"EventType": EventType.EVENT_RAISED, "Name": event.name, "Input": text_of(event, "input")}


def _terminated(event: pb.ExecutionTerminatedEvent) -> HistoryJson:
    return {"EventType": EventType.EXECUTION_TERMINATED, "Input": text_of(event, "input")}


def _suspended(event: pb.ExecutionSuspendedEvent) -> HistoryJson:
    return {"EventType": EventType.EXECUTION_SUSPENDED, "Reason": text_of(event, "input")}


def _resumed(event: pb.ExecutionResumedEvent) -> HistoryJson:
    return {"EventType": EventType.EXECUTION_RESUMED, "Reason": text_of(event, "input")}


_CONVERSIONS: dict[str, Callable[[Any], HistoryJson]] = {
    "executionStarted": _execution_started,
    "executionCompleted": _execution_completed,
    "executionTerminated": _terminated,
    "executionSuspended": _suspended,
    "executionResumed": _resumed,
    "taskScheduled": _task_scheduled,
    "taskCompleted": _task_completed,
    "taskFailed": _task_failed,
    "subOrchestrationInstanceCreated": _sub_orchestration_created,
    "subOrchestrationInstanceCompleted": _sub_orchestration_completed,
    "subOrchestrationInstanceFailed": _sub_orchestration_failed,
    "timerCreated": _timer_created,
    "timerFired": _timer_fired,
    "orchestratorStarted": lambda _: {"EventType": EventType.ORCHESTRATOR_STARTED},
    "orchestratorCompleted": lambda _: {"EventType": EventType.ORCHESTRATOR_COMPLETED},
    "eventRaised": _event_raised,
}


def event_json(event: pb.HistoryEvent, *, played: bool) -> HistoryJson | None:
    """Convert one event; None for a kind that the v1 replay never reads (entities, rewinds).

    `played` marks an event that an earlier replay has already seen: it drives `context.is_replaying`.
    """
    kind = event.WhichOneof("eventType")
    convert = _CONVERSIONS.get(kind or "")
    if kind is None or convert is None:
        return None
    return {
        "EventId": event.eventId,
        "IsPlayed": played,
        "Timestamp": iso_text(event.timestamp),
        **convert(getattr(event, kind)),
    }


def history_json(past: Iterable[pb.HistoryEvent], new: Iterable[pb.HistoryEvent]) -> list[HistoryJson]:
    """Convert a work item's events: those replayed before, then those that this turn is about."""
    events = [*((event, True) for event in past), *((event, False) for event in new)]
    return [item for event, played in events if (item := event_json(event, played=played)) is not None]
