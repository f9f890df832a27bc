"""Handing work out to the connected app processes, and taking it back from those that die or leave."""

import json
from collections.abc import Iterator
from typing import Final, Literal

import grpc
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend
from google.protobuf import empty_pb2

from devhost.durable.connections import (
    LEAVING_KEY,
    PROCESS_KEY,
    ActivityKey,
    Connection,
    OrchestrationLease,
)
from devhost.durable.executions import ExecutionTracking
from devhost.durable.versions import VersionRule
from devhost.durable.wire import failed_action, utc_now

OnWorkerExit = Literal["fail", "redeliver"]

# What the real host reports for a killed worker (azure-functions-host WorkerProcess.OnProcessExited raises
# WorkerProcessExitException); 137 is .NET's exit code of a process that signal 9 ended.
WORKER_EXIT: Final = "python exited with code 137 (0x89)"

# The serialized exception that follows it in an activity's failure (azure-functions-durable-js #543).
_WORKER_EXIT_DETAILS: Final = json.dumps(
    {
        "$type": (
            "Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException, "
            "Microsoft.Azure.WebJobs.Script"
        ),
        "Message": WORKER_EXIT,
    }
)

# gRPC polls a stream that nobody closes; a closed one is noticed at once through its callback.
_STREAM_POLL_SECONDS: Final = 5.0
_NO_LIMIT: Final = 2**31


