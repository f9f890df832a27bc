"""Rendered lessons are whole, readable, and harmless whatever the stored text is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings

from shared.lessons.attribution import attribute
from shared.lessons.composer import compose
from shared.lessons.rendering import VersionFacts, to_html, to_markdown, to_terminal
from shared.models.content import (
    Diagram,
    Exercise,
    KeyConcept,
    KeyMoment,
    LessonContent,
    LessonResource,
    QuizQuestion,
    Section,
    Video,
)
from shared.models.library import SourceAttribution
from tests.support.hostile import SNIPPETS, hostile
from tests.support.lesson_briefs import PLANTS, RETRIEVED, specification

FACTS = VersionFacts("1.10", "de-AT", "model", "Groq <b>", datetime(2026, 3, 4, tzinfo=UTC))
_TAG_TABLE = """
    html head meta title style body header h1 h2 h3 h4 h5 h6 p a nav details summary ol ul li main div section
    dl dt dd blockquote pre code table thead tbody tr th td hr br em strong del figure figcaption article span
"""
ALLOWED_TAGS = frozenset(_TAG_TABLE.split())
VOID = frozenset({"meta", "br", "hr"})


class Page(HTMLParser):
    """What a browser would see of a page: every tag, every attribute, and whether the tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def content_of(text: str) -> LessonContent:
    """A lesson that holds a text wherever it can."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())[:400] or "x"
    block = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text).strip()[:3000] or "x"
    return LessonContent(
        summary=block,
        objectives=[line],
        key_concepts=[KeyConcept(term=line, definition=block)],
        sections=[
            Section(heading=line, markdown=block, source_ids=["s1"]), Section(heading=line, markdown=block),
        ],
        exercises=[
            Exercise(title=line, task=block, starter_code=block, hints=[block], solution=block),
            Exercise(title=line, task=block, solution=block),
        ],
        quiz=[QuizQuestion(question=block, options=[line, "b", "c", "d"], answer_index=0, explanation=block)]
        if line not in {"b", "c", "d"}
        else [],
        diagrams=[Diagram(title=line, mermaid=block, alt_text=block)],
        video=Video(
            id="1", title=line, channel=line, url=line, duration=line,
            key_moments=[KeyMoment(seconds=3700, title=line)], study_notes=[block],
        ),
        resources=[LessonResource(title=line, url=line, kind="page")],
    )  # fmt: skip


def attribution_of(text: str) -> SourceAttribution:
    return SourceAttribution(
        id="s1", title=text, author=text, url=text, licence=text, licence_url=text, origin="x", language="en",
        retrieved_at=RETRIEVED,
    )  # fmt: skip


def assert_harmless(page: Page) -> None:
    assert set(page.tags) <= ALLOWED_TAGS
    assert page.tags.count("style") == 1
    assert not page.open
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in {"src", "srcset", "style", "srcdoc", "action", "formaction", "background"}
        if name == "href":
            assert tag == "a"
            assert value.startswith(("http://", "https://", "#"))


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(hostile)
@example("\n\n".join(SNIPPETS[:20]))
@example("\n\n".join(SNIPPETS[20:]))
def test_hostile_text_never_reaches_the_page(text: str) -> None:
    assert_harmless(Page(to_html(text, content_of(text), FACTS, [attribution_of(text)])))


@settings(max_examples=100)
@given(hostile)
@example("\n\n".join(SNIPPETS))
@example(">")
def test_hostile_text_cannot_command_a_terminal(text: str) -> None:
    shown = to_terminal(text, content_of(text), FACTS, [attribution_of(text)], width=60)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)


@pytest.fixture(scope="module")
def lesson() -> tuple[str, LessonContent, VersionFacts, list[SourceAttribution]]:
    content = compose(specification(language="de"), PLANTS)
    return "Photosynthese & Licht", content, FACTS, attribute(content, PLANTS)


def test_html_is_a_complete_accessible_page(
    lesson: tuple[str, LessonContent, VersionFacts, list[SourceAttribution]],
) -> None:
    page = Page(to_html(*lesson))
    assert_harmless(page)
    attributes = set(page.attributes)
    assert {("html", "lang", "de-AT"), ("html", "dir", "ltr"), ("div", "lang", "en")} <= attributes
    assert page.tags.count("h1") == 1
    assert {"main", "nav", "header", "blockquote"} <= set(page.tags)
    identifiers = [value for _, name, value in page.attributes if name == "id"]
    assert len(set(identifiers)) == len(identifiers)
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(identifiers)
    text = "".join(page.text)
    for part in (
        "Photosynthese & Licht",
        "Wichtige Begriffe",
        "Antwort",
        "Quellen",
        "CC BY-SA 4.0",
        "2026-01-02",
    ):
        assert part in text


def test_answers_are_folded_away(
    lesson: tuple[str, LessonContent, VersionFacts, list[SourceAttribution]],
) -> None:
    html = to_html(*lesson)
    before_answer = html.split('id="quiz"')[1].split("<details>")[0]
    assert lesson[1].quiz[0].explanation[:30] not in before_answer


def test_right_to_left_languages_set_the_direction() -> None:
    facts = VersionFacts("1.0", "ar", "extractive", "composer", RETRIEVED)
    assert ("html", "dir", "rtl") in Page(to_html("x", content_of("x"), facts, [])).attributes


def test_markdown_keeps_solutions_for_the_end(
    lesson: tuple[str, LessonContent, VersionFacts, list[SourceAttribution]],
) -> None:
    markdown = to_markdown(*lesson)
    assert markdown.startswith("# Photosynthese & Licht\n")
    assert "Von einem Sprachmodell" in markdown
    assert markdown.index("## Quiz") < markdown.index("## Lösungen") < markdown.index("## Quellen")
    assert (
        lesson[1].quiz[0].explanation[:30]
        not in markdown[: markdown.index("## Lösungen")].split("## Quiz")[1]
    )


def test_plain_fields_show_their_signs_in_markdown_and_html() -> None:
    content = content_of("use `__init__` for __all__ *args <T> [0](x) in `a|b`")
    assert "use `__init__` for \\_\\_all\\_\\_ \\*args \\<T\\> \\[0\\](x) in `a|b`" in to_markdown(
        "t", content, FACTS, []
    )
    shown = "".join(Page(to_html("t", content, FACTS, [])).text)
    assert "use __init__ for __all__ *args <T> [0](x) in a|b" in shown


def test_terminal_wraps_prose_and_never_code(
    lesson: tuple[str, LessonContent, VersionFacts, list[SourceAttribution]],
) -> None:
    lines = to_terminal(*lesson, width=60).split("\n")
    assert all(len(line) <= 60 for line in lines if "://" not in line)
    long_code = "value = [" + ", ".join(map(str, range(40))) + "]"
    content = lesson[1].model_copy(
        update={"exercises": [Exercise(title="t", task="t", starter_code=long_code)]}
    )
    assert any(
        line.strip() == long_code for line in to_terminal("t", content, FACTS, [], width=60).split("\n")
    )


def test_colour_is_optional(lesson: tuple[str, LessonContent, VersionFacts, list[SourceAttribution]]) -> None:
    assert "\x1b[" not in to_terminal(*lesson)
    coloured = to_terminal(*lesson, colour=True)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == to_terminal(*lesson)
