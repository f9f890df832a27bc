"""The app process's side of the engine: takes work items, runs the app's functions, answers."""

import asyncio
import contextlib
import json
import logging
import threading
import traceback
from concurrent.futures import CancelledError
from typing import Any

import grpc
import grpc.aio
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs

from devhost.durable.orchestration import Orchestration, TimerLimits
from devhost.durable.registry import DurableFunctions, Invocation
from devhost.durable.wire import UNLIMITED_MESSAGES, text_of

_log = logging.getLogger(__name__)

# A lost engine is looked for this often, so that work goes on within a second of its restart.
_RECONNECT_MILLISECONDS = 100
_RECONNECT = (
    ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MILLISECONDS),
    ("grpc.min_reconnect_backoff_ms", _RECONNECT_MILLISECONDS),
    ("grpc.max_reconnect_backoff_ms", 3 * _RECONNECT_MILLISECONDS),
    # Channels to the same address would otherwise share one connection, and its back-off.
    ("grpc.use_local_subchannel_pool", 1),
)
# How long an answer may wait for the engine; a restarted engine hands the work out again anyway.
_ANSWER_SECONDS = 30.0
_STOP_SECONDS = 5.0


class DurableWorker:
    """Connects one app process to the engine at `address`; reconnects by itself.

    Never more than `max_activities` and `max_orchestrators` are under way. It has a thread and an event loop of its
    own, so that an app that blocks its loop does not lose the engine. All methods may be called from any thread;
    `drain` and `stop` block.
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
        self._registry, self._address = registry, address
        self._limits = max_activities, max_orchestrators
        self.orchestration = Orchestration(registry, timers, default_version)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="durable-worker", daemon=True)
        self._stream: Any = None
        self._stub: Any = None
        self._main: asyncio.Task[None] | None = None
        self._draining = False
        self._tasks: dict[asyncio.Task[None], pb.WorkItem] = {}
        self._invocations: dict[str, Invocation] = {}

    def start(self) -> None:
        """Begin to take work; returns at once, also while the engine cannot be reached yet."""
        self._thread.start()

    def drain(self, seconds: float) -> None:
        """Take no new work and let what runs end; after `seconds` what is left goes back to the engine.

        What has not begun is given back at once. Call it before `stop` for a clean end: the engine then sees a
        process that leaves, not one that died.
        """
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._drain(seconds), self._loop).result()

    def stop(self) -> None:
        """Close the connection; what still runs is, for the engine, lost with the process."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(_STOP_SECONDS)

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._serve())
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._main)
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        finally:
            self._loop.close()

    # ------------------------------------------------------------------ the stream
    async def _serve(self) -> None:
        options = [*UNLIMITED_MESSAGES, *_RECONNECT]
        async with grpc.aio.insecure_channel(self._address, options=options) as channel:
            self._stub = stubs.TaskHubSidecarServiceStub(channel)  # type: ignore[no-untyped-call]
            while True:
                request = pb.GetWorkItemsRequest(
                    maxConcurrentActivityWorkItems=self._limits[0],
                    maxConcurrentOrchestrationWorkItems=self._limits[1],
                )
                try:
                    self._stream = self._stub.GetWorkItems(request, wait_for_ready=True)
                    async for item in self._stream:
                        self._accept(item)
                except grpc.aio.AioRpcError as error:
                    _log.info("The durable engine is away (%s); connecting again", error.code().name)
                await asyncio.sleep(_RECONNECT_MILLISECONDS / 1000)

    def _accept(self, item: pb.WorkItem) -> None:
        if self._draining:
            work = self._give_back(item)
        elif item.HasField("orchestratorRequest"):
            work = self._run_orchestrator(item)
        elif item.HasField("activityRequest"):
            work = self._run_activity(item)
        else:
            _log.warning("The engine sent an unknown work item: %s", item.WhichOneof("request"))
            return
        task = self._loop.create_task(work)
        self._tasks[task] = item
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A work item could not be answered", exc_info=error)

    # ------------------------------------------------------------------ work
    async def _run_orchestrator(self, item: pb.WorkItem) -> None:
        request = item.orchestratorRequest
        response = await self._loop.run_in_executor(self._registry.executor, self.orchestration.turn, request)
        response.completionToken = item.completionToken
        await self._answer(self._stub.CompleteOrchestratorTask, response)

    async def _run_activity(self, item: pb.WorkItem) -> None:
        request = item.activityRequest
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=item.completionToken,
        )
        try:
            # The input is a JSON string that holds the SDK's JSON text; the worker hands over the text.
            invocation = self._registry.start_activity(request.name, activity_input(request))
            self._invocations[item.completionToken] = invocation
            response.result.value = await asyncio.wrap_future(invocation.result)
        except (asyncio.CancelledError, CancelledError):
            if self._draining:
                await self._give_back(item)
                return
            raise
        except Exception as error:  # noqa: BLE001 - whatever an activity raises is its failure
            response.failureDetails.CopyFrom(activity_failure(request.name, error))
        finally:
            self._invocations.pop(item.completionToken, None)
        await self._answer(self._stub.CompleteActivityTask, response)

    async def _answer(self, call: Any, message: Any) -> None:
        try:
            await call(message, timeout=_ANSWER_SECONDS, wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            _log.warning(
                "The engine did not take an answer (%s); it will hand the work out again", error.code().name
            )

    # ------------------------------------------------------------------ leaving
    async def _give_back(self, item: pb.WorkItem) -> None:
        token = item.completionToken
        if item.HasField("activityRequest"):
            await self._answer(
                self._stub.AbandonTaskActivityWorkItem, pb.AbandonActivityTaskRequest(completionToken=token)
            )
        else:
            await self._answer(
                self._stub.AbandonTaskOrchestratorWorkItem,
                pb.AbandonOrchestrationTaskRequest(completionToken=token),
            )

    async def _drain(self, seconds: float) -> None:
        self._draining = True
        for invocation in self._invocations.values():
            invocation.take_back()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)
        for item in list(self._tasks.values()):
            await self._give_back(item)


def activity_input(request: pb.ActivityRequest) -> str:
    """Return an activity's input as the Python worker gets it: the text of a JSON string, or other JSON as it is."""
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
