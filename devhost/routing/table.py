"""The route table: functions in the order of their names, the first match answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from devhost.routing.template import RouteTemplate


@dataclass(frozen=True)
class Route:
    """One HTTP function's route; `methods` is None where it takes every method."""

    function: str
    template: RouteTemplate
    methods: frozenset[str] | None


@dataclass(frozen=True)
class RouteMatch:
    """The function that answers a request, and its route values (those that are absent left out)."""

    function: str
    values: Mapping[str, str]


class RouteTable:
    """Tries routes in alphabetical order of function name; a literal segment has no precedence.

    Source: azure-functions-host FunctionMetadataManager (ordered by name, ignoring case) and
    WebScriptHostHttpRoutesManager; the method is a constraint of the route, so a wrong one is no match at
    all.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route.function.lower())

    def match(self, method: str, path: str) -> RouteMatch | None:
        """The first route that takes this method and path, or None (the caller answers 404)."""
        for route in self._routes:
            if route.methods is not None and method.upper() not in route.methods:
                continue
            values = route.template.match(path)
            if values is not None:
                return RouteMatch(route.function, {k: v for k, v in values.items() if v is not None})
        return None
