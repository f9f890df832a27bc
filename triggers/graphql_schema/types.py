"""The types that answers are made of."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from shared.models.versions import VersionSummary, VoteView
from shared.models.views import LessonSummary, LessonView, ModuleView, RoadmapSummary, RoadmapView


@strawberry.type
class Lesson:
    """A lesson; `content` is there once it is completed and was asked for by itself."""

    id: strawberry.ID
    module_id: strawberry.ID | None
    title: str
    description: str
    objectives: list[str]
    estimated_duration: int = strawberry.field(description="minutes")
    learning_style: str
    generation_status: str
    generation_error: str | None
    version: str | None
    content: JSON | None
    ai_provider: str | None
    was_cached: bool

    @classmethod
    def listed(cls, summary: LessonSummary) -> Lesson:
        """Return a lesson as it stands in a list."""
        return cls(
            id=strawberry.ID(summary.id),
            module_id=strawberry.ID(summary.module_id) if summary.module_id else None,
            title=summary.title,
            description=summary.description,
            objectives=summary.objectives,
            estimated_duration=summary.estimated_minutes,
            learning_style=summary.learning_style.value,
            generation_status=summary.generation_status.value,
            generation_error=summary.generation_error.message if summary.generation_error else None,
            version=summary.version,
            content=None,
            ai_provider=None,
            was_cached=False,
        )

    @classmethod
    def whole(cls, view: LessonView) -> Lesson:
        """Return a lesson with its body, if it has one."""
        lesson = cls.listed(view)
        lesson.content = JSON(view.content.to_json()) if view.content else None
        lesson.ai_provider = view.ai_provider
        lesson.was_cached = view.was_cached
        return lesson


@strawberry.type
class LessonVersion:
    """A version of a lesson, without its body."""

    version: str
    version_number: int
    ai_provider: str
    model: str | None
    learning_style: str
    generated_at: datetime
    approval_status: str
    upvotes: int
    downvotes: int

    @classmethod
    def of(cls, summary: VersionSummary) -> LessonVersion:
        """Return a version as it stands in a list."""
        return cls(
            version=summary.version,
            version_number=summary.version_number,
            ai_provider=summary.ai_provider,
            model=summary.model,
            learning_style=summary.learning_style,
            generated_at=summary.generated_at,
            approval_status=summary.approval_status,
            upvotes=summary.votes.up,
            downvotes=summary.votes.down,
        )


@strawberry.type
class Vote:
    """What a learner thinks of a version, and all learners."""

    lesson_id: strawberry.ID
    version: str
    value: int
    upvotes: int
    downvotes: int

    @classmethod
    def of(cls, view: VoteView) -> Vote:
        """Return a vote that was counted."""
        return cls(
            lesson_id=strawberry.ID(view.lesson_id),
            version=view.version,
            value=view.value,
            upvotes=view.votes.up,
            downvotes=view.votes.down,
        )


@strawberry.type
class Module:
    """A module with its lessons."""

    id: strawberry.ID
    title: str
    description: str
    order: int
    status: str
    lessons: list[Lesson]

    @classmethod
    def of(cls, view: ModuleView) -> Module:
        """Return a module of a roadmap."""
        return cls(
            id=strawberry.ID(view.module_id),
            title=view.title,
            description=view.description,
            order=view.order,
            status=view.status.value,
            lessons=[Lesson.listed(lesson) for lesson in view.lessons],
        )


@strawberry.type
class Roadmap:
    """A roadmap; in a list without its modules."""

    id: strawberry.ID
    goal: str
    subject: str
    focus: str
    status: str
    message: str | None
    total_duration: str
    created_at: datetime
    modules: list[Module]

    @classmethod
    def listed(cls, summary: RoadmapSummary) -> Roadmap:
        """Return a roadmap as it stands in a list."""
        return cls(
            id=strawberry.ID(summary.roadmap_id),
            goal=summary.goal,
            subject=summary.subject,
            focus=summary.focus,
            status=summary.status.value,
            message=None,
            total_duration=summary.total_duration,
            created_at=summary.created_at,
            modules=[],
        )

    @classmethod
    def whole(cls, view: RoadmapView) -> Roadmap:
        """Return a roadmap with its modules and lessons."""
        roadmap = cls.listed(view)
        roadmap.message = view.message
        roadmap.modules = [Module.of(module) for module in view.modules]
        return roadmap


@strawberry.type
class RoadmapPage:
    """A part of a list of roadmaps; `continuation` asks for the next one."""

    items: list[Roadmap]
    continuation: str | None
