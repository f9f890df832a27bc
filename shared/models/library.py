"""What learners share: curricula, lesson versions and who is writing them (container `library`).

Nothing here holds a user id, a goal or anything of a profile; where one learner must be told from another, an
HMAC of the user id stands.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from shared.models.base import Model, Moment
from shared.models.content import LessonContent
from shared.models.curriculum import CurriculumPlan, ModuleOutline, Tier
from shared.models.document import Document
from shared.models.quality import Quality
from shared.models.ranking import ApprovalStatus, VersionStanding, ranked
from shared.models.research import Brief, SourceReport
from shared.models.roadmap import Failure
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.models.status import GenerationStatus


class LibraryDocument(Document):
    """A document in the partition of one shared thing."""

    container: ClassVar[str] = "library"
    partition_field: ClassVar[str] = "key"

    key: str


class CurriculumVersion(LibraryDocument):
    """One version of the modules of a curriculum."""

    document_type: ClassVar[str] = "CurriculumVersion"

    specification: CurriculumSpecification
    version_number: int
    tier: Tier
    plan: CurriculumPlan
    hits: int = Field(default=0, description="roadmaps that were given this version from the cache")
    generation_metadata: dict[str, Any] = Field(default_factory=dict)

    @staticmethod
    def id_of(version_number: int) -> str:
        """Return the document id of a version."""
        return f"curriculum-{version_number}"


class CurriculumOutline(LibraryDocument):
    """The lessons of one module of a curriculum version."""

    document_type: ClassVar[str] = "CurriculumOutline"

    version_number: int
    order: int
    tier: Tier
    outline: ModuleOutline
    generation_metadata: dict[str, Any] = Field(default_factory=dict)

    @staticmethod
    def id_of(version_number: int, order: int) -> str:
        """Return the document id of a module's outline."""
        return f"curriculum-{version_number}-module-{order}"


class Lease(Model):
    """Who is writing: only the holder of the newest token may publish."""

    token: int
    owner: str
    expires_at: Moment
    calling: bool = Field(default=False, description="a turn is under way that may pay for a call")


class Occasion(StrEnum):
    """Why a generation runs."""

    FIRST = "first"
    UPGRADE = "upgrade"
    REFRESH = "refresh"
    REGENERATION = "regeneration"
    LOW_SCORE = "low_score"


class RegenerationReason(StrEnum):
    """What a learner found wanting in a version; counted, and never part of a prompt."""

    OUTDATED = "outdated"
    UNCLEAR = "unclear"
    WRONG = "wrong"
    TOO_HARD = "too_hard"
    TOO_EASY = "too_easy"
    OTHER = "other"


class Cause(Model):
    """Why a generation runs, and the version that it is to follow."""

    occasion: Occasion = Occasion.FIRST
    regenerated_from: str | None = Field(default=None, description='a version such as "1.0"')
    reason: RegenerationReason | None = None
    charged_to: str = Field(
        default="", description="the pseudonym of the learner whose budget pays for it, while it runs"
    )
    background: bool = Field(default=False, description="no learner waits for it: it leaves room to those")


class LessonHead(LibraryDocument):
    """The state of one shared lesson: how its versions stand, the latest generation and its lease.

    `status` is that of the latest generation. Versions stay while a newer one is written and when that fails:
    whoever asks meanwhile is linked to the best. Which one that is follows from `standings` alone, so no
    write can leave it behind.
    """

    document_type: ClassVar[str] = "LessonHead"
    ID: ClassVar[str] = "head"

    specification: LessonSpecification
    status: GenerationStatus = GenerationStatus.GENERATING
    generation: int = 1
    cause: Cause = Field(default_factory=Cause)
    attempts: int = Field(default=1, description="starts of the present request, for the reconciler's bound")
    requested_at: Moment
    lease: Lease | None = None
    lease_token: int = 0
    sources_found: int = 0
    waiters: int = 0
    standings: dict[str, VersionStanding] = Field(
        default_factory=dict, description="by document id of the version; the best so many"
    )
    latest_version: int = 0
    reviews: int = Field(default=0, description="decisions that mentors have taken on any version")
    withdrawing: bool = Field(default=False, description="holders of a rejected version may be left")
    hits: int = Field(default=0, description="lessons that were linked without waiting")
    misses: int = Field(default=0, description="requests that had to wait for a generation")
    error: Failure | None = None

    @property
    def call_generation(self) -> str:
        """The call ledger's name for this generation."""
        return f"lesson-{self.generation}"

    @property
    def ranking(self) -> list[VersionStanding]:
        """The versions that may be served, the best first."""
        return ranked(self.standings.values())

    @property
    def best(self) -> VersionStanding | None:
        """The version that is served, None when there is none: then a request is a miss."""
        return next(iter(self.ranking), None)

    @property
    def best_version(self) -> int | None:
        """The number of the version that is served."""
        return self.best.version_number if self.best else None

    @property
    def newest(self) -> VersionStanding | None:
        """The newest version that may be served."""
        return max(self.ranking, key=lambda standing: standing.version_number, default=None)

    @property
    def has_model_version(self) -> bool:
        """Tell whether one of the versions that may be served was written by a model."""
        return any(standing.tier is Tier.MODEL for standing in self.ranking)

    def standing(self, version_number: int | None) -> VersionStanding | None:
        """Return how a version stands; None for one that is not, or no longer, in the ranking."""
        return self.standings.get(LessonVersion.id_of(version_number)) if version_number else None

    def has_rejected(self, version_number: int | None) -> bool:
        """Tell whether a version may not be served."""
        standing = self.standing(version_number)
        return standing is not None and not standing.living


