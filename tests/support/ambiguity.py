"""Looking for a path that two routes take: the real host would give it to whichever name comes first."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

from devhost.routing.table import Route
from devhost.routing.template import RouteTemplate

_UUID = uuid.UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
_GROUPS = ",".join(f"0x{byte:02x}" for byte in _UUID.bytes[8:])

# The five formats that ASP.NET Core's `guid` constraint takes: N, D, B, P, X.
GUIDS = (
    _UUID.hex,
    str(_UUID),
    str(_UUID).upper(),
    f"{{{_UUID}}}",
    f"({_UUID})",
    f"{{0x{_UUID.hex[:8]},0x{_UUID.hex[8:12]},0x{_UUID.hex[12:16]},{{{_GROUPS}}}}}",
)
# What people put into a path, by mistake or not: words of the API, numbers, scripts, lengths at the edge.
WORDS = (
    *("status", "lookup", "generate", "retry", "lessons", "tasks", "topic", "versions", "me", "null", "-1"),
    *("0", "1", "007", "2147483648", "3.14", "true", "2026-01-01", "a.b", "readme.md", "x" * 35, "x" * 36),
    "0f" * 32,
    *("日本語", "C#", "c++", "%2e%2e", "..", "a b", "ǆ", "😀" * 18, "~", "*", "{id}"),
)
VALUES = (*GUIDS, *WORDS)


def witness(one: Route, other: Route, values: tuple[str, ...] = VALUES) -> tuple[str, str] | None:
    """Return a method and a path that both routes take, or None.

    Every path made of the routes' own literals and, where both have a parameter, of each value is tried, for
    every number of segments that either could take.
    """
    methods = _common_methods(one, other)
    if not methods:
        return None
    for path in _paths(one.template, other.template, values):
        if one.template.match(path) is not None and other.template.match(path) is not None:
            return methods[0], path
    return None


def ambiguities(routes: list[Route]) -> list[str]:
    """Return one line for each pair of routes that take one path."""
    found = []
    for one, other in itertools.combinations(routes, 2):
        if shared := witness(one, other):
            found.append(f"{' '.join(shared)} matches {one.function} and {other.function}")
    return found


def _common_methods(one: Route, other: Route) -> list[str]:
    if one.methods is None or other.methods is None:
        return sorted(one.methods or other.methods or {"GET"})
    return sorted(one.methods & other.methods)


def _paths(one: RouteTemplate, other: RouteTemplate, values: tuple[str, ...]) -> Iterator[str]:
    longest = max(len(one.segments), len(other.segments)) + 1
    for length in range(longest + 1):
        choices = [_choices(one, other, place, values) for place in range(length)]
        for segments in itertools.product(*choices):
            yield "/" + "/".join(segments)


def _choices(
    one: RouteTemplate, other: RouteTemplate, place: int, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return what may stand at a place: literals, else the values that no parameter there refuses."""
    segments = [t.segments[place] for t in (one, other) if place < len(t.segments)]
    literals = {part for segment in segments for part in segment.parts if isinstance(part, str)}
    if literals:
        return tuple(sorted(literals))
    alone = [segment.parameter for segment in segments if segment.parameter is not None]
    # A catch-all is judged by all that it catches, not by one segment.
    judges = [parameter for parameter in alone if not parameter.catch_all]
    return tuple(value for value in values if all(parameter.accepts(value) for parameter in judges))
