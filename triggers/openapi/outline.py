"""The OpenAPI document as a reader goes through it: groups, operations, fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from triggers.openapi.schemas import PREFIX, Schema

PROBLEM_MEDIA = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    is_required: bool
    description: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class AnswerOutline:
    """What one status brings."""

    status: str
    kinds: str
    headers: str
    example: str


@dataclass(frozen=True, slots=True)
class ProblemOutline:
    """A problem code that an operation can answer with."""

    status: str
    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    who: str
    parameters: list[Field]
    body: str
    body_is_required: bool
    body_fields: list[Field]
    body_example: str
    answers: list[AnswerOutline]
    problems: list[ProblemOutline]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one concern."""

    name: str
    description: str
    operations: list[Operation]

    @property
    def title(self) -> str:
        """Its name as a heading."""
        return self.name.replace("_", " ").capitalize().replace("Graphql", "GraphQL")


@dataclass(frozen=True, slots=True)
class Shape:
    """A component schema: an object with fields, or one of some words."""

    name: str
    description: str
    words: list[str]
    fields: list[Field]


def groups_of(document: dict[str, Any]) -> list[Group]:
    """Return the groups of operations in their order."""
    found = {tag["name"]: Group(tag["name"], tag["description"], []) for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            group = found[operation["tags"][0]]
            group.operations.append(_operation(document, method.upper(), path, operation))
    return list(found.values())


def shapes_of(document: dict[str, Any]) -> list[Shape]:
    """Return the component schemas by their names."""
    return [
        Shape(
            name,
            _one_line(schema.get("description", "")),
            [str(word) for word in schema.get("enum", [])],
            list(_fields(schema)),
        )
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    body = operation.get("requestBody", {})
    content = body.get("content", {}).get("application/json", {})
    name = _named(content.get("schema", {}))
    return Operation(
        name=operation["operationId"],
        method=method,
        path=document["servers"][0]["url"] + path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        who=_who(operation["security"]),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        body=name,
        body_is_required=body.get("required", False),
        body_fields=list(_fields(document["components"]["schemas"][name])) if name else [],
        body_example=_json(content.get("example")),
        answers=list(_answers(operation["responses"])),
        problems=list(_problems(operation["responses"])),
    )


def _who(security: list[dict[str, list[str]]]) -> str:
    if not security:
        return "open"
    [(scheme, roles)] = security[0].items()
    if scheme == "functionKey":
        return "function key"
    return f"access token, role {roles[0]}" if roles else "access token"


def _parameter(parameter: dict[str, Any]) -> Field:
    return Field(
        parameter["name"],
        kind_of(parameter["schema"]),
        parameter.get("required", False),
        _with_default(parameter.get("description", ""), parameter["schema"]),
        parameter["in"],
    )


def _fields(schema: Schema) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        yield Field(
            name, kind_of(field), name in required, _with_default(field.get("description", ""), field)
        )


def _answers(responses: dict[str, Any]) -> Iterator[AnswerOutline]:
    for status, response in responses.items():
        kinds = {
            media: kind_of(content["schema"])
            for media, content in response.get("content", {}).items()
            if media != PROBLEM_MEDIA
        }
        if status < "400" or kinds or "content" not in response:
            example = response.get("content", {}).get("application/json", {}).get("example")
            shown = [kind if media == "application/json" else media for media, kind in kinds.items()]
            yield AnswerOutline(
                status,
                ", ".join(shown) or response["description"],
                ", ".join(response.get("headers", {})),
                _json(example),
            )


def _problems(responses: dict[str, Any]) -> Iterator[ProblemOutline]:
    for status, response in responses.items():
        problem = response.get("content", {}).get(PROBLEM_MEDIA, {})
        for code, example in problem.get("examples", {}).items():
            yield ProblemOutline(status, code, example["summary"])


def kind_of(schema: Schema) -> str:
    """Return a schema's type with its bounds in a few words."""
    if "$ref" in schema:
        return _named(schema)
    kinds = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if kinds:
        return " or ".join(kind_of(one) for one in kinds)
    if "enum" in schema or "const" in schema:
        words = schema.get("enum", [schema.get("const")])
        return " | ".join(json.dumps(word, ensure_ascii=False) for word in words)
    return _plain_kind(schema)


def _plain_kind(schema: Schema) -> str:
    match schema.get("type", "anything"):
        case "array":
            return f"list of {kind_of(schema.get('items', {}))}{_bounds(schema, 'Items', 'items')}"
        case "string":
            return f"{schema.get('format', 'string')}{_bounds(schema, 'Length', 'characters')}"
        case "integer" | "number" as number:
            return f"{number}{_range(schema)}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"map of {kind_of(schema['additionalProperties'])}"
        case other:
            return str(other)


def _bounds(schema: Schema, suffix: str, unit: str) -> str:
    low, high = schema.get(f"min{suffix}"), schema.get(f"max{suffix}")
    if low is None and high is None:
        return ""
    if low == high:
        return f", {low} {unit}"
    return f", {low or 0} to {high} {unit}" if high is not None else f", at least {low} {unit}"


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else ""


def _with_default(description: str, schema: Schema) -> str:
    default = schema.get("default")
    if default in (None, "", [], {}):
        return _one_line(description)
    said = f"default `{json.dumps(default, ensure_ascii=False)}`"
    return _one_line(f"{description}; {said}" if description else said)


def _named(schema: Schema) -> str:
    return str(schema.get("$ref", "")).removeprefix(PREFIX)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _json(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
