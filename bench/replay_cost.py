"""What the SDK's replay of the roadmap orchestrator costs, outside any host.

An orchestrator starts from its first line whenever one of its activities ends, so the order in which the
outlines come back decides how many turns there are. Here they come one by one, which is the dearest order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df

from orchestrators import roadmaps
from tests.support.replay import (
    ORCHESTRATOR_COMPLETED,
    ORCHESTRATOR_STARTED,
    TASK_COMPLETED,
    Event,
    Recorder,
    Recording,
    run,
)

ATTEMPT = {"user_id": "bench", "roadmap_id": "00000000-0000-4000-8000-000000000001", "attempt": 1}
Handle = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ReplayCost:
    """One roadmap's orchestration: history events, turns, and milliseconds of CPU."""

    events: int
    turns: int
    all_turns_ms: float
    longest_turn_ms: float


def roadmap_handle() -> Handle:
    """Return what the worker calls for the roadmap orchestrator."""
    app = df.DFApp()
    app.register_functions(roadmaps.blueprint)
    [function] = app.get_functions()
    handle: Handle = function.get_user_function()
    return handle


def replay_cost(handle: Handle, modules: int) -> ReplayCost:
    """Run every turn of a roadmap of this many modules and add up what they cost."""
    recording = Recorder("roadmap_orchestrator", "bench", ATTEMPT, _script(modules)).record(handle)
    played: list[Event] = []
    milliseconds = []
    state: dict[str, Any] = {}
    turns = one_by_one(recording)
    for fresh in turns:
        history = played + [{**event, "IsPlayed": False} for event in fresh]
        began = time.process_time()
        state = run(handle, recording, history)
        milliseconds.append(1000 * (time.process_time() - began))
        played += [{**event, "IsPlayed": True} for event in fresh]
    if not state.get("isDone"):
        raise RuntimeError(f"the orchestrator did not end: {state}")
    return ReplayCost(len(played), len(turns), sum(milliseconds), max(milliseconds))


def one_by_one(recording: Recording) -> list[list[Event]]:
    """Return the new events of each turn when every result comes in a turn of its own."""
    turns: list[list[Event]] = []
    for step in recording["steps"]:
        results = [event for event in step["history"] if event["EventType"] == TASK_COMPLETED]
        if len(results) < 2:
            turns.append(step["history"])
            continue
        turns.append([event for event in step["history"] if event not in results[1:]])
        completed, started = (
            next(event for event in step["history"] if event["EventType"] == kind)
            for kind in (ORCHESTRATOR_COMPLETED, ORCHESTRATOR_STARTED)
        )
        turns += [[completed, started, result] for result in results[1:]]
    return turns


def _script(modules: int) -> Callable[[str, dict[str, Any], int], Any]:
    """Return what the activities answer when all goes well."""
    results: dict[str, dict[str, Any]] = {
        "plan_roadmap": {
            "module_ids": [f"00000000-0000-4000-8000-{number:012}" for number in range(modules)]
        },
        "outline_module": {"lessons": 3},
        "finish_roadmap": {"status": "completed"},
    }
    return lambda name, _data, _call: {"kind": "done", "result": results[name]}
