"""Answers of a process that has lost its work: the engine's protocol, spoken by the test itself."""

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from durabletask.internal import orchestrator_service_pb2 as pb

from devhost.durable.wire import completed_action
from tests.devhost.durable.processes import Processes


class Process:
    """An app process that takes work and does nothing with it."""

    def __init__(self, processes: Processes) -> None:
        self._stream: Any = processes._stub.GetWorkItems(pb.GetWorkItemsRequest())
        self._items: queue.Queue[pb.WorkItem] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for item in self._stream:
                self._items.put(item)
        except Exception:  # noqa: BLE001 - gRPC's way to say that the test has cancelled it
            return

    def item(self) -> pb.WorkItem:
        return self._items.get(timeout=10)

    def go(self) -> None:
        """Lose the connection; whatever it was doing goes on."""
        self._stream.cancel()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as processes:
        processes.start_engine()
        yield processes


def end_turn(processes: Processes, item: pb.WorkItem, output: str) -> None:
    response = pb.OrchestratorResponse(
        instanceId=item.orchestratorRequest.instanceId, completionToken=item.completionToken
    )
    response.actions.append(completed_action(pb.ORCHESTRATION_STATUS_COMPLETED, json.dumps(output)))
    processes._stub.CompleteOrchestratorTask(response)


def test_a_turn_that_was_handed_out_again_is_ended_by_its_new_holder_alone(processes: Processes) -> None:
    instance_id = processes.start("anything", None)
    first = Process(processes)
    lost = first.item()
    first.go()
    second = Process(processes)
    held = second.item()
    end_turn(processes, lost, "late")
    end_turn(processes, held, "in time")
    assert processes.wait(instance_id) == ("Completed", "in time")
    second.go()


def test_an_activity_that_was_handed_out_again_is_ended_by_its_new_holder_alone(
    processes: Processes,
) -> None:
    instance_id = processes.start("anything", None)
    first = Process(processes)
    planned = pb.OrchestratorResponse(instanceId=instance_id, completionToken=first.item().completionToken)
    planned.actions.append(pb.OrchestratorAction(id=0, scheduleTask=pb.ScheduleTaskAction(name="step")))
    processes._stub.CompleteOrchestratorTask(planned)
    lost = first.item()
    first.go()
    second = Process(processes)
    held = second.item()
    for item, result in ((lost, "late"), (held, "in time")):
        ended = pb.ActivityResponse(
            instanceId=instance_id,
            taskId=item.activityRequest.taskId,
            completionToken=item.completionToken,
        )
        ended.result.value = json.dumps(result)
        processes._stub.CompleteActivityTask(ended)
    events = second.item().orchestratorRequest.newEvents
    results = [event.taskCompleted.result.value for event in events if event.HasField("taskCompleted")]
    assert results == [json.dumps("in time")]
    second.go()
