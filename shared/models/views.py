"""What the API answers: the stored documents, reduced to what a caller may see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import Field

from shared.models.base import Model
from shared.models.batch import Batch, BatchState
from shared.models.content import ShownContent
from shared.models.curriculum import Resource, Tier
from shared.models.document import now
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.library import LessonVersion, ProviderFallback, SourceAttribution
from shared.models.progress import LessonProgress, ProgressSummary
from shared.models.quality import GateFigure
from shared.models.ranking import ApprovalStatus
from shared.models.research import Source
from shared.models.roadmap import Failure, Lesson, Module, Phase, Progress, Roadmap
from shared.models.status import GenerationStatus

T = TypeVar("T", bound=Model)


class Page(Model, Generic[T]):
    """A part of a list; `continuation` asks for the next one and is null at the end."""

    items: list[T]
    continuation: str | None


class LessonSummary(Model):
    """A lesson in a list: its skeleton and its status."""

    id: str
    module_id: str | None
    order: int
    title: str
    description: str
    objectives: list[str]
    estimated_minutes: int
    learning_style: LearningStyle
    generation_status: GenerationStatus
    generation_error: Failure | None
    version: str | None

    @classmethod
    def of(cls, lesson: Lesson) -> LessonSummary:
        """Return the summary of a stored lesson."""
        return cls.model_validate(lesson.model_dump(include=set(cls.model_fields)))


class LessonPage(Page[LessonSummary]):
    """A part of the lessons of a module."""


class ModuleView(Model):
    """A module with its lessons."""

    module_id: str
    title: str
    description: str
    order: int
    hours: float
    status: GenerationStatus
    error: Failure | None
    resources: list[Resource]
    lessons: list[LessonSummary]


class ModuleStatus(Model):
    """A module in a status: enough to draw progress."""

    module_id: str
    title: str
    status: GenerationStatus


class RoadmapSummary(Model):
    """A roadmap in a list."""

    roadmap_id: str
    goal: str
    subject: str
    focus: str
    status: GenerationStatus
    tier: Tier | None
    total_duration: str
    progress: Progress
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, roadmap: Roadmap) -> RoadmapSummary:
        """Return the summary of a stored roadmap."""
        shared = set(cls.model_fields) - {"roadmap_id"}
        return cls.model_validate({"roadmap_id": roadmap.id, **roadmap.model_dump(include=shared)})


class RoadmapPage(Page[RoadmapSummary]):
    """A part of the learner's roadmaps."""


class RoadmapAccepted(Model):
    """A roadmap that is being made."""

    roadmap_id: str
    status: GenerationStatus
    status_url: str
    estimated_cost_usd: float
    subject: str
    focus: str
    interpretation: str
    alternatives: list[str]
    message: str

    @classmethod
    def of(cls, roadmap: Roadmap) -> RoadmapAccepted:
        """Return what the one who asked for it is told."""
        shared = set(cls.model_fields) - {"roadmap_id", "status_url"}
        return cls.model_validate(
            {
                "roadmap_id": roadmap.id,
                "status_url": f"/api/roadmaps/{roadmap.id}/status",
                **roadmap.model_dump(include=shared),
            }
        )


class RoadmapView(RoadmapSummary):
    """A whole roadmap."""

    interpretation: str
    alternatives: list[str]
    language: str
    skill_level: SkillLevel
    learning_style: LearningStyle
    profile_snapshot: dict[str, str | float | None]
    phase: Phase
    message: str
    note: str
    error: Failure | None
    estimated_cost_usd: float
    modules: list[ModuleView]

    @classmethod
    def whole(cls, roadmap: Roadmap, modules: Iterable[Module], lessons: Iterable[Lesson]) -> RoadmapView:
        """Return the view of a roadmap with its modules and lessons in their order."""
        by_module: dict[str | None, list[Lesson]] = {}
        for lesson in sorted(lessons, key=lambda lesson: lesson.order):
            by_module.setdefault(lesson.module_id, []).append(lesson)
        views = [
            ModuleView(
                module_id=module.id,
                title=module.title,
                description=module.description,
                order=module.order,
                hours=module.hours,
                status=module.status,
                error=module.error,
                resources=module.resources,
                lessons=[LessonSummary.of(lesson) for lesson in by_module.get(module.id, [])],
            )
            for module in sorted(modules, key=lambda module: module.order)
        ]
        own = set(cls.model_fields) - {"roadmap_id", "modules"}
        fields = roadmap.model_dump(include=own)
        return cls.model_validate({"roadmap_id": roadmap.id, **fields, "modules": views})


