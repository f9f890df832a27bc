"""The runs that are recorded: good ones, and each way in which a step can go wrong.

`python -m tests.unit.orchestrators.scenarios` writes the histories of the present version, host.json's
`defaultVersion`, into the folder of its name. When an orchestrator is meant to schedule something else, raise
that version first: the folders of the versions before stay as long as instances of theirs may be running.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.durable_functions as df

from orchestrators import batches, lessons, removal, roadmaps
from shared.models.outcomes import WANTED
from tests.support.replay import VERSION, ActivityRaises, Recorder, Script

HISTORIES = Path(__file__).with_name("histories")
ROADMAP = {"user_id": "learner-1", "roadmap_id": "00000000-0000-4000-8000-000000000001", "attempt": 1}
INTERPRETED = {**ROADMAP, "interpret": True}
BATCH = {"user_id": "learner-1", "batch_id": "00000000-0000-4000-8000-000000000002", "attempt": 1}
LESSON = {"lesson_key": "0" * 64, "generation": 1}
REMOVAL = {"user_id": "learner-1", "attempt": 1}
INPUTS = {
    "roadmap_orchestrator": ROADMAP,
    "lesson_orchestrator": LESSON,
    "batch_orchestrator": BATCH,
    "removal_orchestrator": REMOVAL,
}
MODULES = ["module-0", "module-1", "module-2"]


def orchestrator_named(name: str) -> Callable[[Any], str]:
    """Return the handle that the worker calls for an orchestrator."""
    app = df.DFApp()
    for module in (roadmaps, lessons, batches, removal):
        app.register_functions(module.blueprint)
    for function in app.get_functions():
        if function.get_function_name() == name:
            handle: Callable[[Any], str] = function.get_user_function()
            return handle
    raise LookupError(name)


def _done(**result: Any) -> dict[str, Any]:
    return {"kind": "done", "result": result}


def _next(tried: str, provider: str) -> dict[str, Any]:
    return {"kind": "next", "tried": tried, "provider": provider, "reason": "server: 502"}


def _good(name: str, data: dict[str, Any], call: int) -> Any:
    return {
        "interpret_goal": _done(),
        "plan_roadmap": _done(module_ids=MODULES),
        "outline_module": _done(lessons=3),
        "finish_roadmap": _done(status="completed"),
        "research_lesson": _done(token=1, sources=4),
        "write_lesson": _done(version="1.0"),
        "fail_lesson": _done(lessons=1),
        "remove_learner": _done(until="2026-01-01T00:10:00Z"),
        "finish_removal": _done(removed=120),
        "advance_batch": _done(ended=True) if call > 3 else _done(ended=False, pause=4),
    }[name]


def _module_fails(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "outline_module" and data["module_id"] == "module-1":
        return {"kind": "failed", "code": "providers_failed", "retryable": False}
    return _good(name, data, call)


def _module_raises_twice(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "outline_module" and data["module_id"] == "module-1" and call < 3:
        raise ActivityRaises("the worker died")
    return _good(name, data, call)


def _module_raises_for_ever(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "outline_module" and data["module_id"] == "module-1":
        raise ActivityRaises("the worker died")
    return _good(name, data, call)


def _providers_change(name: str, data: dict[str, Any], call: int) -> Any:
    if name in ("interpret_goal", "plan_roadmap", "write_lesson") and data.get("provider") != "groq":
        return _next("deepseek", "groq")
    return _good(name, data, call)


def _deferred_once(name: str, data: dict[str, Any], call: int) -> Any:
    if name in ("plan_roadmap", "research_lesson") and call == 1:
        return {"kind": "deferred", "until": "2026-01-01T00:00:30Z"}
    return _good(name, data, call)


def _places_in_queues(name: str, data: dict[str, Any], call: int) -> Any:
    """One module goes through at once, one has a near place, one a far one that moves further."""
    if name != "outline_module" or data["module_id"] == "module-0":
        return _good(name, data, call)
    number = MODULES.index(data["module_id"])
    if call == 1:
        place = {
            "until": ["", "2026-01-01T00:02:30Z", "2026-01-01T00:03:20Z"][number],
            "reservation": f"groq:place-{number}",
        }
        return {"kind": "deferred", **place}
    if number == 2 and call == 2:
        return {"kind": "deferred", "until": "2026-01-01T00:05:30Z", "reservation": "groq:place-later"}
    return _good(name, data, call)


def _wanted_after_two_steps_aside(name: str, data: dict[str, Any], call: int) -> Any:
    """Nobody waits for the lesson; during its second pause, of an hour, a learner comes."""
    if name == WANTED:
        return call == 2
    if name == "write_lesson" and call <= 2:
        until = ["2026-01-01T00:03:00Z", "2026-01-01T01:00:00Z"][call - 1]
        return {"kind": "deferred", "until": until, "background": True}
    return _good(name, data, call)


def steps_aside(times: int) -> Script:
    """Return a script whose lesson steps aside so often before it is written."""

    def script(name: str, data: dict[str, Any], call: int) -> Any:
        if name == WANTED:
            return False
        if name == "write_lesson" and call <= times:
            return {"kind": "deferred", "until": f"2026-01-01T00:{call:02}:30Z", "background": True}
        return _good(name, data, call)

    return script


def _nobody_can_be_asked(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "write_lesson" and "provider" not in data:
        skipped = [{"provider": "groq", "reason": "too_large: a minute holds 8000 tokens"}]
        return {
            **_next("deepseek", "local"),
            "reason": "open: auth until 2026-01-01T00:15:00Z",
            "skipped": skipped,
        }
    return _good(name, data, call)


def _plan_refused(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "plan_roadmap":
        return {"kind": "failed", "code": "goal_refused", "retryable": False}
    return _good(name, data, call)


def _interpretation_refused(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "interpret_goal":
        return {"kind": "failed", "code": "goal_refused", "retryable": False}
    return _good(name, data, call)


def _nothing_left(name: str, data: dict[str, Any], call: int) -> Any:
    return _done(module_ids=[]) if name == "plan_roadmap" else _good(name, data, call)


def _end_raises_for_ever(name: str, data: dict[str, Any], call: int) -> Any:
    if name in ("finish_roadmap", "fail_lesson", "write_lesson"):
        raise ActivityRaises("the store is away")
    return _good(name, data, call)


def _no_sources(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "write_lesson":
        return {"kind": "failed", "code": "no_sources", "retryable": False}
    return _good(name, data, call)


def _retryable(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "write_lesson" and call == 1:
        return {"kind": "failed", "code": "superseded", "retryable": True}
    return _good(name, data, call)


def _still_on_its_way(name: str, data: dict[str, Any], call: int) -> Any:
    """The last sweep finds something new, or an orchestration that has not ended."""
    if name == "remove_learner" and data.get("last") and call < 3:
        return {"kind": "deferred", "until": f"2026-01-01T00:1{call}:00Z"}
    return _good(name, data, call)


def _removal_taken_over(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "remove_learner" and data.get("last"):
        return {"kind": "failed", "code": "superseded", "retryable": False}
    return _good(name, data, call)


def _store_away_for_ever(name: str, data: dict[str, Any], call: int) -> Any:
    if name == "remove_learner":
        raise ActivityRaises("the store is away")
    return _good(name, data, call)


def _batch_waits_long(name: str, data: dict[str, Any], call: int) -> Any:
    return _done(ended=False, pause=15)


def _batch_is_taken_over(name: str, data: dict[str, Any], call: int) -> Any:
    return {"kind": "failed", "code": "superseded", "retryable": False}


def _batch_raises_twice(name: str, data: dict[str, Any], call: int) -> Any:
    if call < 3:
        raise ActivityRaises("the worker died")
    return _good(name, data, call)


def _batch_raises_for_ever(name: str, data: dict[str, Any], call: int) -> Any:
    raise ActivityRaises("the store is away")


SCENARIOS: dict[str, tuple[str, Script]] = {
    "roadmap-good": ("roadmap_orchestrator", _good),
    "roadmap-module-fails": ("roadmap_orchestrator", _module_fails),
    "roadmap-module-raises-twice": ("roadmap_orchestrator", _module_raises_twice),
    "roadmap-module-raises-for-ever": ("roadmap_orchestrator", _module_raises_for_ever),
    "roadmap-providers-change": ("roadmap_orchestrator", _providers_change),
    "roadmap-plan-deferred": ("roadmap_orchestrator", _deferred_once),
    "roadmap-places-in-queues": ("roadmap_orchestrator", _places_in_queues),
    "roadmap-plan-refused": ("roadmap_orchestrator", _plan_refused),
    "roadmap-nothing-left": ("roadmap_orchestrator", _nothing_left),
    "roadmap-end-raises-for-ever": ("roadmap_orchestrator", _end_raises_for_ever),
    "roadmap-interpreted": ("roadmap_orchestrator", _good),
    "roadmap-interpreted-by-the-next": ("roadmap_orchestrator", _providers_change),
    "roadmap-interpretation-refused": ("roadmap_orchestrator", _interpretation_refused),
    "lesson-good": ("lesson_orchestrator", _good),
    "lesson-providers-change": ("lesson_orchestrator", _providers_change),
    "lesson-nobody-can-be-asked": ("lesson_orchestrator", _nobody_can_be_asked),
    "lesson-research-deferred": ("lesson_orchestrator", _deferred_once),
    "lesson-no-sources": ("lesson_orchestrator", _no_sources),
    "lesson-write-retryable": ("lesson_orchestrator", _retryable),
    "lesson-wanted-by-a-learner": ("lesson_orchestrator", _wanted_after_two_steps_aside),
    "lesson-end-raises-for-ever": ("lesson_orchestrator", _end_raises_for_ever),
    "removal-good": ("removal_orchestrator", _good),
    "removal-still-on-its-way": ("removal_orchestrator", _still_on_its_way),
    "removal-taken-over": ("removal_orchestrator", _removal_taken_over),
    "removal-end-raises-for-ever": ("removal_orchestrator", _store_away_for_ever),
    "batch-good": ("batch_orchestrator", _good),
    "batch-begins-anew": ("batch_orchestrator", _batch_waits_long),
    "batch-is-taken-over": ("batch_orchestrator", _batch_is_taken_over),
    "batch-raises-twice": ("batch_orchestrator", _batch_raises_twice),
    "batch-end-raises-for-ever": ("batch_orchestrator", _batch_raises_for_ever),
}


def main() -> None:
    """Record every scenario."""
    folder = HISTORIES / VERSION
    folder.mkdir(exist_ok=True)
    for name, (orchestrator, script) in SCENARIOS.items():
        data = INPUTS[orchestrator]
        if name.startswith("roadmap-interpret"):
            data = INTERPRETED
        recorder = Recorder(orchestrator, f"{name}-instance", data, script)
        recording = recorder.record(orchestrator_named(orchestrator))
        path = folder / f"{name}.json"
        path.write_text(json.dumps(recording, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
