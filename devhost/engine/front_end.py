"""The public HTTP server: the durable webhooks, the host's own API, and behind them the app's functions."""

import logging
import os
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from devhost.engine.admin import AdminApi
from devhost.engine.http_functions import HttpFunctions
from devhost.engine.http_request import header_or_query
from devhost.engine.keys import KEY_HEADER, KEY_PARAMETER, AccessLevel, Keys
from devhost.engine.response_headers import ResponseHeaders
from devhost.engine.throttle import Throttle

_logger = logging.getLogger(__name__)

BODY_LIMIT_SETTING = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
DEFAULT_BODY_LIMIT = 104_857_600
WEBHOOKS = "/runtime/webhooks/"
RPC_PATH = "/durabletask/"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RegisterWebhooks = Callable[[web.Application], None]


def build_front_end(
    functions: HttpFunctions,
    admin: AdminApi,
    keys: Keys,
    headers: ResponseHeaders,
    throttle: Throttle,
    register_webhooks: RegisterWebhooks | None,
) -> web.Application:
    """The application that listens to the world."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(RPC_PATH):
            handler = functions.answer  # the local client's own API is on a listener of its own, not here
        if (preflight := headers.preflight(request)) is not None:
            return preflight
        return await _guarded(request, handler, keys, throttle)

    app = web.Application(middlewares=[guard], client_max_size=body_limit(os.environ))
    app.on_response_prepare.append(headers.add)
    admin.register(app)
    if register_webhooks is not None:
        register_webhooks(app)
    # A line end in a path (%0A) is a character like any other.
    app.router.add_route("*", r"/{path:[\s\S]*}", functions.answer)
    return app


def body_limit(environment: Mapping[str, str]) -> int:
    """The largest body in bytes that a request may have; a setting that is no number is ignored, as there."""
    setting = environment.get(BODY_LIMIT_SETTING, "")
    return int(setting) if setting.isdecimal() else DEFAULT_BODY_LIMIT


async def _guarded(
    request: web.Request, handler: Handler, keys: Keys, throttle: Throttle
) -> web.StreamResponse:
    try:
        if request.path.startswith("/admin"):
            return await handler(request)
        if request.path.startswith(WEBHOOKS):
            level = keys.level(header_or_query(request, KEY_HEADER, KEY_PARAMETER))
            return await handler(request) if level.opens(AccessLevel.SYSTEM) else web.Response(status=401)
        async with throttle.admit():
            return await handler(request)
    except web.HTTPException as error:
        # The host's own refusals have no body.
        kept = {name: value for name, value in error.headers.items() if name.upper().startswith("X-")}
        return web.Response(status=error.status, headers=kept)
    except Exception:  # a fault of the host itself: answer as the real one does
        _logger.exception("An unhandled host error has occurred.")
        return web.Response(status=500)
