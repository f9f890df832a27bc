"""Headers that the host adds to every answer: CORS, Strict-Transport-Security, `customHeaders`."""

from aiohttp import web

from devhost.engine.http_request import is_secure
from devhost.host_json import HttpOptions
from devhost.settings import CorsSettings

# ASP.NET's HstsOptions.ExcludedHosts.
_NO_HSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class ResponseHeaders:
    """Adds the headers that host.json and `Host.CORS` ask for, and answers preflight requests."""

    def __init__(self, options: HttpOptions, cors: CorsSettings) -> None:
        self._options, self._cors = options, cors

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a CORS preflight, or None where the request is none or CORS is not set."""
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not self._cors.origins or not is_preflight or "Origin" not in request.headers:
            return None
        response = web.Response(status=204)
        if self._allowed_origin(request) is not None:
            response.headers["Access-Control-Allow-Methods"] = request.headers[
                "Access-Control-Request-Method"
            ]
            if wanted := request.headers.get("Access-Control-Request-Headers"):
                response.headers["Access-Control-Allow-Headers"] = wanted
        return response

    async def add(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers to an answer that is about to be sent; what the function set itself stays."""
        response.headers["Server"] = "Kestrel"
        if (origin := self._allowed_origin(request)) is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            if origin != "*":
                response.headers.add("Vary", "Origin")
            if self._cors.credentials:
                response.headers["Access-Control-Allow-Credentials"] = "true"
        if self._options.hsts.enabled and is_secure(request) and request.host.split(":")[0] not in _NO_HSTS:
            response.headers["Strict-Transport-Security"] = self._hsts()
        for name, value in self._options.custom_headers.items():
            response.headers.setdefault(name, value)

    def _allowed_origin(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin")
        if origin is None or not self._cors.origins:
            return None
        if "*" in self._cors.origins:
            return origin if self._cors.credentials else "*"
        return origin if origin in self._cors.origins else None

    def _hsts(self) -> str:
        hsts = self._options.hsts
        text = f"max-age={int(hsts.max_age.total_seconds())}"
        text += "; includeSubDomains" if hsts.include_subdomains else ""
        return text + ("; preload" if hsts.preload else "")
