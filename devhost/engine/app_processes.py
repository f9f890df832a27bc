"""The app processes that are connected, and the invocations that run in them."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from devhost.channel import Channel, Message
from devhost.console import InvocationTag, current_invocation
from devhost.description import FunctionDescription
from devhost.engine.invocation import Invocation, InvocationResult, NoAppProcessError

_logger = logging.getLogger(__name__)

# How long work waits while no app process is up: a restart takes a second or two.
PATIENCE_SECONDS = 30.0
# What an app process gets, after the time of a drain, to give back the activities that did not end.
GIVE_BACK_SECONDS = 2.0
_MAX_MESSAGE = 1 << 31

Welcome = Callable[[list[FunctionDescription]], Awaitable[Mapping[str, Any]]]


class _AppProcess:
    """One connected app process and the invocations that wait for its answers."""

    def __init__(self, process_id: int, channel: Channel) -> None:
        self.process_id, self.channel = process_id, channel
        self.running: dict[str, asyncio.Future[InvocationResult]] = {}
        self.drained = asyncio.Event()

    def settle(self, message: Message) -> None:
        future = self.running.get(message["id"])
        if future is not None and not future.done():
            future.set_result(InvocationResult(message["error"], message["http"], message.payload))

    def fail_all(self, error: str) -> None:
        for future in self.running.values():
            if not future.done():
                future.set_result(InvocationResult(error=error))


class AppProcesses:
    """Accepts app processes and gives each invocation to the one that has the fewest."""

    def __init__(self, welcome: Welcome, on_ready: Callable[[int], None], timeout: timedelta | None) -> None:
        self._welcome, self._on_ready, self._timeout = welcome, on_ready, timeout
        self._available: list[_AppProcess] = []
        self._changed = asyncio.Condition()
        self._in_flight = 0
        self._server: asyncio.AbstractServer | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, listening: socket.socket) -> None:
        """Accept app processes on the engine's socket."""
        self._server = await asyncio.start_unix_server(self._begin, sock=listening, limit=_MAX_MESSAGE)

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run an invocation and log its beginning and end.

        Raises NoAppProcessError when no app process is up within the host's patience. A process that dies, or
        is killed because the function took longer than `functionTimeout`, fails all invocations it was
        running.
        """
        self._in_flight += 1
        tag = current_invocation.set(InvocationTag(invocation.function, invocation.id))
        try:
            process = await self._choose()
            return await self._run(process, invocation)
        finally:
            current_invocation.reset(tag)
            self._in_flight -= 1
            async with self._changed:
                self._changed.notify_all()

    async def drain(self, seconds: float) -> None:
        """Wait until nothing runs any more and every app process has drained.

        What runs gets `seconds`; then the app processes give unfinished activities back, to be run again
        later.
        """

        async def finish() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: self._in_flight == 0)
            for process in self._available:
                await process.drained.wait()

        for process in list(self._available):
            with contextlib.suppress(ConnectionError):
                await process.channel.send("drain", seconds=seconds)
        try:
            await asyncio.wait_for(finish(), seconds + GIVE_BACK_SECONDS)
        except TimeoutError:
            _logger.warning("some invocations did not end within %g s and are cut off", seconds)

    async def close(self) -> None:
        """Let go of the app processes; those that have drained end."""
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections)

    async def _choose(self) -> _AppProcess:
        async with self._changed:
            try:
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: bool(self._available)), PATIENCE_SECONDS
                )
            except TimeoutError:
                raise NoAppProcessError from None
        # The fewest running; among equals the one that waited longest, so that equals take turns.
        process = min(self._available, key=lambda p: len(p.running))
        self._available.remove(process)
        self._available.append(process)
        return process

    async def _run(self, process: _AppProcess, invocation: Invocation) -> InvocationResult:
        _logger.info(
            "Executing 'Functions.%s' (Reason='%s', Id=%s)",
            invocation.function,
            invocation.reason,
            invocation.id,
        )
        begun = time.monotonic()
        future: asyncio.Future[InvocationResult] = asyncio.get_running_loop().create_future()
        process.running[invocation.id] = future
        try:
            await process.channel.send("invoke", invocation.payload, **invocation.fields())
            result = await asyncio.wait_for(
                asyncio.shield(future), self._timeout.total_seconds() if self._timeout else None
            )
        except ConnectionError:
            result = InvocationResult(error=_exited(process))
        except TimeoutError:
            result = self._time_out(process, invocation)
        finally:
            process.running.pop(invocation.id, None)
        _log_end(invocation, result, milliseconds=(time.monotonic() - begun) * 1000)
        return result

    def _time_out(self, process: _AppProcess, invocation: Invocation) -> InvocationResult:
        """As the real host: the worker is restarted whole, and what else it was running fails."""
        _logger.error("the app process %d is ended because of the time-out", process.process_id)
        os.kill(process.process_id, signal.SIGKILL)
        return InvocationResult(
            error=f"Timeout value of {self._timeout} exceeded by function 'Functions.{invocation.function}' "
            f"(Id: '{invocation.id}'). Initiating cancellation."
        )

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._converse(Channel(reader, writer)))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _converse(self, channel: Channel) -> None:
        process: _AppProcess | None = None
        try:
            while (message := await channel.receive()) is not None:
                if message.kind == "hello":
                    process = _AppProcess(message["process_id"], channel)
                    functions = [FunctionDescription.from_json(f) for f in message["functions"]]
                    await channel.send("welcome", **await self._welcome(functions))
                elif process is not None:
                    await self._receive(process, message)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the other end is gone, or this one closes: the same for the invocations
        finally:
            channel.close()
            if process is not None:
                await self._remove(process)

    async def _receive(self, process: _AppProcess, message: Message) -> None:
        if message.kind == "result":
            process.settle(message)
        elif message.kind == "ready":
            async with self._changed:
                self._available.append(process)
                self._changed.notify_all()
            self._on_ready(process.process_id)
        elif message.kind == "drained":
            process.drained.set()

    async def _remove(self, process: _AppProcess) -> None:
        if process in self._available:
            self._available.remove(process)
        process.drained.set()
        process.fail_all(_exited(process))


def _exited(process: _AppProcess) -> str:
    return (
        f"WorkerProcessExitException: the app process {process.process_id} exited while it ran the function"
    )


def _log_end(invocation: Invocation, result: InvocationResult, milliseconds: float) -> None:
    if result.succeeded:
        _logger.info(
            "Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%dms)",
            invocation.function, invocation.id, milliseconds,
        )  # fmt: skip
    else:
        _logger.error(
            "Executed 'Functions.%s' (Failed, Id=%s, Duration=%dms)\n%s",
            invocation.function, invocation.id, milliseconds, result.error,
        )  # fmt: skip
