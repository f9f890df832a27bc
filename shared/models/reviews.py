"""What mentors send and see: versions that wait for a review, decisions, figures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.models.base import Model, Printable
from shared.models.content import LessonContent
from shared.models.curation import Decision, Review, ReviewEntry, VersionFigures
from shared.models.curriculum import Tier
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.library import LessonVersion, SourceAttribution
from shared.models.queries import PageQuery
from shared.models.ranking import ApprovalStatus, wilson_interval
from shared.models.requests import Typed
from shared.models.versions import VersionSummary
from shared.models.views import Page

Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), Printable, Typed]


class ReviewRequest(Model):
    """The body of `POST /library/lessons/{key}/versions/{version}/review`."""

    decision: Decision
    comment: Comment = Field(default="", description="for other mentors; no learner sees it")


class LibraryQuery(PageQuery):
    """Which versions are asked for, and which part of their list."""

    approval_status: ApprovalStatus = ApprovalStatus.PENDING


class LibraryLesson(Model):
    """A version in the mentors' list."""

    lesson_key: str
    version: str
    title: str
    module_title: str
    subject: str
    focus: str
    level: SkillLevel
    language: str
    learning_style: LearningStyle
    tier: Tier
    ai_provider: str
    model: str | None
    approval_status: ApprovalStatus
    published_at: datetime

    @classmethod
    def of(cls, entry: ReviewEntry) -> LibraryLesson:
        """Return what is shown of an entry."""
        specification, curriculum = entry.specification, entry.specification.curriculum
        return cls(
            lesson_key=entry.lesson_key,
            version=LessonVersion.label(entry.version_number),
            title=specification.title,
            module_title=specification.module_title,
            subject=curriculum.subject,
            focus=curriculum.focus,
            level=curriculum.level,
            language=curriculum.language,
            learning_style=specification.style,
            tier=entry.tier,
            ai_provider=entry.ai_provider,
            model=entry.model or None,
            approval_status=entry.approval_status,
            published_at=entry.created_at,
        )


class LibraryPage(Page[LibraryLesson]):
    """A part of the versions with one approval, the oldest first."""


class ReviewView(Model):
    """A decision that was taken; the reviewer stands by a pseudonym."""

    decision: Decision
    comment: str
    reviewer: str
    reviewed_at: datetime

    @classmethod
    def of(cls, review: Review) -> ReviewView:
        """Return what is shown of a stored review."""
        return cls(
            decision=review.decision,
            comment=review.comment,
            reviewer=review.learner,
            reviewed_at=review.created_at,
        )


class FiguresView(Model):
    """How a version did with those who had it; shares are None where nothing was counted."""

    shown: int
    completions: int
    completion_share: float | None
    quiz_tries: int
    quiz_share: float | None = Field(description="right answers in first tries")
    score: float = Field(description="the lower bound of Wilson's interval for the share of up votes")

    @classmethod
    def of(cls, version: LessonVersion, figures: VersionFigures | None) -> FiguresView:
        """Return the figures of a version."""
        found = figures or VersionFigures(id="", key=version.key, version_number=version.version_number)
        return cls(
            shown=found.shown,
            completions=found.completions,
            completion_share=_share(found.completions, found.shown),
            quiz_tries=found.quiz_tries,
            quiz_share=_share(found.quiz_correct, found.quiz_questions),
            score=round(wilson_interval(version.votes_up, version.votes_down)[0], 4),
        )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


class LibraryVersionView(VersionSummary):
    """A version as a mentor sees it: with the key of its quiz, its figures and its reviews."""

    lesson_key: str
    title: str
    subject: str
    content: LessonContent
    source_attribution: list[SourceAttribution]
    figures: FiguresView
    reviews: list[ReviewView] = Field(description="the newest first")
    continuation: str | None = Field(description="of the reviews")

    @classmethod
    def with_history(
        cls,
        version: LessonVersion,
        figures: VersionFigures | None,
        reviews: list[Review],
        continuation: str | None,
    ) -> LibraryVersionView:
        """Return the view of a stored version with what became of it, and a part of its reviews."""
        return cls.model_validate(
            {
                **VersionSummary.of(version).model_dump(),
                "lesson_key": version.key,
                "title": version.specification.title,
                "subject": version.specification.curriculum.subject,
                "content": version.content,
                "source_attribution": version.source_attribution,
                "figures": FiguresView.of(version, figures),
                "reviews": [ReviewView.of(review) for review in reviews],
                "continuation": continuation,
            }
        )
