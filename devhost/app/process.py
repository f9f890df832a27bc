"""The app process's conversation with the engine."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from azure.functions.decorators.function_app import Function

from devhost.app.durable_runs import DurableRuns
from devhost.app.invoker import Invoker
from devhost.app.loader import describe
from devhost.app.signature import BoundFunction
from devhost.channel import Channel, Message
from devhost.process_options import AppOptions
from devhost.uncaught import ENDS_THE_PROCESS, log_lost

if TYPE_CHECKING:
    from devhost.durable.worker import DurableWorker

_logger = logging.getLogger(__name__)

THREADS_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
_MAX_MESSAGE = 1 << 31


class AppProcess:
    """Connects to the engine, says which functions there are, runs invocations until told to drain."""

    def __init__(
        self, options: AppOptions, functions: list[Function], bound: Mapping[str, BoundFunction]
    ) -> None:
        self._options, self._functions = options, functions
        self._descriptions = [describe(f) for f in functions]
        self._executor = ThreadPoolExecutor(_thread_count(), thread_name_prefix="sync-function")
        self._invoker = Invoker(bound, self._executor, options.app_directory)
        self._running: set[asyncio.Task[None]] = set()
        self._worker: DurableWorker | None = None
        self._worker_address = ""
        self._drained = False

    async def run(self) -> int | None:
        """Serve until drained: 0, or None when an invocation is still running and must be cut off.

        An engine that dies closes the connection; its successor is connected to as soon as it listens.
        """
        while not self._drained:
            reader, writer = await asyncio.open_unix_connection(
                self._options.channel_path, limit=_MAX_MESSAGE
            )
            channel = Channel(reader, writer)
            try:
                await channel.send(
                    "hello", process_id=os.getpid(), functions=[d.to_json() for d in self._descriptions]
                )
                await self._converse(channel)
            except ConnectionError:
                _logger.warning("the engine went away; connecting to the next one")
            finally:
                channel.close()
        return 0 if not self._running else None

    async def _converse(self, channel: Channel) -> None:
        while (message := await channel.receive()) is not None:
            if message.kind == "invoke":
                task = asyncio.create_task(self._invoke(channel, message))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            elif message.kind == "welcome":
                await self._start_durable(message)
                await channel.send("ready")
            elif message.kind == "drain":
                draining = asyncio.create_task(self._drain(channel, message["seconds"]))
                draining.add_done_callback(lambda task: task.exception())

    async def _invoke(self, channel: Channel, message: Message) -> None:
        try:
            outcome = await self._invoker.invoke(message)
        except ENDS_THE_PROCESS:
            raise
        except BaseException as error:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # this process is ending
            log_lost(message["function"], error)
            return
        try:
            await channel.send(
                "result", outcome.payload, id=message["id"], error=outcome.error, http=outcome.http
            )
        except ConnectionError:
            _logger.warning("the answer of %s is lost: the engine went away", message["function"])

    async def _start_durable(self, welcome: Message) -> None:
        """Take up durable work from the engine at `welcome`'s address."""
        if not any(d.is_durable for d in self._descriptions):
            return
        from devhost.durable.binding import client_binding_json
        from devhost.durable.registry import DurableFunctions
        from devhost.durable.worker import DurableWorker

        self._invoker.client_binding = client_binding_json(
            welcome["public_url"], welcome["rpc_url"], welcome["hub"], welcome["system_key"]
        )
        address = welcome["grpc_address"]
        if address == self._worker_address:
            return  # the worker reconnects by itself
        if self._worker is not None:
            await asyncio.to_thread(self._worker.stop)
        registry = DurableFunctions(
            self._functions,
            client_binding=self._invoker.client_binding,
            loop=asyncio.get_running_loop(),
            executor=self._executor,
            around=DurableRuns(welcome["timeout_seconds"]).around,
        )
        self._worker = DurableWorker(
            registry,
            address,
            max_activities=welcome["max_activities"],
            max_orchestrators=welcome["max_orchestrators"],
            default_version=welcome["default_version"],
        )
        self._worker_address = address
        await asyncio.to_thread(self._worker.start)

    async def _drain(self, channel: Channel, seconds: float) -> None:
        """Take no more durable work, let what runs end within `seconds`, then say so."""
        durable = asyncio.to_thread(self._worker.drain, seconds) if self._worker else asyncio.sleep(0)
        await asyncio.gather(durable, _finish(self._running, seconds))
        self._drained = True
        await channel.send("drained")


async def _finish(running: set[asyncio.Task[None]], seconds: float) -> None:
    """Wait until nothing runs, also of what is still arriving, at most `seconds`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while running:
                await asyncio.wait(list(running))


def _thread_count() -> int:
    """The threads for sync functions: the setting, else Python's own default of cores + 4, at most 32."""
    setting = os.environ.get(THREADS_SETTING, "")
    if setting.isdecimal() and int(setting) > 0:
        return int(setting)
    return min(32, (os.cpu_count() or 1) + 4)
