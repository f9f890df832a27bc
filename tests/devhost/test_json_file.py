"""JSON files with what people write into them, and nothing changed in what they hold."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.json_file import parse_json_file

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('/*"\\,}] \n ab')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_comments_and_last_commas_are_passed_over() -> None:
    text = """{
        // what a line says
        "version": "2.0", /* and more
        of it */
        "url": "https://a.example/*not a comment*/", // "quoted" here
        "list": [1, 2, /* three */ ], // ,]
    }"""
    assert parse_json_file(text) == {
        "version": "2.0",
        "url": "https://a.example/*not a comment*/",
        "list": [1, 2],
    }


@given(JSON, st.sampled_from([None, 2]))
def test_json_means_what_it_means(value: object, indent: int | None) -> None:
    assert parse_json_file(json.dumps(value, indent=indent)) == value
    assert parse_json_file(json.dumps(value, indent=indent, ensure_ascii=False)) == value


@pytest.mark.parametrize("text", ["", "{", '{"a": 1} {}', '{"a" 1}', "[1,,2]", '{"a": 1 /* open }', "//"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json_file(text)


def test_the_place_of_a_mistake_is_that_of_the_file() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        parse_json_file('{\n  // a comment\n  "a": 1, /* b */ "c": x\n}')
    assert (raised.value.lineno, raised.value.colno) == (3, 24)
