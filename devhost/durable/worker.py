"""The app process's side of the engine: takes work items, runs the app's functions, answers."""

import asyncio
import json
import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from google.protobuf import empty_pb2

from devhost.durable.connections import LEAVING_KEY, PROCESS_KEY
from devhost.durable.orchestration import Orchestration, TimerLimits
from devhost.durable.registry import DurableFunctions, Invocation
from devhost.durable.wire import UNLIMITED_MESSAGES, text_of
from devhost.uncaught import ENDS_THE_PROCESS, log_lost

_log = logging.getLogger(__name__)

# A lost engine is looked for this often, so that work goes on within a second of its restart.
_RECONNECT_MILLISECONDS = 100
_CHANNEL_OPTIONS = (
    *UNLIMITED_MESSAGES,
    ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MILLISECONDS),
    ("grpc.min_reconnect_backoff_ms", _RECONNECT_MILLISECONDS),
    ("grpc.max_reconnect_backoff_ms", 3 * _RECONNECT_MILLISECONDS),
)
# How long an answer may wait for the engine; a restarted engine hands the work out again anyway.
_ANSWER_SECONDS = 30.0
# Answers are short calls on the loopback; a few threads keep up with every function of the process.
_ANSWER_THREADS = 4
_STOP_SECONDS = 2.0
_LEAVE_SECONDS = 2.0


@dataclass(eq=False)
class _Work:
    """A work item under way; `invocation` is set for activities only."""

    item: pb.WorkItem
    invocation: Invocation | None = field(default=None)


