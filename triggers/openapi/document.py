"""The OpenAPI 3.1 document of the whole API, from the route table and the models that it names."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from triggers.endpoints import ENDPOINTS, Access, Endpoint
from triggers.openapi.examples import body_of
from triggers.openapi.parameters import parameters_of, path_of
from triggers.openapi.responses import responses_of
from triggers.openapi.schemas import Schemas

VERSION = "0.1.0"
_DESCRIPTION = """
Personal learning roadmaps and sourced lessons: ask for a roadmap, wait for it, have a lesson written when
somebody wants to read it.

- What takes long is accepted (202); its `status_url` says how far it is: `ETag`, `If-None-Match`, `?wait=`.
- Lists take `limit` and `continuation`, and answer `items` and the next `continuation`.
- Errors are problem documents (RFC 9457) with a stable `code`, and every bad field in `errors`.
- What is another's and what does not exist answer alike. A path that is no route answers 404 without a body.
- On a developer's machine, in development mode, the headers `X-User-Id` and `X-User-Roles` stand for a token.
""".strip()
_BEGUN_WITH = ("roadmaps", "lessons")
_READERS = (Access.LEARNER, Access.MENTOR, Access.ADMIN, Access.FUNCTION_KEY, Access.OPEN)
_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token: `sub` is the learner, `roles` what they may do.",
    },
    "functionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A key of the Functions host, for other back ends.",
    },
}


@cache
def api_document() -> dict[str, Any]:
    """Return the document; made once per process, when it is first asked for."""
    rows = sorted(ENDPOINTS.values(), key=lambda row: (path_of(row.route), row.method))
    schemas = Schemas(rows)
    paths: dict[str, Any] = {}
    for row in rows:
        paths.setdefault(path_of(row.route), {})[row.method.lower()] = _operation(row, rows, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SkillSync", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/api"}],
        "tags": _tags(rows),
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY_SCHEMES},
    }


def _operation(row: Endpoint, rows: list[Endpoint], schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.name,
        "tags": [row.group],
        "summary": row.summary,
        "security": _security(row.access),
    }
    if row.description:
        operation["description"] = row.description
    parameters = parameters_of(row, schemas)
    if parameters:
        operation["parameters"] = parameters
    if row.body is not None:
        operation["requestBody"] = _body(row, row.body, schemas)
    operation["responses"] = responses_of(row, rows, schemas)
    return operation


def _security(access: Access) -> list[dict[str, Any]]:
    """Return what a caller must bring; beside a token stands the role (OpenAPI 3.1, section 4.8.30)."""
    match access:
        case Access.OPEN:
            return []
        case Access.FUNCTION_KEY:
            return [{"functionKey": []}]
        case Access.LEARNER:
            return [{"bearer": []}]
        case _:
            return [{"bearer": [access.value]}]


def _body(row: Endpoint, model: str, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schemas.received(model)}
    example = body_of(row.name)
    if example is not None:
        content["example"] = example
    return {"required": row.body_required, "content": {"application/json": content}}


def _tags(rows: list[Endpoint]) -> list[dict[str, str]]:
    """Return the groups, those of learners first; a group is a module of triggers, told by its docstring."""
    groups = sorted({row.group for row in rows})
    ordered = [*_BEGUN_WITH, *(group for group in groups if group not in _BEGUN_WITH)]
    ranks = {group: min(_READERS.index(row.access) for row in rows if row.group == group) for group in groups}
    return [
        {"name": group, "description": _first_line(group)} for group in sorted(ordered, key=ranks.__getitem__)
    ]


def _first_line(group: str) -> str:
    text = (import_module(f"triggers.{group}").__doc__ or "").partition("\n")[0].removeprefix("HTTP: ")
    return text[:1].upper() + text[1:]
