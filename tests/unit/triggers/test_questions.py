"""Ids, headers and query parameters: checked values, or a problem that names what is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.queries import PageQuery, WaitQuery
from tests.unit.triggers.requests import answer_to, fields_of, problem_of, request
from triggers.questions import (
    MAX_IDEMPOTENCY_KEY,
    idempotency_key,
    known_tags,
    path_id,
    read_query,
)


def ask_page(req: func.HttpRequest) -> PageQuery:
    return read_query(req, PageQuery)


def ask_wait(req: func.HttpRequest) -> WaitQuery:
    return read_query(req, WaitQuery)


def with_key(key: str) -> func.HttpRequest:
    return request(headers={"Idempotency-Key": key})


class TestIdempotencyKey:
    """The header Idempotency-Key."""

    def test_it_is_optional(self) -> None:
        assert idempotency_key(request()) is None

    @pytest.mark.parametrize(
        "key", ["a", " a ", "k" * MAX_IDEMPOTENCY_KEY, str(uuid.UUID(int=7)), '"quoted"']
    )
    def test_a_good_one_is_returned_without_the_spaces_around_it(self, key: str) -> None:
        assert idempotency_key(with_key(key)) == key.strip()

    @pytest.mark.parametrize(
        "key", ["", " ", "\t", "k" * (MAX_IDEMPOTENCY_KEY + 1), "a\x00b", "a\nb", "a\x7f", "a\x85b", "\u2028"]
    )
    def test_a_bad_one_is_named(self, key: str) -> None:
        found = problem_of(idempotency_key, with_key(key))
        assert (found["status"], found["code"]) == (400, "invalid_idempotency_key")
        assert fields_of(found) == ["Idempotency-Key"]

    @given(st.text(max_size=250))
    def test_any_text_is_a_key_or_a_problem(self, key: str) -> None:
        if answer_to(idempotency_key, with_key(key)).status_code == 204:
            read = idempotency_key(with_key(key))
            assert read
            assert read.isprintable()
            assert len(read) <= MAX_IDEMPOTENCY_KEY


Ask = Callable[[func.HttpRequest], Any]
BOUNDS: list[tuple[str, Ask, int, int]] = [("limit", ask_page, 1, 100), ("wait", ask_wait, 0, 25)]
WHOLE_NUMBERS: list[tuple[str, Ask]] = [(name, ask) for name, ask, _, _ in BOUNDS]


class TestNumbers:
    """`?limit=` and `?wait=`."""

    def test_the_defaults(self) -> None:
        assert ask_page(request()) == PageQuery(limit=20, continuation=None)
        assert ask_wait(request()).wait == 0

    @pytest.mark.parametrize(("name", "ask", "low", "high"), BOUNDS)
    def test_the_bounds_are_part_of_the_range(self, name: str, ask: Ask, low: int, high: int) -> None:
        for number in (low, high):
            assert answer_to(ask, request(params={name: str(number)})).status_code == 204
        for number in (low - 1, high + 1):
            found = problem_of(ask, request(params={name: str(number)}))
            assert (found["status"], fields_of(found)) == (422, [name])

    @pytest.mark.parametrize(("name", "ask"), WHOLE_NUMBERS)
    @pytest.mark.parametrize(
        "text",
        ["", " ", "five", "5 ", "+5", "-5", "5.0", "1e1", "0x5", "٥", "５", "²", "1_0", "9" * 5000, "5,5"],
    )
    def test_whatever_is_no_whole_number_is_named(self, name: str, ask: Ask, text: str) -> None:
        found = problem_of(ask, request(params={name: text}))
        assert (found["status"], found["code"], fields_of(found)) == (422, "invalid_request", [name])

    @given(st.text(max_size=8))
    def test_any_text_is_a_number_in_range_or_a_problem(self, text: str) -> None:
        req = request(params={"limit": text})
        if answer_to(ask_page, req).status_code == 204:
            assert 1 <= ask_page(req).limit <= 100

    def test_what_a_route_does_not_know_is_ignored(self) -> None:
        assert ask_page(request(params={"limit": "7", "code": "a function key"})).limit == 7

    def test_an_empty_continuation_is_none(self) -> None:
        assert ask_page(request(params={"continuation": ""})).continuation is None
        assert ask_page(request(params={"continuation": "abc"})).continuation == "abc"


class TestEntityTags:
    """The header If-None-Match."""

    @pytest.mark.parametrize(
        ("header", "tags"),
        [
            ('"1"', {'"1"'}),
            ('W/"1"', {'"1"'}),
            (' "1" , W/"2","3"', {'"1"', '"2"', '"3"'}),
            ("", set()),
            (" , ,", set()),
            ('"a,b", "c"', {'"a,b"', '"c"'}),
            ("*", {"*"}),
            ("unquoted", {"unquoted"}),
        ],
    )
    def test_they_are_compared_weakly(self, header: str, tags: set[str]) -> None:
        assert known_tags(request(headers={"If-None-Match": header})) == tags

    def test_without_the_header_there_are_none(self) -> None:
        assert known_tags(request()) == frozenset()

    @given(st.text(max_size=200))
    def test_any_header_is_read(self, header: str) -> None:
        assert "" not in known_tags(request(headers={"If-None-Match": header}))


@pytest.mark.parametrize("text", [str(uuid.UUID(int=2**128 - 1)), str(uuid.UUID(int=2**128 - 1)).upper()])
def test_ids_are_lower_cased_on_entry(text: str) -> None:
    assert path_id(request(route_params={"id": text})) == "ffffffff-ffff-ffff-ffff-ffffffffffff"