class Waiter(LibraryDocument):
    """A learner's lesson that waits for a generation."""

    document_type: ClassVar[str] = "Waiter"

    lesson_id: str
    learner: str = Field(description="HMAC of the user id")
    generation: int
    ttl: int | None = 7 * 86_400

    @staticmethod
    def id_of(lesson_id: str, attempt: int, generation: int) -> str:
        """Return the document id of one attempt of a lesson that waits for a generation."""
        return f"waiter-{lesson_id}-{attempt}-{generation}"


class BriefDocument(LibraryDocument):
    """The brief of one generation, so that the learner sees the sources while the lesson is written."""

    document_type: ClassVar[str] = "Brief"

    generation: int
    brief: Brief
    seconds: float
    ttl: int | None = 7 * 86_400

    @staticmethod
    def id_of(generation: int) -> str:
        """Return the document id of a generation's brief."""
        return f"brief-{generation}"


class SourceAttribution(Model):
    """What a lesson says of a source that it rests on."""

    id: str
    title: str
    author: str
    url: str
    licence: str
    licence_url: str
    origin: str
    language: str
    retrieved_at: Moment


class ProviderFallback(Model):
    """A provider that was tried before, and why it did not write this."""

    provider: str
    reason: str


class GenerationMetadata(Model):
    """How a lesson version came to be; prompts stand in full, so that a lesson can be explained."""

    prompt: str = ""
    system_prompt: str = ""
    prompt_version: str = ""
    model: str = ""
    ai_provider: str
    tier: Tier
    learning_style: str
    difficulty: str
    language: str
    temperature: float | None = None
    max_tokens: int | None = None
    generated_at: Moment
    generation_attempt: int
    occasion: Occasion = Occasion.FIRST
    regenerated_from: str | None = None
    regeneration_reason: RegenerationReason | None = None
    deployment: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    fallbacks: list[ProviderFallback] = Field(default_factory=list)


class ResearchMetadata(Model):
    """What research tried and found, and how long it took."""

    reports: list[SourceReport]
    seconds: float


class LessonVersion(LibraryDocument):
    """A written body; immutable except for its votes and its approval."""

    document_type: ClassVar[str] = "LessonVersion"

    version: str
    version_number: int
    generation: int
    specification: LessonSpecification
    tier: Tier
    content: LessonContent
    source_attribution: list[SourceAttribution]
    research_metadata: ResearchMetadata
    generation_metadata: GenerationMetadata
    quality: Quality = Field(default_factory=Quality)
    approval_status: ApprovalStatus = ApprovalStatus.PENDING
    reviews: int = Field(default=0, description="decisions that mentors have taken on it")
    votes_up: int = 0
    votes_down: int = 0

    @staticmethod
    def id_of(version_number: int) -> str:
        """Return the document id of a version."""
        return f"version-{version_number}"

    @staticmethod
    def label(version_number: int) -> str:
        """Return the version's name for people: 1 is "1.0", 2 is "1.1", 11 is "1.10"."""
        return f"1.{version_number - 1}"

    @staticmethod
    def number(label: str) -> int | None:
        """Return the version number of a name such as "1.10" (11), or None for what is no name."""
        found = re.fullmatch(r"1\.(0|[1-9][0-9]{0,5})", label)
        return int(found[1]) + 1 if found else None
