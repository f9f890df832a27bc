"""A request as a function receives it. Source: azure-functions-host
GrpcMessageConversionExtensions.ToRpcHttp."""

import posixpath
import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web

from devhost.engine.invocation import Invocation
from devhost.routing.table import RouteMatch

_REASON = "This function was programmatically called via the host APIs."
_ENCODED_SLASH = "\0slash\0"


def routed_path(request: web.Request) -> str:
    """The path that routes are matched against."""
    return decoded_path(_raw_path(request))


def decoded_path(raw: str) -> str:
    """A path decoded once, `%2F` kept, `.` and `..` removed, as Kestrel does."""
    protected = raw.replace("%2F", _ENCODED_SLASH).replace("%2f", _ENCODED_SLASH)
    path = unquote(protected, errors="replace")
    if "/." in path:
        trailing = "/" if path.endswith(("/", "/.", "/..")) and path != "/" else ""
        path = "/" + posixpath.normpath("/" + path.lstrip("/")).lstrip("/")
        path = path if path == "/" else path + trailing
    return path.replace(_ENCODED_SLASH, "%2F")


def is_secure(request: web.Request) -> bool:
    """Whether the caller came over HTTPS, as the platform's front end says."""
    return request.headers.get("X-Forwarded-Proto", "").lower() == "https"


async def http_invocation(request: web.Request, match: RouteMatch) -> Invocation:
    """The invocation that a request asks for; raises HTTPRequestEntityTooLarge for a body over the limit."""
    # A body without a Content-Length (chunked) does not reach a function: the real host reads only
    # `ContentLength > 0`.
    length = request.content_length or 0
    if length > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(max_size=request.client_max_size, actual_size=length)
    body = await request.read() if length > 0 else b""
    query = request.raw_path.partition("?")[2]
    url = f"{'https' if is_secure(request) else 'http'}://{request.host}{_raw_path(request)}"
    return Invocation(
        function=match.function,
        data="http",
        payload=body,
        reason=_REASON,
        trace_parent=_trace_parent(request.headers.get("traceparent", "")),
        http={
            "method": request.method,
            "url": quote(url, safe="%:/?#[]@!$&'()*+,;=-._~") + (f"?{query}" if query else ""),
            "headers": _join(request.headers.items(), lower=True),
            # An empty query value is dropped: the Python worker does not ask for nullable dictionaries.
            "query": {k: v for k, v in _join(parse_qsl(query, keep_blank_values=True)).items() if v},
            "params": dict(match.values),
        },
    )


def _raw_path(request: web.Request) -> str:
    raw = request.raw_path.partition("?")[0]
    if raw.startswith("/"):
        return raw
    return request.rel_url.raw_path  # absolute form, as a proxy sends it


def _join(items: Iterable[tuple[str, str]], *, lower: bool = False) -> dict[str, str]:
    """Values of a repeated name joined by commas; names are one name without regard to case, the first's
    spelling."""
    spelling: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in items:
        key = spelling.setdefault(name.lower(), name.lower() if lower else name)
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _trace_parent(incoming: str) -> str:
    """W3C trace context for the invocation: the caller's trace, or a new one, with a span of its own."""
    parts = incoming.split("-")
    trace = parts[1] if len(parts) == 4 and len(parts[1]) == 32 else secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-{parts[3] if len(parts) == 4 else '00'}"


def header_or_query(request: web.Request, header: str, parameter: str) -> str | None:
    """A value given by header or query; the header wins even where it is wrong."""
    if header in request.headers:
        return request.headers[header]
    query: Mapping[str, str] = _join(parse_qsl(request.raw_path.partition("?")[2], keep_blank_values=True))
    return next((value for name, value in query.items() if name.lower() == parameter), None)
