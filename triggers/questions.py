"""From an HTTP request to checked values: body, query, ids, headers."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TypeVar

import azure.functions as func
from pydantic import BaseModel

from shared.errors import FieldError, Problem
from shared.models.validation import parsed_json, validated
from shared.security.identity import checked_user_id

M = TypeVar("M", bound=BaseModel)

MAX_BODY_BYTES = 64 * 1024
MAX_IDEMPOTENCY_KEY = 200

# A quoted tag may hold commas; W/ marks a weak one.
_LIBRARY_KEY = re.compile(r"[0-9a-f]{64}")
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*"|[^\s,"]+)')


def read_body(req: func.HttpRequest, model: type[M], *, required: bool = True) -> M:
    """Return the validated JSON body; raises 400, 413 or 422 Problems that name what is wrong.

    An empty body stands for an empty object where none is required.
    """
    raw = req.get_body()
    if not required and not raw.strip():
        return validated(model, {})
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            f"A body may hold at most {MAX_BODY_BYTES // 1024} KB; this one has {len(raw)} bytes.",
            (FieldError("body", f"must be at most {MAX_BODY_BYTES} bytes"),),
        )
    return validated(model, parsed_json(raw))


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


def read_query(req: func.HttpRequest, model: type[M]) -> M:
    """Return the validated query parameters; raises a 422 Problem that names what is wrong."""
    return validated(model, dict(req.params))


def acting_for(req: func.HttpRequest, user_id: str | None) -> str:
    """Return for which learner a back end acts: a body's `user_id`, or the header X-User-Id.

    Raises 400 and 422 Problems for none, and for two different ones.
    """
    header: str | None = req.headers.get("x-user-id")
    named = None if header is None else checked_user_id(header.strip())
    if named is None and user_id is not None:
        return user_id
    if named is not None and user_id in {None, named}:
        return named
    detail = "must name one learner, here or in the header X-User-Id"
    raise Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_request",
        f"user_id {detail}.",
        (FieldError("user_id", detail),),
    )


def path_key(req: func.HttpRequest) -> str:
    """Return the library key of the route; raises a 404 Problem for what is none."""
    return library_key(str(req.route_params["key"]))


def library_key(text: str) -> str:
    """Return a library key as documents have it; raises a 404 Problem for what is none."""
    key = text.lower()
    if not _LIBRARY_KEY.fullmatch(key):
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such lesson in the library.")
    return key


def expected_tags(req: func.HttpRequest) -> frozenset[str]:
    """Return the entity tags of If-Match; none are expected without it, nor by `*`, since all is there."""
    tags = frozenset(_ENTITY_TAG.findall(req.headers.get("if-match", "")))
    return frozenset() if "*" in tags else tags


def known_tags(req: func.HttpRequest) -> frozenset[str]:
    """Return the entity tags of If-None-Match, compared weakly (RFC 9110, section 13.1.2)."""
    header = req.headers.get("if-none-match", "")
    return frozenset(_ENTITY_TAG.findall(header))
