"""What learners and mentors say of lesson versions, and what became of those who had them.

Learners and mentors stand here by their pseudonyms.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.models.base import Whole
from shared.models.curriculum import Tier
from shared.models.document import Document
from shared.models.library import LessonVersion, LibraryDocument
from shared.models.ranking import ApprovalStatus
from shared.models.specification import LessonSpecification

VoteValue = Annotated[int, Field(strict=True, ge=-1, le=1), Whole]


class Vote(LibraryDocument):
    """What a learner thinks of a version; 0 once it was withdrawn."""

    document_type: ClassVar[str] = "Vote"

    learner: str = Field(description="HMAC of the user id")
    version_number: int
    value: VoteValue

    @staticmethod
    def id_of(learner: str, version_number: int) -> str:
        """Return the document id: one vote for each learner and version."""
        return f"vote-{learner}-{version_number}"


class Decision(StrEnum):
    """What a mentor decides on a version."""

    APPROVE = "approve"
    VERIFY = "verify"
    REJECT = "reject"

    @property
    def approval(self) -> ApprovalStatus:
        """What the version is afterwards."""
        return _APPROVALS[self]


_APPROVALS = {
    Decision.APPROVE: ApprovalStatus.APPROVED,
    Decision.VERIFY: ApprovalStatus.MENTOR_VERIFIED,
    Decision.REJECT: ApprovalStatus.REJECTED,
}


class Review(LibraryDocument):
    """A mentor's decision on a version; each is kept."""

    document_type: ClassVar[str] = "Review"

    learner: str = Field(description="HMAC of the mentor's user id")
    version_number: int
    decision: Decision
    comment: str


class VersionFigures(LibraryDocument):
    """What became of the learners who had a version: small beside its body, since every reader moves it."""

    document_type: ClassVar[str] = "VersionFigures"

    version_number: int
    shown: int = Field(default=0, description="lessons that were given this version")
    completions: int = Field(default=0, description="learners who completed the lesson with it")
    quiz_tries: int = Field(default=0, description="learners who tried its quiz; only first tries count")
    quiz_correct: int = Field(default=0, description="right answers in first tries")
    quiz_questions: int = Field(default=0, description="questions in first tries")

    @staticmethod
    def id_of(version_number: int) -> str:
        """Return the document id of a version's figures."""
        return f"figures-{version_number}"


class Figure(StrEnum):
    """What counts a learner of a version once."""

    COMPLETION = "completion"
    QUIZ = "quiz"


class Counted(LibraryDocument):
    """That a learner stands in a figure of a version; it is created with the count, so none counts twice."""

    document_type: ClassVar[str] = "Counted"

    learner: str = Field(description="HMAC of the user id")
    version_number: int

    @staticmethod
    def id_of(figure: Figure, learner: str, version_number: int) -> str:
        """Return the document id: one for each figure, learner and version."""
        return f"counted-{figure.value}-{learner}-{version_number}"


class ReviewEntry(Document):
    """A version in the mentors' list: all entries stand in one partition, so that they can be ordered."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "ReviewEntry"
    KEY: ClassVar[str] = "reviews"

    key: str = KEY
    lesson_key: str
    version_number: int
    specification: LessonSpecification
    tier: Tier
    ai_provider: str
    model: str
    approval_status: ApprovalStatus
    reviews: int = Field(description="the decisions that this tells of; a list that knows more is newer")

    @staticmethod
    def id_of(lesson_key: str, version_number: int) -> str:
        """Return the document id of a version's entry."""
        return f"{lesson_key}-{version_number}"

    @classmethod
    def of(cls, version: LessonVersion) -> ReviewEntry:
        """Return the entry of a version."""
        return cls(
            id=cls.id_of(version.key, version.version_number),
            lesson_key=version.key,
            version_number=version.version_number,
            specification=version.specification,
            tier=version.tier,
            ai_provider=version.generation_metadata.ai_provider,
            model=version.generation_metadata.model,
            approval_status=version.approval_status,
            reviews=version.reviews,
        )