class WorkDispatch(ExecutionTracking):
    """The work item stream and the completions, with a lease on everything handed out."""

    def __init__(self, port: int, on_worker_exit: OnWorkerExit, versions: VersionRule) -> None:
        super().__init__(port, versions)
        self._on_worker_exit = on_worker_exit
        self._connections: list[Connection] = []

    # ------------------------------------------------------------------ handing out
    def GetWorkItems(  # noqa: N802 - the gRPC service's name
        self, request: pb.GetWorkItemsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WorkItem]:
        """Stream work to one app process until it goes away."""
        connection = Connection(
            str(dict(context.invocation_metadata()).get(PROCESS_KEY, "")),
            request.maxConcurrentOrchestrationWorkItems or _NO_LIMIT,
            request.maxConcurrentActivityWorkItems or _NO_LIMIT,
        )
        with self._lock:
            self._connections.append(connection)
        if not context.add_callback(lambda: self._disconnect(connection)):
            self._disconnect(connection)
        try:
            while (item := self._next_item(connection)) is not None:
                yield item
        finally:
            self._disconnect(connection)

    def _next_item(self, connection: Connection) -> pb.WorkItem | None:
        """Wait for work for this process; None when the stream or the engine is at its end."""
        with self._work:
            while not (connection.closed or self._shutdown_event.is_set()):
                connection.waiting = False
                if connection.leaving and not connection.told_last:
                    connection.told_last = True
                    return pb.WorkItem(healthPing=pb.HealthPing())
                item = self._take_orchestration(connection) or self._take_activity(connection)
                if item is not None:
                    if len(self._connections) > 1:
                        self._work.notify_all()  # the loads have changed: it may be another's turn
                    return item
                connection.waiting = True
                self._work.wait(_STREAM_POLL_SECONDS)
        return None

    def _take_orchestration(self, connection: Connection) -> pb.WorkItem | None:
        if not connection.takes_orchestrations or any(
            other.waiting
            and other.takes_orchestrations
            and len(other.orchestrations) < len(connection.orchestrations)
            for other in self._connections
        ):
            return None
        while self._orchestration_queue:
            instance_id = self._orchestration_queue.popleft()
            self._orchestration_queue_set.discard(instance_id)
            instance = self._instances.get(instance_id)
            if (
                instance is None
                or not instance.pending_events
                or instance_id in self._orchestration_in_flight
            ):
                continue
            instance.dispatched_events = list(instance.pending_events)
            instance.pending_events.clear()
            self._orchestration_in_flight.add(instance_id)
            # Exactly one OrchestratorStarted heads each turn; the first turn's comes with the start itself.
            started = helpers.new_orchestrator_started_event(utc_now()) if instance.history else None
            token = str(instance.completion_token)
            connection.orchestrations[instance_id] = OrchestrationLease(token, started)
            return pb.WorkItem(
                completionToken=token,
                orchestratorRequest=pb.OrchestratorRequest(
                    instanceId=instance_id,
                    executionId={"value": self._executions[instance_id].execution_id},
                    pastEvents=instance.history,
                    newEvents=[*([started] if started else []), *instance.dispatched_events],
                ),
            )
        return None

    def _take_activity(self, connection: Connection) -> pb.WorkItem | None:
        if (
            not self._activity_queue
            or not connection.takes_activities
            or any(
                other.waiting
                and other.takes_activities
                and len(other.activities) < len(connection.activities)
                for other in self._connections
            )
        ):
            return None
        item = self._activity_queue.popleft()
        connection.activities[item.instance_id, item.task_id] = item
        request = pb.ActivityRequest(
            name=item.name,
            taskId=item.task_id,
            orchestrationInstance=pb.OrchestrationInstance(instanceId=item.instance_id),
        )
        if item.input is not None:
            request.input.value = item.input
        return pb.WorkItem(completionToken=str(item.completion_token), activityRequest=request)

    # ------------------------------------------------------------------ completions
    def _complete_orchestration(self, response: pb.OrchestratorResponse) -> None:
        for connection in self._connections:
            lease = connection.orchestrations.get(response.instanceId)
            if lease is not None and lease.completion_token == response.completionToken:
                del connection.orchestrations[response.instanceId]
                self._work.notify_all()  # a place has become free
                instance = self._instances.get(response.instanceId)
                if instance is not None:
                    if lease.started is not None:
                        instance.dispatched_events.insert(0, lease.started)
                    self._apply_turn(instance, response)
                return
        # Otherwise the lease was lost: the turn has been handed out again, or its engine is gone.

    def _complete_activity(self, response: pb.ActivityResponse) -> None:
        key = response.instanceId, response.taskId
        for connection in self._connections:
            item = connection.activities.get(key)
            if item is not None and str(item.completion_token) == response.completionToken:
                del connection.activities[key]
                self._work.notify_all()
                self._executions[response.instanceId].outstanding_activities -= 1
                InMemoryOrchestrationBackend.CompleteActivityTask(self, response, None)  # type: ignore[arg-type]
                return
        # Otherwise a second delivery has taken over, or the execution has ended: this result is nobody's.

    def _forget_activities(self, instance_id: str) -> None:
        super()._forget_activities(instance_id)
        for connection in self._connections:
            for key in [key for key in connection.activities if key[0] == instance_id]:
                del connection.activities[key]

    # ------------------------------------------------------------------ taking back
    def Hello(  # noqa: N802 - the gRPC service's name
        self,
        request: empty_pb2.Empty,  # noqa: ARG002 - the gRPC service's shape
        context: grpc.ServicerContext,
    ) -> empty_pb2.Empty:
        """Answer a greeting; with the name of an app process it is a farewell: send it nothing more."""
        leaving = str(dict(context.invocation_metadata()).get(LEAVING_KEY, ""))
        with self._lock:
            for connection in self._connections:
                if leaving and connection.process == leaving:
                    connection.leaving = True
            self._work.notify_all()
        return empty_pb2.Empty()

    def _abandon_orchestration(self, completion_token: str) -> None:
        """Take a turn back from a process that is leaving; it gets no further work."""
        for connection in self._connections:
            for instance_id, lease in list(connection.orchestrations.items()):
                if lease.completion_token == completion_token:
                    connection.leaving = True
                    self._requeue_orchestration(connection, instance_id)

    def _abandon_activity(self, completion_token: str) -> None:
        """Take an activity back from a process that is leaving; it gets no further work."""
        for connection in self._connections:
            for key, item in list(connection.activities.items()):
                if str(item.completion_token) == completion_token:
                    connection.leaving = True
                    self._requeue_activity(connection, key)

    def _disconnect(self, connection: Connection) -> None:
        """Settle what a process held when its stream broke: it has died, since one that leaves gives back."""
        with self._lock:
            if connection.closed:
                return
            connection.closed = True
            if self._shutdown_event.is_set():
                self._connections.remove(connection)
                return  # the engine is going, not the process: what is open is handed out after the restart
            for instance_id in list(connection.orchestrations):
                if self._on_worker_exit == "fail":
                    self._fail_orchestration(connection, instance_id)
                else:
                    self._requeue_orchestration(connection, instance_id)
            for key in list(connection.activities):
                if self._on_worker_exit == "fail":
                    self._fail_activity(connection, key)
                else:
                    self._requeue_activity(connection, key)
            self._connections.remove(connection)
            self._work.notify_all()
            self._flush()

    def _requeue_orchestration(self, connection: Connection, instance_id: str) -> None:
        del connection.orchestrations[instance_id]
        self._orchestration_in_flight.discard(instance_id)
        instance = self._instances.get(instance_id)
        if instance is None:
            return
        instance.pending_events = [*instance.dispatched_events, *instance.pending_events]
        instance.dispatched_events = []
        instance.completion_token = self._new_completion_token()  # a late answer must not count
        self._enqueue_orchestration(instance_id)

    def _requeue_activity(self, connection: Connection, key: ActivityKey) -> None:
        item = connection.activities.pop(key)
        item.completion_token = self._new_completion_token()
        self._activity_queue.appendleft(item)
        self._work.notify_all()

    def _fail_orchestration(self, connection: Connection, instance_id: str) -> None:
        """Fail the instance whose turn died with its process.

        The worker's exit surfaces in TaskOrchestrationShim as an AggregateException without the SDK's state,
        which it turns into an OrchestrationFailureException; only aborted and timed-out turns are handed out
        again (extension: TaskOrchestrationShim.InvokeUserCodeAndHandleResults,
        DurableTaskExtension.OrchestrationMiddleware).
        """
        lease = connection.orchestrations.pop(instance_id)
        instance = self._instances.get(instance_id)
        if instance is None:
            return
        if lease.started is not None:
            instance.dispatched_events.insert(0, lease.started)
        message = (
            f"Orchestrator function '{instance.name}' failed: One or more errors occurred. ({WORKER_EXIT})"
        )
        self._end_turn(instance, [failed_action(message)])

    def _fail_activity(self, connection: Connection, key: ActivityKey) -> None:
        """Fail an activity whose process died (GrpcWorkerChannel.TryFailExecutions, TaskActivityShim)."""
        item = connection.activities[key]
        failure = pb.TaskFailureDetails(
            errorType="WorkerProcessExitException",
            errorMessage=f"Activity function '{item.name}' failed: {WORKER_EXIT}",
        )
        failure.stackTrace.value = _WORKER_EXIT_DETAILS
        self._complete_activity(
            pb.ActivityResponse(
                instanceId=item.instance_id,
                taskId=item.task_id,
                completionToken=str(item.completion_token),
                failureDetails=failure,
            )
        )
