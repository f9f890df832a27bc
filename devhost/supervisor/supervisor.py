"""Keeping the engine and the app processes alive, from the first start to the drained end."""

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from devhost.errors import HostError
from devhost.exit_codes import APP_DOES_NOT_LOAD, INTERRUPTED, STOPPED
from devhost.process_options import AppOptions, BrokerOptions, EngineOptions
from devhost.settings import HostSettings
from devhost.supervisor.child import Child
from devhost.supervisor.command_line import CommandOptions
from devhost.supervisor.embedded_broker import EmbeddedBroker
from devhost.supervisor.function_table import function_table
from devhost.supervisor.sockets import Sockets

_logger = logging.getLogger(__name__)

# A child that lived shorter than this is starting badly: wait before the next try, longer each time.
_HEALTHY_SECONDS = 5.0
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.2, 5.0
# The engine gives running work 10 s; then it needs a moment to close its state.
_DRAIN_SECONDS = 17.0
# App processes leave with the engine; one that is still importing the app does not.
_LEAVE_SECONDS = 2.0

PROCESSES_FILE = "processes.json"


class Supervisor:
    """Starts one engine, `workers` app processes and the broker if there is to be one; starts again what
    dies; drains on SIGTERM and SIGINT."""

    def __init__(
        self,
        options: CommandOptions,
        settings: HostSettings,
        sockets: Sockets,
        broker: EmbeddedBroker | None,
    ) -> None:
        self._options, self._settings, self._sockets, self._broker = options, settings, sockets, broker
        self._children: dict[str, Child] = {}
        self._ready: set[int] = set()
        self._changed = asyncio.Condition()
        self._table: list[list[str]] | None = None
        self._durable_port = 0
        self._listening = False
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._failure = ""
        self._stop = asyncio.Event()
        self._now = asyncio.Event()

    async def run(self) -> int:
        """Supervise until stopped; the exit code. Raises HostError when app or engine cannot start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._supervise(tasks))
        except* HostError as group:
            raise group.exceptions[0] from None
        finally:
            await self._end_all()
            (self._options.data / PROCESSES_FILE).unlink(missing_ok=True)
        return INTERRUPTED if self._now.is_set() else STOPPED

    def _on_signal(self) -> None:
        (self._now if self._stop.is_set() else self._stop).set()

    async def _supervise(self, tasks: asyncio.TaskGroup) -> None:
        self._keepers["engine"] = tasks.create_task(self._keep("engine", self._start_engine))
        # The first app process alone: if the app does not load, that is said once.
        self._keepers["app-1"] = tasks.create_task(self._keep("app-1", self._start_app))
        starting = asyncio.create_task(self._announce(tasks))
        await self._stop.wait()
        starting.cancel()
        await self._drain()

    async def _announce(self, tasks: asyncio.TaskGroup) -> None:
        """Start the other app processes once the first is ready; say so when all are."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._ready))
        if self._broker is not None:
            # Only now it is known what the triggers receive from; who connects earlier waits at the socket.
            self._keepers["broker"] = tasks.create_task(self._keep("broker", self._start_broker))
        for number in range(2, self._options.workers + 1):
            name = f"app-{number}"
            self._keepers[name] = tasks.create_task(self._keep(name, self._start_app))
        async with self._changed:
            await self._changed.wait_for(self._is_complete)
        self._listening = True
        print(function_table(self._table or []), flush=True)
        for line in self._broker.describe() if self._broker else ():
            print(line, flush=True)
        print(f"listening on http://127.0.0.1:{self._sockets.port}", flush=True)

    def _is_complete(self) -> bool:
        has_broker = self._broker is None or "broker" in self._children
        return has_broker and len(self._ready) >= self._options.workers

    async def _drain(self) -> None:
        """Let running work end: the engine tells the app processes; a second signal cuts all off."""
        self._sockets.close_public()
        _logger.info("draining: running invocations get up to 10 s")
        if (engine := self._children.get("engine")) is not None:
            engine.drain()
            await self._until_ended([self._keepers["engine"]], _DRAIN_SECONDS)
        apps = [keeper for name, keeper in self._keepers.items() if name != "broker"]
        await self._until_ended(apps, _LEAVE_SECONDS)
        if (broker := self._children.get("broker")) is not None:
            broker.drain()
            await self._until_ended([self._keepers["broker"]], _LEAVE_SECONDS)
        for child in self._children.values():
            child.kill()
        for keeper in self._keepers.values():
            keeper.cancel()

    async def _until_ended(self, keepers: list[asyncio.Task[None]], seconds: float) -> None:
        """Wait for the keepers' children to end, the time to pass, or a second signal."""
        now = asyncio.create_task(self._now.wait())
        ended = asyncio.create_task(asyncio.wait(keepers))
        await asyncio.wait([now, ended], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        now.cancel()
        ended.cancel()

    async def _keep(self, name: str, start: Callable[[], Awaitable[Child]]) -> None:
        """Keep one child alive until draining."""
        delay = _FIRST_DELAY_SECONDS
        while not self._stop.is_set():
            begun = time.monotonic()
            child = self._children[name] = await start()
            self._write_processes()
            async with self._changed:
                self._changed.notify_all()
            code = await child.wait()
            del self._children[name]
            self._write_processes()
            was_ready = child.process_id in self._ready
            self._ready.discard(child.process_id)
            if self._stop.is_set():
                return
            await self._check_end(name, code, was_ready=was_ready)
            if time.monotonic() - begun > _HEALTHY_SECONDS:
                delay = _FIRST_DELAY_SECONDS
            _logger.error("%s (process %d) %s; starting it again", name, child.process_id, _how(code))
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    async def _check_end(self, name: str, code: int, *, was_ready: bool) -> None:
        """Raise HostError where another start is useless."""
        if code == APP_DOES_NOT_LOAD and not was_ready:  # later it is a function's own `sys.exit`
            raise HostError("the app does not load; see the error above")
        if name == "engine" and self._reader is not None:
            await self._reader  # what the engine had to say before it ended
            if self._failure:
                raise HostError(self._failure)
        if not self._listening and (name in {"engine", "broker"} or not was_ready):
            raise HostError(f"{name} {_how(code)} before the host was ready")

    async def _end_all(self) -> None:
        """End whatever child is left, and see it gone."""
        for child in list(self._children.values()):
            child.kill()
            await child.wait()

    async def _start_engine(self) -> Child:
        reading, writing = os.pipe()
        options, cors = self._options, self._settings.cors
        public, channel, rpc = self._sockets.descriptors
        child = await Child.start(
            "devhost.engine.main",
            EngineOptions(
                app_directory=str(options.app),
                data=str(options.data),
                public_socket=public,
                channel_socket=channel,
                rpc_socket=rpc,
                status_pipe=writing,
                durable_port=self._durable_port,
                on_worker_exit=options.on_worker_exit,
                cors_origins=list(cors.origins),
                cors_credentials=cors.credentials,
            ),
            self._settings.environment,
            inherited=(public, channel, rpc, writing),
        )
        os.close(writing)
        self._reader = asyncio.create_task(self._read_status(reading))
        return child

    async def _start_app(self) -> Child:
        options = AppOptions(str(self._options.app), self._sockets.channel_path)
        return await Child.start("devhost.app.main", options, self._settings.environment)

    async def _start_broker(self) -> Child:
        broker = self._broker
        if broker is None:
            raise AssertionError("a broker that is not planned cannot be started")
        options = BrokerOptions(
            app_directory=str(self._options.app),
            data=str(self._options.data),
            listening_socket=broker.descriptor,
            entities_file=str(broker.entities_file()),
        )
        environment = self._settings.environment
        return await Child.start("devhost.broker.main", options, environment, inherited=(broker.descriptor,))

    async def _read_status(self, descriptor: int) -> None:
        stream = asyncio.StreamReader()
        pipe = os.fdopen(descriptor, "rb")
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), pipe
        )
        try:
            while line := await stream.readline():
                await self._on_event(json.loads(line))
        finally:
            transport.close()

    async def _on_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "functions":
            self._table = event["rows"]
            if self._broker is not None:
                self._broker.name_entities(event["service_bus"])
        elif event["event"] == "failed":
            self._failure = event["message"]
        elif event["event"] == "app_ready":
            self._durable_port = event["durable_port"]
            async with self._changed:
                self._ready.add(event["process_id"])
                self._changed.notify_all()

    def _write_processes(self) -> None:
        """Which process is which, for operators and tests."""
        file: Path = self._options.data / PROCESSES_FILE
        draft = file.with_suffix(".draft")
        running = {name: child.process_id for name, child in self._children.items()}
        document = {
            "supervisor": os.getpid(),
            "engine": running.get("engine"),
            "broker": running.get("broker"),
            "apps": [number for name, number in running.items() if name not in {"engine", "broker"}],
        }
        draft.write_text(json.dumps(document))
        draft.replace(file)


def _how(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
