"""The actions that a v1 orchestrator answers with, as the Durable extension reads them."""

import json
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

ActionJson = dict[str, Any]


class ActionType(IntEnum):
    """`OutOfProcOrchestrationShim.AsyncActionType`."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    SCHEDULED_SIGNAL_ENTITY = 10
    WHEN_ANY = 11
    WHEN_ALL = 12


ACTIVITIES: Final = frozenset({ActionType.CALL_ACTIVITY, ActionType.CALL_ACTIVITY_WITH_RETRY})
SUB_ORCHESTRATORS: Final = frozenset(
    {ActionType.CALL_SUB_ORCHESTRATOR, ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY}
)
RETRIED: Final = frozenset({ActionType.CALL_ACTIVITY_WITH_RETRY, ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY})
_NO_ENTITIES: Final = "Durable entities are not emulated by the local host"
UNSUPPORTED: Final = {
    ActionType.CALL_ENTITY: f"{_NO_ENTITIES} (call_entity).",
    ActionType.SIGNAL_ENTITY: f"{_NO_ENTITIES} (signal_entity).",
    ActionType.SCHEDULED_SIGNAL_ENTITY: f"{_NO_ENTITIES} (signal_entity).",
    ActionType.CALL_HTTP: "Durable HTTP is not emulated by the local host (call_http): call an activity.",
}


def schedule_activity(event_id: int, action: ActionJson) -> pb.OrchestratorAction:
    """Build the engine's action for an activity call; its input is the SDK's JSON text, as a JSON string."""
    task = pb.ScheduleTaskAction(name=action["functionName"])
    task.input.value = json.dumps(action.get("input"))
    return pb.OrchestratorAction(id=event_id, scheduleTask=task)


def start_sub_orchestration(
    event_id: int, action: ActionJson, instance_id: str, version: str | None
) -> pb.OrchestratorAction:
    """Build the engine's action for a child; its input is the SDK's JSON text, as a JSON string."""
    child = pb.CreateSubOrchestrationAction(instanceId=instance_id, name=action["functionName"])
    child.input.value = json.dumps(action.get("input"))
    if version is not None:
        child.version.value = version
    return pb.OrchestratorAction(id=event_id, createSubOrchestration=child)


def create_timer(event_id: int, fire_at: datetime) -> pb.OrchestratorAction:
    """Build the engine's action for a timer that fires at `fire_at` (aware)."""
    timestamp = Timestamp()
    timestamp.FromDatetime(fire_at)
    return pb.OrchestratorAction(id=event_id, createTimer=pb.CreateTimerAction(fireAt=timestamp))


def parse_moment(text: str) -> datetime:
    """Read a timestamp of the history or of an action; one without an offset is UTC, as for the extension."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
