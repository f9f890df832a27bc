"""Instances and their histories as the management API shows them."""

import json
from typing import Any, Final

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from devhost.durable.history import EventType, HistoryJson, event_json
from devhost.durable.wire import text_of

STATUS_NAMES: Final = {
    pb.ORCHESTRATION_STATUS_RUNNING: "Running",
    pb.ORCHESTRATION_STATUS_COMPLETED: "Completed",
    pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW: "ContinuedAsNew",
    pb.ORCHESTRATION_STATUS_FAILED: "Failed",
    pb.ORCHESTRATION_STATUS_CANCELED: "Canceled",
    pb.ORCHESTRATION_STATUS_TERMINATED: "Terminated",
    pb.ORCHESTRATION_STATUS_PENDING: "Pending",
    pb.ORCHESTRATION_STATUS_SUSPENDED: "Suspended",
}
STATUSES: Final = {name: status for status, name in STATUS_NAMES.items()}

_EVENT_NAMES: Final = {kind: kind.name.title().replace("_", "") for kind in EventType}
_TURNS: Final = frozenset({EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED})
_RESULTS: Final = frozenset(
    {
        EventType.TASK_COMPLETED,
        EventType.TASK_FAILED,
        EventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED,
        EventType.SUB_ORCHESTRATION_INSTANCE_FAILED,
    }
)
_CALLS: Final = frozenset({EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_INSTANCE_CREATED})
_HIDDEN: Final = {
    EventType.EXECUTION_STARTED: ("Name", "OrchestrationInstance", "ParentInstance", "Version", "Tags"),
    EventType.TIMER_FIRED: ("TimerId",),
    EventType.TASK_SCHEDULED: ("Version",),
    EventType.SUB_ORCHESTRATION_INSTANCE_CREATED: ("Version",),
}


def status_json(state: pb.OrchestrationState, *, show_input: bool) -> dict[str, Any]:
    """Show an instance (extension: HttpApiHandler.ConvertFrom).

    An input that the Python client sent is a string that holds JSON text, here as on Azure.
    """
    if state.HasField("failureDetails"):
        output: Any = state.failureDetails.errorMessage
    else:
        output = token(text_of(state, "output"))
    return {
        "name": state.name,
        "instanceId": state.instanceId,
        "runtimeStatus": STATUS_NAMES[state.orchestrationStatus],
        "input": token(text_of(state, "input")) if show_input else None,
        "customStatus": token(text_of(state, "customStatus")),
        "output": output,
        "createdTime": _seconds(state.createdTimestamp),
        "lastUpdatedTime": _seconds(state.lastUpdatedTimestamp),
    }


def token(text: str | None) -> Any:
    """Read JSON text, or keep text that is none, such as a terminate reason.

    Extension: DurableClient.ParseToJToken.
    """
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def history_view(events: list[pb.HistoryEvent], *, show_input: bool, show_output: bool) -> list[HistoryJson]:
    """Show a history, abridged (extension: DurableClient.GetDurableOrchestrationStatusAsync).

    A call and its result become one entry, turns are left out, results are shown on request only.
    """
    calls: dict[int, HistoryJson] = {}
    finished: set[int] = set()
    entries: list[HistoryJson] = []
    for event in events:
        entry = event_json(event, played=True)
        if entry is None or entry["EventType"] in _TURNS:
            continue
        if entry["EventType"] in _CALLS:
            calls[entry["EventId"]] = entry
        elif entry["EventType"] in _RESULTS:
            finished.add(entry["TaskScheduledId"])
        entries.append(entry)
    return [
        _shown(entry, calls, show_input=show_input, show_output=show_output)
        for entry in entries
        if not (entry["EventType"] in _CALLS and entry["EventId"] in finished)
    ]


def _shown(
    entry: HistoryJson, calls: dict[int, HistoryJson], *, show_input: bool, show_output: bool
) -> HistoryJson:
    kind = EventType(entry["EventType"])
    shown = {
        key: value
        for key, value in entry.items()
        if key not in {"EventId", "IsPlayed", *_HIDDEN.get(kind, ())}
    }
    shown["EventType"] = _EVENT_NAMES[kind]
    if kind is EventType.EXECUTION_STARTED:
        shown["FunctionName"] = entry["Name"]
    elif kind is EventType.EXECUTION_COMPLETED:
        shown["OrchestrationStatus"] = STATUS_NAMES[entry["OrchestrationStatus"]]
    elif kind in _RESULTS:
        call = calls.get(shown.pop("TaskScheduledId"))
        if call is not None:
            shown |= {
                "ScheduledTime": call["Timestamp"],
                "FunctionName": call["Name"],
                "Input": call["Input"],
            }
    if "Result" in shown:
        if show_output:
            shown["Result"] = token(shown["Result"])
        else:
            del shown["Result"]
    if not show_input:
        shown.pop("Input", None)
    return shown


def _seconds(timestamp: Timestamp) -> str:
    return timestamp.ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ")
