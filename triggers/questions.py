"""From an HTTP request to checked values: body, ids, headers, query parameters."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

import azure.functions as func
from pydantic import BaseModel

from shared.clients import Clients
from shared.errors import FieldError, Problem
from shared.models.validation import validated
from shared.security.identity import authenticate

M = TypeVar("M", bound=BaseModel)

MAX_BODY_BYTES = 64 * 1024
MAX_IDEMPOTENCY_KEY = 200
MAX_LIMIT = 100
MAX_WAIT_SECONDS = 25

# A quoted tag may hold commas; W/ marks a weak one.
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*"|[^\s,"]+)')


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list was asked for."""

    limit: int
    continuation: str | None


def caller_id(clients: Clients, req: func.HttpRequest) -> str:
    """Return the authenticated learner's id; raises a 401 Problem."""
    return authenticate(clients.settings, req.headers).user_id


def read_body(req: func.HttpRequest, model: type[M]) -> M:
    """Return the validated JSON body; raises 400, 413 or 422 Problems that name what is wrong."""
    raw = req.get_body()
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            f"A body may hold at most {MAX_BODY_BYTES // 1024} KB; this one has {len(raw)} bytes.",
            (FieldError("body", f"must be at most {MAX_BODY_BYTES} bytes"),),
        )
    return validated(model, _parse(raw))


def _parse(raw: bytes) -> Any:
    try:
        if raw.strip(b" \t\r\n"):
            return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        detail = "is empty; send a JSON object"
    except RecursionError:
        detail = "is nested too deeply"
    except UnicodeDecodeError:
        detail = "is not UTF-8 text"
    except ValueError as error:
        detail = (
            "begins with a byte order mark" if raw.startswith(BOM_UTF8) else f"is not valid JSON: {error}"
        )
    raise Problem(
        HTTPStatus.BAD_REQUEST, "invalid_json", f"The body {detail}.", (FieldError("body", detail),)
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def path_id(req: func.HttpRequest) -> str:
    """Return the id of the route, lower-cased; the route's constraint has checked that it is a UUID."""
    return str(req.route_params["id"]).lower()


def idempotency_key(req: func.HttpRequest) -> str | None:
    """Return the Idempotency-Key header, if there is one; raises a 400 Problem for a bad one."""
    key = req.headers.get("idempotency-key")
    if key is None:
        return None
    if not key.strip() or len(key) > MAX_IDEMPOTENCY_KEY or not key.isprintable():
        detail = f"must be 1 to {MAX_IDEMPOTENCY_KEY} printable characters"
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_idempotency_key",
            f"Idempotency-Key {detail}.",
            (FieldError("Idempotency-Key", detail),),
        )
    return str(key.strip())


def paging(req: func.HttpRequest, default: int = 20) -> Paging:
    """Return `?limit=` (1 to 100) and `?continuation=`; raises a 422 Problem."""
    return Paging(_whole_number(req, "limit", default, 1, MAX_LIMIT), req.params.get("continuation") or None)


def wait_seconds(req: func.HttpRequest) -> int:
    """Return `?wait=` (0 to 25 seconds); raises a 422 Problem."""
    return _whole_number(req, "wait", 0, 0, MAX_WAIT_SECONDS)


def known_tags(req: func.HttpRequest) -> frozenset[str]:
    """Return the entity tags of If-None-Match, compared weakly (RFC 9110, section 13.1.2)."""
    header = req.headers.get("if-none-match", "")
    return frozenset(_ENTITY_TAG.findall(header))


def _whole_number(req: func.HttpRequest, name: str, default: int, low: int, high: int) -> int:
    text = req.params.get(name)
    if text is None:
        return default
    # isascii keeps out the digits of other scripts, which int() would accept.
    if text.isascii() and text.isdigit() and len(text) < 6 and low <= int(text) <= high:
        return int(text)
    detail = f"must be a whole number from {low} to {high}"
    raise Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{name} {detail}.", (FieldError(name, detail),)
    )
