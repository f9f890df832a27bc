"""Cleaning removes what is dangerous or invented from any body, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from markdown_it import MarkdownIt

from shared.lessons.gates import Assignment, Judged, apply_gates
from shared.models.content import (
    Diagram,
    Exercise,
    LessonContent,
    LessonResource,
    QuizQuestion,
    Section,
    Video,
)
from shared.models.curriculum import Tier
from shared.security.markdown import clean_markdown
from tests.support.hostile import SNIPPETS, hostile
from tests.support.lesson_briefs import brief, source, specification

GOOD = "https://good.example/page"
FOUND = brief(source("Any text at all.", url=GOOD, title="Good"))
ASSIGNMENT = Assignment(specification("It", ("Know it",)), FOUND, Tier.EXTRACTIVE)


def judged(content: LessonContent) -> Judged:
    return apply_gates(content, ASSIGNMENT)


def is_known(url: str) -> bool:
    return "good.example" in url


def lesson(**changes: Any) -> LessonContent:
    """A small clean lesson with changes."""
    fields: dict[str, Any] = {
        "summary": "All is well.",
        "objectives": ["Know it"],
        "sections": [Section(heading="One", markdown="Text.", source_ids=["s1"])],
    }
    return LessonContent(**{**fields, **changes})


def question(text: str, *options: str) -> QuizQuestion:
    return QuizQuestion(
        question=text, options=list(options or "abcd"), answer_index=1, explanation="Because."
    )


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a <b onclick=x>bold</b> word", "a bold word"),
        ("`<b>` and\n\n```html\n<b>\n```", "`<b>` and\n\n```html\n<b>\n```"),
        ("    <b>indented code</b>", "    <b>indented code</b>"),
        ("see [this](http://evil.example/a) now", "see this now"),
        (f"see [this]({GOOD}#part) now", f"see [this]({GOOD}#part) now"),
        ("[x](javascript:alert(1)) y", "x y"),
        ("[x](data:text/html,hi) and data: plain", "x and data: plain"),
        ("![chart](http://evil.example/c.png) shows", "chart shows"),
        (f"![chart]({GOOD}/c.png) shows", "chart shows"),
        ("go to <http://evil.example/x>.", "go to evil.example."),
        ("go to http://www.evil.example/x?y=1, then", "go to evil.example, then"),
        (f"go to {GOOD}, then", f"go to {GOOD}, then"),
        (f"[r][1] and [e][2]\n\n[1]: {GOOD}\n[2]: http://evil.example", f"[r](<{GOOD}>) and e"),
        ("> quoted <i>x</i> [y](//evil.example)", "> quoted x y"),
        ("- one\n- two [z](http://evil.example)", "- one\n- two z"),
        ("- [evil]: javascript:alert(1)\n\n[evil]", "evil"),
        ("> 1. [evil]: //evil.example\n\n[evil] [x][evil]", "evil x"),
        ("1 < 2 and 3 > 2 & so on, List\\<T\\>", "1 < 2 and 3 > 2 & so on, List\\<T\\>"),
    ],
)
def test_markdown(dirty: str, clean: str) -> None:
    assert clean_markdown(dirty, is_known).strip() == clean.strip()


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(hostile)
@example("\n\n".join(SNIPPETS))
@example('{% raw %} ${x} {{y}} :: :::::: "><script>alert(1)</script> [click](javascript:alert(1))')
def test_no_parser_finds_html_images_or_unknown_links_afterwards(text: str) -> None:
    cleaned = clean_markdown(text, is_known)
    assert clean_markdown(cleaned, is_known) == cleaned
    for parser in (
        MarkdownIt("commonmark", {"html": True}).enable("table"),
        MarkdownIt("js-default", {"html": True}),
    ):
        parser.validateLink = lambda url: url is not None  # type: ignore[method-assign]
        defined: dict[str, Any] = {}
        tokens = parser.parse(cleaned, defined)
        assert not defined.get("references"), "it would make links of other texts of the document"
        for token in tokens:
            assert token.type != "html_block"
            for child in token.children or []:
                assert child.type not in {"html_inline", "image"}
                if child.type == "link_open":
                    assert is_known(str(child.attrGet("href")))


@settings(max_examples=100)
@given(hostile)
def test_code_survives(text: str) -> None:
    code = re.sub(r"[`~\r]", "", text)
    block = f"Before.\n\n```html\n{code}\n```\n\nAfter `<b>`."
    assert clean_markdown(block, is_known) == block


def test_unknown_sources_and_foreign_resources_go() -> None:
    dirty = lesson(
        sections=[Section(heading="One", markdown="Text.", source_ids=["s9", "s1", "s1"])],
        resources=[
            LessonResource(title="Good", url="HTTPS://GOOD.example/page", kind="page"),
            LessonResource(title="Bad", url="https://evil.example", kind="page"),
            LessonResource(title="Worse", url="javascript:alert(1)", kind="page"),
        ],
        video=Video(id="v", title="T", channel="C", url="https://evil.example/v"),
    )
    cleaned = judged(dirty).content
    assert cleaned.sections[0].source_ids == ["s1"]
    assert [resource.title for resource in cleaned.resources] == ["Good"]
    assert cleaned.video is None


def test_a_video_of_the_brief_stays() -> None:
    video = Video(id="v", title="T <b>b</b>", channel="C", url=GOOD, study_notes=["<i></i>", "n"])
    cleaned = judged(lesson(video=video)).content
    assert cleaned.video == video.model_copy(update={"title": "T b", "study_notes": ["n"]})


def test_questions_are_asked_once_and_keep_their_options() -> None:
    asked = [
        question("What is it?"),
        question("what  IS it?"),
        question("And `<b>`?", "<b>", "`<b>`", "c", "d"),
        question("Last?", "1", "2", "3", "<i>4</i>"),
    ]
    kept = judged(lesson(quiz=asked)).content.quiz
    assert [item.question for item in kept] == ["What is it?", "Last?"]
    assert kept[1].options == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "hostile_line",
    [
        "%%{init: {}}%%",
        '  click a "http://evil.example"',
        "  click a call alert()",
        "  style a fill:url(http://evil.example)",
        '  a["<img src=x onerror=alert()>x"]',
        "  a[x javascript:]",
        "  linkStyle 0 stroke:#f00",
    ],
)
def test_diagrams_lose_links_directives_and_styles(hostile_line: str) -> None:
    good = Diagram(title="D", mermaid='graph TD\n  a["x"] --> b', alt_text="A to b.")
    lines = good.mermaid.split("\n")
    bad = good.model_copy(update={"mermaid": "\n".join([lines[0], hostile_line, *lines[1:]])})
    kept = judged(lesson(diagrams=[bad, good])).content.diagrams
    assert kept[-1] == good
    assert kept[0].mermaid.replace('  a["x"]\n', "") == good.mermaid


def test_a_diagram_that_nobody_can_read_goes() -> None:
    bad = Diagram(title="D", mermaid="graph TD\n  a --> [[", alt_text="A.")
    assert judged(lesson(diagrams=[bad])).content.diagrams == []


def test_code_of_exercises_is_left_alone_and_their_prose_is_not() -> None:
    code = "print('<b>')  # http://evil.example"
    exercise = Exercise(
        title="<i>T</i>", task="Do [it](http://evil.example)", starter_code=code, solution=code
    )
    prose = Exercise(title="E", task="Say.", solution="It is <b>so</b>.", hints=["<hr>", "h"])
    cleaned = judged(lesson(exercises=[exercise, prose])).content.exercises
    assert cleaned[0] == exercise.model_copy(update={"title": "T", "task": "Do it"})
    assert cleaned[1] == prose.model_copy(update={"solution": "It is so.", "hints": ["h"]})


def test_hidden_characters_go() -> None:
    assert judged(lesson(summary="a\u200bb\u202ec")).content.summary == "abc"


def test_an_empty_body_is_refused() -> None:
    nothing = judged(lesson(sections=[Section(heading="<b></b>", markdown="<i></i>")]))
    assert nothing.objections[0] == "No section is left."
    assert judged(lesson(objectives=["<b></b>"])).objections[0] == "No objective is left."
