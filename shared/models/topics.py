"""Requests and answers of the lessons that stand alone: by topic, by step title, as tasks.

Here a generation that runs is `in_progress`, and one that was canceled has `failed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from shared.models.base import Model, Moment, Printable
from shared.models.learner import LearningStyle
from shared.models.library import LessonVersion
from shared.models.queries import Query
from shared.models.requests import Typed
from shared.models.roadmap import Failure, Task
from shared.models.status import GenerationStatus
from shared.models.versions import VersionView
from shared.models.views import LessonView, lesson_status_url

MAX_LESSON_NUMBER = 100


def _has_letters(text: str) -> str:
    """Refuse what names nothing, such as "..." or a lone emoji."""
    if not any(character.isalnum() for character in text):
        raise ValueError("must contain a letter or a digit")
    return text


TopicText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=150),
    Printable,
    Typed,
    AfterValidator(_has_letters),
]


class TopicRequest(Model):
    """A subject and a topic of it."""

    subject: TopicText
    topic: TopicText


class TaskRequest(TopicRequest):
    """The body of `POST /lessons`."""

    user_id: str | None = None
    include_wikipedia: StrictBool = True
    force_regenerate: StrictBool = True


class TopicQuery(TopicRequest, Query):
    """The query of `GET /lessons/topic`."""

    model_config = ConfigDict(extra="ignore")


class LookupQuery(Query):
    """The query of `GET /lessons/lookup`; without a subject the step's title is the subject."""

    step_title: TopicText
    learning_style: LearningStyle = LearningStyle.MIXED
    lesson_number: int = Field(default=1, ge=1, le=MAX_LESSON_NUMBER)
    subject: TopicText | None = None

    @model_validator(mode="before")
    @classmethod
    def _blank_is_missing(cls, query: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in query.items() if value.strip()}


class TaskStatus(StrEnum):
    """How far a task is."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"

    @classmethod
    def of(cls, status: GenerationStatus) -> TaskStatus:
        """Return a generation status in the words of tasks."""
        return _WORDS[status]


_WORDS = {
    GenerationStatus.PENDING: TaskStatus.PENDING,
    GenerationStatus.GENERATING: TaskStatus.IN_PROGRESS,
    GenerationStatus.COMPLETED: TaskStatus.COMPLETED,
    GenerationStatus.FAILED: TaskStatus.FAILED,
    GenerationStatus.CANCELED: TaskStatus.FAILED,
}


class TaskLesson(LessonView):
    """A lesson with its status in the words of tasks."""

    # The one field that is told in other words.
    generation_status: TaskStatus  # type: ignore[assignment]

    @classmethod
    def told(cls, lesson: LessonView) -> TaskLesson:
        """Return a lesson in the words of tasks."""
        status = TaskStatus.of(lesson.generation_status)
        return cls.model_validate({**lesson.model_dump(), "generation_status": status})


class LookupAnswer(Model):
    """The lesson that was looked up, complete or being written."""

    success: bool
    message: str
    lesson: TaskLesson
    was_cached: bool
    status_url: str

    @classmethod
    def of(cls, lesson: LessonView, *, found: bool) -> LookupAnswer:
        """Return the answer for a lesson that was found in the library, or is being written."""
        return cls(
            success=True,
            message=(
                "The lesson is ready." if found else "The lesson is being written; ask again in a moment."
            ),
            lesson=TaskLesson.told(lesson.model_copy(update={"was_cached": found})),
            was_cached=found,
            status_url=lesson_status_url(lesson.id),
        )


class TaskAccepted(Model):
    """A task that was created."""

    task_id: str
    lesson_id: str
    status: TaskStatus
    message: str
    estimated_completion_time: Moment
    poll_url: str

    @classmethod
    def of(cls, task: Task, estimated_completion: datetime) -> TaskAccepted:
        """Return what the one who asked for it is told."""
        return cls(
            task_id=task.id,
            lesson_id=task.lesson_id,
            status=TaskStatus.PENDING,
            message=task.message,
            estimated_completion_time=estimated_completion,
            poll_url=f"/api/lessons/status/{task.id}",
        )


class TaskSummary(Model):
    """A task in a list."""

    task_id: str
    lesson_id: str
    subject: str
    topic: str
    status: TaskStatus
    message: str
    created_at: Moment
    completed_at: Moment | None
    error: Failure | None

    @classmethod
    def of(cls, task: Task) -> TaskSummary:
        """Return the summary of a stored task."""
        return cls(
            task_id=task.id,
            lesson_id=task.lesson_id,
            subject=task.subject,
            topic=task.topic,
            status=TaskStatus.of(task.status),
            message=task.message,
            created_at=task.created_at,
            completed_at=task.completed_at,
            error=task.error,
        )


class TaskView(TaskSummary):
    """A task; once it is completed with its lesson."""

    lesson: TaskLesson | None

    @classmethod
    def whole(cls, task: Task, lesson: LessonView | None) -> TaskView:
        """Return the view of a stored task."""
        told = TaskLesson.told(lesson) if lesson is not None else None
        return cls(**TaskSummary.of(task).model_dump(), lesson=told)


class TaskList(Model):
    """A part of the caller's tasks that run, the newest first, and how many there are of each status."""

    active: list[TaskSummary]
    continuation: str | None
    counts: dict[TaskStatus, int]

    @classmethod
    def of(
        cls, active: Iterable[Task], continuation: str | None, counts: Mapping[GenerationStatus, int]
    ) -> TaskList:
        """Return a page of stored tasks, with the counts of all."""
        told = dict.fromkeys(TaskStatus, 0)
        for status, count in counts.items():
            told[TaskStatus.of(status)] += count
        return cls(active=[TaskSummary.of(task) for task in active], continuation=continuation, counts=told)


class TopicMetadata(Model):
    """When a topic's lesson was written."""

    timestamp: datetime
    date_created: datetime
    version: str
    last_updated: datetime


class TopicView(VersionView):
    """The newest version of a topic's lesson."""

    subject: str
    topic: str
    metadata: TopicMetadata

    @classmethod
    def newest(cls, version: LessonVersion, first: datetime) -> TopicView:
        """Return the view of the newest version of a lesson that was `first` written then."""
        return cls.model_validate(
            {
                **VersionView.whole(version, tried=False).model_dump(),
                "subject": version.specification.curriculum.subject,
                "topic": version.specification.title,
                "metadata": TopicMetadata(
                    timestamp=version.generation_metadata.generated_at,
                    date_created=first,
                    version=version.version,
                    last_updated=version.generation_metadata.generated_at,
                ),
            }
        )