class RoadmapStatus(Model):
    """How far a roadmap is."""

    roadmap_id: str
    status: GenerationStatus
    phase: Phase
    progress: Progress
    message: str
    error: Failure | None
    updated_at: datetime
    modules: list[ModuleStatus]

    @classmethod
    def of(cls, roadmap: Roadmap, note: str = "") -> RoadmapStatus:
        """Return the status of a stored roadmap, with what else is to be said to who waits."""
        in_order = sorted(roadmap.modules.items(), key=lambda entry: entry[1].order)
        return cls(
            roadmap_id=roadmap.id,
            status=roadmap.status,
            phase=roadmap.phase,
            progress=roadmap.progress,
            message=" ".join(text for text in (roadmap.message, _in_batches(roadmap.progress), note) if text),
            error=roadmap.error,
            updated_at=roadmap.updated_at,
            modules=[
                ModuleStatus(module_id=module_id, title=module.title, status=module.status)
                for module_id, module in in_order
            ],
        )


def _in_batches(progress: Progress) -> str:
    """Return what batches are doing, in words."""
    if not progress.lessons_queued:
        return ""
    waits = "1 lesson waits" if progress.lessons_queued == 1 else f"{progress.lessons_queued} lessons wait"
    return f"{waits} for their turn in the background, {progress.lessons_generating} are being written."


class BatchAccepted(Model):
    """Lessons of a module that are being written; `cached` ones were there at once."""

    batch_id: str
    queued: int
    cached: int
    status_url: str

    @classmethod
    def of(cls, batch: Batch) -> BatchAccepted:
        """Return what the one who asked for it is told."""
        return cls(
            batch_id=batch.id,
            queued=len(batch.lessons),
            cached=batch.cached,
            status_url=f"/api/batches/{batch.id}",
        )


class BatchStatus(Model):
    """How far a batch is: each of its lessons is queued, running, or at one of the ends."""

    batch_id: str
    roadmap_id: str
    module_id: str
    state: BatchState
    cached: int
    total: int
    queued: int
    running: int
    completed: int
    failed: int
    canceled: int
    requested_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, batch: Batch) -> BatchStatus:
        """Return the status of a stored batch."""
        shared = set(cls.model_fields) - {"batch_id", "total"}
        return cls.model_validate(
            {"batch_id": batch.id, "total": len(batch.lessons), **batch.model_dump(include=shared)}
        )


def lesson_status_url(lesson_id: str) -> str:
    """Return where a lesson's status is asked for."""
    return f"/api/lessons/{lesson_id}/status"


class LessonAccepted(Model):
    """A lesson that is being written."""

    lesson_id: str
    generation_status: GenerationStatus
    was_cached: bool
    status_url: str

    @classmethod
    def of(cls, lesson: Lesson) -> LessonAccepted:
        """Return what the one who asked for it is told."""
        return cls(
            lesson_id=lesson.id,
            generation_status=lesson.generation_status,
            was_cached=False,
            status_url=lesson_status_url(lesson.id),
        )


class LessonCanceled(Model):
    """A lesson that its learner waits for no longer."""

    lesson_id: str
    generation_status: GenerationStatus
    regenerating: bool
    version: str | None
    status_url: str

    @classmethod
    def of(cls, lesson: Lesson) -> LessonCanceled:
        """Return what the one who canceled it is told."""
        return cls(
            lesson_id=lesson.id,
            generation_status=lesson.generation_status,
            regenerating=lesson.regenerating,
            version=lesson.version,
            status_url=lesson_status_url(lesson.id),
        )


class LessonStatus(Model):
    """How far a lesson is."""

    lesson_id: str
    roadmap_id: str | None
    generation_status: GenerationStatus
    generation_error: Failure | None
    regenerating: bool
    regeneration_error: Failure | None
    queued: bool
    message: str
    sources_found: int
    version: str | None
    updated_at: datetime


