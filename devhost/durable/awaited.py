"""What a walk awaits and what it schedules, and the check that a replay repeats its history."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from durabletask.internal import orchestrator_service_pb2 as pb

from devhost.durable.actions import ActionJson, ActionType
from devhost.durable.history import EventType, HistoryJson

SCHEDULING_EVENTS: Final = {
    EventType.TASK_SCHEDULED: "an activity task",
    EventType.SUB_ORCHESTRATION_INSTANCE_CREATED: "a sub-orchestration task",
    EventType.TIMER_CREATED: "a timer task",
}


class OrchestrationError(Exception):
    """The orchestration fails for a reason that the host finds, not the app; the message is its output."""


class NonDeterminismError(OrchestrationError):
    """The actions of this replay do not match the history."""


@dataclass(frozen=True)
class Scheduled:
    """What an action schedules, and as which event the history records it; most are only matched."""

    kind: EventType
    name: str
    build: Callable[[], pb.OrchestratorAction]


@dataclass(eq=False)
class Awaited:
    """One action as the extension awaits it; `missing` counts a compound's open children."""

    action: ActionJson
    parent: "Awaited | None"
    missing: int = 0
    done: bool = False
    attempts: int = 0
    in_retry_timer: bool = False

    @property
    def kind(self) -> ActionType:
        """The action's type."""
        return ActionType(self.action["actionType"])

    def settle(self) -> None:
        """Mark as completed, whether well or not, and tell the compound above."""
        if self.done:
            return
        self.done = True
        if (parent := self.parent) is not None:
            parent.missing -= 1
            if parent.kind is ActionType.WHEN_ANY or parent.missing == 0:
                parent.settle()


def require_repeated(event: HistoryJson, found: Scheduled | None) -> None:
    """Raise NonDeterminismError unless `found` is what `event` of the history says was scheduled."""
    name = event.get("Name", "")
    before = f"{SCHEDULING_EVENTS[event['EventType']]} with sequence ID {event['EventId']}" + _named(name)
    if found is None:
        now = "hasn't (yet?) scheduled this task"
    elif found.kind != event["EventType"] or found.name.casefold() != name.casefold():
        now = f"instead scheduled {SCHEDULING_EVENTS[found.kind]}{_named(found.name)}"
    else:
        return
    raise NonDeterminismError(
        f"A previous execution of this orchestration scheduled {before}, but the current replay execution "
        f"{now}. Was a change made to the orchestrator code after this instance had already started running?"
    )


def _named(name: str) -> str:
    return f" and name '{name}'" if name else ""
