"""The engine: puts the parts together once the first app process has said which functions there are."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web

from devhost import description as kinds
from devhost.description import FunctionDescription
from devhost.engine.admin import AdminApi
from devhost.engine.app_processes import AppProcesses
from devhost.engine.catalogue import CatalogueEntry, State, build_catalogue
from devhost.engine.front_end import build_front_end
from devhost.engine.http_functions import HttpFunctions
from devhost.engine.keys import Keys
from devhost.engine.response_headers import ResponseHeaders
from devhost.engine.status_pipe import StatusPipe
from devhost.engine.throttle import Throttle
from devhost.host_json import HostOptions
from devhost.process_options import EngineOptions
from devhost.settings import CorsSettings
from devhost.timers.listener import TimerListener
from devhost.timers.status import ScheduleMonitor

if TYPE_CHECKING:
    from devhost.durable.engine import DurableEngine
    from devhost.durable.management import ManagementApi

_logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
# After their last invocation, queue listeners still tell the broker what became of its message.
_SETTLE_SECONDS = 2.5
# Kestrel's limits of a request.
_MAX_HEADER_BYTES, _MAX_HEADERS = 32 * 1024, 100
# The Consumption plan's limits for Python, per app process; host.json may set others.
_MAX_ACTIVITIES, _MAX_ORCHESTRATORS = 10, 5


class Engine:
    """Serves one app until told to drain."""

    def __init__(self, options: EngineOptions, host: HostOptions) -> None:
        self._options, self._host = options, host
        self._data = Path(options.data)
        self._status = StatusPipe(options.status_pipe)
        self._public = socket.socket(fileno=options.public_socket)
        self._rpc = socket.socket(fileno=options.rpc_socket)
        self._processes = AppProcesses(self._welcome, self._app_ready, host.function_timeout)
        self._keys = Keys(self._data / "keys.json")
        self._entries: list[CatalogueEntry] = []
        self._begin = asyncio.Lock()
        self._drain_requested, self._stopping = asyncio.Event(), asyncio.Event()
        self._listeners: list[asyncio.Task[None]] = []
        self._runners: list[web.AppRunner] = []
        self._durable: DurableEngine | None = None
        self._management: ManagementApi | None = None
        self._grpc_address = ""

    @property
    def public_url(self) -> str:
        """Where the host answers."""
        return f"http://127.0.0.1:{self._public.getsockname()[1]}"

    @property
    def _rpc_url(self) -> str:
        return f"http://127.0.0.1:{self._rpc.getsockname()[1]}"

    def request_drain(self) -> None:
        """Ask `run` to drain and return."""
        self._drain_requested.set()

    async def run(self) -> None:
        """Serve until asked to drain, then let running work end."""
        await self._processes.start(socket.socket(fileno=self._options.channel_socket))
        await self._drain_requested.wait()
        await self._drain()

    async def _drain(self) -> None:
        """No new work; what runs gets its time; state is closed last, since running work still writes it."""
        self._stopping.set()
        for runner in self._runners[:1]:
            for site in list(runner.sites):
                await site.stop()
        await self._processes.drain(DRAIN_SECONDS)
        if self._listeners:
            await asyncio.wait(self._listeners, timeout=_SETTLE_SECONDS)
        for runner in self._runners:
            await asyncio.wait_for(runner.cleanup(), 2)
        if self._management is not None:
            await self._management.close()
        if self._durable is not None:
            await asyncio.to_thread(self._durable.stop)
        await self._processes.close()

    async def _welcome(self, functions: list[FunctionDescription]) -> Mapping[str, Any]:
        """Greet an app process; the first one's functions are the app's."""
        async with self._begin:
            if not self._runners:
                await self._start(functions)
        durable, timeout = self._host.durable, self._host.function_timeout
        return {
            "grpc_address": self._grpc_address,
            "public_url": self.public_url,
            "rpc_url": self._rpc_url,
            "hub": durable.hub_name,
            "system_key": self._keys.durable,
            "max_activities": durable.max_activities or _MAX_ACTIVITIES,
            "max_orchestrators": durable.max_orchestrators or _MAX_ORCHESTRATORS,
            "default_version": durable.versions.default,
            "timeout_seconds": timeout.total_seconds() if timeout else None,
        }

    async def _start(self, functions: Sequence[FunctionDescription]) -> None:
        self._entries = build_catalogue(functions, self._host.http.route_prefix, os.environ)
        self._keys.ensure_functions(entry.name for entry in self._entries if entry.route)
        for entry in self._entries:
            if entry.state is State.IN_ERROR:
                _logger.error("The '%s' function is in error: %s", entry.name, entry.note)
        if any(function.is_durable for function in functions):
            await self._start_durable()
        await self._listen()
        self._status.functions(self._entries, self.public_url)

    async def _start_durable(self) -> None:
        from devhost.durable.engine import DurableEngine
        from devhost.durable.management import ManagementApi

        engine = DurableEngine(
            self._options.durable_port,
            self._data / "engine.db",
            self._options.on_worker_exit,
            self._host.durable.versions,
        )
        self._grpc_address = await asyncio.to_thread(engine.start)
        self._durable = engine
        self._management = ManagementApi(
            self._grpc_address,
            self._orchestrators,
            lambda: self.public_url,
            self._host.durable.hub_name,
            self._keys.durable,
            default_version=self._host.durable.versions.default,
        )

    def _orchestrators(self) -> list[str]:
        return [
            str(entry.trigger.get("orchestration") or entry.name)
            for entry in self._entries
            if entry.kind == kinds.ORCHESTRATION_TRIGGER and entry.state is State.READY
        ]

    async def _listen(self) -> None:
        options, http = self._options, self._host.http
        front_end = build_front_end(
            HttpFunctions(self._entries, self._processes, self._keys, os.environ),
            AdminApi(self._entries, self._keys, self._processes.invoke),
            self._keys,
            ResponseHeaders(http, CorsSettings(tuple(options.cors_origins), options.cors_credentials)),
            Throttle(http.max_concurrent_requests, http.max_outstanding_requests),
            self._management.register if self._management else None,
        )
        await self._serve(front_end, self._public)
        if self._management is not None:
            # The client inside the app talks to a listener of its own, without a key, as on the real host.
            rpc = web.Application(client_max_size=1 << 30)
            self._management.register(rpc)
            await self._serve(rpc, self._rpc)

    async def _serve(self, app: web.Application, listening: socket.socket) -> None:
        # A compressed body reaches a function as it was sent: Kestrel does not decompress either.
        runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,
            shutdown_timeout=1,
            max_field_size=_MAX_HEADER_BYTES,
            max_headers=_MAX_HEADERS,
        )
        await runner.setup()
        await web.SockSite(runner, listening).start()
        self._runners.append(runner)

    def _app_ready(self, process_id: int) -> None:
        port = urlsplit(f"//{self._grpc_address}").port or 0
        self._status.app_ready(process_id, port)
        if not self._listeners:
            self._start_listeners()

    def _start_listeners(self) -> None:
        ready = [entry for entry in self._entries if entry.state is State.READY]
        monitor = ScheduleMonitor(self._data / "timers.json")
        for entry in ready:
            if entry.kind == kinds.TIMER_TRIGGER:
                self._listen_to(entry.name, TimerListener(entry, monitor, self._processes.invoke).run)
            elif entry.kind == kinds.SERVICE_BUS_TRIGGER:
                from devhost.service_bus.receiver import QueueListener

                listener = QueueListener(entry, self._host.service_bus, self._processes.invoke, os.environ)
                self._listen_to(entry.name, listener.run)

    def _listen_to(self, name: str, run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                await run(self._stopping)
            except Exception:
                _logger.exception("The listener for function '%s' was unable to start.", name)

        self._listeners.append(asyncio.create_task(guarded()))
