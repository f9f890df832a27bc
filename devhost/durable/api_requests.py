"""How the management API reads a request, and how it refuses one: as .NET's parsers and HttpError do."""

import json
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import grpc.aio
from aiohttp import web

from devhost.durable.hub_client import InstanceFilter
from devhost.durable.status import STATUSES

ARGUMENT = "One or more of the arguments submitted is incorrect"
INTERNAL = "Something went wrong while processing your request"

_LONGEST_INSTANCE_ID = 256
_FORBIDDEN_IN_IDS = frozenset("/\\?#")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that ends in an error body: System.Web.Http.HttpError, which the Python client reads."""

    def __init__(
        self, status: int, message: str, exception: str = "", kind: str = "System.ArgumentException"
    ) -> None:
        super().__init__(exception or message)
        self.status = status
        self.body = {"Message": message}
        if exception:
            self.body |= {"ExceptionMessage": exception, "ExceptionType": kind, "StackTrace": ""}


def answered(handler: Handler) -> Handler:
    """Turn what a handler raises into the extension's error bodies."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status)
        except grpc.aio.AioRpcError as error:
            body = Refused(
                500, INTERNAL, f"{error.code().name}: {error.details()}", "Grpc.Core.RpcException"
            ).body
            return web.json_response(body, status=500)

    return guarded


async def body_text(request: web.Request) -> str:
    """Read a body of any size: an orchestration's input may exceed what the host allows its functions."""
    try:
        return (await request.content.read()).decode()
    except UnicodeDecodeError as error:
        raise Refused(
            400, "Invalid JSON content", str(error), "System.Text.DecoderFallbackException"
        ) from error


def require_json(text: str) -> None:
    """Refuse text that is no JSON."""
    try:
        json.loads(text)
    except ValueError as error:
        raise Refused(
            400, "Invalid JSON content", str(error), "Newtonsoft.Json.JsonReaderException"
        ) from error


def checked_id(instance_id: str) -> str:
    """Refuse an id that the extension refuses (DurableClient.StartNewAsync)."""
    if instance_id.startswith("@"):
        raise Refused(
            400, ARGUMENT, "instanceId (Parameter 'Orchestration instance ids must not start with @.')"
        )
    if any(
        character in _FORBIDDEN_IN_IDS or unicodedata.category(character) == "Cc" for character in instance_id
    ):
        raise Refused(
            400,
            ARGUMENT,
            "instanceId (Parameter 'Orchestration instance ids must not contain /, \\, #, ?, "
            "or control characters.')",
        )
    if len(instance_id) > _LONGEST_INSTANCE_ID:
        raise Refused(
            400, ARGUMENT, f"Instance ID lengths must not exceed {_LONGEST_INSTANCE_ID} characters."
        )
    return instance_id


def flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """Read a Boolean of the query string; what is none counts as absent (.NET's bool.TryParse)."""
    return {"true": True, "false": False}.get(request.query.get(name, "").strip().lower(), default)


def number(request: web.Request, name: str) -> float | None:
    """Read a number of the query string; what is none counts as absent."""
    try:
        return float(request.query[name])
    except (KeyError, ValueError):
        return None


def _moment(request: web.Request, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.query[name])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def instance_filter(request: web.Request) -> InstanceFilter:
    """Read the conditions of a query or a purge; unknown statuses are passed over."""
    names = [name for value in request.query.getall("runtimeStatus", []) for name in value.split(",")]
    return InstanceFilter(
        created_from=_moment(request, "createdTimeFrom"),
        created_to=_moment(request, "createdTimeTo"),
        statuses=tuple(STATUSES[name] for name in names if name in STATUSES),
        id_prefix=request.query.get("instanceIdPrefix", ""),
    )
