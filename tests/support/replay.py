"""Replaying orchestrators on v1 histories, exactly as the extension hands them to the Python worker.

A recording holds the steps of one run: the history events that were new in each step and what the
orchestrator answered. `replay` runs the present code over a stored recording; `Recorder` makes one by playing
the host with a script of activity results. A script is also asked whether an event comes that is waited for,
by its name; when it does, no timer of that step fires.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func

from tests.support.function_table import ROOT

ACTIVITY, TIMER, EVENT, ANY, ALL = 0, 5, 6, 11, 12
ORCHESTRATOR_STARTED, EXECUTION_STARTED, ORCHESTRATOR_COMPLETED = 12, 0, 13
TASK_SCHEDULED, TASK_COMPLETED, TASK_FAILED, TIMER_CREATED, TIMER_FIRED = 4, 5, 6, 10, 11
CONTINUE_AS_NEW = 4
EVENT_RAISED = 15
OUT_OF_PROC_LABEL = "\n\n$OutOfProcData$:"

# What the present app stamps on the instances that it starts.
VERSION: str = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"][
    "defaultVersion"
]

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""When a recorded run begins, unless it works with real documents of today."""

Event = dict[str, Any]
Recording = dict[str, Any]
Script = Callable[[str, dict[str, Any], int], Any]


class ActivityRaises(Exception):
    """What a script raises for an activity that raised."""


def context_of(recording: Recording, history: list[Event]) -> dict[str, Any]:
    """Return what the extension hands to the worker: the orchestration's context with its whole history."""
    return {
        "history": history,
        "input": json.dumps(recording["input"]),
        "instanceId": recording["instance_id"],
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "maximumShortTimerDuration": "6.00:00:00",
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }


def run(orchestrator: Callable[[Any], str], recording: Recording, history: list[Event]) -> dict[str, Any]:
    """Call the orchestrator's real handle with a history; a failed one answers its state with `error`."""
    body = json.dumps(context_of(recording, history))
    try:
        state: dict[str, Any] = json.loads(orchestrator(func.OrchestrationContext(body)))
    except Exception as error:
        text = str(error)
        if OUT_OF_PROC_LABEL not in text:
            raise
        state = json.loads(text[text.rindex(OUT_OF_PROC_LABEL) + len(OUT_OF_PROC_LABEL) :])
    return state


def answer_of(state: dict[str, Any]) -> dict[str, Any]:
    """Return what matters of an orchestrator's answer."""
    return {
        "actions": state["actions"][0],
        "done": state["isDone"],
        "output": state.get("output"),
        "custom_status": state.get("customStatus"),
        "error": state.get("error"),
    }


def replay(orchestrator: Callable[[Any], str], recording: Recording) -> list[dict[str, Any]]:
    """Run every step of a recording on the present code and return its answers."""
    played: list[Event] = []
    answers = []
    for step in recording["steps"]:
        fresh = [{**event, "IsPlayed": False} for event in step["history"]]
        answers.append(answer_of(run(orchestrator, recording, played + fresh)))
        played += [{**event, "IsPlayed": True} for event in step["history"]]
    return answers


def leaves(actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what has an event id, in the order in which the extension gives them out: depth first."""
    return [action for action in _single(actions) if action["actionType"] != EVENT]


def begins_anew(answer: dict[str, Any]) -> bool:
    """Tell whether an orchestrator goes on with an empty history."""
    return any(action["actionType"] == CONTINUE_AS_NEW for action in _single(answer["actions"]))


def _single(actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for action in actions:
        found += _single(action["compoundActions"]) if action["actionType"] in (ANY, ALL) else [action]
    return found


# What changes from one call of a step to the next.
TURN = ("provider", "fallbacks", "reservation")


class Recorder:
    """Plays the host for one run."""

    def __init__(
        self,
        name: str,
        instance_id: str,
        data: dict[str, Any],
        script: Script,
        version: str = VERSION,
        began: datetime = BEGAN,
    ) -> None:
        self._version = version
        self._began = began
        self.recording: Recording = {"name": name, "instance_id": instance_id, "input": data, "steps": []}
        self._script = script
        self._clock = 0
        self._calls: dict[str, int] = {}
        self._waits = 0

    def record(self, orchestrator: Callable[[Any], str], most_steps: int = 60) -> Recording:
        """Run the orchestrator to its end."""
        fresh = [
            self._event(ORCHESTRATOR_STARTED),
            self._event(
                EXECUTION_STARTED,
                Name=self.recording["name"],
                Version=self._version,
                Input=json.dumps(self.recording["input"]),
            ),
        ]
        history: list[Event] = []
        scheduled = 0
        for _ in range(most_steps):
            now = history + [{**event, "IsPlayed": False} for event in fresh]
            answer = answer_of(run(orchestrator, self.recording, now))
            self.recording["steps"].append({"history": fresh, **answer})
            if answer["done"] or answer["error"] or begins_anew(answer):
                return self.recording
            history += [{**event, "IsPlayed": True} for event in fresh]
            actions = leaves(answer["actions"])
            waits = [one for one in _single(answer["actions"]) if one["actionType"] == EVENT]
            fresh = self._results(actions, scheduled, waits[self._waits :])
            scheduled, self._waits = len(actions), len(waits)
        raise AssertionError("the orchestrator does not come to an end")

    def _event(self, kind: int, event_id: int = -1, **fields: Any) -> Event:
        moment = self._began + timedelta(seconds=self._clock)
        timestamp = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"EventType": kind, "EventId": event_id, "IsPlayed": False, "Timestamp": timestamp, **fields}

    def _results(
        self, actions: list[dict[str, Any]], scheduled: int, waits: list[dict[str, Any]]
    ) -> list[Event]:
        created: list[Event] = []
        results: list[Event] = [
            self._event(EVENT_RAISED, Name=name, Input="null")
            for name in (wait["externalEventName"] for wait in waits)
            if self._script(name, {}, self._count(name))
        ]
        raised = bool(results)
        for event_id, action in enumerate(actions[scheduled:], start=scheduled):
            if action["actionType"] == TIMER:
                created.append(self._event(TIMER_CREATED, event_id, FireAt=action["fireAt"]))
                if not raised:
                    results.append(self._event(TIMER_FIRED, TimerId=event_id, FireAt=action["fireAt"]))
            else:
                created.append(self._event(TASK_SCHEDULED, event_id, Name=action["functionName"], Version=""))
                results.append(self._result(event_id, action))
        # A minute later: whatever timer was set has fired by then.
        self._clock += 60
        return [
            *created,
            self._event(ORCHESTRATOR_COMPLETED),
            self._event(ORCHESTRATOR_STARTED),
            *results,
        ]

    def _result(self, event_id: int, action: dict[str, Any]) -> Event:
        name = action["functionName"]
        data = json.loads(action["input"])
        key = name + json.dumps({k: v for k, v in data.items() if k not in TURN})
        try:
            result = self._script(name, data, self._count(key))
        except ActivityRaises as raised:
            reason = f"Activity function '{name}' failed:  RuntimeError: {raised}"
            return self._event(TASK_FAILED, TaskScheduledId=event_id, Reason=reason, Details="")
        return self._event(TASK_COMPLETED, TaskScheduledId=event_id, Result=json.dumps(result))

    def _count(self, key: str) -> int:
        self._calls[key] = self._calls.get(key, 0) + 1
        return self._calls[key]
