"""The engine's traps: each behaviour that the plain in-memory backend, or a naive shim, gets wrong."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from devhost.durable.orchestration import TimerLimits
from tests.devhost.durable.hub import Hub


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub("regression") as running:
        yield running


def event_types(hub: Hub, instance_id: str) -> list[str]:
    return [event["EventType"] for event in hub.history(instance_id)]


# ---------------------------------------------------------------------- activities and children
def test_fan_out_and_child(hub: Hub) -> None:
    instance_id = hub.start("roadmap", {"n": 8})
    status = hub.wait(instance_id)
    assert status["runtimeStatus"] == "Completed", status
    assert status["output"]["modules"] == list(range(8))
    assert status["output"]["child"]["value"] == {"x": 1}
    assert status["customStatus"] == {"stage": "done"}


def test_child_knows_its_parent(hub: Hub) -> None:
    instance_id = hub.start("roadmap", {"n": 1})
    child = hub.wait(instance_id)["output"]["child"]
    assert child["parent"] == instance_id
    execution_id, event_id = child["me"].split(":")
    assert len(execution_id) == 32
    assert event_id == "1"


def test_child_with_a_chosen_id(hub: Hub) -> None:
    instance_id = hub.start("child_with_id")
    assert hub.wait(instance_id)["output"]["me"] == f"fixed-{instance_id}"


def test_child_that_takes_long_reports_to_its_parent(hub: Hub) -> None:
    assert hub.result("slow_child", 1.5) >= 1.5


def test_activity_failure_is_caught(hub: Hub) -> None:
    output = hub.result("catches")
    # Two spaces: the worker's message starts with one, the extension puts another before it.
    assert output["caught"].startswith("Activity function 'boom' failed:  ValueError: boom x \n ")
    assert output["after"] == "recovered"


def test_failure_in_task_all_waits_for_the_siblings(hub: Hub) -> None:
    output = hub.result("catches_in_all")
    assert "boom y" in output["caught"]
    assert output["seconds"] >= 0.6


def test_orchestrator_exception(hub: Hub) -> None:
    assert hub.failure("explodes") == "Orchestrator function 'explodes' failed: orchestrator exploded"


def test_child_failure_is_caught(hub: Hub) -> None:
    caught = hub.result("catches_child")
    assert caught.startswith("Orchestrator function 'explodes' failed: orchestrator exploded \n ")


def test_child_failure_uncaught_names_both(hub: Hub) -> None:
    assert hub.failure("child_explodes").startswith(
        "Orchestrator function 'child_explodes' failed: "
        "Orchestrator function 'explodes' failed: orchestrator exploded"
    )


def test_orchestrator_without_yield(hub: Hub) -> None:
    assert hub.result("no_yield", {"z": 1}) == {"input": {"z": 1}}


def test_empty_task_all(hub: Hub) -> None:
    assert hub.result("empty_all") == [None, "after"]


def test_nested_compounds(hub: Hub) -> None:
    assert hub.result("nested") == [[1, 2], 4]


def test_each_step_is_live_once(hub: Hub) -> None:
    instance_id = hub.start("live_steps")
    hub.wait(instance_id)
    steps = {key: n for key, n in hub.module.LIVE_STEPS.items() if key.startswith(instance_id)}
    assert steps == {f"{instance_id}/{step}": 1 for step in range(3)}


def test_deterministic_ids_differ_and_survive_replay(hub: Hub) -> None:
    output = hub.result("ids")
    assert len({*output["before"], output["after"]}) == 4


def test_fan_out_of_500(hub: Hub) -> None:
    assert hub.result("fan_out", 500) == sum(range(500))


# ---------------------------------------------------------------------- timers
def test_timer(hub: Hub) -> None:
    assert hub.result("timer", 0.5) >= 0.5


def test_cancelled_timer_does_not_hold_the_orchestration(hub: Hub) -> None:
    assert hub.result("timer_cancelled") == [True, "quick", "after", True]


def test_forgotten_timer_holds_the_orchestration(hub: Hub) -> None:
    started = time.monotonic()
    assert hub.result("timer_forgotten", 1) is True
    assert time.monotonic() - started >= 0.9


def test_forgotten_activity_holds_the_orchestration(hub: Hub) -> None:
    instance_id = hub.start("activity_forgotten")
    hub.wait(instance_id)
    assert event_types(hub, instance_id).count("TaskCompleted") == 2


def test_task_reused_in_a_second_task_any(hub: Hub) -> None:
    slow_won, seconds = hub.result("reused_task")
    assert slow_won
    assert seconds >= 1.5


def test_long_timer_is_split() -> None:
    short = TimerLimits(longest=timedelta(seconds=0.5), interval=timedelta(seconds=0.5))
    with Hub("regression", timers=short) as hub:
        instance_id = hub.start("timer", 1.2)
        assert hub.wait(instance_id)["output"] >= 1.2
        assert event_types(hub, instance_id).count("TimerCreated") == 3


# ---------------------------------------------------------------------- events
def test_event_and_custom_status(hub: Hub) -> None:
    instance_id = hub.start("event")
    hub.wait_for_custom_status(instance_id, "waiting")
    assert hub.status(instance_id)["runtimeStatus"] == "Running"
    hub.raise_event(instance_id, "Go", {"a": 1})
    status = hub.wait(instance_id)
    assert status["output"] == {"type": "dict", "value": {"a": 1}}
    assert status["customStatus"] == "got"


def test_event_that_comes_before_it_is_awaited(hub: Hub) -> None:
    instance_id = hub.start("event_or_timeout", 30)
    hub.raise_event(instance_id, "Go", "now")
    assert hub.wait(instance_id)["output"] == "now"


def test_timer_wins_over_event(hub: Hub) -> None:
    assert hub.result("event_or_timeout", 0.3) == "timeout"


def test_an_event_belongs_to_the_newest_wait(hub: Hub) -> None:
    instance_id = hub.start("event_after_one_given_up")
    hub.raise_event(instance_id, "Skip", "first")
    hub.raise_event(instance_id, "Go", "gone on")
    assert hub.wait(instance_id)["output"] == "gone on"


def test_events_of_one_name_are_buffered_in_order(hub: Hub) -> None:
    instance_id = hub.start("three_events")
    for n in range(3):
        hub.raise_event(instance_id, "E", n)
    assert hub.wait(instance_id)["output"] == [0, 1, 2]


def test_event_of_another_name_is_kept_apart(hub: Hub) -> None:
    instance_id = hub.start("event")
    hub.raise_event(instance_id, "Stop", 1)
    hub.raise_event(instance_id, "Go", 2)
    assert hub.wait(instance_id)["output"]["value"] == 2


# ---------------------------------------------------------------------- continue-as-new
def test_continue_as_new(hub: Hub) -> None:
    assert hub.result("generations", 0) == 4


def test_timer_of_an_earlier_execution_does_not_fire_into_the_next(hub: Hub) -> None:
    instance_id = hub.start("stale_timer", 0)
    hub.wait(instance_id, ["Running"])
    hub.raise_event(instance_id, "Go", 1)
    assert hub.wait(instance_id)["output"] >= 2


# ---------------------------------------------------------------------- retries
def test_retry_succeeds_at_the_third_attempt(hub: Hub) -> None:
    assert hub.result("retries", {"max": 4, "failures": [2]}) == [[3], "after"]


def test_retry_is_exhausted(hub: Hub) -> None:
    message = hub.result("retries", {"max": 2, "failures": [9]})
    assert message.startswith("Activity function 'flaky' failed:  ValueError: attempt 2")


def test_the_last_failure_is_not_waited_for(hub: Hub) -> None:
    started = time.monotonic()
    hub.result("retries", {"max": 2, "failures": [9], "interval": 2_000})
    assert 2 <= time.monotonic() - started < 3.8, "one interval lies between two attempts, and none behind"


def test_retries_side_by_side(hub: Hub) -> None:
    output = hub.result("retries", {"max": 5, "failures": [0, 3, 1, 0, 2, 4]})
    assert output == [[1, 4, 2, 1, 3, 5], "after"]


def test_retry_of_a_child(hub: Hub) -> None:
    assert hub.result("retries_child") == 3


# ---------------------------------------------------------------------- what operators do
def test_unknown_orchestrator_is_refused(hub: Hub) -> None:
    response = hub.http.post("orchestrators/nope")
    assert response.status_code == 400
    assert response.json()["ExceptionMessage"].startswith(
        "The function 'nope' doesn't exist, is disabled, or is not an orchestrator function."
    )


def test_terminate(hub: Hub) -> None:
    instance_id = hub.start("event")
    hub.wait(instance_id, ["Running"])
    hub.operate(instance_id, "terminate", reason="enough")
    status = hub.wait(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "enough")


def test_terminated_instance_stays_dead_when_its_activity_ends(hub: Hub) -> None:
    instance_id = hub.start("roadmap", {"n": 2, "sleep": 0.5})
    hub.wait_for_custom_status(instance_id, {"stage": "modules"})
    hub.operate(instance_id, "terminate", reason="now")
    time.sleep(0.8)
    status = hub.status(instance_id)
    assert (status["runtimeStatus"], status["customStatus"]) == ("Terminated", {"stage": "modules"})


def test_suspended_instance_goes_on_only_after_resume(hub: Hub) -> None:
    instance_id = hub.start("event")
    hub.wait_for_custom_status(instance_id, "waiting")
    hub.operate(instance_id, "suspend", reason="a break")
    hub.wait(instance_id, ["Suspended"])
    hub.raise_event(instance_id, "Go", 1)
    time.sleep(0.3)
    held = hub.status(instance_id)
    assert (held["runtimeStatus"], held["customStatus"]) == ("Suspended", "waiting")
    hub.operate(instance_id, "resume", reason="go on")
    assert hub.wait(instance_id)["output"]["value"] == 1


def test_suspended_instance_keeps_its_activities_results(hub: Hub) -> None:
    instance_id = hub.start("roadmap", {"n": 3, "sleep": 0.3})
    hub.wait_for_custom_status(instance_id, {"stage": "modules"})
    hub.operate(instance_id, "suspend")
    hub.wait(instance_id, ["Suspended"])
    time.sleep(0.5)
    assert hub.status(instance_id)["runtimeStatus"] == "Suspended"
    hub.operate(instance_id, "resume")
    assert hub.wait(instance_id)["output"]["modules"] == [0, 1, 2]


def test_suspended_instance_can_be_terminated(hub: Hub) -> None:
    instance_id = hub.start("event")
    hub.wait(instance_id, ["Running"])
    hub.operate(instance_id, "suspend")
    hub.wait(instance_id, ["Suspended"])
    hub.operate(instance_id, "terminate", reason="for good")
    assert hub.wait(instance_id)["output"] == "for good"


@pytest.mark.parametrize("size", [10, 6_000_000])
def test_payloads_over_grpc_limits(hub: Hub, size: int) -> None:
    text = "x" * size
    output: Any = hub.result("no_yield", text)
    assert output["input"] == text
    assert len(json.dumps(output)) > size
