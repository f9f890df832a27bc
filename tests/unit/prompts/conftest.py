"""A curriculum, a lesson and a brief to ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from shared.models.curriculum import CurriculumPlan, ModulePlan
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.research import Brief, Passage, Source
from shared.models.specification import CurriculumSpecification, LessonSpecification


@pytest.fixture
def curriculum() -> CurriculumSpecification:
    return CurriculumSpecification(
        subject="python", focus="data analysis", level=SkillLevel.BEGINNER, language="de-AT"
    )


@pytest.fixture
def plan() -> CurriculumPlan:
    titles = ("First steps", "Loops", "Files")
    return CurriculumPlan(
        modules=[ModulePlan(title=title, description=f"About {title}.", hours=4) for title in titles]
    )


@pytest.fixture
def lesson(curriculum: CurriculumSpecification) -> LessonSpecification:
    return LessonSpecification(
        curriculum=curriculum,
        module_title="Loops",
        title="Repeating with for",
        objectives=["Write a for loop", "Find the fault in a loop"],
        style=LearningStyle.MIXED,
    )


@pytest.fixture
def source() -> Callable[..., Source]:
    def build(id_: str = "s1", **given: object) -> Source:
        values = {
            "id": id_,
            "origin": "wikipedia",
            "title": "For loop",
            "author": "Wikipedia contributors",
            "url": f"https://en.wikipedia.org/wiki/{id_}",
            "licence": "CC BY-SA 4.0",
            "licence_url": "https://creativecommons.org/licenses/by-sa/4.0/",
            "open_licence": True,
            "retrieved_at": datetime(2026, 1, 1, tzinfo=UTC),
            "passages": [Passage(text="A for loop repeats."), Passage(kind="code", text="for i in x: ...")],
            **given,
        }
        return Source.model_validate(values)

    return build


@pytest.fixture
def brief(source: Callable[..., Source]) -> Brief:
    return Brief(sources=[source("s1"), source("s2", open_licence=False, licence="all rights")], reports=[])
