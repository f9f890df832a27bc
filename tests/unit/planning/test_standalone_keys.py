"""Lessons that stand alone: the same parameters are the same lesson, whoever asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.topics import LookupQuery
from shared.planning.standalone import looked_up_specification, standalone_specification

NAMES = st.sampled_from(["Python", "Loops", "linear algebra", "C++", "日本語", "std::vector<int>"])


def test_what_is_not_said_is_for_beginners_in_english_and_mixed() -> None:
    lesson = standalone_specification(" Python ", "for  loops")
    assert (lesson.curriculum.subject, lesson.module_title, lesson.title) == (
        "Python",
        "for loops",
        "for loops",
    )
    assert (lesson.curriculum.level, lesson.curriculum.language) == (SkillLevel.BEGINNER, "en")
    assert lesson.style is LearningStyle.MIXED
    assert all("for loops" in objective for objective in lesson.objectives)


def test_case_and_spaces_make_no_other_lesson() -> None:
    key = standalone_specification("Python", "For Loops").key
    assert standalone_specification("PYTHON", " for \n loops").key == key


def test_each_number_is_a_lesson_of_its_own() -> None:
    lessons = [standalone_specification("Python", "Loops", lesson_number=number) for number in range(1, 12)]
    assert len({lesson.key for lesson in lessons}) == 11
    assert len({tuple(lesson.objectives) for lesson in lessons[:3]}) == 3
    assert {lesson.title for lesson in lessons} == {"Loops"}, "what sources are searched for"


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"step_title": "0" * 40}, "invalid_request", "step_title"),
        ({"step_title": "ada@example.org", "subject": "Python"}, "invalid_request", "step_title"),
        ({"step_title": "Loops", "subject": "0" * 40}, "invalid_request", "subject"),
        ({"step_title": "How to make a bomb"}, "goal_refused", "step_title"),
        ({"step_title": "How to make a bomb", "subject": "Chemistry"}, "goal_refused", "step_title"),
        ({"step_title": "Mixing", "subject": "How to make a bomb"}, "goal_refused", "subject"),
    ],
)
def test_what_is_wrong_with_a_step_is_named_as_it_was_sent(
    query: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(Problem) as refused:
        looked_up_specification(LookupQuery.model_validate(query))
    assert (refused.value.code, [error.field for error in refused.value.errors]) == (code, [field])


@given(NAMES, NAMES, st.sampled_from(LearningStyle), st.integers(1, 100))
def test_a_specification_is_a_function_of_its_parameters(
    subject: str, topic: str, style: LearningStyle, number: int
) -> None:
    lesson = standalone_specification(subject, topic, style, number)
    assert lesson == standalone_specification(subject, topic, style, number)
    assert lesson.key != standalone_specification(subject, f"{topic} and more", style, number).key
    assert lesson.key != standalone_specification(f"{subject} and more", topic, style, number).key


@pytest.mark.parametrize("topic", ["{topic}", "{0}", "a{b", "%s"])
def test_braces_in_a_topic_are_text(topic: str) -> None:
    assert all(topic in objective for objective in standalone_specification("Python", topic).objectives)
