"""One turn of an orchestration: the engine's request in, its actions out, the app's real replay between."""

import json
import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb

from devhost.durable.awaited import OrchestrationError
from devhost.durable.history import EventType, history_json
from devhost.durable.registry import DurableFunctions
from devhost.durable.walk import Walk, WalkSettings
from devhost.durable.wire import completed_action, failed_action, text_of
from devhost.time_span import format_time_span

_log = logging.getLogger(__name__)

# Under this label the SDK hides its state in the message of a failed orchestrator's exception.
_STATE_LABEL = "\n\n$OutOfProcData$:"
# DurableOrchestrationContext.SetCustomStatus: the UTF-16 size, in whole KB, must not exceed this.
_CUSTOM_STATUS_KB = 16
_HTTP_POLL_MILLISECONDS = 30_000


@dataclass(frozen=True)
class TimerLimits:
    """How the SDK splits long timers; the Azure Storage provider's values."""

    longest: timedelta = timedelta(days=6)
    interval: timedelta = timedelta(days=3)


class Orchestration:
    """Computes turns with the app's functions."""

    def __init__(
        self,
        functions: DurableFunctions,
        timers: TimerLimits | None = None,
        default_version: str | None = None,
    ) -> None:
        self._functions = functions
        self._default_version = default_version
        self.timers = timers or TimerLimits()

    def turn(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        """Compute the answer to one work item; never raises, a broken function fails its instance."""
        response = pb.OrchestratorResponse(instanceId=request.instanceId)
        started = _start_event(request)
        try:
            self._replay(request, started, response)
        except OrchestrationError as error:
            _log.error("Orchestration '%s' failed: %s", request.instanceId, error)
            del response.actions[:]
            response.actions.append(failed_action(str(error)))
        except Exception as error:  # noqa: BLE001 - whatever the app's code raises fails its instance
            # Such as an orchestrator that yields something else than a task: the host sees the worker's
            # exception.
            _log.exception("Orchestrator '%s' (%s) cannot be replayed", started.name, request.instanceId)
            trace = "".join(traceback.format_exception(error))
            rpc = f"Result: Failure\nException: {type(error).__name__}: {error}\nStack: {trace}"
            del response.actions[:]
            response.actions.append(
                failed_action(
                    f"Orchestrator function '{started.name}' failed: One or more errors occurred. ({rpc})"
                )
            )
        return response

    def _replay(
        self,
        request: pb.OrchestratorRequest,
        started: pb.ExecutionStartedEvent,
        response: pb.OrchestratorResponse,
    ) -> None:
        name = started.name
        if not self._functions.has_orchestrator(name):
            message = unknown_orchestrator(name, self._functions.orchestrators)
            raise OrchestrationError(f"Orchestrator function '{name}' failed: {message}")
        history = history_json(request.pastEvents, request.newEvents)
        parent = (
            started.parentInstance.orchestrationInstance.instanceId
            if started.HasField("parentInstance")
            else None
        )
        raw_input = text_of(started, "input")
        try:
            state = self._functions.replay(
                name,
                {
                    "history": history,
                    "input": json.loads(raw_input) if raw_input is not None else None,
                    "instanceId": request.instanceId,
                    "isReplaying": next(
                        event["IsPlayed"]
                        for event in history
                        if event["EventType"] == EventType.EXECUTION_STARTED
                    ),
                    "parentInstanceId": parent,
                    "upperSchemaVersion": 1,
                    "upperSchemaVersionNew": 2,
                    "longRunningTimerIntervalDuration": format_time_span(self.timers.interval),
                    "maximumShortTimerDuration": format_time_span(self.timers.longest),
                    "defaultHttpAsyncRequestSleepTimeMillseconds": _HTTP_POLL_MILLISECONDS,
                },
            )
        except Exception as error:
            failed = failed_state(error)
            if failed is None:
                raise
            state = failed
        _set_custom_status(name, state, response)
        walk = Walk(
            WalkSettings(
                instance_id=request.instanceId,
                execution_id=text_of(started.orchestrationInstance, "executionId") or request.instanceId,
                parent_instance_id=parent,
                knows_activity=self._functions.has_activity,
                knows_orchestrator=self._functions.has_orchestrator,
                default_version=self._default_version,
            )
        )
        walk.run(history, state["actions"][0])
        response.actions.extend(walk.scheduled)
        if walk.may_end and state.get("error"):
            _log.error(
                "Orchestration '%s' (%s) failed: %s\n%s",
                request.instanceId,
                name,
                state["error"],
                state["trace"],
            )
        if walk.may_end:
            response.actions.extend(_end(name, state, walk, [*request.pastEvents, *request.newEvents]))


def _end(
    name: str, state: dict[str, Any], walk: Walk, events: Sequence[pb.HistoryEvent]
) -> list[pb.OrchestratorAction]:
    """Return the action that ends the execution, if the orchestrator is at its end."""
    if state.get("error"):
        error = state["error"]
        details = f"Message: {error}, StackTrace: {state['trace']}"
        return [failed_action(f"Orchestrator function '{name}' failed: {error}", details)]
    if not state["isDone"]:
        return []
    if walk.continues:
        action = completed_action(pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW, json.dumps(walk.continue_as_new))
        action.completeOrchestration.carryoverEvents.extend(events[n] for n in walk.carried_events)
        return [action]
    output = state.get("output")
    return [
        completed_action(
            pb.ORCHESTRATION_STATUS_COMPLETED, json.dumps(output) if output is not None else None
        )
    ]


def failed_state(error: BaseException) -> dict[str, Any] | None:
    """Read the SDK's state from a failed orchestrator's exception; None when it carries none.

    A child's failure may be quoted before it, so the last label counts.
    """
    message = str(error)
    if _STATE_LABEL not in message:
        return None
    state: dict[str, Any] = json.loads(message[message.rindex(_STATE_LABEL) + len(_STATE_LABEL) :])
    cause = error.__cause__ or error
    state["trace"] = "".join(traceback.format_tb(cause.__traceback__)[1:])
    return state


def unknown_orchestrator(name: str, known: Sequence[str]) -> str:
    """Say that there is no such orchestrator, in the extension's words."""
    quoted = "', '".join(known)
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function. "
        "Additional info: "
        + (
            f"The following are the known orchestrator functions: '{quoted}'."
            if known
            else "No orchestrator functions are currently registered!"
        )
    )


def _start_event(request: pb.OrchestratorRequest) -> pb.ExecutionStartedEvent:
    events = (event for batch in (request.pastEvents, request.newEvents) for event in batch)
    return next(event.executionStarted for event in events if event.HasField("executionStarted"))


def _set_custom_status(name: str, state: dict[str, Any], response: pb.OrchestratorResponse) -> None:
    if state.get("customStatus") is None:
        return
    text = json.dumps(state["customStatus"], ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode("utf-16-le", "surrogatepass")) // 1024
    if size > _CUSTOM_STATUS_KB:
        raise OrchestrationError(
            f"Orchestrator function '{name}' failed: The UTF-16 size of the JSON-serialized payload must not "
            f"exceed {_CUSTOM_STATUS_KB} KB. The current payload size is {size} KB."
        )
    response.customStatus.value = text
