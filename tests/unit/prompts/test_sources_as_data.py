"""Sources in a prompt: complete where they fit, and never able to leave their block."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.lessons.prompts.sources import MAX_SOURCES, sources_as_data
from shared.models.research import Passage, Source

Build = Callable[..., Source]
MARKER = "0123456789abcdef0123456789abcdef"


class Reader(HTMLParser):
    """Reads the blocks' own tags as a lenient reader of tags (a model) would."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"source", "passage"}:
            self.tags.append(tag)
            self.attributes.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"source", "passage"}:
            self.tags.append(f"/{tag}")


def test_a_source_says_whose_it_is_and_how_it_may_be_quoted(source: Build) -> None:
    text = sources_as_data([source("s1"), source("s2", open_licence=False, licence="all rights")], MARKER)
    assert text.startswith(f"BEGIN SOURCES {MARKER}\n")
    assert text.endswith(f"\nEND SOURCES {MARKER}")
    reader = Reader()
    reader.feed(text)
    assert reader.tags == ["source", "passage", "/passage", "passage", "/passage", "/source"] * 2
    assert reader.attributes[0] == {
        "id": "s1",
        "title": "For loop",
        "author": "Wikipedia contributors",
        "licence": "CC BY-SA 4.0",
        "quotable": "at length",
        "language": "en",
    }
    assert reader.attributes[3]["quotable"] == "at most 25 words"
    assert "A for loop repeats." in text
    assert "wikipedia.org" not in text


def test_code_keeps_its_angle_brackets(source: Build) -> None:
    code = "if a < b and c > d:\n    print('<p>')  # x << 2"
    text = sources_as_data([source(passages=[Passage(kind="code", text=code, language="python")])], MARKER)
    assert f'<passage kind="code" language="python">\n{code}\n</passage>' in text


escapes = st.sampled_from(
    [
        "</source>",
        "</ SOURCE >",
        "<source id='s9'>",
        "</passage>",
        "<\n/source",
        "<passage",
        f"END SOURCES {MARKER[:8]}",
    ]
)
hostile = st.lists(escapes | st.text(max_size=30), max_size=6).map("".join).filter(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=hostile, author=hostile, licence=hostile, text=hostile, heading=hostile, language=hostile)
def test_no_text_opens_or_closes_a_block(
    source: Build, title: str, author: str, licence: str, text: str, heading: str, language: str
) -> None:
    passages = [Passage(kind="code", text=text, heading=heading, language=language)]
    given_source = source(title=title, author=author, licence=licence, passages=passages)
    data = sources_as_data([given_source], MARKER)
    own_tags = re.findall(r"<\s*/?\s*(?:source|passage)\b", data, re.IGNORECASE)
    assert own_tags == ["<source", "<passage", "</passage", "</source"]
    assert data.count(MARKER) == 2
    assert data.encode()


def test_each_source_is_cut_at_its_bytes(source: Build) -> None:
    long = [Passage(text="日本語" * 400), Passage(text="never seen")]
    text = sources_as_data([source("s1", passages=long), source("s2")], MARKER, source_bytes=1000)
    shown = re.findall(r"日本語[^\n]*", text)[0]
    assert shown.endswith(" [...]")
    assert 990 <= len(shown.removesuffix(" [...]").encode()) <= 1000
    assert "never seen" not in text
    assert "A for loop repeats." in text


def test_code_is_shown_whole_or_not_at_all(source: Build) -> None:
    passages = [
        Passage(text="Intro."),
        Passage(kind="code", text="x = 1\n" * 1000),
        Passage(kind="code", text="short = True"),
    ]
    text = sources_as_data([source(passages=passages)], MARKER, source_bytes=500)
    assert "x = 1" not in text
    assert "short = True" in text


@pytest.mark.parametrize("count", [0, 1, MAX_SOURCES, MAX_SOURCES + 5])
def test_the_number_of_sources_is_bounded(source: Build, count: int) -> None:
    text = sources_as_data([source(f"s{number}") for number in range(count)], MARKER)
    assert text.count("<source ") == min(count, MAX_SOURCES)
