"""Route templates and the route table against ASP.NET Core's rules."""

import contextlib
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.routing.table import Route, RouteTable
from devhost.routing.template import RouteTemplate, TemplateError

GUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/ping", "/api/ping", {}),
        ("api/ping", "/API/Ping/", {}),
        ("api/ping", "/api/ping//", None),
        ("api/ping", "/api//ping", None),
        ("api/ping", "/api", None),
        ("api/{a}/{b?}", "/api/x", {"a": "x", "b": None}),
        ("api/{a}/{b?}", "/api/x/y", {"a": "x", "b": "y"}),
        ("api/{a}/{b?}", "/api/x/y/z", None),
        ("api/{a=1}", "/api", {"a": "1"}),
        ("api/{a:int=7}", "/api/x", None),
        ("api/{*rest}", "/api", {"rest": None}),
        ("api/{*rest}", "/api/a/b/", {"rest": "a/b/"}),
        ("api/{**rest}", "/api/a/b", {"rest": "a/b"}),
        ("{*all}", "/", {"all": None}),
        ("", "/", {}),
        ("files/{name}.{kind}", "/files/a.b.c", {"name": "a.b", "kind": "c"}),
        ("files/{name}.{kind?}", "/files/readme", {"name": "readme", "kind": None}),
        ("v{major}-{minor}", "/v1-2-3", {"major": "1-2", "minor": "3"}),
        ("x/{a:regex(^\\d{{3}}-(a|b)$)}", "/x/123-a", {"a": "123-a"}),
        ("x/{a:regex(^\\d{{3}}-(a|b)$)}", "/x/1234-a", None),
        ("x/{a:regex(^[a-z/]+$)}/y", "/x/abc/y", {"a": "abc"}),
        ("x/{a:minlength(2):maxlength(3)}", "/x/a", None),
        ("x/{a:minlength(2):maxlength(3)}", "/x/abc", {"a": "abc"}),
        ("x/{{literal}}", "/x/{literal}", {}),
        ("{id:guid:length(36)}", f"/{GUID}", {"id": GUID}),
        ("{id:guid:length(36)}", f"/{GUID.replace('-', '')}", None),
    ],
)
def test_a_template_matches_as_the_real_one_does(
    template: str, path: str, values: dict[str, str | None] | None
) -> None:
    assert RouteTemplate(template).match(path) == values


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("guid", [GUID, GUID.replace("-", ""), f"{{{GUID}}}", f"({GUID})"], [GUID[:-1], "x", f"{{{GUID})"]),
        ("guid", ["{0x7c9e6679,0x7425,0x40de,{0x94,0x4b,0xe0,0x7f,0xc1,0xf9,0x0a,0xe7}}"], ["{0x7c}"]),
        ("int", ["0", "-5", "+3", "2147483647"], ["2147483648", "1.0", "", "1e3", "٣"]),
        ("long", ["9223372036854775807"], ["9223372036854775808", "x"]),
        ("bool", ["true", "False"], ["1", "yes"]),
        ("decimal", ["1.5", "-1,000.25"], ["1e5", "x", "1" + "0" * 40]),
        ("double", ["1.5", "-2e10", ".5"], ["x", "1.2.3"]),
        ("float", ["3"], ["3f"]),
        ("datetime", ["2026-11-20", "2026-11-20T10:00:00Z", "Nov 20, 2026"], ["2026-13-01", "20261120", "x"]),
        ("alpha", ["abcXYZ"], ["abc1", "ä"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("length(2,3)", ["ab", "abc", "😀"], ["a", "😀😀"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("min(18)", ["18"], ["17", "x"]),
        ("max(18)", ["18", "-4"], ["19"]),
        ("range(1,5)", ["1", "5"], ["0", "6"]),
        ("regex(^a.c$)", ["abc", "ABC"], ["abcd"]),
        ("required", ["x"], []),
    ],
)
def test_a_constraint_accepts_what_the_real_one_accepts(
    constraint: str, accepted: list[str], refused: list[str]
) -> None:
    template = RouteTemplate(f"{{value:{constraint}}}")
    assert [value for value in accepted if template.match(f"/{value}") is None] == []
    assert [value for value in refused if template.match(f"/{value}") is not None] == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a//b", "cannot appear consecutively"),
        ("a/{b", "incomplete parameter"),
        ("a/b}", "incomplete parameter"),
        ("{a}{b}", "two consecutive parameters"),
        ("{a}/{A}", "more than one time"),
        ("{*a}/b", "catch-all parameter can only appear as the last segment"),
        ("{a:prime}", "could not be resolved to a type"),
        ("{a:length(x)}", "trying to create the constraint"),
        ("{a:range(1)}", "Could not find a constructor"),
        ("{a:regex(()}", "RegexInlineRouteConstraint"),
        ("{a=1?}", "An optional parameter cannot have default value"),
        ("{}", "parameter name"),
        ("x{*a}", "cannot contain a catch-all"),
        ("a?b", "cannot contain the '?'"),
        ("~a", "cannot start with"),
        ("{a?}x", "must be at its end"),
    ],
)
def test_a_broken_template_is_refused_in_the_real_words(template: str, words: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(words)):
        RouteTemplate(template)


