"""Lessons composed from real documentation keep their promises; tests/artefacts/ has them for reading."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.lessons.attribution import attribute
from shared.lessons.code import compiles, is_session
from shared.lessons.composer import compose
from shared.lessons.composer.diagram import SAFE_LINE
from shared.lessons.composer.material import plain
from shared.lessons.composer.readable import ELLIPSIS
from shared.lessons.gates import Assignment, apply_gates
from shared.lessons.rendering import VersionFacts, to_html, to_markdown, to_terminal
from shared.lessons.rendering.blocks import section_parser
from shared.models.content import LessonContent
from shared.models.curriculum import Tier
from shared.models.research import Brief
from shared.models.specification import LessonSpecification, normalise
from tests.support.lesson_briefs import PLANTS, PYTHON_LESSONS, python_brief, specification
from tests.support.question_checks import assert_sound
from tests.support.quotations import quoted_texts

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
PLANT_LESSON = specification(
    "Photosynthesis",
    (
        "Explain what photosynthesis is",
        "Describe the chloroplast and its light reactions",
        "Name the pore of a leaf",
    ),
)
LESSONS = {**PYTHON_LESSONS, "photosynthesis": PLANT_LESSON}


@dataclass(frozen=True)
class Composed:
    """One lesson with all that it was made of."""

    name: str
    specification: LessonSpecification
    brief: Brief
    content: LessonContent

    def passages(self) -> list[str]:
        """Every passage as the composer reads it, white space collapsed."""
        return [
            " ".join(plain(passage.text).split())
            for source in self.brief.sources
            for passage in source.passages
        ]


@pytest.fixture(scope="module", params=sorted(LESSONS))
def lesson(request: pytest.FixtureRequest) -> Composed:
    name: str = request.param
    wanted = LESSONS[name]
    found = PLANTS if name == "photosynthesis" else python_brief(wanted)
    return Composed(name, wanted, found, compose(wanted, found))


def is_verbatim(text: str, passages: list[str]) -> bool:
    """Tell whether each stretch of a quotation between two marks of omission stands in one passage."""
    stretches = [" ".join(part.split()) for part in text.split(ELLIPSIS)]
    return all(
        any(stretch in passage for passage in passages) for stretch in stretches if stretch.strip(" .;:")
    )


def test_printed_for_reading(lesson: Composed) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    facts = VersionFacts("1.0", "en", "extractive", "composer", datetime(2026, 1, 2, tzinfo=UTC))
    attribution = attribute(lesson.content, lesson.brief)
    arguments = (lesson.specification.title, lesson.content, facts, attribution)
    for suffix, text in (
        ("md", to_markdown(*arguments)),
        ("html", to_html(*arguments)),
        ("txt", to_terminal(*arguments)),
    ):
        path = ARTEFACTS / f"{lesson.name}.{suffix}"
        path.write_text(text, encoding="utf-8")
        assert lesson.specification.title in path.read_text(encoding="utf-8")


def test_same_input_same_lesson(lesson: Composed) -> None:
    assert compose(lesson.specification, lesson.brief) == lesson.content


def test_every_section_is_sourced_and_every_quotation_verbatim(lesson: Composed) -> None:
    known = {source.id for source in lesson.brief.sources}
    for section in lesson.content.sections:
        assert section.source_ids
        assert set(section.source_ids) <= known
        quotations = quoted_texts(section.markdown)
        assert quotations
        for quotation in quotations:
            assert is_verbatim(quotation, lesson.passages()), quotation


def test_concepts_are_defined_word_for_word(lesson: Composed) -> None:
    assert lesson.content.key_concepts
    for concept in lesson.content.key_concepts:
        quoted = concept.definition[1 : concept.definition.rindex("”")]
        assert is_verbatim(quoted, lesson.passages()), quoted


def test_quiz_key_is_verbatim_and_distractors_are_absent_from_its_passage(lesson: Composed) -> None:
    assert len(lesson.content.quiz) >= min(3, len(lesson.brief.sources))
    for question in lesson.content.quiz:
        assert_sound(question, lesson.passages())


def test_quiz_is_well_formed(lesson: Composed) -> None:
    quiz = lesson.content.quiz
    assert len({normalise(question.question) for question in quiz}) == len(quiz)
    assert len({normalise(question.options[question.answer_index]) for question in quiz}) == len(quiz)
    places = [question.answer_index for question in quiz]
    for start in range(0, len(places), 4):
        assert len(set(places[start : start + 4])) == len(places[start : start + 4])


def test_code_is_python(lesson: Composed) -> None:
    for section in lesson.content.sections:
        for token in section_parser().parse(section.markdown):
            if token.type == "fence" and token.info in {"python", "pycon"}:
                code = token.content.rstrip("\n")
                assert compiles(code) if token.info == "python" else is_session(code)
    for exercise in lesson.content.exercises:
        if exercise.starter_code:
            assert compiles(exercise.starter_code)
            assert compiles(exercise.solution) or is_session(exercise.solution)


def test_code_exercises_come_from_the_sources(lesson: Composed) -> None:
    codes = [
        passage.text
        for source in lesson.brief.sources
        for passage in source.passages
        if passage.kind == "code"
    ]
    with_code = [exercise for exercise in lesson.content.exercises if exercise.starter_code]
    assert bool(with_code) or not codes
    for exercise in with_code:
        assert exercise.solution in codes or exercise.starter_code in codes
        assert exercise.solution != exercise.starter_code


def test_diagram_is_in_the_safe_grammar(lesson: Composed) -> None:
    for diagram in lesson.content.diagrams:
        for line in diagram.mermaid.split("\n"):
            assert SAFE_LINE.fullmatch(line), line
        assert diagram.alt_text


def test_nothing_is_left_over(lesson: Composed) -> None:
    texts = [lesson.content.summary]
    texts += [concept.definition for concept in lesson.content.key_concepts]
    texts += [text for section in lesson.content.sections for text in quoted_texts(section.markdown)]
    for text in texts:
        prose = re.sub(r"`[^`]*`", "", text)
        assert not re.search(
            r"::|\*\w|:ref:|\{\{|\[\[|==|&\w+;|</?\w|\bsee section|\bthe following table", prose
        ), text
        assert not re.search(r"^(?:This|However|They)\b", prose.lstrip("“"))
        assert html.unescape(prose) == prose


def test_resources_are_the_briefs(lesson: Composed) -> None:
    assert {resource.url for resource in lesson.content.resources} <= {
        source.url for source in lesson.brief.sources
    }


def test_cleaning_changes_nothing(lesson: Composed) -> None:
    assignment = Assignment(lesson.specification, lesson.brief, Tier.EXTRACTIVE)
    judged = apply_gates(lesson.content, assignment)
    assert judged.content == lesson.content
    assert judged.objections == ()
