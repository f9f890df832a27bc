"""What a model is asked to write: the stored models without everything the server knows better.

No web addresses, no video, no objectives: those come from the brief and from the specification.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from shared.models.base import Model, Printable
from shared.models.content import (
    Diagram,
    Exercise,
    KeyConcept,
    LessonContent,
    LessonResource,
    QuizQuestion,
    Section,
    Text,
)
from shared.models.curriculum import MAX_MODULES, CurriculumPlan, ModulePlan, Paragraph, Title
from shared.models.research import Brief
from shared.models.specification import LanguageTag, LessonSpecification

SubjectText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), Printable]


class InterpretationDraft(Model):
    """What a goal is about; the texts are empty where it is refused."""

    refused: bool
    subject: SubjectText
    focus: SubjectText
    alternatives: list[SubjectText] = Field(max_length=4)
    language: LanguageTag

    @model_validator(mode="after")
    def _names_something(self) -> InterpretationDraft:
        if not self.refused and not self.subject:
            raise ValueError("subject: must name what the goal is about")
        return self


class ModuleDraft(Model):
    """One module of a plan."""

    title: Title
    description: Paragraph
    hours: float = Field(gt=0, le=200)


class PlanDraft(Model):
    """The modules of a curriculum in their order."""

    modules: list[ModuleDraft] = Field(min_length=1, max_length=MAX_MODULES)

    def to_plan(self) -> CurriculumPlan:
        """Return the plan; its resources come later, from retrieved sources."""
        modules = [
            ModulePlan(title=module.title, description=module.description, hours=module.hours)
            for module in self.modules
        ]
        return CurriculumPlan(modules=modules)


class LessonDraft(Model):
    """A lesson's body; its sections cite sources by id."""

    summary: Text
    key_concepts: list[KeyConcept] = Field(min_length=1, max_length=20)
    sections: list[Section] = Field(min_length=2, max_length=20)
    exercises: list[Exercise] = Field(max_length=12)
    quiz: list[QuizQuestion] = Field(min_length=3, max_length=20)
    diagrams: list[Diagram] = Field(max_length=5)

    def to_content(self, specification: LessonSpecification, brief: Brief) -> LessonContent:
        """Return the lesson with what the server adds: objectives and resources; the gates judge the rest."""
        return LessonContent(
            summary=self.summary,
            objectives=specification.objectives,
            key_concepts=self.key_concepts,
            sections=self.sections,
            exercises=self.exercises,
            quiz=self.quiz,
            diagrams=self.diagrams,
            resources=_resources(brief),
        )


def _resources(brief: Brief) -> list[LessonResource]:
    """Return the pages of the brief, each once; an address too long to be stored is left out."""
    pages = {
        source.url: LessonResource(
            title=source.title[:500].strip() or source.origin, url=source.url, kind=source.origin[:40]
        )
        for source in brief.sources
        if source.url and len(source.url) <= 2000
    }
    return list(pages.values())[:20]
