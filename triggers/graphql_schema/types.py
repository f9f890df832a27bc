"""The types that answers are made of; what is generated and what was canceled has the words of tasks."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.scalars import JSON

from shared.models.base import Model
from shared.models.reviews import LibraryLesson as LibraryEntry
from shared.models.status import GenerationStatus
from shared.models.topics import TaskStatus
from shared.models.versions import VersionSummary, VoteView
from shared.models.views import LessonSummary, LessonView, ModuleView, RoadmapSummary, RoadmapView

T = TypeVar("T")


def _filled(kind: type[T], view: Model, **others: Any) -> T:
    """Return an object of a type: `others`, and for the rest what a view of the HTTP API calls the same."""
    same = {field.name for field in fields(kind)} - set(others)  # type: ignore[arg-type]
    return kind(**{name: getattr(view, name) for name in same}, **others)


def _in_old_words(status: GenerationStatus) -> str:
    """Return a status as the first front end knows it: `in_progress` while it is generated, `failed`."""
    return TaskStatus.of(status).value


@strawberry.type
class Page(Generic[T]):
    """A part of a list; `continuation` asks for the next one and is null at the end."""

    items: list[T]
    continuation: str | None


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
        return _filled(
            cls,
            summary,
            estimated_duration=summary.estimated_minutes,
            generation_status=_in_old_words(summary.generation_status),
            generation_error=summary.generation_error.message if summary.generation_error else None,
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

    lesson_key: str = strawberry.field(description="its lesson in the library: what a mentor's review names")
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
    def of(cls, lesson_key: str, summary: VersionSummary) -> LessonVersion:
        """Return a version as it stands in a list."""
        votes = summary.votes
        return _filled(cls, summary, lesson_key=lesson_key, upvotes=votes.up, downvotes=votes.down)


@strawberry.type
class LibraryLesson:
    """A version as it stands in the mentors' list."""

    lesson_key: str
    version: str
    title: str
    module_title: str
    subject: str
    focus: str
    level: str
    language: str
    learning_style: str
    tier: str
    ai_provider: str
    model: str | None
    approval_status: str
    published_at: datetime

    @classmethod
    def of(cls, entry: LibraryEntry) -> LibraryLesson:
        """Return an entry of the list."""
        return _filled(cls, entry)


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
        return _filled(cls, view, upvotes=view.votes.up, downvotes=view.votes.down)


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
        lessons = [Lesson.listed(lesson) for lesson in view.lessons]
        return _filled(cls, view, id=view.module_id, status=_in_old_words(view.status), lessons=lessons)


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
        return _filled(
            cls,
            summary,
            id=summary.roadmap_id,
            status=_in_old_words(summary.status),
            message=None,
            modules=[],
        )

    @classmethod
    def whole(cls, view: RoadmapView) -> Roadmap:
        """Return a roadmap with its modules and lessons."""
        roadmap = cls.listed(view)
        roadmap.message = view.message
        roadmap.modules = [Module.of(module) for module in view.modules]
        return roadmap
