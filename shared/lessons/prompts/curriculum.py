"""The prompts of a curriculum: its plan, then the outline of each module."""

from __future__ import annotations

from shared.lessons.prompts.drafts import PlanDraft
from shared.lessons.prompts.filling import LEVELS, as_data, fill
from shared.lessons.prompts.languages import language_in_words
from shared.lessons.prompts.prompt import Prompt
from shared.models.curriculum import MAX_LESSONS, MAX_MODULES, CurriculumPlan, ModuleOutline
from shared.models.specification import CurriculumSpecification

PLAN_VERSION = "plan-1"
OUTLINE_VERSION = "outline-1"
USUAL_MODULES = "six to ten"
USUAL_LESSONS = "three to five"
MAX_TOKENS = 4_000
"""Enough for 24 modules or 12 lessons in any script, and little enough for a provider with 8,000 a minute."""
LEAST_TOKENS = 2_000
"""A usual plan takes about 1,600 and a usual outline 1,100."""
TEMPERATURE = 0.3


def plan_prompt(specification: CurriculumSpecification) -> Prompt[PlanDraft]:
    """Ask for the modules of a curriculum."""
    return Prompt(
        system=fill(
            "plan.system",
            most_modules=str(MAX_MODULES),
            usual_modules=USUAL_MODULES,
            language=language_in_words(specification.language),
        ),
        user=fill(
            "plan.user", specification=as_data(_fields(specification)), level=LEVELS[specification.level]
        ),
        version=PLAN_VERSION,
        schema_model=PlanDraft,
        schema_name="curriculum_plan",
        temperature=TEMPERATURE,
        max_tokens=MAX_TOKENS,
        least_tokens=LEAST_TOKENS,
    )


def outline_prompt(
    specification: CurriculumSpecification, plan: CurriculumPlan, module_order: int
) -> Prompt[ModuleOutline]:
    """Ask for the lessons of one module; `module_order` counts from 1. Raises IndexError beyond the plan."""
    if module_order < 1:
        raise IndexError("module_order counts from 1")
    module = plan.modules[module_order - 1]
    data = {
        **_fields(specification),
        "modules": [other.title for other in plan.modules],
        "module_order": module_order,
        "module": module.title,
        "description": module.description,
        "hours": module.hours,
    }
    return Prompt(
        system=fill(
            "outline.system",
            most_lessons=str(MAX_LESSONS),
            usual_lessons=USUAL_LESSONS,
            language=language_in_words(specification.language),
        ),
        user=fill("outline.user", specification=as_data(data), level=LEVELS[specification.level]),
        version=OUTLINE_VERSION,
        schema_model=ModuleOutline,
        schema_name="module_outline",
        temperature=TEMPERATURE,
        max_tokens=MAX_TOKENS,
        least_tokens=LEAST_TOKENS,
    )


def _fields(specification: CurriculumSpecification) -> dict[str, object]:
    return {
        "subject": specification.subject,
        "focus": specification.focus,
        "level": specification.level.value,
        "language": specification.language,
    }
