"""What operators count by day (UTC): hits of the caches, versions written, how long it took.

All documents of a day stand in one partition of `operations`, so that a day is read at once and no question
of an operator ever scans the library.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import ClassVar

from pydantic import Field

from shared.models.document import Document, now

TALLY_TTL_SECONDS = 90 * 86_400
UP_TO_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300)
MORE = "more"


def bucket_of(seconds: float) -> str:
    """Return the bucket in which a duration is counted, such as "le_5" for more than 2 and at most 5 s."""
    return next((f"le_{most}" for most in UP_TO_SECONDS if seconds <= most), MORE)


class DayDocument(Document):
    """A document of one day."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"

    key: str
    ttl: int | None = TALLY_TTL_SECONDS

    @staticmethod
    def key_of(day: date) -> str:
        """Return the partition of a day."""
        return f"tally-{day.isoformat()}"

    @classmethod
    def today(cls) -> str:
        """Return the partition of the present day."""
        return cls.key_of(now().date())


class DayTally(DayDocument):
    """The counts of one day; a missing count is 0, and the tables grow by what is counted in them."""

    document_type: ClassVar[str] = "DayTally"
    ID: ClassVar[str] = "tally"

    curriculum_hits: int = 0
    curriculum_misses: int = 0
    lesson_hits: int = 0
    lesson_misses: int = 0
    source_hits: int = 0
    source_misses: int = 0
    published: int = Field(default=0, description="lesson versions")
    by_tier: dict[str, int] = Field(default_factory=dict)
    by_provider: dict[str, int] = Field(default_factory=dict)
    by_occasion: dict[str, int] = Field(default_factory=dict)
    fallbacks: dict[str, int] = Field(
        default_factory=dict, description="providers that did not write a version"
    )
    waits: dict[str, int] = Field(default_factory=dict, description="from a request to its version")


class ProviderTally(DayDocument):
    """How long a provider took to answer on a day."""

    document_type: ClassVar[str] = "ProviderTally"

    provider: str
    seconds: dict[str, int] = Field(default_factory=dict, description="answers by how long they took")

    @classmethod
    def of(cls, provider: str) -> ProviderTally:
        """Return today's tally of a provider."""
        return cls(id=f"provider-{provider}", key=cls.today(), provider=provider)


class ModelTally(DayDocument):
    """What a model has written on a day, and what of it was regenerated that day, and why."""

    document_type: ClassVar[str] = "ModelTally"

    model: str
    published: int = 0
    regenerated: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def of(cls, model: str) -> ModelTally:
        """Return today's tally of a model; "" stands for the composer."""
        digest = hashlib.sha256(model.encode()).hexdigest()[:16]
        return cls(id=f"model-{digest}", key=cls.today(), model=model)
