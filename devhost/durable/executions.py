"""Executions on the in-memory backend: their ids, parents, timers, activities and ends.

Microsoft's test backend knows instances only. Here every run of an instance is an execution with an id of its
own, so that nothing left over from an earlier one (a timer, an activity, a child) reaches the next.
"""

import logging
import threading
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import (
    ActivityWorkItem,
    InMemoryOrchestrationBackend,
    OrchestrationInstance,
)
from google.protobuf.timestamp_pb2 import Timestamp

from devhost.durable.timers import TimerQueue
from devhost.durable.versions import VERSION_MISMATCH, VersionRule
from devhost.durable.wire import (
    completed_action,
    failed_action,
    is_terminal,
    moment_of,
    text_of,
    utc_now,
)

_log = logging.getLogger(__name__)

# How long an orchestration waits for further results of its running activities before it is replayed: a
# replay costs time in proportion to the history, so a fan-in is gathered instead of being replayed result by
# result.
_COALESCING_WINDOW = timedelta(milliseconds=20)
_COALESCING_PER_ACTIVITY = timedelta(microseconds=100)
_LONGEST_COALESCING_WINDOW = timedelta(milliseconds=200)

# Azure sets no limit; the in-memory backend insists on one and loses the instance that exceeds it.
_UNLIMITED_HISTORY = 2**31

# Of what is in the inbox at continue-as-new, only these are meant for the instance, not for the old
# execution.
_SURVIVE_CONTINUE_AS_NEW = {"eventRaised", "executionSuspended", "executionResumed", "executionTerminated"}


@dataclass
class Execution:
    """One run of an instance, from its start or its continue-as-new to its end."""

    execution_id: str
    parent: pb.ParentInstanceInfo | None = None
    outstanding_activities: int = 0
    coalescing: bool = False


