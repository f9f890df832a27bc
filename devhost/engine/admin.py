"""The host's own API under /admin, for operators and tests; every call but the ping needs the master key.

Source: azure-functions-host HostController and FunctionsController.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiohttp import web

from devhost import description as kinds
from devhost.engine.catalogue import CatalogueEntry, State
from devhost.engine.http_request import header_or_query
from devhost.engine.invocation import Invocation, NoAppProcessError
from devhost.engine.keys import KEY_HEADER, KEY_PARAMETER, AccessLevel, Keys
from devhost.service_bus.metadata import manual_message
from devhost.timers.status import timer_payload

_logger = logging.getLogger(__name__)

HOST_VERSION = "4.1036.0"
_REASON = "This function was programmatically called via the host APIs."


class AdminApi:
    """Host status, the functions and their errors, and triggering a function by hand."""

    def __init__(
        self,
        entries: Iterable[CatalogueEntry],
        keys: Keys,
        invoke: Callable[[Invocation], Awaitable[Any]],
    ) -> None:
        self._entries = {entry.name.lower(): entry for entry in entries}
        self._keys, self._invoke = keys, invoke
        self._begun = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_route("*", "/admin/host/ping", self._ping)
        app.router.add_get("/admin/host/status", self._guard(self._status), allow_head=False)
        app.router.add_get("/admin/functions", self._guard(self._list), allow_head=False)
        app.router.add_get("/admin/functions/{name}", self._guard(self._show), allow_head=False)
        app.router.add_get("/admin/functions/{name}/status", self._guard(self._errors), allow_head=False)
        app.router.add_post("/admin/functions/{name}", self._guard(self._trigger))

    def _guard(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            level = self._keys.level(header_or_query(request, KEY_HEADER, KEY_PARAMETER))
            return await handler(request) if level is AccessLevel.ADMIN else web.Response(status=401)

        return guarded

    async def _ping(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if request.method in {"GET", "POST"} else 405)

    async def _status(self, _request: web.Request) -> web.Response:
        uptime = int((time.monotonic() - self._begun) * 1000)
        return web.json_response({"state": "Running", "version": HOST_VERSION, "processUptime": uptime})

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response([_summary(entry) for entry in self._entries.values()])

    async def _show(self, request: web.Request) -> web.Response:
        entry = self._find(request)
        return web.json_response(_summary(entry)) if entry else web.Response(status=404)

    async def _errors(self, request: web.Request) -> web.Response:
        entry = self._find(request)
        if entry is None:
            return web.Response(status=404)
        return web.json_response({"errors": [entry.note]} if entry.state is State.IN_ERROR else {})

    async def _trigger(self, request: web.Request) -> web.Response:
        """202 at once; the function runs on its own. The body is `{"input": ...}`."""
        try:
            document = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400)
        if not isinstance(document, Mapping):
            return web.Response(status=400)
        entry = self._find(request)
        if entry is None or entry.state in {State.IN_ERROR, State.DISABLED}:
            return web.Response(status=404)
        invocation = _manual_invocation(entry, document.get("input"))
        if invocation is None:
            return web.Response(
                status=400, text=f"a function with {entry.kind} cannot be triggered by hand here"
            )
        task = asyncio.create_task(self._run(invocation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(status=202)

    async def _run(self, invocation: Invocation) -> None:
        try:
            await self._invoke(invocation)
        except NoAppProcessError:
            _logger.error("'Functions.%s' was not run: no app process is up", invocation.function)  # noqa: TRY400

    def _find(self, request: web.Request) -> CatalogueEntry | None:
        return self._entries.get(request.match_info["name"].lower())


def _manual_invocation(entry: CatalogueEntry, value: object) -> Invocation | None:
    if entry.kind == kinds.TIMER_TRIGGER:
        payload = timer_payload(None, is_past_due=False)
        return Invocation(entry.name, "json", payload, _REASON)
    if entry.kind == kinds.SERVICE_BUS_TRIGGER:
        return manual_message(
            entry.name, value, _REASON, many=entry.trigger.get("cardinality", "").lower() == "many"
        )
    return None


def _summary(entry: CatalogueEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "language": "python",
        "isDisabled": entry.state is State.DISABLED,
        "config": {"bindings": [dict(entry.trigger)]},
        "invoke_url_template": f"/{entry.template}" if entry.route else None,
    }
