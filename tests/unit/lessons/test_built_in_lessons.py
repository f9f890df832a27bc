"""Every lesson of the built-in Python roadmap, composed without network or model, is worth reading."""

from __future__ import annotations

import re
from functools import cache

import pytest

from shared.lessons.composer.material import plain
from shared.models.learner import LearningStyle
from shared.models.specification import LessonSpecification, normalise
from tests.support.lesson_quality import (
    Measured,
    compose_measured,
    research_measured,
    shortcomings,
    specifications,
)
from tests.support.question_checks import assert_sound
from tests.support.quotations import quoted_texts

STYLES = (LearningStyle.HANDS_ON, LearningStyle.MIXED)
LESSONS = [
    pytest.param(lesson, id=f"{lesson.curriculum.level.value}: {lesson.title}")
    for lesson in specifications(styles=STYLES[:1])
]
leaning = re.compile(r"(?:This|That|These|It|They|See|However|Therefore|Else)\b")


@cache
def composed(title: str, level: str) -> tuple[Measured, ...]:
    """The lesson in each style, from one brief."""
    lesson = next(
        one
        for one in specifications(styles=STYLES[:1])
        if (one.title, one.curriculum.level.value) == (title, level)
    )
    brief, seconds = research_measured(lesson)
    return tuple(
        compose_measured(lesson.model_copy(update={"style": style}), brief, seconds) for style in STYLES
    )


def in_each_style(lesson: LessonSpecification) -> tuple[Measured, ...]:
    """The lesson in each style."""
    return composed(lesson.title, lesson.curriculum.level.value)


@pytest.mark.parametrize("lesson", LESSONS)
def test_it_holds_enough_to_learn_from(lesson: LessonSpecification) -> None:
    for measured in in_each_style(lesson):
        assert shortcomings(measured) == [], measured.specification.style


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_objective_has_a_section_and_the_summary_repeats_none(lesson: LessonSpecification) -> None:
    for measured in in_each_style(lesson):
        content = measured.content
        headings = [section.heading for section in content.sections]
        assert [objective.rstrip(".") for objective in lesson.objectives] == headings[
            : len(lesson.objectives)
        ]
        quoted = [text for section in content.sections for text in quoted_texts(section.markdown)]
        assert not any(len(text) > 40 and text in content.summary for text in quoted)


def test_lessons_keep_to_the_pages_that_they_are_about() -> None:
    shares = [in_each_style(lesson)[0].own_share for lesson in specifications(styles=STYLES[:1])]
    assert sum(shares) / len(shares) > 0.7
    assert min(shares) > 0.2


@pytest.mark.parametrize("lesson", LESSONS)
def test_nothing_is_said_twice_and_no_section_begins_in_the_middle(lesson: LessonSpecification) -> None:
    for measured in in_each_style(lesson):
        texts: list[str] = []
        for section in measured.content.sections:
            quoted = quoted_texts(section.markdown)
            assert not leaning.match(quoted[0]), quoted[0]
            texts += [normalise(text) for text in quoted]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("lesson", LESSONS)
def test_its_questions_are_sound(lesson: LessonSpecification) -> None:
    for measured in in_each_style(lesson):
        passages = [
            " ".join((plain(passage.text) if passage.kind == "text" else passage.text).split())
            for source in measured.brief.sources
            for passage in source.passages
        ]
        for question in measured.content.quiz:
            assert_sound(question, passages)
