"""Stored histories on the present code: a renamed activity, another order or another input fails here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.replay import ACTIVITY, TIMER, leaves, replay
from tests.unit.orchestrators.scenarios import HISTORIES, ROADMAP, SCENARIOS, orchestrator_named

STORED = sorted(HISTORIES.glob("*.json"))


def recording_of(path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stored


def expected(recording: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in step.items() if name != "history"} for step in recording["steps"]]


def final_actions(name: str) -> list[dict[str, Any]]:
    return leaves(recording_of(HISTORIES / f"{name}.json")["steps"][-1]["actions"])


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_history_replays_to_the_same_actions(path: Path) -> None:
    recording = recording_of(path)
    assert replay(orchestrator_named(recording["name"]), recording) == expected(recording)


def test_every_scenario_has_a_stored_history() -> None:
    assert {path.stem for path in STORED} >= set(SCENARIOS)


def test_a_renamed_activity_would_be_noticed() -> None:
    recording = recording_of(HISTORIES / "roadmap-good.json")
    renamed = json.loads(json.dumps(recording).replace("outline_module", "outline_modules"))
    answers = replay(orchestrator_named(recording["name"]), renamed)
    assert answers != expected(renamed)


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


def test_who_was_not_even_asked_is_named_too() -> None:
    last = json.loads(final_actions("lesson-nobody-can-be-asked")[-1]["input"])
    assert [fallback["provider"] for fallback in last["fallbacks"]] == ["deepseek", "groq"]
    assert last["provider"] == "local"


def test_inputs_hold_ids_and_counts_only() -> None:
    for path in STORED:
        for action in leaves(recording_of(path)["steps"][-1]["actions"]):
            if action["actionType"] == ACTIVITY:
                assert len(action["input"]) < 1_000, action
