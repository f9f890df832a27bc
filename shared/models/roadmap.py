"""What belongs to one learner: roadmaps, their modules and lessons (container `learning`)."""

from __future__ import annotations

import json
import uuid
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from shared.models.base import Model, Moment
from shared.models.curriculum import Resource, Tier
from shared.models.document import Document
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.models.status import Generated, GenerationStatus, move

GenerateOption = Literal["skeleton", "first_lesson", "all"]


class Phase(StrEnum):
    """What a roadmap is waiting for, as its status tells."""

    QUEUED = "queued"
    PLANNING = "planning"
    OUTLINING = "outlining"
    ENDED = "ended"


class Failure(Model):
    """Why something failed: a stable code and a text that a learner can read."""

    code: str
    message: str


class Progress(Model):
    """Counts over a whole roadmap."""

    modules_total: int = 0
    modules_completed: int = 0
    modules_failed: int = 0
    lessons_total: int = 0
    lessons_queued: int = Field(default=0, description="waiting in batches for their turn")
    lessons_completed: int = 0
    lessons_generating: int = 0
    lessons_failed: int = 0


class ModuleSummary(Model):
    """What a roadmap knows of one of its modules.

    It changes in the same batch as the module, so whoever holds the newest roadmap need not read the modules,
    which another instance may have written a moment ago.
    """

    title: str
    order: int
    hours: float
    status: GenerationStatus
    lessons: int = 0
    learned: int = Field(default=0, description="lessons that the learner has completed")


class LearnerDocument(Document):
    """A document in a learner's own partition; no one else can reach it."""

    container: ClassVar[str] = "learning"
    partition_field: ClassVar[str] = "user_id"

    user_id: str


class Roadmap(LearnerDocument):
    """A learner's way through a subject.

    `revision` grows with every change of the roadmap or of anything in it: it is the status ETag. `attempt`
    grows with every start; whatever runs for an older attempt may no longer write.
    """

    document_type: ClassVar[str] = "Roadmap"

    goal: str
    subject: str
    focus: str = ""
    language: str
    interpretation: str = ""
    alternatives: list[str] = Field(default_factory=list)
    settled: bool = Field(default=True, description="false while a model has still to interpret the goal")
    focus_given: bool = Field(default=False, description="the request named the focus")
    skill_level: SkillLevel
    learning_style: LearningStyle
    weekly_hours_low: float
    weekly_hours_high: float
    profile_snapshot: dict[str, str | float | None] = Field(default_factory=dict)

    status: GenerationStatus = GenerationStatus.PENDING
    phase: Phase = Phase.QUEUED
    message: str = ""
    error: Failure | None = None
    attempt: int = 1
    recoveries: int = Field(default=0, description="attempts that the reconciler began by itself")
    requested_at: Moment
    canceled_at: Moment | None = Field(default=None, description="whatever was asked for before is void")
    stopping: bool = Field(default=False, description="canceled, and not yet all that runs is stopped")
    deleting: bool = Field(default=False, description="gone for its learner; not yet all is removed")
    revision: int = 1
    correlation_id: str | None = Field(default=None, description="of the message that asked for it")

    generate: GenerateOption = Field(default="skeleton", description="what is written when it is outlined")
    curriculum_key: str
    curriculum_version: int | None = None
    tier: Tier | None = None
    note: str = Field(default="", description="what the plan is, when no model made it")
    total_duration: str = ""
    estimated_cost_usd: float = 0.0
    progress: Progress = Field(default_factory=Progress)
    modules: dict[str, ModuleSummary] = Field(default_factory=dict, description="by module id")

    def move_to(self, status: GenerationStatus) -> None:
        """Change the status along the table of transitions."""
        self.status = move(Generated.ROADMAP, self.status, status)

    @property
    def specification(self) -> CurriculumSpecification:
        """The shared curriculum that this roadmap follows."""
        return CurriculumSpecification(
            subject=self.subject, focus=self.focus, level=self.skill_level, language=self.language
        )

    def module_ids(self, *statuses: GenerationStatus) -> list[str]:
        """Return the ids of the modules with one of these statuses, in their order."""
        found = [(module.order, id_) for id_, module in self.modules.items() if module.status in statuses]
        return [id_ for _, id_ in sorted(found)]

    def module_id(self, order: int) -> str:
        """Return the id of the module at this place: the same for every repeat of the plan."""
        return str(uuid.uuid5(uuid.UUID(self.id), f"module-{order}"))


class Module(LearnerDocument):
    """One module of a roadmap."""

    document_type: ClassVar[str] = "Module"

    roadmap_id: str
    order: int
    title: str
    description: str
    hours: float
    resources: list[Resource] = Field(default_factory=list)
    status: GenerationStatus = GenerationStatus.GENERATING
    error: Failure | None = None
    attempt: int = 1
    batches: int = Field(default=0, description="batches that have begun with its lessons")

    def move_to(self, status: GenerationStatus) -> None:
        """Change the status along the table of transitions."""
        self.status = move(Generated.MODULE, self.status, status)

    def lesson_id(self, order: int) -> str:
        """Return the id of the lesson at this place: the same for every repeat of the outline."""
        return lesson_id_of(self.id, order)


