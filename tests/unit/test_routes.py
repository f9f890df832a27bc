"""Every path matches at most one route, whatever the order: the real host has no precedence of routes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.routing.table import Route, RouteTable
from devhost.routing.template import Parameter, RouteTemplate
from tests.support.ambiguity import GUIDS, VALUES, ambiguities, witness
from tests.support.function_table import ROOT, endpoint_rows, function_table, http_triggers

PREFIX = "api"
FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE)
UUID = GUIDS[1]


def route(function: str, template: str, *methods: str) -> Route:
    return Route(function, RouteTemplate(f"{PREFIX}/{template}"), frozenset(methods) if methods else None)


def app_routes() -> list[Route]:
    return [
        route(name, trigger["route"], *[str(method).upper() for method in trigger["methods"]])
        for name, trigger in http_triggers().items()
    ]


def parameters(template: RouteTemplate) -> Iterator[Parameter]:
    for segment in template.segments:
        yield from (part for part in segment.parts if isinstance(part, Parameter))


def own_path(template: RouteTemplate) -> str:
    """Return a path of the template's literals and of values that its parameters accept."""
    segments = []
    for segment in template.segments:
        texts = [
            part if isinstance(part, str) else next(value for value in VALUES if part.accepts(value))
            for part in segment.parts
        ]
        segments.append("".join(texts))
    return "/" + "/".join(segments)


def test_no_path_matches_two_routes() -> None:
    assert ambiguities(app_routes()) == []


def test_every_function_is_reached_by_its_own_path() -> None:
    """A route that nothing can reach would be unambiguous too."""
    routes = app_routes()
    for own in routes:
        path = own_path(own.template)
        for method in own.methods or {"GET"}:
            match = RouteTable(routes).match(method, path)
            assert match is not None, (method, path)
            assert match.function == own.function, (method, path)


@given(st.data())
def test_no_generated_path_matches_two_routes(data: st.DataObject) -> None:
    """Whatever stands where a parameter is, and wherever words of other routes stand."""
    routes = app_routes()
    literals = sorted({p for r in routes for s in r.template.segments for p in s.parts if isinstance(p, str)})
    text = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=40)
    segment = st.one_of(st.sampled_from(literals), st.sampled_from(VALUES), st.uuids().map(str), text)
    chosen = data.draw(st.sampled_from(routes))
    segments = [
        part if isinstance(part := s.parts[0], str) and data.draw(st.booleans()) else data.draw(segment)
        for s in chosen.template.segments
    ]
    path = "/" + "/".join(segments)
    for method in ("GET", "POST", "PUT", "DELETE"):
        taken = [
            r.function
            for r in routes
            if (r.methods is None or method in r.methods) and r.template.match(path) is not None
        ]
        assert len(taken) <= 1, (method, path)


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        # A literal has no precedence over a parameter.
        ("roadmaps/{id}", "roadmaps/lookup", "/api/roadmaps/lookup"),
        # 36 characters are a UUID's length: 35 are what keeps a topic apart from `lessons/{id}/status`.
        (
            "lessons/{id:guid:length(36)}/status",
            "lessons/{subject:maxlength(36)}/{topic:maxlength(36)}",
            f"/api/lessons/{UUID}/status",
        ),
        # `guid` alone takes 32 characters too, which 35 do not keep out.
        (
            "lessons/{id:guid}/status",
            "lessons/{subject:maxlength(35)}/{topic:maxlength(35)}",
            f"/api/lessons/{GUIDS[0]}/status",
        ),
        ("things/{name:alpha}", "things/{number:int?}", None),
        ("things/{name:minlength(2)?}", "things", "/api/things"),
        ("files/{*rest}", "files/{id:guid}/content", f"/api/files/{GUIDS[0]}/content"),
    ],
)
def test_a_planted_pair_is_found(one: str, other: str, path: str | None) -> None:
    found = witness(route("one", one, "GET"), route("other", other, "GET"))
    assert found == (None if path is None else ("GET", path))


def test_an_ambiguous_route_beside_the_real_ones_is_found() -> None:
    planted = route("a_planted_route", "roadmaps/{anything}", "GET")
    assert [line.split(" and ")[0].split()[-1] for line in ambiguities([planted, *app_routes()])]


def test_routes_of_different_methods_do_not_meet() -> None:
    assert witness(route("one", "things", "GET"), route("other", "things", "POST")) is None
    assert witness(route("one", "things"), route("other", "things", "POST")) == ("POST", "/api/things")


def test_every_http_function_names_its_methods_and_its_access() -> None:
    """Without methods a function takes every one; without a level it would take the app's default."""
    for name, trigger in http_triggers().items():
        assert trigger["authLevel"] in {"ANONYMOUS", "FUNCTION"}, name
        assert trigger["methods"], name


def test_every_http_function_is_a_row_of_the_route_table() -> None:
    """What is registered past the table would have no access rule and no description."""
    rows = endpoint_rows()
    triggers = http_triggers()
    assert {name: ([row["method"]], row["route"]) for name, row in rows.items()} == {
        name: (trigger["methods"], trigger["route"]) for name, trigger in triggers.items()
    }
    for name, row in rows.items():
        level = "FUNCTION" if row["access"] == "function_key" else "ANONYMOUS"
        assert triggers[name]["authLevel"] == level, name


def test_routes_leave_the_prefix_to_the_host_and_its_own_paths_alone() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    assert host["extensions"]["http"]["routePrefix"] == PREFIX
    for name, trigger in http_triggers().items():
        assert not trigger["route"].lower().startswith(("admin", "runtime")), name
        assert not trigger["route"].startswith(("/", "~", f"{PREFIX}/")), name


def test_every_path_parameter_is_constrained() -> None:
    for name, trigger in http_triggers().items():
        for parameter in parameters(RouteTemplate(trigger["route"])):
            assert parameter.constraints, (name, parameter.name)
            assert not parameter.optional, (name, parameter.name)
            assert not parameter.catch_all, (name, parameter.name)


def test_ids_are_uuids_in_one_format_only() -> None:
    for name, trigger in http_triggers().items():
        for parameter in parameters(RouteTemplate(trigger["route"])):
            if parameter.name == "id":
                accepted = [value for value in GUIDS if parameter.accepts(value)]
                assert accepted == [UUID, UUID.upper()], name


def test_names_are_valid_and_unique_without_regard_to_case() -> None:
    names = list(function_table())
    assert len(names) >= 15
    for name in names:
        assert FUNCTION_NAME.fullmatch(name)
        assert name.lower() != "host"
    assert len({name.lower() for name in names}) == len(names)


def test_no_two_functions_have_one_route_and_method() -> None:
    """The host refuses the second of two equal routes with overlapping methods."""
    triggers = http_triggers()
    for one, other in itertools.combinations(triggers.values(), 2):
        if one["route"].lower() == other["route"].lower():
            assert not {*one["methods"]} & {*other["methods"]}
