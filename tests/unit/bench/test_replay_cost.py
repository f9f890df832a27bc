"""The turns that the benchmark has the SDK replay."""

from __future__ import annotations

from itertools import chain

from bench.replay_cost import one_by_one, replay_cost, roadmap_handle
from tests.support.replay import ORCHESTRATOR_STARTED, TASK_COMPLETED, Event


def _recording() -> dict[str, object]:
    def event(kind: int, number: int = -1) -> Event:
        return {"EventType": kind, "EventId": number, "IsPlayed": False}

    results = [{**event(TASK_COMPLETED), "TaskScheduledId": number} for number in range(3)]
    return {
        "steps": [{"history": [event(12), event(0)]}, {"history": [event(4), event(13), event(12), *results]}]
    }


def test_every_result_comes_in_a_turn_of_its_own() -> None:
    turns = one_by_one(_recording())
    kinds = [[event["EventType"] for event in turn] for turn in turns]
    assert kinds == [[12, 0], [4, 13, 12, 5], [13, 12, 5], [13, 12, 5]]
    arrived = [event["TaskScheduledId"] for event in chain(*turns) if event["EventType"] == TASK_COMPLETED]
    assert arrived == [0, 1, 2]
    assert all(sum(event["EventType"] == ORCHESTRATOR_STARTED for event in turn) == 1 for turn in turns)


def test_each_module_adds_one_turn_and_the_same_number_of_events() -> None:
    handle = roadmap_handle()
    small, middle, large = (replay_cost(handle, modules) for modules in (1, 2, 5))
    assert middle.turns - small.turns == 1
    assert large.turns - middle.turns == 3
    assert large.events - middle.events == 3 * (middle.events - small.events)