class DurableWorker:
    """Connects one app process to the engine at `address`; reconnects by itself.

    Never more than `max_activities` and `max_orchestrators` are under way. Reading and answering have
    threads of their own, so that an app that blocks its event loop does not lose the engine.
    """

    def __init__(
        self,
        registry: DurableFunctions,
        address: str,
        *,
        max_activities: int,
        max_orchestrators: int,
        timers: TimerLimits | None = None,
        default_version: str | None = None,
    ) -> None:
        self._registry = registry
        self._limits = pb.GetWorkItemsRequest(
            maxConcurrentActivityWorkItems=max_activities,
            maxConcurrentOrchestrationWorkItems=max_orchestrators,
        )
        self.orchestration = Orchestration(registry, timers, default_version)
        self._channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._stub: Any = stubs.TaskHubSidecarServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._stream: Any = None
        self._reader = threading.Thread(target=self._read, name="durable-worker", daemon=True)
        self._answers = ThreadPoolExecutor(_ANSWER_THREADS, thread_name_prefix="durable-answer")
        self._work: dict[str, _Work] = {}
        self._idle = threading.Condition()
        self._draining = threading.Event()
        self._sent_last = threading.Event()
        self._name = uuid.uuid4().hex
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to take work; returns at once, also while the engine cannot be reached yet."""
        self._reader.start()

    def drain(self, seconds: float) -> None:
        """Take no new work, wait for what runs, and give the rest back to the engine after `seconds`.

        What has not begun is given back at once. Blocks: an event loop calls it in a thread. Call it before
        `stop` for a clean end: the engine then sees a process that leaves, not one that died.
        """
        self._draining.set()
        deadline = time.monotonic() + seconds
        self._leave()
        with self._idle:
            under_way = list(self._work.values())
        for work in under_way:
            if work.invocation is not None:
                work.invocation.take_back()
        with self._idle:
            self._idle.wait_for(lambda: not self._work, timeout=max(0.0, deadline - time.monotonic()))
            left = list(self._work.values())
        for work in left:
            self._give_back(work.item)

    def _leave(self) -> None:
        """Tell the engine to send nothing more, and wait until what it had sent has arrived."""
        try:
            self._stub.Hello(empty_pb2.Empty(), timeout=_LEAVE_SECONDS, metadata=((LEAVING_KEY, self._name),))
        except (grpc.RpcError, ValueError):
            return  # the engine is away: nothing is on its way
        self._sent_last.wait(_LEAVE_SECONDS)

    def stop(self) -> None:
        """Close the connection; what still runs is, for the engine, lost with the process."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.cancel()
        self._channel.close()
        self._answers.shutdown(wait=False, cancel_futures=True)
        if self._reader.is_alive():
            self._reader.join(_STOP_SECONDS)

    # ------------------------------------------------------------------ taking work
    def _read(self) -> None:
        while not self._stopped.is_set():
            try:
                self._stream = self._stub.GetWorkItems(
                    self._limits, wait_for_ready=True, metadata=((PROCESS_KEY, self._name),)
                )
                for item in self._stream:
                    self._accept(item)
            except grpc.RpcError as error:
                if not self._stopped.is_set():
                    _log.info("The durable engine is away; connecting again: %s", error)
            except ValueError:
                return  # gRPC's answer to a call on a closed channel
            self._stopped.wait(_RECONNECT_MILLISECONDS / 1000)

    def _accept(self, item: pb.WorkItem) -> None:
        if item.HasField("healthPing"):
            self._sent_last.set()
        elif self._draining.is_set():
            self._begin(item)
            self._answers.submit(self._give_back_new, item)
        elif item.HasField("orchestratorRequest"):
            self._begin(item)
            turn = self._registry.executor.submit(self.orchestration.turn, item.orchestratorRequest)
            self._when_done(turn, item, self._answer_turn)
        elif item.HasField("activityRequest"):
            self._start_activity(self._begin(item))
        else:
            _log.warning("The engine sent an unknown work item: %s", item.WhichOneof("request"))

    def _begin(self, item: pb.WorkItem) -> _Work:
        work = _Work(item)
        with self._idle:
            self._work[item.completionToken] = work
        return work

    def _end(self, item: pb.WorkItem) -> None:
        with self._idle:
            self._work.pop(item.completionToken, None)
            self._idle.notify_all()

    def _start_activity(self, work: _Work) -> None:
        request = work.item.activityRequest
        try:
            work.invocation = self._registry.start_activity(request.name, activity_input(request))
        except Exception as error:  # noqa: BLE001 - e.g. a function that is gone since the call was scheduled
            failed: Future[str] = Future()
            failed.set_exception(error)
            work.invocation = Invocation(failed, True)
        self._when_done(work.invocation.result, work.item, self._answer_activity)

    def _when_done(
        self, result: "Future[Any]", item: pb.WorkItem, answer: Callable[["Future[Any]", pb.WorkItem], None]
    ) -> None:
        """Answer in a thread of its own, and only then count the work as done."""

        def answered() -> None:
            if (error := _uncaught(result)) is not None and not self._draining.is_set():
                self._lose(item, error)
                return
            try:
                answer(result, item)
            except Exception:  # noqa: BLE001 - logged; the engine hands out what is not answered
                _log.exception("A work item could not be answered")
            finally:
                self._end(item)

        def submit(_: "Future[Any]") -> None:
            if not self._stopped.is_set():
                self._answers.submit(answered)

        result.add_done_callback(submit)

    # ------------------------------------------------------------------ answering
    def _answer_turn(self, turn: "Future[Any]", item: pb.WorkItem) -> None:
        response: pb.OrchestratorResponse = turn.result()
        response.completionToken = item.completionToken
        self._call(self._stub.CompleteOrchestratorTask, response)

    def _answer_activity(self, result: "Future[Any]", item: pb.WorkItem) -> None:
        request = item.activityRequest
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=item.completionToken,
        )
        try:
            response.result.value = result.result()
        except CancelledError:
            self._give_back(item)
            return
        except Exception as error:  # noqa: BLE001 - whatever an activity raises is its failure
            response.failureDetails.CopyFrom(activity_failure(request.name, error))
        self._call(self._stub.CompleteActivityTask, response)

    def _lose(self, item: pb.WorkItem, error: BaseException) -> None:
        """Do as the Python worker does with what it does not catch: end the process, or answer nothing."""
        if isinstance(error, ENDS_THE_PROCESS):
            self._registry.end_process(error)
        else:
            log_lost(item.activityRequest.name or item.orchestratorRequest.instanceId, error)

    def _give_back_new(self, item: pb.WorkItem) -> None:
        """Give back what arrived after the process had begun to leave."""
        try:
            self._give_back(item)
        finally:
            self._end(item)

    def _give_back(self, item: pb.WorkItem) -> None:
        token = item.completionToken
        if item.HasField("activityRequest"):
            activity = pb.AbandonActivityTaskRequest(completionToken=token)
            self._call(self._stub.AbandonTaskActivityWorkItem, activity)
        else:
            turn = pb.AbandonOrchestrationTaskRequest(completionToken=token)
            self._call(self._stub.AbandonTaskOrchestratorWorkItem, turn)

    def _call(self, method: Any, message: Any) -> None:
        try:
            method(message, timeout=_ANSWER_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            if not self._stopped.is_set():
                _log.warning("The engine did not take an answer (%s); it hands the work out again", error)


def _uncaught(result: "Future[Any]") -> BaseException | None:
    """What a run ended with, where that is no Exception; None for every other end."""
    if result.cancelled():
        return asyncio.CancelledError()
    error = result.exception()
    return None if isinstance(error, Exception) else error


def activity_input(request: pb.ActivityRequest) -> str:
    """Return an activity's input as the Python worker gets it.

    The engine holds a JSON string around the SDK's JSON text: the worker gets the text.
    """
    raw = text_of(request, "input")
    if raw is None:
        return "null"
    value = json.loads(raw)
    return value if isinstance(value, str) else raw


def activity_failure(name: str, error: Exception) -> pb.TaskFailureDetails:
    """Describe an activity's exception as worker and extension do together (hence the two spaces)."""
    failure = pb.TaskFailureDetails(
        errorType=type(error).__name__,
        errorMessage=f"Activity function '{name}' failed:  {type(error).__name__}: {error}",
    )
    failure.stackTrace.value = "".join(traceback.format_tb(error.__traceback__))
    return failure
