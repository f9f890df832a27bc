"""Batches: all lessons of a module, written one after another in the background."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.models.base import Model, Moment
from shared.models.document import Document
from shared.models.roadmap import LearnerDocument, Module


class BatchState(StrEnum):
    """Whether a batch still has something to send or to wait for."""

    OPEN = "open"
    ENDED = "ended"
    FAILED = "failed"
    """Its orchestration was lost too often; what was not written can be asked for again."""


class BatchLesson(Model):
    """A lesson of a batch: how it was when the batch began, and when it was last sent to the queue."""

    revision: int
    attempt: int = Field(description="the attempt that the batch asks for")
    sends: int = 0
    sent_at: Moment | None = None


class Batch(LearnerDocument):
    """The lessons of one module that are to be written, and how far they are.

    A lesson belongs to it while its `batch_id` says so. The counts change in the same batch of writes as the
    lessons: each of them is queued, then running, then one of the ends. `number` counts the batches of a
    module, so that of two requests at once one begins it and the other finds it.
    """

    document_type: ClassVar[str] = "Batch"
    KEPT_AFTER_END: ClassVar[int] = 7 * 86_400

    roadmap_id: str
    module_id: str
    number: int
    state: BatchState = BatchState.OPEN
    attempt: int = 1
    recoveries: int = 0
    requested_at: Moment
    correlation_id: str | None = None
    lessons: dict[str, BatchLesson] = Field(default_factory=dict, description="by lesson id")
    cached: int = Field(default=0, description="lessons that the library had at once")
    queued: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0

    @staticmethod
    def id_of(module: Module, number: int) -> str:
        """Return the id of a module's batch: the same for everybody who is about to begin it."""
        return str(uuid.uuid5(uuid.UUID(module.id), f"batch-{number}"))

    @property
    def instance_id(self) -> str:
        """The orchestration instance of this attempt; it holds no user id."""
        return f"batch-{self.id}-{self.attempt}"

    @property
    def instance_ids(self) -> list[str]:
        """The orchestration instances of all attempts so far."""
        return [f"batch-{self.id}-{attempt}" for attempt in range(1, self.attempt + 1)]


class HeldSlots(Model):
    """What one batch has in flight."""

    learner: str = Field(description="the pseudonym")
    lessons: int
    expires_at: Moment


class BatchSlots(Document):
    """How many lessons of batches are in flight, by batch (container `operations`).

    A batch renews what it holds as long as it lives; what a lost one held expires. `revision` is the
    condition of each change.
    """

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "BatchSlots"
    ID: ClassVar[str] = "slots"
    KEY: ClassVar[str] = "batches"

    key: str
    revision: str = ""
    held: dict[str, HeldSlots] = Field(default_factory=dict)