def lesson_id_of(module_id: str, order: int) -> str:
    """Return the id of the lesson at a place of a module."""
    return str(uuid.uuid5(uuid.UUID(module_id), f"lesson-{order}"))


class Regeneration(Model):
    """The new version that a completed lesson waits for; another style is another specification."""

    specification: LessonSpecification
    after_version: int = Field(description="the newest version when it was asked for; 0: none")


class Lesson(LearnerDocument):
    """A learner's lesson: its skeleton, its status and, once written, the version it shows.

    `roadmap_id` and `module_id` are None for a lesson that stands alone. While a lesson is regenerated it
    stays completed and shows what it showed; `regeneration_key` is the library key of what it waits for.
    """

    document_type: ClassVar[str] = "Lesson"

    roadmap_id: str | None = None
    module_id: str | None = None
    order: int
    title: str
    description: str
    objectives: list[str]
    estimated_minutes: int
    learning_style: LearningStyle
    lesson_key: str
    specification: LessonSpecification

    generation_status: GenerationStatus = GenerationStatus.PENDING
    generation_error: Failure | None = None
    attempt: int = 0
    revision: int = 1
    requested_at: Moment | None = None
    correlation_id: str | None = Field(default=None, description="of the message that asked for it")
    generation: int | None = Field(default=None, description="the library's generation it waits for")

    regenerating: bool = False
    regeneration_key: str | None = None
    regeneration: Regeneration | None = None
    regeneration_error: Failure | None = Field(default=None, description="why the last one brought nothing")
    task_id: str | None = Field(default=None, description="the Task that ends when this lesson does")
    batch_id: str | None = Field(default=None, description="the Batch that waits for this lesson")

    version_number: int | None = None
    version: str | None = None
    tier: Tier | None = None
    was_cached: bool = False

    def move_to(self, status: GenerationStatus) -> None:
        """Change the status along the table of transitions."""
        self.generation_status = move(Generated.LESSON, self.generation_status, status)

    @property
    def waiting(self) -> bool:
        """Tell whether a running generation will change this lesson."""
        return self.regenerating or self.generation_status is GenerationStatus.GENERATING

    @property
    def queued(self) -> bool:
        """Tell whether a batch will ask for this lesson, or has, and nobody has begun it."""
        return self.batch_id is not None and self.generation_status is not GenerationStatus.GENERATING

    @property
    def awaited_key(self) -> str:
        """The library key of the generation that this lesson waits for, or would wait for."""
        return self.regeneration_key or self.lesson_key


class Task(LearnerDocument):
    """A lesson asked for as a task: it ends with its lesson, and vanishes an hour later."""

    document_type: ClassVar[str] = "Task"
    KEPT_AFTER_END: ClassVar[int] = 3600
    """Seconds; the `ttl` that a task gets when it ends."""

    lesson_id: str
    subject: str
    topic: str
    status: GenerationStatus = GenerationStatus.GENERATING
    message: str
    completed_at: Moment | None = None
    error: Failure | None = None


class Idempotency(LearnerDocument):
    """What an Idempotency-Key has created; kept for 24 hours, that of a message longer."""

    document_type: ClassVar[str] = "Idempotency"
    KEPT: ClassVar[int] = 86_400

    body_hash: str
    roadmap_id: str
    ttl: int | None = KEPT


class Receipt(LearnerDocument):
    """A message that has begun its work; kept longer than a message can stay in the queue."""

    document_type: ClassVar[str] = "Receipt"
    KEPT: ClassVar[int] = 7 * 86_400

    ttl: int | None = KEPT

    @classmethod
    def of(cls, user_id: str, kind: str, key: str) -> Receipt:
        """Return the receipt of a message: the same for the same user, kind and key."""
        digest = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([user_id, kind, key]))
        return cls(id=f"receipt-{digest}", user_id=user_id)


class Quota(LearnerDocument):
    """What a learner has used of one day's quotas; gone after two days."""

    document_type: ClassVar[str] = "Quota"

    roadmaps: int = 0
    lessons: int = 0
    regenerations: int = 0
    ttl: int | None = 2 * 86_400


class Profile(LearnerDocument):
    """A learner's defaults for new roadmaps."""

    document_type: ClassVar[str] = "Profile"
    ID: ClassVar[str] = "profile"

    revision: int = Field(default=0, description="grows with each change; 0: never written")
    skill_level: SkillLevel | None = None
    weekly_hours_low: float | None = None
    weekly_hours_high: float | None = None
    learning_style: LearningStyle | None = None
    language: str | None = None
    industry: str | None = None