class FoundSource(Model):
    """A source that research has found for a lesson still being written."""

    title: str
    url: str
    origin: str
    licence: str

    @classmethod
    def of(cls, source: Source) -> FoundSource:
        """Return what is shown of a source."""
        return cls(title=source.title, url=source.url, origin=source.origin, licence=source.licence)


class WhyThisLesson(Model):
    """What a learner may see of how a lesson came to be and how good it measured.

    `age_days` counts whole days since it was written; `fallbacks` are the providers that were tried before.
    """

    sources: int
    domains: int
    ai_provider: str
    model: str | None
    tier: Tier
    cost_usd: float
    seconds: float
    generated_at: datetime
    age_days: int
    fallbacks: list[ProviderFallback]
    gates: list[GateFigure]

    @classmethod
    def of(cls, version: LessonVersion, at: datetime) -> WhyThisLesson:
        """Return what is shown of a version at a moment."""
        metadata = version.generation_metadata
        hosts = {urlsplit(source.url).hostname for source in version.source_attribution} - {None}
        return cls(
            sources=len(version.source_attribution),
            domains=len(hosts),
            ai_provider=metadata.ai_provider,
            model=metadata.model or None,
            tier=version.tier,
            cost_usd=metadata.cost_usd,
            seconds=metadata.seconds,
            generated_at=metadata.generated_at,
            age_days=max((at - metadata.generated_at).days, 0),
            fallbacks=metadata.fallbacks,
            gates=version.quality.gates,
        )


class Votes(Model):
    """How learners have judged a version."""

    up: int
    down: int

    @classmethod
    def of(cls, version: LessonVersion) -> Votes:
        """Return the votes of a stored version."""
        return cls(up=version.votes_up, down=version.votes_down)


def shown_content(version: LessonVersion, *, tried: bool) -> ShownContent:
    """Return a version's body for a learner, who sees the key of its quiz once they have tried it."""
    return version.content if tried else version.content.asked()


class LessonView(LessonSummary):
    """A lesson; when it is completed with its body, while it is generated with the sources found so far."""

    roadmap_id: str | None
    regenerating: bool = False
    regeneration_error: Failure | None = None
    newer_version: str | None = None
    regenerated_from: str | None = None
    sources_found: list[FoundSource] = Field(default_factory=list)
    content: ShownContent | None = Field(
        default=None, description="without the key of its quiz until the learner has tried it"
    )
    source_attribution: list[SourceAttribution] = Field(default_factory=list)
    approval_status: ApprovalStatus | None = None
    votes: Votes | None = None
    own_vote: int | None = Field(default=None, description="1, -1, or 0 for none")
    progress: ProgressSummary | None = None
    quality: WhyThisLesson | None = None
    ai_provider: str | None = None
    model: str | None = None
    tier: Tier | None = None
    was_cached: bool = False
    language: str | None = None
    generated_at: datetime | None = None

    @classmethod
    def whole(
        cls,
        lesson: Lesson,
        version: LessonVersion | None,
        progress: LessonProgress | None = None,
        *,
        own_vote: int = 0,
        sources: Iterable[Source] = (),
        newer_version: str | None = None,
    ) -> LessonView:
        """Return a lesson with its body, or with the sources found so far."""
        view = cls.model_validate(
            {
                **LessonSummary.of(lesson).model_dump(),
                "roadmap_id": lesson.roadmap_id,
                "was_cached": lesson.was_cached,
                "regenerating": lesson.regenerating,
                "regeneration_error": lesson.regeneration_error,
                "newer_version": newer_version,
                "sources_found": [FoundSource.of(source) for source in sources],
                "progress": ProgressSummary.of(progress) if progress else None,
            }
        )
        if version is None:
            return view
        tried = progress is not None and progress.has_tried(version.key, version.version_number)
        return view.model_copy(
            update={
                "content": shown_content(version, tried=tried),
                "approval_status": version.approval_status,
                "votes": Votes.of(version),
                "own_vote": own_vote,
                "source_attribution": version.source_attribution,
                "quality": WhyThisLesson.of(version, now()),
                "regenerated_from": version.generation_metadata.regenerated_from,
                "ai_provider": version.generation_metadata.ai_provider,
                "model": version.generation_metadata.model or None,
                "tier": version.tier,
                "language": version.generation_metadata.language,
                "generated_at": version.generation_metadata.generated_at,
            }
        )
