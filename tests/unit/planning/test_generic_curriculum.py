"""The general plan: honest about what it is, and the same for the same specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.curriculum import Tier
from shared.models.learner import SkillLevel
from shared.models.specification import CurriculumSpecification
from shared.planning.generic_curriculum import generic_curriculum
from shared.planning.local_curriculum import local_curriculum


def specification(
    subject: str, focus: str = "", level: SkillLevel = SkillLevel.BEGINNER
) -> CurriculumSpecification:
    return CurriculumSpecification(subject=subject, focus=focus, level=level, language="en")


printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=300)


@given(printable, st.one_of(st.just(""), printable), st.sampled_from(SkillLevel))
def test_any_subject_gets_a_whole_plan(subject: str, focus: str, level: SkillLevel) -> None:
    asked = specification(subject, focus, level)
    plan = generic_curriculum(asked)

    assert plan == generic_curriculum(asked)
    assert plan.tier is Tier.GENERIC
    assert len(plan.outlines) == len(plan.plan.modules)
    titles = [module.title for module in plan.plan.modules]
    assert len(set(titles)) == len(titles)
    for module, outline in zip(plan.plan.modules, plan.outlines, strict=True):
        assert 2 <= len(outline.lessons) <= 5
        assert module.hours * 60 == pytest.approx(sum(lesson.estimated_minutes for lesson in outline.lessons))
        assert module.resources == []


def test_it_says_what_it_is_and_names_the_subject() -> None:
    plan = generic_curriculum(specification("Photography"))
    assert "without knowledge of Photography" in plan.note
    assert all("Photography" in module.title for module in plan.plan.modules)
    lessons = [lesson for outline in plan.outlines for lesson in outline.lessons]
    assert sum("Photography" in lesson.title for lesson in lessons) >= len(lessons) - 1


def test_level_and_focus_change_the_plan() -> None:
    titles = {
        level: [module.title for module in generic_curriculum(specification("Go", level=level)).plan.modules]
        for level in SkillLevel
    }
    assert len({tuple(title) for title in titles.values()}) == len(SkillLevel)

    focused = generic_curriculum(specification("Python", "data analysis"))
    module = next(
        index for index, one in enumerate(focused.plan.modules) if one.title == "Python: data analysis"
    )
    assert focused.outlines[module].lessons[0].title == "Data analysis with Python"


def test_braces_in_a_subject_are_only_braces() -> None:
    plan = generic_curriculum(specification("{focus} {0} {"))
    assert plan.plan.modules[0].title == "Getting to know {focus} {0} {"


def test_what_the_app_plans_itself_is_python_from_the_reference_else_the_general_plan() -> None:
    assert local_curriculum(specification("Python")).tier is Tier.EXTRACTIVE
    assert local_curriculum(specification("Photography")).tier is Tier.GENERIC
