"""A curriculum as a planner writes it: modules first, then the lessons of each module."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.models.base import Model, Printable

MAX_MODULES = 24
MAX_LESSONS = 12

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=150), Printable]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), Printable]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1200), Printable]


class Tier(StrEnum):
    """Who wrote a thing: a language model, the extractive composer, or nobody in particular."""

    MODEL = "model"
    EXTRACTIVE = "extractive"
    GENERIC = "generic"


class Resource(Model):
    """A page worth knowing for a module; only from retrieved sources, never invented."""

    title: Title
    url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2000)]


class ModulePlan(Model):
    """One module of a plan: what it is about and how many hours a learner needs for it."""

    title: Title
    description: Paragraph
    hours: float = Field(gt=0, le=200)
    resources: list[Resource] = Field(default_factory=list, max_length=10)


class CurriculumPlan(Model):
    """The modules of a curriculum in their order."""

    modules: list[ModulePlan] = Field(min_length=1, max_length=MAX_MODULES)


class LessonPlan(Model):
    """One lesson of a module before its body is written."""

    title: Title
    description: Paragraph
    objectives: list[Sentence] = Field(min_length=1, max_length=8)
    estimated_minutes: int = Field(ge=5, le=600)


class ModuleOutline(Model):
    """The lessons of one module in their order."""

    lessons: list[LessonPlan] = Field(min_length=1, max_length=MAX_LESSONS)
