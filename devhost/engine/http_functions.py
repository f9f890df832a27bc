"""Answering requests with HTTP functions. Source: azure-functions-host FunctionInvocationMiddleware."""

import logging
from collections.abc import Iterable, Mapping

from aiohttp import web

from devhost.engine.app_processes import AppProcesses
from devhost.engine.catalogue import CatalogueEntry, State
from devhost.engine.http_request import header_or_query, http_invocation, routed_path
from devhost.engine.http_response import http_response
from devhost.engine.invocation import NoAppProcessError
from devhost.engine.keys import KEY_HEADER, KEY_PARAMETER, AccessLevel, Keys
from devhost.routing.table import RouteTable

_logger = logging.getLogger(__name__)

HOMEPAGE_SETTING = "AzureWebJobsDisableHomepage"
_HOME_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Function app</title></head>"
    "<body><h1>Your function app is up and running</h1></body></html>\n"
)


class HttpFunctions:
    """Finds the function for a request, checks the caller's key, runs it and gives its answer."""

    def __init__(
        self,
        entries: Iterable[CatalogueEntry],
        processes: AppProcesses,
        keys: Keys,
        environment: Mapping[str, str],
    ) -> None:
        self._entries = {entry.name: entry for entry in entries if entry.route}
        self._routes = RouteTable(entry.route for entry in self._entries.values() if entry.route)
        self._processes, self._keys = processes, keys
        self._has_home_page = environment.get(HOMEPAGE_SETTING, "").lower() != "true"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request that is not for the host itself."""
        path = routed_path(request)
        match = self._routes.match(request.method, path)
        if match is None:
            return self._home_page() if path == "/" else web.Response(status=404)
        entry = self._entries[match.function]
        level = self._caller_level(request, entry)
        if not level.opens(entry.level):
            return web.Response(status=401)
        if entry.state is State.DISABLED and level is not AccessLevel.ADMIN:
            return web.Response(status=404)
        try:
            result = await self._processes.invoke(await http_invocation(request, match))
        except NoAppProcessError:
            return web.Response(status=503, text="Function host is not running.")
        try:
            return http_response(result)
        except ValueError:
            _logger.exception("An unhandled host error has occurred.")
            return web.Response(status=500)

    def _caller_level(self, request: web.Request, entry: CatalogueEntry) -> AccessLevel:
        return self._keys.level(header_or_query(request, KEY_HEADER, KEY_PARAMETER), entry.name)

    def _home_page(self) -> web.Response:
        if self._has_home_page:
            return web.Response(text=_HOME_PAGE, content_type="text/html")
        return web.Response(status=204)
