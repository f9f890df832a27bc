"""What learners see of the versions of a lesson, and what they say about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from shared.models.base import Model
from shared.models.content import ShownContent
from shared.models.curation import VoteValue
from shared.models.curriculum import Tier
from shared.models.document import now
from shared.models.learner import LearningStyle
from shared.models.library import (
    LessonVersion,
    Occasion,
    RegenerationReason,
    SourceAttribution,
)
from shared.models.ranking import ApprovalStatus
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.models.views import Page, Votes, WhyThisLesson, lesson_status_url, shown_content


class RegenerationRequest(Model):
    """The body of `POST /lessons/{id}/regenerate`; another style asks for another lesson."""

    reason: RegenerationReason | None = None
    learning_style: LearningStyle | None = None


class RegenerationAccepted(Model):
    """A lesson of which a new version is being written, or one that a newer version was there for already."""

    lesson_id: str
    generation_status: GenerationStatus
    regenerating: bool
    version: str | None
    status_url: str

    @classmethod
    def of(cls, lesson: Lesson) -> RegenerationAccepted:
        """Return what the one who asked for it is told."""
        return cls(
            lesson_id=lesson.id,
            generation_status=lesson.generation_status,
            regenerating=lesson.regenerating,
            version=lesson.version,
            status_url=lesson_status_url(lesson.id),
        )


class VersionChoice(Model):
    """The body of `PUT /lessons/{id}/version`."""

    version: Annotated[str, StringConstraints(pattern=r"^1\.(0|[1-9][0-9]{0,5})$")] = Field(
        description='such as "1.1"'
    )


class VoteRequest(Model):
    """The body of `POST /lessons/{id}/vote`."""

    value: VoteValue = Field(description="1 for, -1 against, 0 withdraws the vote")


class VoteView(Model):
    """What a learner thinks of a version, and all learners."""

    lesson_id: str
    version: str
    value: int
    votes: Votes

    @classmethod
    def of(cls, lesson: Lesson, version: LessonVersion, value: int) -> VoteView:
        """Return the view of a vote that was counted."""
        return cls(lesson_id=lesson.id, version=version.version, value=value, votes=Votes.of(version))


class VersionSummary(Model):
    """A version in a list: how it came to be and what is thought of it."""

    version: str
    version_number: int
    tier: Tier
    ai_provider: str
    model: str | None
    learning_style: str
    language: str
    generated_at: datetime
    occasion: Occasion
    regenerated_from: str | None
    reason: RegenerationReason | None
    approval_status: ApprovalStatus
    votes: Votes
    quality: WhyThisLesson

    @classmethod
    def of(cls, version: LessonVersion) -> VersionSummary:
        """Return the summary of a stored version."""
        return cls.model_validate(_summary(version))


class VersionPage(Page[VersionSummary]):
    """A part of the versions of a lesson."""


class VersionView(VersionSummary):
    """A version with its body."""

    title: str
    content: ShownContent
    source_attribution: list[SourceAttribution]

    @classmethod
    def whole(cls, version: LessonVersion, *, tried: bool) -> VersionView:
        """Return the view of a stored version, for a learner who has tried its quiz or not."""
        return cls.model_validate(
            {
                **_summary(version),
                "title": version.specification.title,
                "content": shown_content(version, tried=tried),
                "source_attribution": version.source_attribution,
            }
        )


def _summary(version: LessonVersion) -> dict[str, Any]:
    metadata = version.generation_metadata
    return {
        "version": version.version,
        "version_number": version.version_number,
        "tier": version.tier,
        "ai_provider": metadata.ai_provider,
        "model": metadata.model or None,
        "learning_style": metadata.learning_style,
        "language": metadata.language,
        "generated_at": metadata.generated_at,
        "occasion": metadata.occasion,
        "regenerated_from": metadata.regenerated_from,
        "reason": metadata.regeneration_reason,
        "approval_status": version.approval_status,
        "votes": Votes.of(version),
        "quality": WhyThisLesson.of(version, now()),
    }
