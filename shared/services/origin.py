"""Where a request for a lesson comes from: a learner in front of a screen, or a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.models.roadmap import Lesson, Receipt
from shared.models.status import GenerationStatus
from shared.store.contract import BatchOperation
from shared.store.documents import Documents, creation


@dataclass(frozen=True, slots=True)
class Origin:
    """What a request brings along besides the learner and the lesson.

    `background`: nobody waits in front of a screen. `counted`: the quota was charged before. `receipt` is
    stored in the batch that begins what a message asks for: the message then begins nothing again. `asked_at`
    is when the message was sent.
    """

    background: bool = False
    counted: bool = False
    correlation_id: str | None = None
    receipt: Receipt | None = None
    asked_at: datetime | None = None

    @property
    def receipts(self) -> list[BatchOperation]:
        """What is stored in the batch that begins the work."""
        return [creation(self.receipt)] if self.receipt is not None else []

    async def obeyed(self, documents: Documents) -> bool:
        """Tell whether the message has begun its work before."""
        if self.receipt is None:
            return False
        return await documents.find(Receipt, self.receipt.user_id, self.receipt.id) is not None

    def is_void_for(self, lesson: Lesson) -> bool:
        """Tell whether the learner has canceled the lesson since the message was sent."""
        return self.receipt is not None and canceled_since(lesson, self.asked_at)


def canceled_since(lesson: Lesson, asked_at: datetime | None) -> bool:
    """Tell whether a lesson was canceled after it was asked for; what is known of no time came before."""
    is_canceled = lesson.generation_status is GenerationStatus.CANCELED and not lesson.queued
    return is_canceled and (asked_at is None or asked_at < lesson.updated_at)


LEARNER = Origin()