class ExecutionTracking(InMemoryOrchestrationBackend):
    """The backend with executions; work items are handed out by the subclass."""

    def __init__(self, port: int, versions: VersionRule) -> None:
        super().__init__(max_history_size=_UNLIMITED_HISTORY, port=port)
        self._versions = versions
        self._refused: set[str] = set()
        self._executions: dict[str, Execution] = {}
        self._changed: set[str] = set()
        self._work = threading.Condition(self._lock)
        self._timers = TimerQueue(self._lock, self._flush)
        self._activity_queue: deque[ActivityWorkItem] = deque()
        # Distinct from those of an engine that ran before on the same data: its workers may still answer.
        self._next_completion_token = uuid.uuid4().int >> 64

    def _flush(self) -> None:
        """Make the changed instances durable; the subclass knows how."""
        raise NotImplementedError

    # ------------------------------------------------------------------ scheduling an orchestration's next
    # turn
    def _enqueue_orchestration(self, instance_id: str) -> None:
        instance = self._instances.get(instance_id)
        if instance is None:
            return
        self._changed.add(instance_id)
        stamp(instance.pending_events)
        execution = self._begin_execution(instance)
        if instance_id in self._orchestration_in_flight:
            return  # looked at again when the present turn is over
        if not self._versions.admits(instance.version) and not is_terminal(instance.status):
            self._refuse(instance)
            return
        kinds = {event.WhichOneof("eventType") for event in instance.pending_events}
        if "executionTerminated" in kinds:
            self._terminate(instance)
        elif instance.status == pb.ORCHESTRATION_STATUS_SUSPENDED and "executionResumed" not in kinds:
            return
        elif execution.outstanding_activities and "executionStarted" not in kinds:
            self._enqueue_soon(instance_id, execution)
        else:
            self._enqueue_now(instance_id)

    def _refuse(self, instance: OrchestrationInstance) -> None:
        """Leave an orchestration of another version alone, or fail it: not even its end is computed here."""
        if self._versions.failure == "Fail":
            # Not within the call that brought the work: a child is tied to its parent only after it is there.
            self._timers.add(utc_now(), lambda: self._fail_refused(instance))
        elif instance.instance_id not in self._refused:
            self._refused.add(instance.instance_id)
            _log.warning(
                "Orchestration '%s' is of version '%s' and waits for a host that may run it "
                "(defaultVersion '%s', versionMatchStrategy %s).",
                instance.instance_id,
                instance.version or "",
                self._versions.default or "",
                self._versions.match,
            )

    def _fail_refused(self, instance: OrchestrationInstance) -> None:
        if instance is self._instances.get(instance.instance_id) and not is_terminal(instance.status):
            self._end_without_process(instance, failed_action(VERSION_MISMATCH))

    def _enqueue_soon(self, instance_id: str, execution: Execution) -> None:
        if execution.coalescing:
            return
        execution.coalescing = True
        window = _COALESCING_WINDOW + execution.outstanding_activities * _COALESCING_PER_ACTIVITY

        def gathered() -> None:
            execution.coalescing = False
            instance = self._instances.get(instance_id)
            if (
                instance is not None
                and self._executions.get(instance_id) is execution
                and not is_terminal(instance.status)
                and instance.status != pb.ORCHESTRATION_STATUS_SUSPENDED
            ):
                self._enqueue_now(instance_id)

        self._timers.add(utc_now() + min(window, _LONGEST_COALESCING_WINDOW), gathered)

    def _enqueue_now(self, instance_id: str) -> None:
        if instance_id not in self._orchestration_queue_set:
            self._orchestration_queue.append(instance_id)
            self._orchestration_queue_set.add(instance_id)
            self._work.notify_all()

    def _begin_execution(self, instance: OrchestrationInstance) -> Execution:
        """Return the instance's execution; a start event without an execution id begins a new one."""
        execution = self._executions.get(instance.instance_id)
        for event in instance.pending_events:
            if not event.HasField("executionStarted"):
                continue
            started = event.executionStarted
            if not started.orchestrationInstance.HasField("executionId"):
                # A continued execution keeps its parent; an ended one has none left.
                parent = execution.parent if execution is not None else None
                execution = Execution(uuid.uuid4().hex, parent)
                self._executions[instance.instance_id] = execution
                started.orchestrationInstance.executionId.value = execution.execution_id
                if parent is not None:
                    started.parentInstance.CopyFrom(parent)
        if execution is None:
            raise RuntimeError(f"instance '{instance.instance_id}' was never started")
        return execution

    # ------------------------------------------------------------------ activities
    def _process_schedule_task_action(
        self, instance: OrchestrationInstance, action: pb.OrchestratorAction
    ) -> None:
        name, payload = action.scheduleTask.name, text_of(action.scheduleTask, "input")
        instance.history.append(helpers.new_task_scheduled_event(action.id, name, payload))
        self._queue_activity(instance.instance_id, action.id, name, payload)

    def _queue_activity(self, instance_id: str, task_id: int, name: str, payload: str | None) -> None:
        self._executions[instance_id].outstanding_activities += 1
        self._activity_queue.append(
            ActivityWorkItem(instance_id, name, task_id, payload, self._new_completion_token())
        )
        self._work.notify_all()

    def _new_completion_token(self) -> int:
        self._next_completion_token += 1
        return self._next_completion_token

    # ------------------------------------------------------------------ timers
    def _process_create_timer_action(
        self, instance: OrchestrationInstance, action: pb.OrchestratorAction
    ) -> None:
        fire_at = moment_of(action.createTimer.fireAt)
        instance.history.append(helpers.new_timer_created_event(action.id, fire_at))
        self._arm_timer(instance.instance_id, action.id, fire_at)

    def _arm_timer(self, instance_id: str, timer_id: int, fire_at: datetime) -> None:
        execution = self._executions[instance_id]

        def fire() -> None:
            instance = self._instances.get(instance_id)
            if instance is None or self._executions.get(instance_id) is not execution:
                return
            if not is_terminal(instance.status):
                instance.pending_events.append(helpers.new_timer_fired_event(timer_id, fire_at))
                self._enqueue_orchestration(instance_id)

        self._timers.add(fire_at, fire)

    # ------------------------------------------------------------------ sub-orchestrations
    def _watch_sub_orchestration(self, parent_instance_id: str, sub_instance_id: str, task_id: int) -> None:
        """Tie a child that was just created to its parent's execution (the base starts a thread here)."""
        parent, child = self._instances[parent_instance_id], self._instances[sub_instance_id]
        link = pb.ParentInstanceInfo(taskScheduledId=task_id)
        link.name.value = parent.name
        link.orchestrationInstance.instanceId = parent_instance_id
        link.orchestrationInstance.executionId.value = self._executions[parent_instance_id].execution_id
        self._executions[sub_instance_id].parent = link
        for event in child.pending_events:
            if event.HasField("executionStarted"):
                event.executionStarted.parentInstance.CopyFrom(link)

    def _notify_waiters(self, instance_id: str) -> None:
        super()._notify_waiters(instance_id)
        child, execution = self._instances.get(instance_id), self._executions.get(instance_id)
        if child is None or execution is None or execution.parent is None or not is_terminal(child.status):
            return
        link, execution.parent = execution.parent, None
        parent_id = link.orchestrationInstance.instanceId
        parent, awaiting = self._instances.get(parent_id), self._executions.get(parent_id)
        if parent is None or awaiting is None or is_terminal(parent.status):
            return
        if awaiting.execution_id == link.orchestrationInstance.executionId.value:
            parent.pending_events.append(_sub_orchestration_result(child, link.taskScheduledId))
            self._enqueue_orchestration(parent_id)

    # ------------------------------------------------------------------ ends
    def _terminate(self, instance: OrchestrationInstance) -> None:
        """End an instance now: no app process is needed for it, and none may be alive."""
        reason = next(
            text_of(event.executionTerminated, "input")
            for event in instance.pending_events
            if event.HasField("executionTerminated")
        )
        self._end_without_process(instance, completed_action(pb.ORCHESTRATION_STATUS_TERMINATED, reason))

    def _end_without_process(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        """Take all that is in the inbox as seen, and end the instance."""
        instance.dispatched_events = [*instance.dispatched_events, *instance.pending_events]
        instance.pending_events.clear()
        self._end_turn(instance, [action])

    def _end_turn(self, instance: OrchestrationInstance, actions: list[pb.OrchestratorAction]) -> None:
        """Complete the turn of `instance` with actions that no app process gave."""
        response = pb.OrchestratorResponse(
            instanceId=instance.instance_id,
            actions=actions,
            completionToken=str(instance.completion_token),
        )
        self._apply_turn(instance, response)

    def _apply_turn(self, instance: OrchestrationInstance, response: pb.OrchestratorResponse) -> None:
        """Apply an orchestrator's answer, whose completion token has been checked."""
        if not response.HasField("customStatus") and instance.custom_status:
            # The base blanks the status when an answer does not repeat it.
            response.customStatus.value = instance.custom_status
        InMemoryOrchestrationBackend.CompleteOrchestratorTask(self, response, None)  # type: ignore[arg-type]
        stamp(instance.history)
        self._changed.add(instance.instance_id)
        if instance.status == pb.ORCHESTRATION_STATUS_PENDING:
            instance.status = pb.ORCHESTRATION_STATUS_RUNNING  # continued as new: it has been running
        if instance.pending_events:
            # The base forgets a resume that arrived during the turn in which the suspension took effect.
            self._enqueue_orchestration(instance.instance_id)

    def _process_complete_orchestration_action(
        self, instance: OrchestrationInstance, complete_action: pb.CompleteOrchestrationAction
    ) -> None:
        self._forget_activities(instance.instance_id)
        if complete_action.orchestrationStatus == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW:
            instance.pending_events = [
                event
                for event in instance.pending_events
                if event.WhichOneof("eventType") in _SURVIVE_CONTINUE_AS_NEW
            ]
        super()._process_complete_orchestration_action(instance, complete_action)

    def _forget_activities(self, instance_id: str) -> None:
        """Drop an ended execution's activities: queued ones never start, running ones report to nobody."""
        if any(item.instance_id == instance_id for item in self._activity_queue):
            self._activity_queue = deque(
                item for item in self._activity_queue if item.instance_id != instance_id
            )
        if (execution := self._executions.get(instance_id)) is not None:
            execution.outstanding_activities = 0


def stamp(events: list[pb.HistoryEvent]) -> None:
    """Give the newest events, which the base leaves undated, the present moment."""
    now = Timestamp()
    now.FromDatetime(utc_now())
    for event in reversed(events):
        if event.timestamp.seconds:
            return
        event.timestamp.CopyFrom(now)


def _sub_orchestration_result(child: OrchestrationInstance, task_id: int) -> pb.HistoryEvent:
    if child.status == pb.ORCHESTRATION_STATUS_COMPLETED:
        return helpers.new_sub_orchestration_completed_event(task_id, child.output or None)
    details = child.failure_details or pb.TaskFailureDetails(
        errorType="Terminated", errorMessage=child.output or ""
    )
    return pb.HistoryEvent(
        eventId=-1,
        subOrchestrationInstanceFailed=pb.SubOrchestrationInstanceFailedEvent(
            taskScheduledId=task_id, failureDetails=details
        ),
    )
