"""Parameters of an operation: from a route's template, a query's model, and the headers that a row names."""

from __future__ import annotations

import re
from typing import Any

from triggers.endpoints import Endpoint
from triggers.openapi.examples import parameter_of
from triggers.openapi.schemas import Schema, Schemas
from triggers.questions import MAX_IDEMPOTENCY_KEY

_PARAMETER = re.compile(r"\{(?P<name>\w+)(?P<constraints>(?::\w+(?:\([^)]*\))?)*)\}")
_HEX = "[0-9A-Fa-f]"
UUID_PATTERN = f"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}$"

_HEADERS: dict[str, Schema] = {
    "Idempotency-Key": {
        "description": "Makes a repeat harmless: the same key and body are answered as the first time.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_IDEMPOTENCY_KEY,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    },
    "If-Match": {
        "description": "The ETag of what was read: 412 when it has changed. Without it the last write wins.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "The ETag of the last answer: 304 while nothing has changed.",
        "schema": {"type": "string"},
    },
    "X-User-Id": {
        "description": "The learner for whom a back end acts, when the body does not say.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
}


def path_of(route: str) -> str:
    """Return a route as OpenAPI writes it: without the constraints of its parameters."""
    return "/" + _PARAMETER.sub(lambda match: f"{{{match['name']}}}", route)


def parameters_of(row: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    """Return the parameters of a row."""
    in_path = [
        {"name": match["name"], "in": "path", "required": True, "schema": _path_schema(match["constraints"])}
        for match in _PARAMETER.finditer(row.route)
    ]
    in_headers = [{"name": name, "in": "header", **_HEADERS[name]} for name in row.headers]
    found = [*in_path, *_in_query(row, schemas), *in_headers]
    return [_with_example(row, parameter) for parameter in found]


def _with_example(row: Endpoint, parameter: dict[str, Any]) -> dict[str, Any]:
    text = parameter_of(row.name, parameter["name"])
    if text is None:
        return parameter
    is_number = parameter["schema"].get("type") == "integer"
    return {**parameter, "example": int(text) if is_number else text}


def _path_schema(constraints: str) -> Schema:
    """Return the schema of a path parameter; raises ValueError for a constraint that it cannot tell."""
    match constraints.split(":")[1:]:
        case ["guid", "length(36)"]:
            return {"type": "string", "format": "uuid", "pattern": UUID_PATTERN}
        case ["long"]:
            return {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}
        case ["length(64)"]:
            return {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"}
        case [one] if found := re.fullmatch(r"maxlength\((\d+)\)", one):
            return {"type": "string", "minLength": 1, "maxLength": int(found[1])}
        case _:
            raise ValueError(f"no schema is known for the constraints '{constraints}'")


def _in_query(row: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    if row.query is None:
        return []
    query = schemas.query(row.query)
    required = query.get("required", [])
    return [
        _query_parameter(name, dict(schema), is_required=name in required)
        for name, schema in query["properties"].items()
    ]


def _query_parameter(name: str, schema: Schema, *, is_required: bool) -> dict[str, Any]:
    """Return a query's parameter; null has no meaning there, so that it is left out."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds
    parameter: dict[str, Any] = {"name": name, "in": "query"}
    # The host drops parameters without a value, so that an empty one is an absent one.
    parameter |= {"required": True} if is_required else {"allowEmptyValue": True}
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    return {**parameter, "schema": schema}
