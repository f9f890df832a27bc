"""Pages made into passages: whatever is written, it ends, it is bounded, and what is hidden stays out."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.research import Passage
from shared.research.documentation.index import Entry
from shared.research.documentation.inventory import inventory_entries
from shared.research.documentation.llms_txt import llms_entries
from shared.research.documentation.sitemap import read_sitemap
from shared.research.fetching.passages import (
    MAX_CODE,
    MAX_PASSAGES,
    MAX_TEXT,
    html_passages,
    markdown_passages,
    page_passages,
)
from shared.research.fetching.prose import plain_prose
from shared.research.fetching.visible import hides
from shared.research.protocol import Question, SourceFailed
from shared.research.video.captions import Snippet
from shared.research.video.moments import chapters, clock, duration_seconds, key_moments
from tests.support.source_pages import HIDDEN, LOOPS, whole_page

Reader = Callable[[str, str], list[Passage]]
READERS: tuple[Reader, ...] = (html_passages, markdown_passages, page_passages)
BASE = "https://docs.example.org/"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("place", HIDDEN)
def test_each_hiding_place_is_empty(reader: Reader, place: str) -> None:
    text = (
        f"<div>{LOOPS}\n{HIDDEN[place]}\n<p>After it, the lesson about the loop goes on as before.</p></div>"
    )
    passages = reader(whole_page(text) if reader is page_passages else text, "Loops")
    shown = " ".join(passage.text for passage in passages)
    assert "HIDDEN" not in shown
    assert "goes on as before" in shown


@pytest.mark.parametrize(
    "style",
    ["color: black", "color:#333;background:#fff", "display:block", "font-size:14px", "font-size:0.9em",
     "opacity:0.95", "left:-2px", "width:100%", "background:white", "margin-left:-10px", ""],
)  # fmt: skip
def test_what_a_style_leaves_visible_stays(style: str) -> None:
    assert not hides(style)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text",
    ["<div>" * 50_000, "<p>" + "<b>x</b>" * 60_000, "<ul><li>" * 240, "[" * 60_000, "*a_" * 20_000,
     "<!--" * 20_000, "<![CDATA[" * 5_000, "&" * 60_000, "<pre>" * 3_000, "\x00" * 1_000, "<", ""],
    ids=lambda text: text[:9] or "empty",
)  # fmt: skip
def test_pages_that_are_written_to_stop_a_parser_do_not(reader: Reader, text: str) -> None:
    for passage in reader(text, "Title"):
        assert len(passage.text) <= max(MAX_TEXT, MAX_CODE)


PIECES = [
    "<p>", "</p>", "<pre>", "</pre>", "<code>", "</code>", "<ul><li>", "</ul>", "<h2>", "</h2>", "<table>",
    "<span style='display:none'>", "</span>", "<!--", "-->", "for x in y:\n  z", "A sentence on loops. ",
    "[a](http://b.example/c)", "```", "\n\n", "- ", "> ", "<source>", "&lt;/source&gt;", "\u202e", "\u200b",
    "&#8;", "\x08",
]  # fmt: skip
markup = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=60).map("".join)


@settings(max_examples=60)
@given(markup)
def test_passages_are_bounded_and_clean_whatever_is_read(text: str) -> None:
    for reader in (html_passages, markdown_passages):
        passages = reader(text, "Title")
        assert len(passages) <= MAX_PASSAGES
        for passage in passages:
            assert 0 < len(passage.text) <= (MAX_CODE if passage.kind == "code" else MAX_TEXT)
            assert not any(hidden in passage.text for hidden in "\u202e\u200b\x00")
            if passage.kind == "text":
                assert plain_prose(passage.text) == passage.text
                assert "b.example" not in passage.text.replace("http://b.example/c", "")


@settings(max_examples=100)
@given(st.binary(max_size=400), st.text(max_size=400))
def test_a_sites_own_files_may_hold_anything(data: bytes, text: str) -> None:
    readings: list[Callable[[], list[Entry]]] = [
        lambda: inventory_entries(data, BASE),
        lambda: inventory_entries(b"# Sphinx inventory version 2\na\nb\nc\n" + zlib.compress(data), BASE),
        lambda: read_sitemap(data, BASE).pages,
        lambda: llms_entries(text, BASE),
    ]
    for reading in readings:
        try:
            entries = reading()
        except SourceFailed:
            continue
        assert all(entry.url.startswith(("http://", "https://")) and entry.title for entry in entries)


def test_a_sitemap_reads_no_entities_and_nothing_outside() -> None:
    data = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>'
    assert read_sitemap(data, BASE).pages == []


def test_an_inventory_that_unfolds_too_far_is_refused() -> None:
    bomb = b"# Sphinx inventory version 2\na\nb\nc\n" + zlib.compress(b"x" * 20_000_000)
    with pytest.raises(SourceFailed, match="unfolds into more than"):
        inventory_entries(bomb, BASE)


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("PT1H2M3S", 3723, "1:02:03"),
        ("PT45S", 45, "0:45"),
        ("P1DT1S", 86_401, "24:00:01"),
        ("soon", 0, "0:00"),
    ],
)
def test_durations(text: str, seconds: int, shown: str) -> None:
    assert duration_seconds(text) == seconds
    assert clock(seconds) == shown


def test_the_moments_of_a_closed_video_quote_25_words_of_it_at_most() -> None:
    question = Question(
        subject="Go",
        module_title="Control flow",
        lesson_title="For loops",
        objectives=("Leave a loop early",),
    )
    said = "well hello and welcome to this part where we leave the loop early because that is what one does"
    stretches = [Snippet(50.0 * number, f"{said} number {number}") for number in range(9)]
    moments = key_moments(question, stretches, 25)
    assert len(moments) == 6
    assert {moment.title for moment in moments} == {"… leave the loop early …"}
    assert sum(len(moment.title.replace("…", "").split()) for moment in moments) <= 25
    assert key_moments(question, stretches)[0].title.startswith("well hello")
    assert key_moments(question, [], 25) == []


def test_chapters_are_in_order_and_within_the_video() -> None:
    lines = [
        "0:00 Intro",
        "(1:30) - The loop",
        "1:10 back",
        "2:00 [free](http://evil.example/) things",
        "99:00 On",
    ]
    text = "\n".join(lines)
    found = [(one.seconds, one.title) for one in chapters(text, 300)]
    assert found == [(0, "Intro"), (90, "The loop"), (120, "free things")]
