# ruff: noqa: N802, ARG002 - the gRPC service dictates names and signatures
"""The durable engine: the process that keeps every orchestration's state and hands out the work."""

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from durabletask.testing.in_memory_backend import OrchestrationInstance

from devhost.durable.dispatch import OnWorkerExit, WorkDispatch
from devhost.durable.executions import Execution
from devhost.durable.persistence import InstanceStore
from devhost.durable.versions import VersionRule
from devhost.durable.wire import UNLIMITED_MESSAGES, is_terminal, moment_of, text_of

# Each app process's stream and each waiting client holds one thread of the server (the base has ten).
_SERVER_THREADS = 100
# What a stop leaves to calls that are under way, in seconds.
_STOP_GRACE = 0.5


class DurableEngine(WorkDispatch):
    """Microsoft's in-memory backend, made fit for a development host.

    Added to it: several app processes with leases on their work, executions, durable timers, results of
    children without a thread each, and state in SQLite. Every change is committed before the call that made
    it is answered.

    `port` 0 picks a free one; `database` None keeps everything in memory. `on_worker_exit` says what becomes
    of the work of a process that dies: `fail` as on Azure when the Python worker dies, `redeliver` as on
    Azure when the whole instance is lost. Work that was open when the engine itself went down is always
    handed out again. `versions` says which orchestrations may run here.
    """

    def __init__(
        self,
        port: int = 0,
        database: Path | None = None,
        on_worker_exit: OnWorkerExit = "redeliver",
        versions: VersionRule | None = None,
    ) -> None:
        super().__init__(port, on_worker_exit, versions or VersionRule())
        self._store = InstanceStore(database) if database is not None else None

    def start(self) -> str:
        """Restore what the database holds, listen on the loopback, and return the gRPC address."""
        self._shutdown_event.clear()
        with self._lock:
            if self._store is not None:
                for instance in self._store.load():
                    self._restore(instance)
            self._timers.start()
        server = grpc.server(
            futures.ThreadPoolExecutor(_SERVER_THREADS, thread_name_prefix="durable-engine"),
            # Without this a second engine on the same port would silently share its calls.
            options=[*UNLIMITED_MESSAGES, ("grpc.so_reuseport", 0)],
        )
        stubs.add_TaskHubSidecarServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]
        self._port = server.add_insecure_port(f"127.0.0.1:{self._port}")
        server.start()
        self._server = server
        return f"127.0.0.1:{self._port}"

    def stop(self, grace: float | None = _STOP_GRACE) -> None:
        """Stop serving; with a database, everything open goes on after the next start."""
        with self._lock:
            self._shutdown_event.set()
            self._work.notify_all()
        self._timers.stop()
        super().stop(grace)
        with self._lock:
            self._flush()
            if self._store is not None:
                self._store.close()
                self._store = None

    # ------------------------------------------------------------------ state
    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Hold the lock for one call, and make durable what it changed before it is answered."""
        with self._lock:
            try:
                yield
            finally:
                self._flush()

    def _flush(self) -> None:
        changed, self._changed = self._changed, set()
        for instance_id in changed - self._instances.keys():
            self._executions.pop(instance_id, None)
        if self._store is not None and changed:
            self._store.save({instance_id: self._instances.get(instance_id) for instance_id in changed})

    def _restore(self, instance: OrchestrationInstance) -> None:
        """Take up an instance where it was: its timers, its open activities, its undelivered events."""
        instance_id = instance.instance_id
        instance.completion_token = self._new_completion_token()
        self._instances[instance_id] = instance
        open_tasks: dict[int, pb.HistoryEvent] = {}
        for event in [*instance.history, *instance.pending_events]:
            kind = event.WhichOneof("eventType")
            if kind == "executionStarted":
                started = event.executionStarted
                self._executions[instance_id] = Execution(
                    started.orchestrationInstance.executionId.value,
                    started.parentInstance if started.HasField("parentInstance") else None,
                )
            elif kind in {"taskScheduled", "timerCreated"}:
                open_tasks[event.eventId] = event
            elif kind in {"taskCompleted", "taskFailed"}:
                open_tasks.pop(getattr(event, kind).taskScheduledId, None)
            elif kind == "timerFired":
                open_tasks.pop(event.timerFired.timerId, None)
        if is_terminal(instance.status):
            return
        for task_id, event in open_tasks.items():
            if event.HasField("timerCreated"):
                self._arm_timer(instance_id, task_id, moment_of(event.timerCreated.fireAt))
            else:
                scheduled = event.taskScheduled
                self._queue_activity(instance_id, task_id, scheduled.name, text_of(scheduled, "input"))
        if instance.pending_events:
            self._enqueue_orchestration(instance_id)

    @staticmethod
    def _without_input(instance: OrchestrationInstance) -> None:
        """Undo what the base makes of a missing input: an empty text, which is no JSON."""
        instance.input = None
        for event in instance.pending_events:
            if event.HasField("executionStarted"):
                event.executionStarted.ClearField("input")

    # ------------------------------------------------------------------ the gRPC service, one transaction a
    # call
    def StartInstance(self, request: pb.CreateInstanceRequest, context: Any) -> pb.CreateInstanceResponse:
        """Start an instance, or replace an ended one when the request's policy allows it."""
        with self._transaction():
            response = super().StartInstance(request, context)
            if not request.HasField("input"):
                self._without_input(self._instances[response.instanceId])
            return response

    def RaiseEvent(self, request: pb.RaiseEventRequest, context: Any) -> pb.RaiseEventResponse:
        """Put an external event into an instance's inbox."""
        with self._transaction():
            self._changed.add(request.instanceId)
            return super().RaiseEvent(request, context)

    def TerminateInstance(self, request: pb.TerminateRequest, context: Any) -> pb.TerminateResponse:
        """End a running instance; its activities go on, but report to nobody."""
        with self._transaction():
            return super().TerminateInstance(request, context)

    def SuspendInstance(self, request: pb.SuspendRequest, context: Any) -> pb.SuspendResponse:
        """Hold an instance back until it is resumed."""
        with self._transaction():
            return super().SuspendInstance(request, context)

    def ResumeInstance(self, request: pb.ResumeRequest, context: Any) -> pb.ResumeResponse:
        """Let a suspended instance go on."""
        with self._transaction():
            return super().ResumeInstance(request, context)

    def PurgeInstances(self, request: pb.PurgeInstancesRequest, context: Any) -> pb.PurgeInstancesResponse:
        """Delete ended instances."""
        with self._transaction():
            response = super().PurgeInstances(request, context)
            self._changed |= self._executions.keys() - self._instances.keys()
            return response

    def CompleteOrchestratorTask(
        self,
        request: pb.OrchestratorResponse,
        context: Any,
    ) -> pb.CompleteTaskResponse:
        """Take an app process's answer to a turn."""
        with self._transaction():
            self._complete_orchestration(request)
        return pb.CompleteTaskResponse()

    def CompleteActivityTask(
        self,
        request: pb.ActivityResponse,
        context: Any,
    ) -> pb.CompleteTaskResponse:
        """Take an activity's result or failure."""
        with self._transaction():
            self._complete_activity(request)
        return pb.CompleteTaskResponse()

    def AbandonTaskOrchestratorWorkItem(
        self,
        request: pb.AbandonOrchestrationTaskRequest,
        context: Any,
    ) -> pb.AbandonOrchestrationTaskResponse:
        """Take a turn back from a process that is leaving."""
        with self._transaction():
            self._abandon_orchestration(request.completionToken)
        return pb.AbandonOrchestrationTaskResponse()

    def AbandonTaskActivityWorkItem(
        self,
        request: pb.AbandonActivityTaskRequest,
        context: Any,
    ) -> pb.AbandonActivityTaskResponse:
        """Take an activity back from a process that is leaving."""
        with self._transaction():
            self._abandon_activity(request.completionToken)
        return pb.AbandonActivityTaskResponse()
