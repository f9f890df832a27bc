"""Removing a learner: what says that it runs, and what stays of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.models.base import Model, Moment
from shared.models.document import Document
from shared.models.roadmap import LearnerDocument


class Removal(LearnerDocument):
    """The removal of a learner that runs now: as long as it is there, the learner's requests are refused.

    Every removing write names its attempt, so that a removal that is over can remove nothing more.
    """

    document_type: ClassVar[str] = "Removal"
    ID: ClassVar[str] = "removal"

    requested_at: Moment
    attempt: int = 1
    removed: int = Field(default=0, description="documents so far")
    instances: list[str] = Field(
        default_factory=list, description="orchestrations whose histories name the learner"
    )


class Tombstone(Document):
    """What stays of a learner who was removed, so that nothing asked for before comes back.

    It names the learner by pseudonym only, and never expires: a dead letter may be put back years later.
    """

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "Tombstone"
    ID: ClassVar[str] = "tombstone"

    key: str
    requested_at: Moment
    completed_at: Moment | None = Field(default=None, description="what was asked for until then is void")
    removed: int = 0
    instances: list[str] = Field(
        default_factory=list, description="the removal's own orchestrations, whose histories are to go"
    )
    cleared: bool = Field(default=False, description="those histories are gone")

    @staticmethod
    def key_of(learner: str) -> str:
        """Return the partition of a learner's pseudonym."""
        return f"learner-{learner}"


class RemovalStatus(Model):
    """How far the removal of a learner is."""

    status: Literal["running", "completed"]
    requested_at: datetime
    completed_at: datetime | None
    removed: int = Field(description="documents removed so far")
    message: str

    @classmethod
    def running(cls, removal: Removal) -> RemovalStatus:
        """Return the status of a removal that runs."""
        return cls(
            status="running",
            requested_at=removal.requested_at,
            completed_at=None,
            removed=removal.removed,
            message="Your data is being removed. It takes minutes: what is on its way counts too.",
        )

    @classmethod
    def completed(cls, tombstone: Tombstone) -> RemovalStatus:
        """Return the status of a removal that is over."""
        return cls(
            status="completed",
            requested_at=tombstone.requested_at,
            completed_at=tombstone.completed_at,
            removed=tombstone.removed,
            message="All your data is removed.",
        )
