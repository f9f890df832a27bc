"""Links: which operations can go on with the ids that an answer holds (OpenAPI 3.1, section 4.8.20)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from triggers.endpoints import Endpoint
from triggers.openapi.schemas import PREFIX, Schema

# An id's name in an answer, and how the routes begin that take it.
_TAKEN_BY = {
    "roadmap_id": "roadmaps/{id:",
    "module_id": "modules/{id:",
    "lesson_id": "lessons/{id:",
    "task_id": "lessons/status/{id:",
}
_DEEPEST = 3
_PARAMETER = re.compile(r"\{(\w+)")


def links_of(
    row: Endpoint, schema: Schema, components: dict[str, Schema], rows: Sequence[Endpoint]
) -> dict[str, Any]:
    """Return the links of an answer by the names of the operations that they lead to.

    What the request named itself needs no link.
    """
    links: dict[str, Any] = {}
    for place, name, siblings in _ids(schema, components):
        route = _TAKEN_BY[name]
        if row.route.startswith(route):
            continue
        for target in rows:
            parameters = _PARAMETER.findall(target.route)
            if target.route.startswith(route) and set(parameters) - {"id"} <= siblings.keys():
                filled = {"id": f"$response.body#{place}"}
                filled |= {one: f"$response.body#{siblings[one]}" for one in parameters if one != "id"}
                links.setdefault(target.name, {"operationId": target.name, "parameters": filled})
    return links


def _ids(
    schema: Schema, components: dict[str, Schema], place: str = "", depth: int = 0
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Give (place, name, places beside it) of every id in an answer, lists apart: they may be empty."""
    component = schema.get("$ref", "").removeprefix(PREFIX)
    schema = components[component] if component else schema
    properties = schema.get("properties", {})
    beside = {name: f"{place}/{name}" for name in properties}
    for name, value in properties.items():
        known = "lesson_id" if name == "id" and "Lesson" in component else name
        if known in _TAKEN_BY:
            yield f"{place}/{name}", known, beside
        elif depth < _DEEPEST:
            yield from _ids(value, components, f"{place}/{name}", depth + 1)
