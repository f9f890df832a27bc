"""The API as one Markdown file: `make api-docs` writes docs/api.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from triggers.openapi.outline import Field, Group, Operation, Shape, groups_of, shapes_of
from triggers.problems import PROBLEMS

_LONGEST_EXAMPLE = 40
_HEAD = """# The HTTP API

Made by `make api-docs` from the route table, which also makes `GET /api/openapi.json` (OpenAPI 3.1) and the
page `GET /api/docs`. Do not edit it.
"""


def to_markdown(document: dict[str, Any]) -> str:
    """Return the reference of an OpenAPI document."""
    groups = groups_of(document)
    parts = [_HEAD, document["info"]["description"], _overview(groups)]
    for group in groups:
        parts += [f"## {group.title}", group.description]
        parts += [_operation(operation) for operation in group.operations]
    parts += ["## Problems", _problems(), "## Shapes"]
    parts += [_shape(shape) for shape in shapes_of(document)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _overview(groups: Sequence[Group]) -> str:
    rows = [
        (f"{one.method} [`{one.path}`](#{one.name})", one.who, one.summary)
        for group in groups
        for one in group.operations
    ]
    return _table(("route", "access", "does"), rows)


def _operation(operation: Operation) -> str:
    parts = [
        f'<a id="{operation.name}"></a>\n\n### {operation.method} {operation.path}',
        f"{operation.summary} Access: {operation.who}.",
        operation.description,
    ]
    if operation.parameters:
        parameters = [(f"`{one.name}`", one.place, *_told(one)) for one in operation.parameters]
        parts.append(_table(("parameter", "in", "what", ""), parameters))
    if operation.body:
        need = "" if operation.body_is_required else " (may be left out)"
        fields = [(f"`{one.name}`", *_told(one)) for one in operation.body_fields]
        parts += [f"Body{need}: [{operation.body}](#{operation.body.lower()})"]
        parts.append(_table(("field", "what", ""), fields))
    parts += _examples(operation)
    answers = [(one.status, one.kinds, one.headers) for one in operation.answers]
    parts.append(_table(("answer", "what", "headers"), answers))
    problems = [(one.status, f"`{one.code}`", one.meaning) for one in operation.problems]
    parts.append(_table(("problem", "code", "meaning"), problems))
    return "\n\n".join(part for part in parts if part)


def _problems() -> str:
    rows = [
        (str(kind.status.value), f"`{code}`", kind.meaning)
        for code, kind in sorted(PROBLEMS.items(), key=lambda item: (item[1].status, item[0]))
    ]
    return _table(("status", "code", "meaning"), rows)


def _examples(operation: Operation) -> Iterator[str]:
    shown = {"Body": operation.body_example}
    shown |= {f"Answer {one.status}": one.example for one in operation.answers}
    for label, example in shown.items():
        if example and example.count("\n") < _LONGEST_EXAMPLE:
            yield f"{label}, for example:\n\n```json\n{example}\n```"


def _shape(shape: Shape) -> str:
    words = ", ".join(f"`{word}`" for word in shape.words)
    rows = [(f"`{one.name}`", *_told(one)) for one in shape.fields]
    table = _table(("field", "what", ""), rows) if rows else ""
    return "\n\n".join(part for part in (f"### {shape.name}", shape.description, words, table) if part)


def _told(field: Field) -> tuple[str, str]:
    need = "required" if field.is_required else ""
    return field.kind, "; ".join(part for part in (need, field.description) if part)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
