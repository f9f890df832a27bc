"""Stored histories on the present code: a renamed activity, another order or another input fails here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrators import rounds
from orchestrators.rounds import MAX_ROUNDS
from tests.support.replay import ACTIVITY, CONTINUE_AS_NEW, TIMER, VERSION, Recorder, leaves, replay
from tests.unit.orchestrators.scenarios import (
    BATCH,
    HISTORIES,
    LESSON,
    REMOVAL,
    ROADMAP,
    SCENARIOS,
    orchestrator_named,
    steps_aside,
)

STORED = sorted(HISTORIES.glob("*/*.json"))


def recording_of(path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stored


def expected(recording: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in step.items() if name != "history"} for step in recording["steps"]]


def final_actions(name: str) -> list[dict[str, Any]]:
    return leaves(recording_of(HISTORIES / VERSION / f"{name}.json")["steps"][-1]["actions"])


def changed(paths: list[Path]) -> set[str]:
    """Return the histories of these that the present code plays differently."""
    found = set()
    for path in paths:
        recording = recording_of(path)
        if replay(orchestrator_named(recording["name"]), recording) != expected(recording):
            found.add(path.stem)
    return found


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_stored_history_replays_to_the_same_actions(path: Path) -> None:
    recording = recording_of(path)
    assert replay(orchestrator_named(recording["name"]), recording) == expected(recording)


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whatever_version_started_it_it_ends(path: Path) -> None:
    """Well, unless even its end could not be written: then as failed, which the reconciler looks for."""
    recording = recording_of(path)
    last = replay(orchestrator_named(recording["name"]), recording)[-1]
    ends_well = "end-raises" not in path.stem
    assert (last["done"], last["error"] is None) == (ends_well, ends_well)


def test_every_scenario_has_a_history_of_the_present_version() -> None:
    """So that whoever raises the version records it."""
    assert {path.stem for path in STORED if path.parent.name == VERSION} == set(SCENARIOS)


def test_a_renamed_activity_would_be_noticed() -> None:
    recording = recording_of(HISTORIES / VERSION / "roadmap-good.json")
    renamed = json.loads(json.dumps(recording).replace("outline_module", "outline_modules"))
    answers = replay(orchestrator_named(recording["name"]), renamed)
    assert answers != expected(renamed)


def test_a_change_that_old_instances_would_not_survive_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the branch, whoever was started before 1.0 would go on where it had given up."""
    before = [path for path in STORED if path.parent.name == "unversioned"]
    assert changed(before) == set()
    monkeypatch.setattr(rounds, "MAX_FAULTS_BEFORE_1_0", rounds.MAX_FAULTS)
    assert changed(before) == {
        "lesson-end-raises-for-ever",
        "roadmap-end-raises-for-ever",
        "roadmap-module-raises-for-ever",
    }


def test_each_version_keeps_its_own_patience() -> None:
    def calls(version: str) -> int:
        recording = recording_of(HISTORIES / version / "roadmap-end-raises-for-ever.json")
        names = [action.get("functionName") for action in leaves(recording["steps"][-1]["actions"])]
        return names.count("finish_roadmap")

    assert (calls("unversioned"), calls("1.0")) == (5, 9)


def test_a_failed_module_costs_its_siblings_nothing() -> None:
    names = [action["functionName"] for action in final_actions("roadmap-module-fails")]
    assert names == ["plan_roadmap", "outline_module", "outline_module", "outline_module", "finish_roadmap"]
    finish = json.loads(final_actions("roadmap-module-fails")[-1]["input"])
    assert finish["module_failures"] == {"module-1": "providers_failed"}


def test_only_what_raised_is_called_again_after_a_growing_pause() -> None:
    actions = final_actions("roadmap-module-raises-twice")
    outlined = [
        json.loads(action["input"])["module_id"]
        for action in actions
        if action["actionType"] == ACTIVITY and action["functionName"] == "outline_module"
    ]
    assert outlined == ["module-0", "module-1", "module-2", "module-1", "module-1"]
    assert len([action for action in actions if action["actionType"] == TIMER]) == 2


def test_the_next_provider_is_told_who_was_tried() -> None:
    second = json.loads(final_actions("lesson-providers-change")[2]["input"])
    assert second["provider"] == "groq"
    assert second["fallbacks"] == [{"provider": "deepseek", "reason": "server: 502"}]


def test_a_goal_is_interpreted_before_it_is_planned_and_only_then() -> None:
    actions = final_actions("roadmap-interpreted")
    assert [action["functionName"] for action in actions[:2]] == ["interpret_goal", "plan_roadmap"]
    assert json.loads(actions[1]["input"]) == ROADMAP, "planning is told nothing of it"
    plain = [action.get("functionName") for action in final_actions("roadmap-good")]
    assert "interpret_goal" not in plain


def test_planning_begins_with_the_first_provider_whoever_interpreted() -> None:
    names = [action["functionName"] for action in final_actions("roadmap-interpreted-by-the-next")]
    assert names[:4] == ["interpret_goal", "interpret_goal", "plan_roadmap", "plan_roadmap"]
    assert json.loads(final_actions("roadmap-interpreted-by-the-next")[2]["input"]) == ROADMAP


