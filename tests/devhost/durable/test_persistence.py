"""The SQLite store: what it writes is what it reads, and a turn's cost does not depend on the history."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import OrchestrationInstance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devhost.durable.persistence import InstanceStore


def start_event() -> pb.HistoryEvent:
    event = helpers.new_execution_started_event("orchestrator", "i", '"input"')
    event.executionStarted.orchestrationInstance.executionId.value = uuid.uuid4().hex
    return event


def new_instance() -> OrchestrationInstance:
    return OrchestrationInstance(
        "i", "orchestrator", pb.ORCHESTRATION_STATUS_RUNNING, input='"input"', pending_events=[start_event()]
    )


def assert_same(read: OrchestrationInstance, written: OrchestrationInstance) -> None:
    assert read.history == written.history
    assert read.pending_events == [*written.dispatched_events, *written.pending_events]
    assert (read.instance_id, read.name, read.status, read.input, read.output, read.custom_status) == (
        written.instance_id,
        written.name,
        written.status,
        written.input,
        written.output,
        written.custom_status,
    )
    assert read.created_at == written.created_at


STEPS = st.lists(
    st.sampled_from(
        ["arrive", "dispatch", "complete", "give back", "continue as new", "replace", "save", "reopen"]
    ),
    max_size=40,
)


def apply(step: str, instance: OrchestrationInstance, number: int) -> OrchestrationInstance:
    """Make one of the engine's moves; every execution keeps its start event."""
    if step == "arrive":
        instance.pending_events.append(helpers.new_event_raised_event("E", str(number)))
    elif step == "dispatch" and not instance.dispatched_events:
        instance.dispatched_events, instance.pending_events = instance.pending_events, []
    elif step == "complete":
        instance.history += [*instance.dispatched_events, helpers.new_orchestrator_completed_event()]
        instance.dispatched_events, instance.custom_status = [], str(number)
    elif step == "give back":
        instance.pending_events = [*instance.dispatched_events, *instance.pending_events]
        instance.dispatched_events = []
    elif step == "continue as new":
        instance.history.clear()
        kept = [event for event in instance.pending_events if not event.HasField("executionStarted")]
        instance.dispatched_events, instance.pending_events = [], [start_event(), *kept]
    elif step == "replace":
        return new_instance()
    return instance


@given(steps=STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_is_read_back(tmp_path: Path, steps: list[str]) -> None:
    """Drive an instance through the engine's moves in any order; the store must follow."""
    database = tmp_path / f"{uuid.uuid4().hex}.db"
    store, instance = InstanceStore(database), new_instance()
    for number, step in enumerate([*steps, "reopen"]):
        instance = apply(step, instance, number)
        if step in {"save", "reopen"}:
            store.save({"i": instance})
        if step == "reopen":
            store.close()
            store = InstanceStore(database)
            (read,) = store.load()
            assert_same(read, instance)
            instance = read
    store.close()


def test_deleted_instance_leaves_nothing(tmp_path: Path) -> None:
    store = InstanceStore(tmp_path / "engine.db")
    store.save({"i": new_instance()})
    store.save({"i": None})
    assert list(store.load()) == []
    assert store._database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)
    store.close()


def test_end_of_an_instance_is_read_back(tmp_path: Path) -> None:
    store, instance = InstanceStore(tmp_path / "engine.db"), new_instance()
    instance.status, instance.output = pb.ORCHESTRATION_STATUS_FAILED, ""
    instance.completed_at = datetime.now(UTC)
    instance.failure_details = pb.TaskFailureDetails(errorMessage="why")
    store.save({"i": instance})
    (read,) = store.load()
    store.close()
    assert (read.completed_at, read.failure_details) == (instance.completed_at, instance.failure_details)


@pytest.mark.parametrize("length", [10, 5_000])
def test_cost_of_a_turn_does_not_depend_on_the_history(tmp_path: Path, length: int) -> None:
    store, instance = InstanceStore(tmp_path / "engine.db"), new_instance()
    instance.history = [helpers.new_event_raised_event("E", str(n)) for n in range(length)]
    store.save({"i": instance})
    before = store._database.total_changes
    instance.pending_events.append(helpers.new_event_raised_event("E", "new"))
    store.save({"i": instance})
    instance.history.extend(instance.pending_events)
    instance.pending_events = []
    store.save({"i": instance})
    # Two states, one event in, two events out of the inbox and into the history.
    assert store._database.total_changes - before == 7
    store.close()


def test_failed_save_leaves_the_last_state_and_the_next_one_counts(tmp_path: Path) -> None:
    store, instance = InstanceStore(tmp_path / "engine.db"), new_instance()
    store.save({"i": instance})
    broken = new_instance()
    broken.pending_events.append("no event")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        store.save({"i": broken})
    instance.pending_events.append(helpers.new_event_raised_event("E", "later"))
    store.save({"i": instance})
    store.close()
    (read,) = InstanceStore(tmp_path / "engine.db").load()
    assert_same(read, instance)
