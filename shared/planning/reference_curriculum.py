"""The built-in Python roadmap: what the shipped documentation covers, with no model and no network."""

from __future__ import annotations

from shared.models.curriculum import (
    CurriculumPlan,
    LessonPlan,
    ModuleOutline,
    ModulePlan,
    Resource,
    Tier,
)
from shared.models.learner import SkillLevel
from shared.models.specification import CurriculumSpecification, normalise
from shared.planning.curriculum import PlannedCurriculum
from shared.planning.python_lessons.advanced import ADVANCED
from shared.planning.python_lessons.beginner import BEGINNER
from shared.planning.python_lessons.intermediate import INTERMEDIATE
from shared.planning.python_lessons.shape import ReferenceLesson, ReferenceModule
from shared.research.python_reference.corpus import page_title
from shared.research.python_reference.topics import page_url

SUBJECT = "python"
NOTE = "Built from the language reference and the library's documentation that come with Python."
MODULES: dict[SkillLevel, tuple[ReferenceModule, ...]] = {
    SkillLevel.BEGINNER: BEGINNER,
    SkillLevel.INTERMEDIATE: INTERMEDIATE,
    SkillLevel.ADVANCED: ADVANCED,
}


def covers(specification: CurriculumSpecification) -> bool:
    """Tell whether the roadmap answers a specification: Python as such, in the reference's English."""
    return (
        normalise(specification.subject) == SUBJECT
        and not normalise(specification.focus)
        and specification.language.lower().partition("-")[0] == "en"
    )


def reference_curriculum(level: SkillLevel) -> PlannedCurriculum:
    """Return the Python roadmap of a level."""
    modules = MODULES[level]
    return PlannedCurriculum(
        tier=Tier.EXTRACTIVE,
        note=NOTE,
        plan=CurriculumPlan(modules=[_module_plan(module) for module in modules]),
        outlines=tuple(
            ModuleOutline(lessons=[_lesson_plan(lesson) for lesson in module.lessons]) for module in modules
        ),
    )


def _module_plan(module: ReferenceModule) -> ModulePlan:
    labels = dict.fromkeys(label for lesson in module.lessons for label in lesson.pages)
    return ModulePlan(
        title=module.title,
        description=module.description,
        hours=sum(lesson.minutes for lesson in module.lessons) / 60,
        resources=[Resource(title=page_title(label), url=page_url(label)) for label in labels][:10],
    )


def _lesson_plan(lesson: ReferenceLesson) -> LessonPlan:
    return LessonPlan(
        title=lesson.title,
        description=lesson.description,
        objectives=list(lesson.objectives),
        estimated_minutes=lesson.minutes,
    )