def test_a_refused_goal_is_ended_and_not_planned() -> None:
    actions = final_actions("roadmap-interpretation-refused")
    assert [action["functionName"] for action in actions] == ["interpret_goal", "finish_roadmap"]
    assert json.loads(actions[1]["input"])["failure"] == "goal_refused"


def test_a_reservation_is_redeemed_when_its_own_time_has_come() -> None:
    actions = final_actions("roadmap-places-in-queues")
    outlined = [
        (given["module_id"], given.get("reservation"))
        for given in (
            json.loads(one["input"]) for one in actions if one.get("functionName") == "outline_module"
        )
    ]
    assert outlined == [
        ("module-0", None),
        ("module-1", None),
        ("module-2", None),
        ("module-1", "groq:place-1"),
        ("module-2", "groq:place-2"),
        ("module-2", "groq:place-later"),
    ]
    waits = [one["fireAt"] for one in actions if one["actionType"] == TIMER]
    assert [moment[11:19] for moment in waits] == ["00:02:30", "00:05:30"]


def test_a_place_in_one_queue_is_shown_there_once_and_nowhere_else() -> None:
    answers = [
        {"kind": "deferred", "until": "2026-01-01T00:00:10Z", "reservation": "groq:place"},
        {"kind": "next", "tried": "groq", "provider": "gemini", "reason": "server: 502"},
        {"kind": "done", "result": {"version": "1.0"}},
    ]
    asked: list[dict[str, Any]] = []

    def script(name: str, data: dict[str, Any], _: int) -> Any:
        if name != "write_lesson":
            return {"kind": "done", "result": {"token": 1, "sources": 4}}
        asked.append(data)
        return answers[len(asked) - 1]

    Recorder("lesson_orchestrator", "lesson", LESSON, script).record(
        orchestrator_named("lesson_orchestrator")
    )
    shown = [(given.get("provider"), given.get("reservation")) for given in asked]
    assert shown == [(None, None), (None, "groq:place"), ("gemini", None)]


def test_who_was_not_even_asked_is_named_too() -> None:
    last = json.loads(final_actions("lesson-nobody-can-be-asked")[-1]["input"])
    assert [fallback["provider"] for fallback in last["fallbacks"]] == ["deepseek", "groq"]
    assert last["provider"] == "local"


def test_work_of_the_background_goes_on_at_once_when_a_learner_wants_it() -> None:
    actions = final_actions("lesson-wanted-by-a-learner")
    names = [one["functionName"] for one in actions if one["actionType"] == ACTIVITY]
    assert names == ["research_lesson", "write_lesson", "write_lesson", "write_lesson"]
    pauses = [
        (one["fireAt"][11:16], one.get("isCanceled", False)) for one in actions if one["actionType"] == TIMER
    ]
    assert pauses == [("00:03", False), ("01:00", True)], "an open timer would hold the end for an hour"


def test_work_of_the_background_may_step_aside_often_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = Recorder("lesson_orchestrator", "lesson", LESSON, steps_aside(MAX_ROUNDS + 10))
    ended = patient.record(orchestrator_named("lesson_orchestrator"), most_steps=200)
    assert ended["steps"][-1]["output"] == {"version": "1.0"}
    monkeypatch.setattr(rounds, "MAX_STEPS_ASIDE", 3)
    endless = Recorder("lesson_orchestrator", "lesson", LESSON, steps_aside(59))
    ended = endless.record(orchestrator_named("lesson_orchestrator"), most_steps=200)
    assert ended["steps"][-1]["output"] == {"failure": "infrastructure"}


def test_inputs_hold_ids_and_counts_only() -> None:
    for path in STORED:
        for action in leaves(recording_of(path)["steps"][-1]["actions"]):
            if action["actionType"] == ACTIVITY:
                assert len(action["input"]) < 1_000, action


def test_a_removal_waits_before_its_last_sweep() -> None:
    actions = final_actions("removal-good")
    names = [action.get("functionName", action.get("fireAt")) for action in actions]
    assert names == ["remove_learner", "2026-01-01T00:10:00.000000Z", "remove_learner", "finish_removal"]
    assert [json.loads(actions[place]["input"]) for place in (0, 2)] == [REMOVAL, {**REMOVAL, "last": True}]


def test_a_removal_that_another_attempt_has_taken_over_ends_nothing() -> None:
    names = [action.get("functionName") for action in final_actions("removal-taken-over")]
    assert "finish_removal" not in names


def test_a_batch_that_waits_long_begins_its_history_anew_with_the_same_input() -> None:
    recording = recording_of(HISTORIES / VERSION / "batch-begins-anew.json")
    actions = leaves(recording["steps"][-1]["actions"])
    assert actions[-1]["actionType"] == CONTINUE_AS_NEW
    assert json.loads(actions[-1]["input"]) == BATCH
    assert sum(len(step["history"]) for step in recording["steps"]) < 150, "it stays short"


def test_a_batch_looks_again_after_the_pause_that_it_was_told() -> None:
    actions = final_actions("batch-good")
    assert [action["actionType"] for action in actions] == [ACTIVITY, TIMER] * 3 + [ACTIVITY]
    assert {action["input"] for action in actions if action["actionType"] == ACTIVITY} == {json.dumps(BATCH)}
