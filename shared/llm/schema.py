"""JSON schemas that every provider's strict mode accepts.

Strict structured output knows a small part of JSON Schema: every object closed, every property required, in
some providers no references, and hardly any limits on values. So references are written out, and limits
move into the descriptions, where the model still reads them; pydantic checks them afterwards.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

_KEPT = ("type", "enum")

_LIMITS = {
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "pattern": "matches {}",
}


@cache
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the strict JSON schema of a model; raises ValueError where strict mode cannot express it."""
    schema = model.model_json_schema()
    return _strict(schema, schema.get("$defs", {}), ())


def _strict(node: dict[str, Any], definitions: dict[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
    if "$ref" in node:
        name = str(node["$ref"]).removeprefix("#/$defs/")
        if name in within:
            raise ValueError(f"{name} holds itself, which strict mode cannot express")
        described = {key: value for key, value in node.items() if key != "$ref"}
        return _strict({**definitions[name], **described}, definitions, (*within, name))
    strict: dict[str, Any] = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        strict["enum"] = [node["const"]]
    if "anyOf" in node:
        strict["anyOf"] = [_strict(option, definitions, within) for option in node["anyOf"]]
    if "items" in node:
        strict["items"] = _strict(node["items"], definitions, within)
    if node.get("type") == "object":
        strict |= _closed_object(node, definitions, within)
    if not any(key in strict for key in ("type", "enum", "anyOf")):
        raise ValueError(f"strict mode needs a type: {sorted(node)}")
    description = _description(node)
    return {**strict, "description": description} if description else strict


def _closed_object(
    node: dict[str, Any], definitions: dict[str, Any], within: tuple[str, ...]
) -> dict[str, Any]:
    properties = node.get("properties")
    if not properties:
        raise ValueError("strict mode needs the names of an object's properties")
    return {
        "properties": {name: _strict(value, definitions, within) for name, value in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def _description(node: dict[str, Any]) -> str:
    limits = ["not empty"] if node.get("minLength") else []
    limits += [text.format(node[key]) for key, text in _LIMITS.items() if key in node]
    return ". ".join(part for part in (node.get("description", ""), "; ".join(limits)) if part)
