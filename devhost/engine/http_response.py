"""A function's answer as the caller receives it.

Source: azure-functions-host HttpBinding.CreateResult, RawScriptResult.ExecuteResultAsync.
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from devhost.engine.invocation import InvocationResult

# Kestrel sets these itself.
_HOSTS_OWN = frozenset({"content-length", "transfer-encoding", "connection", "date"})
_NO_BODY = frozenset({204, 205, 304})
_PLAIN = "text/plain; charset=utf-8"


def http_response(result: InvocationResult) -> web.Response:
    """The answer to send; raises ValueError where the real host cannot send it either (its answer is then a
    500)."""
    if not result.succeeded:
        return web.Response(status=500)
    if result.http is None:
        return web.Response(status=204)  # no output was set
    if result.http["form"] == "text":
        return _text_response(result.payload.decode())
    return _response(
        _status(result.http["status"]), result.http["headers"], result.payload, cookies=result.http["cookies"]
    )


def _response(
    status: int, headers: Mapping[str, str], body: bytes, cookies: list[str] | None = None
) -> web.Response:
    if body and status in _NO_BODY:
        raise ValueError(f"Writing to the response body is invalid for responses with status code {status}.")
    response = web.Response(status=status, body=body)
    # Without a header of the function's own there is no content type at all.
    response.headers.pop("Content-Type", None)
    for name, value in headers.items():
        if name.lower() not in _HOSTS_OWN:
            response.headers[name] = value
    for cookie in cookies or ():
        response.headers.add("Set-Cookie", cookie)
    return response


def _text_response(text: str) -> web.Response:
    """A function that returns a `str`: the host reads it as JSON if it can, and writes that out again.

    An object with a `body` is taken for a whole answer: its `statusCode` or `status` and `headers` count.
    """
    try:
        content: Any = json.loads(text)
    except ValueError:
        content = text
    status, headers = 200, {"Content-Type": _PLAIN}
    if isinstance(content, dict):
        fields = {name.lower(): value for name, value in content.items()}
        if "body" in fields:
            content = fields["body"]
            status = _status(fields.get("statuscode", fields.get("status", 200)))
            if isinstance(fields.get("headers"), dict):
                given = {name.title(): str(value) for name, value in fields["headers"].items()}
                headers.update(given)
    return _response(status, headers, _written(content).encode())


def _written(content: object) -> str:
    """A value as .NET's ToString writes it; objects and lists as indented JSON."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, bool):
        return str(content)
    return json.dumps(content, indent=2, ensure_ascii=False)


def _status(value: object) -> int:
    """The status code; one that is no number counts as 200."""
    try:
        status = int(str(value).strip())
    except ValueError:
        return 200
    if not 100 <= status <= 999:
        raise ValueError(f"{status} is not a status code")
    return status
