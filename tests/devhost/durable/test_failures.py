"""Orchestrators that are wrong: each must fail, or hang, as it does on Azure, and say why."""

import logging
import time
from collections.abc import Iterator

import pytest

from tests.devhost.durable.hub import Hub


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub("failures") as running:
        yield running


def test_exception_before_the_first_yield(hub: Hub) -> None:
    message = hub.failure("raises_at_once")
    assert message == "Orchestrator function 'raises_at_once' failed: 'before the first yield'"


def test_exception_in_an_orchestrator_that_is_no_generator(hub: Hub) -> None:
    message = hub.failure("raises_without_yield")
    assert message.startswith("Orchestrator function 'raises_without_yield' failed: ")
    assert "not a generator" in message


def test_exception_after_an_event(hub: Hub) -> None:
    instance_id = hub.start("raises_after_events")
    hub.raise_event(instance_id, "Go", 7)
    assert hub.wait(instance_id)["output"] == "Orchestrator function 'raises_after_events' failed: got 7"


def test_yield_of_something_else_than_a_task(hub: Hub) -> None:
    message = hub.failure("yields_a_number")
    assert message.startswith(
        "Orchestrator function 'yields_a_number' failed: One or more errors occurred. "
        "(Result: Failure\nException: AttributeError: 'int' object has no attribute '_is_scheduled'\nStack: "
    )


@pytest.mark.parametrize("name", ["calls_unknown_activity", "calls_unknown_child"])
def test_call_to_an_unknown_function_hangs_and_the_log_says_so(
    hub: Hub, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="devhost"):
        instance_id = hub.start(name)
        time.sleep(0.3)
    assert hub.status(instance_id)["runtimeStatus"] == "Running"
    assert any("no_such_" in record.getMessage() for record in caplog.records)
    hub.operate(instance_id, "terminate", reason="stuck")
    assert hub.wait(instance_id)["runtimeStatus"] == "Terminated"


def test_activity_that_changes_between_replays(hub: Hub) -> None:
    assert "scheduled an activity task with sequence ID 0 and name 'fine'" in hub.failure("changes_its_mind")


def test_activity_that_disappears_between_replays(hub: Hub) -> None:
    assert "hasn't (yet?) scheduled this task" in hub.failure("forgets_a_step")


def test_custom_status_over_16_kb(hub: Hub) -> None:
    assert hub.failure("status_too_large") == (
        "Orchestrator function 'status_too_large' failed: The UTF-16 size of the JSON-serialized "
        "payload must not exceed 16 KB. The current payload size is 19 KB."
    )


def test_exception_without_text_still_fails_the_activity(hub: Hub) -> None:
    assert (
        hub.result("activity_raises_base")
        == "Activity function 'raises_without_text' failed:  RuntimeError: "
    )


# ---------------------------------------------------------------------- what this host does not emulate
@pytest.fixture(scope="module")
def unsupported() -> Iterator[Hub]:
    with Hub("unsupported") as running:
        yield running


@pytest.mark.parametrize("name", ["calls_entity", "signals_entity"])
def test_entities_stop_with_a_clear_error(unsupported: Hub, name: str) -> None:
    assert unsupported.failure(name).startswith("Durable entities are not emulated by the local host (")


def test_durable_http_stops_with_a_clear_error(unsupported: Hub) -> None:
    assert unsupported.failure("calls_http") == (
        "Durable HTTP is not emulated by the local host (call_http): call an activity."
    )


@pytest.mark.parametrize("path", ["entities", "entities/counter", "entities/counter/one"])
def test_entities_api_answers_501(unsupported: Hub, path: str) -> None:
    response = unsupported.http.get(path)
    assert (response.status_code, response.json()) == (
        501,
        {"Message": "Durable entities are not emulated by the local host."},
    )