def test_the_first_function_by_name_answers_and_a_literal_has_no_precedence() -> None:
    table = RouteTable(
        [
            Route("b_literal", RouteTemplate("items/special"), frozenset({"GET"})),
            Route("A_parameter", RouteTemplate("items/{id}"), frozenset({"GET"})),
        ]
    )
    match = table.match("GET", "/items/special")
    assert match is not None
    assert (match.function, match.values) == ("A_parameter", {"id": "special"})


def test_a_wrong_method_is_no_match_and_an_omitted_list_takes_all() -> None:
    table = RouteTable(
        [Route("get", RouteTemplate("x"), frozenset({"GET"})), Route("any", RouteTemplate("y"), None)]
    )
    assert table.match("HEAD", "/x") is None
    assert table.match("OPTIONS", "/x") is None
    assert table.match("PROPFIND", "/y") is not None


segments = st.text(
    st.characters(exclude_characters="/{}?~\0", exclude_categories=["Cs"]), min_size=1, max_size=8
)


@given(st.lists(segments, min_size=1, max_size=5))
def test_a_literal_template_matches_itself_and_nothing_longer(parts: list[str]) -> None:
    template = RouteTemplate("/".join(parts))
    assert template.match("/" + "/".join(parts)) == {}
    assert template.match("/" + "/".join([*parts, "more"])) is None
    assert template.match("/" + "/".join(parts[:-1])) is None


@given(st.lists(segments, min_size=1, max_size=5))
def test_parameters_capture_their_segments_and_a_catch_all_the_rest(parts: list[str]) -> None:
    names = [f"p{index}" for index in range(len(parts))]
    one_each = RouteTemplate("/".join(f"{{{name}}}" for name in names))
    assert one_each.match("/" + "/".join(parts)) == dict(zip(names, parts, strict=True))
    assert RouteTemplate("{*rest}").match("/" + "/".join(parts)) == {"rest": "/".join(parts)}


@given(st.uuids())
def test_every_uuid_is_a_guid(value: uuid.UUID) -> None:
    template = RouteTemplate("{id:guid}")
    assert template.match(f"/{value}") is not None
    assert template.match(f"/{value.hex.upper()}") is not None


@given(st.integers())
def test_int_accepts_exactly_32_bits(value: int) -> None:
    assert (RouteTemplate("{n:int}").match(f"/{value}") is not None) == (-(2**31) <= value < 2**31)


@given(st.text(max_size=30))
def test_any_template_parses_or_is_refused(template: str) -> None:
    with contextlib.suppress(TemplateError):
        RouteTemplate(template)


@given(st.text(st.sampled_from("{}/:()=?*a.~"), max_size=14), st.text(st.sampled_from("a/.{}"), max_size=8))
def test_templates_of_the_notation_itself_never_crash(template: str, path: str) -> None:
    with contextlib.suppress(TemplateError):
        RouteTemplate(template).match("/" + path)
