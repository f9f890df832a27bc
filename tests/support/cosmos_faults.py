"""How a Cosmos DB account fails at the wire: answers of trouble, broken connections, silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Answer:
    """Answer with this status; the request is carried out before only if `after` says so."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    after: bool = False


@dataclass(frozen=True)
class HangUp:
    """Close the connection without an answer."""

    after: bool = False


@dataclass(frozen=True)
class BreakOff:
    """Carry the request out and close the connection in the middle of the answer."""

    after: bool = True


@dataclass(frozen=True)
class Silence:
    """Never answer."""

    after: bool = False


@dataclass(frozen=True)
class Behind:
    """Answer a point read from a replica that is behind, where the reader's session allows it."""

    after: bool = False


Fault = Answer | HangUp | BreakOff | Silence | Behind


async def fail(request: web.Request, fault: Fault | None) -> web.StreamResponse:
    """Answer a request as the fault says; carrying it out before is the caller's part."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("whoever asked has gone")
    match fault:
        case Answer(status, headers):
            return web.json_response(
                {"code": "scripted", "message": "scripted"}, status=status, headers=headers
            )
        case HangUp():
            transport.abort()
        case BreakOff():
            partial = web.StreamResponse(
                headers={"Content-Length": "1000", "Content-Type": "application/json"}
            )
            await partial.prepare(request)
            await partial.write(b'{"id":')
            transport.abort()
            return partial
        case _:
            await asyncio.Event().wait()  # until the server is stopped
    return web.Response()
