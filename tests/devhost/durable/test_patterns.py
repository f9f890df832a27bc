"""Microsoft's application patterns, each a sample app of its own, run as they stand."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.devhost.durable.hub import Hub

OpenHub = Callable[[str], Hub]


@pytest.fixture(scope="module")
def app() -> Iterator[OpenHub]:
    """Open each sample app's hub once for the module."""
    hubs: dict[str, Hub] = {}
    with ExitStack() as stack:

        def open_hub(name: str) -> Hub:
            if name not in hubs:
                hubs[name] = stack.enter_context(Hub(name))
            return hubs[name]

        yield open_hub


# ---------------------------------------------------------------------- chaining
def test_chaining(app: OpenHub) -> None:
    assert app("chaining").result("hello_orchestrator") == ["Hello Seattle", "Hello Tokyo", "Hello London"]


def test_chaining_by_names_of_any_case(app: OpenHub) -> None:
    assert app("chaining").result("pipeline", 10) == 19


def test_chaining_cleans_up_after_a_failure(app: OpenHub) -> None:
    assert app("chaining").result("pipeline", 1000) == {"cleaned": True}


def test_calling_function_objects_under_a_chosen_name(app: OpenHub) -> None:
    assert app("chaining").result("by_function_object") == "Hello Reykjavík"


# ---------------------------------------------------------------------- fan out, fan in
def test_fan_out_fan_in(app: OpenHub) -> None:
    assert app("fan_out_fan_in").result("backup_site", {"files": 40}) == 40 * len("file-000")


def test_fan_out_in_rounds(app: OpenHub) -> None:
    status = app("fan_out_fan_in").run("in_rounds")
    assert (status["output"], status["customStatus"]) == (12, {"copied": 12})


def test_tasks_taken_as_they_finish(app: OpenHub) -> None:
    assert app("fan_out_fan_in").result("first_of_many") == [1, 2, 3, 4, 5]


# ---------------------------------------------------------------------- monitor
def test_monitor_polls_until_the_job_is_done(app: OpenHub) -> None:
    hub = app("monitor")
    instance_id = hub.start("monitor_job", {"interval": 0.05, "polls": 4, "expires_after": 30})
    status = hub.wait(instance_id)
    assert status["output"] == f"alert for {instance_id}"
    assert hub.module.POLLS[instance_id] == 4


def test_monitor_expires(app: OpenHub) -> None:
    job = {"interval": 0.1, "polls": 10_000, "expires_after": 0.5}
    assert app("monitor").result("monitor_job", job) == "expired"


# ---------------------------------------------------------------------- human interaction
def test_right_answer_in_the_second_try(app: OpenHub) -> None:
    hub = app("human_interaction")
    instance_id = hub.start("phone_verification", {"phone": "+49 1234", "seconds": 60})
    hub.wait_for_custom_status(instance_id, "challenge sent")
    for code in (1111, 1234):
        hub.raise_event(instance_id, "SmsChallengeResponse", code)
    assert hub.wait(instance_id)["output"] is True


def test_three_wrong_answers(app: OpenHub) -> None:
    hub = app("human_interaction")
    instance_id = hub.start("phone_verification", {"phone": "+49 1234", "seconds": 60})
    for code in (1, 2, 3):
        hub.raise_event(instance_id, "SmsChallengeResponse", code)
    assert hub.wait(instance_id)["output"] is False


def test_no_answer_in_time(app: OpenHub) -> None:
    assert app("human_interaction").result("phone_verification", {"phone": "1234", "seconds": 0.3}) is False


@pytest.mark.parametrize(("event", "approved"), [("Approve", True), ("Reject", False)])
def test_either_of_two_answers(app: OpenHub, event: str, approved: bool) -> None:
    hub = app("human_interaction")
    instance_id = hub.start("approval")
    hub.wait_for_custom_status(instance_id, "awaiting decision")
    hub.raise_event(instance_id, event, "the boss")
    assert hub.wait(instance_id)["output"] == {"approved": approved, "by": "the boss"}


def test_all_of_several_events(app: OpenHub) -> None:
    hub = app("human_interaction")
    instance_id = hub.start("all_signatures")
    for name in ("Cem", "Ann", "Bob"):
        hub.raise_event(instance_id, name, name.lower())
    assert hub.wait(instance_id)["output"] == ["ann", "bob", "cem"]


# ---------------------------------------------------------------------- sub-orchestrations
def test_children_with_children(app: OpenHub) -> None:
    hub = app("sub_orchestrations")
    instance_id = hub.start("provision_new_devices")
    assert hub.wait(instance_id)["output"] == [
        {"package": f"package for device-{letter}", "parent": f"{instance_id}:{n}"}
        for n, letter in enumerate("abc")
    ]


def test_one_failed_child_among_others(app: OpenHub) -> None:
    assert app("sub_orchestrations").result("one_fails") == [
        "package for good",
        "Orchestrator function 'fragile' failed: cannot provision",
        "package for also good",
    ]


def test_child_takes_its_own_events(app: OpenHub) -> None:
    hub = app("sub_orchestrations")
    instance_id = hub.start("waits_for_child")
    _wait_until_exists(hub, f"{instance_id}-child")
    hub.raise_event(f"{instance_id}-child", "Go", 5)
    assert hub.wait(instance_id)["output"] == 5


def test_terminated_child_fails_its_call(app: OpenHub) -> None:
    hub = app("sub_orchestrations")
    instance_id = hub.start("waits_for_child")
    _wait_until_exists(hub, f"{instance_id}-child")
    hub.operate(f"{instance_id}-child", "terminate", reason="no longer wanted")
    assert hub.wait(instance_id)["output"] == "child ended: no longer wanted"


