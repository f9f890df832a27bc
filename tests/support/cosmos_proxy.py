"""A proxy between `azure-cosmos` and the emulator, on real sockets: it fails as a service in trouble does."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from tests.support.cosmos_faults import Answer, Behind, Fault, fail
from tests.support.cosmos_sessions import Sessions, is_point_read
from tests.support.server_thread import ServerThread

# Of one connection only, and what a proxy writes anew.
_NOT_FORWARDED = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
_ROLLED_BACK = 424

PRECONDITION_FAILED = Answer(HTTPStatus.PRECONDITION_FAILED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as a fault depends on it."""

    method: str
    path: str
    for_documents: bool
    writes: bool
    reads_one: bool
    conditional: bool
    """It asks for an ETag or a value to be what it was, so that a race may make 412 the answer."""


Weather = Callable[[Asked], Fault | None]


def calm(_: Asked) -> Fault | None:
    """Let everything go well."""
    return None


class CosmosProxy(ServerThread):
    """The account's address for the app; `weather` says what becomes of each request.

    The clock tells how long ago a replica that is behind has seen its last write.
    """

    def __init__(self, target: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("cosmos-proxy")
        self.url = ""
        self.weather: Weather = calm
        self._target = target
        self._counted: Counter[Fault] = Counter()
        self._lock = threading.Lock()
        self._handlers: set[asyncio.Task[Any]] = set()
        self._sessions = Sessions(clock)
        self._turn = asyncio.Lock()

    @property
    def faults(self) -> Counter[Fault]:
        """The faults that requests have met so far."""
        with self._lock:
            return Counter(self._counted)

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _close(self) -> None:
        for handler in self._handlers:  # those that never answer
            handler.cancel()
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        handler = asyncio.current_task()
        assert handler is not None
        self._handlers.add(handler)
        try:
            return await self._answer(request, await request.read())
        finally:
            self._handlers.discard(handler)

    async def _answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        fault = self.weather(_asked(request, body))
        older = self._sessions.older(request) if isinstance(fault, Behind) else None
        if fault is None or (isinstance(fault, Behind) and older is None):
            return await self._forward(request, body)
        with self._lock:
            self._counted[fault] += 1
        if older is not None:
            return older
        if fault.after:
            await self._forward(request, body)
        if fault == PRECONDITION_FAILED and _is_batch(request):
            return _failed_batch(json.loads(body))
        with suppress(ConnectionError):  # whoever asked has gone
            return await fail(request, fault)
        return web.Response()

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        if "/docs" not in request.path:
            return await self._send(request, body)
        async with self._turn:  # so that the order of the writes is known
            answer = await self._send(request, body)
            self._sessions.note(request, body, answer)
        return answer

    async def _send(self, request: web.Request, body: bytes) -> web.Response:
        async with self._session.request(
            request.method,
            URL(f"{self._target}{request.raw_path}", encoded=True),
            headers=_forwarded(request.headers),
            data=body,
        ) as answer:
            return web.Response(
                status=answer.status, headers=_forwarded(answer.headers), body=await answer.read()
            )


def _forwarded(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_FORWARDED}


def _is_batch(request: web.Request) -> bool:
    return "x-ms-cosmos-is-batch-request" in request.headers


def _asked(request: web.Request, body: bytes) -> Asked:
    for_documents = "/docs" in request.path
    reads = request.method == "GET" or "x-ms-documentdb-isquery" in request.headers
    if _is_batch(request):
        conditional = any(_is_conditional(operation) for operation in json.loads(body))
    elif request.method == "PATCH":
        conditional = _may_lose_a_race(json.loads(body))
    else:
        conditional = "If-Match" in request.headers
    return Asked(request.method, request.path, for_documents, not reads, is_point_read(request), conditional)


def _is_conditional(operation: dict[str, Any]) -> bool:
    return "ifMatch" in operation or (
        operation["operationType"] == "Patch" and _may_lose_a_race(operation["resourceBody"])
    )


def _may_lose_a_race(patch: Any) -> bool:
    """Tell whether a patch asks for values to be what they were; one within bounds (<) means what it says."""
    condition = patch.get("condition", "") if isinstance(patch, dict) else ""
    return bool(condition) and "<" not in condition


def _failed_batch(operations: list[dict[str, Any]]) -> web.Response:
    """Answer as the service does when the first condition of a batch does not hold."""
    at = next(n for n, operation in enumerate(operations) if _is_conditional(operation))
    statuses = [
        HTTPStatus.PRECONDITION_FAILED.value if n == at else _ROLLED_BACK for n in range(len(operations))
    ]
    return web.json_response([{"statusCode": status, "requestCharge": 0} for status in statuses], status=207)