def test_child_that_continues_as_new_keeps_its_parent(app: OpenHub) -> None:
    hub = app("sub_orchestrations")
    instance_id = hub.start("eternal_child_parent")
    assert hub.wait(instance_id)["output"] == [3, instance_id]


def _wait_until_exists(hub: Hub, instance_id: str) -> None:
    deadline = time.monotonic() + 20
    while hub.http.get(f"instances/{instance_id}").status_code == 404:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# ---------------------------------------------------------------------- eternal orchestrations
def test_eternal_orchestration_until_terminated(app: OpenHub) -> None:
    hub = app("eternal")
    instance_id = hub.start("periodic_cleanup")
    deadline = time.monotonic() + 20
    while hub.module.CLEANUPS[instance_id] < 5:
        assert time.monotonic() < deadline
        assert hub.status(instance_id)["runtimeStatus"] in {"Running", "Pending"}
        time.sleep(0.01)
    assert len(hub.history(instance_id)) < 10  # the history starts anew with each execution
    hub.operate(instance_id, "terminate", reason="done")
    assert hub.wait(instance_id)["runtimeStatus"] == "Terminated"


def test_aggregator_keeps_its_state_in_its_input(app: OpenHub) -> None:
    hub = app("eternal")
    instance_id = hub.start("counter", 0)
    for expected in (1, 2, 3):
        hub.raise_event(instance_id, "operation", "incr")
        hub.wait_for_custom_status(instance_id, expected)
    hub.raise_event(instance_id, "operation", "decr")
    hub.wait_for_custom_status(instance_id, 2)
    hub.raise_event(instance_id, "operation", "end")
    assert hub.wait(instance_id)["output"] == 2


def test_events_behind_the_end_of_an_execution_reach_the_next(app: OpenHub) -> None:
    """All five are played at once: the first ends its execution, the others are carried over."""
    hub = app("eternal")
    instance_id = hub.start("counter", 0)
    hub.wait(instance_id, ["Running"])
    hub.operate(instance_id, "suspend")
    hub.wait(instance_id, ["Suspended"])
    for operation in ("incr", "incr", "incr", "incr", "end"):
        hub.raise_event(instance_id, "operation", operation)
    hub.operate(instance_id, "resume")
    assert hub.wait(instance_id)["output"] == 4


def test_continue_as_new_without_a_task(app: OpenHub) -> None:
    assert app("eternal").result("without_yield", 0) == "done"


# ---------------------------------------------------------------------- forms of an app
def test_app_made_of_blueprints(app: OpenHub) -> None:
    hub = app("blueprints")
    instance_id = hub.start("greetings")
    assert hub.wait(instance_id)["output"] == ["Hello, Ada!", instance_id]


def test_activity_with_a_durable_client_and_with_the_invocation_context(app: OpenHub) -> None:
    assert app("blueprints").result("nudged") == [
        "DurableOrchestrationClient",
        '"from an activity"',  # the client encodes twice: the orchestrator gets JSON text (#295)
        ["x", "about", 36],
    ]


def test_orchestrators_created_in_the_v1_way(app: OpenHub) -> None:
    assert app("class_based").result("old_style", 21) == 42
    assert app("class_based").result("greeter") == "Hello 8"


# ---------------------------------------------------------------------- payloads
@pytest.mark.parametrize(
    "value",
    [
        0,
        -1.5,
        True,
        False,
        "",
        "text",
        '{"looks": "like JSON"}',
        "Grüße, 世界 🎓",
        [],
        [1, [None]],
        {"a": {"ü": None}},
    ],
)
def test_values_travel_unchanged(app: OpenHub, value: object) -> None:
    assert app("payloads").result("round_trip", value) == value


def test_missing_input(app: OpenHub) -> None:
    assert app("payloads").result("without_input") == [None, None, None]


def test_missing_output(app: OpenHub) -> None:
    status = app("payloads").run("no_output")
    assert (status["runtimeStatus"], status["output"]) == ("Completed", None)


def test_large_activity_result_and_input(app: OpenHub) -> None:
    assert app("payloads").result("large", 3_000_000) == 3_000_000


def test_custom_class(app: OpenHub) -> None:
    assert app("payloads").result("custom_class") == {"type": "Point", "x": 2, "y": 1}


def test_output_that_is_no_json_fails(app: OpenHub) -> None:
    message = app("payloads").failure("bad_output")
    assert message.startswith("Orchestrator function 'bad_output' failed: ")
    assert "set" in message


def test_activity_output_that_is_no_json_fails(app: OpenHub) -> None:
    assert app("payloads").result("bad_activity_output") == (
        "Activity function 'returns_set' failed:  ValueError: "
        "activity trigger output must be json serializable ({1, 2, 3})"
    )


def test_activity_input_that_is_no_json_fails(app: OpenHub) -> None:
    message = app("payloads").failure("bad_activity_input")
    assert message.startswith("Orchestrator function 'bad_activity_input' failed: ")


@pytest.mark.parametrize("status", ["text", {"done": 3}, [1, 2], 7])
def test_custom_status_of_any_kind(app: OpenHub, status: object) -> None:
    hub = app("payloads")
    instance_id = hub.start("statuses", status)
    hub.wait_for_custom_status(instance_id, status)
    hub.operate(instance_id, "terminate")


def test_falsy_custom_status_is_dropped_by_the_sdk(app: OpenHub) -> None:
    hub = app("payloads")
    instance_id = hub.start("statuses", 0)
    assert hub.wait(instance_id, ["Running"])["customStatus"] is None
    hub.operate(instance_id, "terminate")
