"""Where a request for a lesson comes from: a learner in front of a screen, or a message."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.roadmap import Receipt
from shared.store.contract import BatchOperation
from shared.store.documents import Documents, creation


@dataclass(frozen=True, slots=True)
class Origin:
    """What a request brings along besides the learner and the lesson.

    `background`: nobody waits in front of a screen. `counted`: the quota was charged before. `receipt` is
    stored in the batch that begins what a message asks for: the message then begins nothing again.
    """

    background: bool = False
    counted: bool = False
    correlation_id: str | None = None
    receipt: Receipt | None = None

    @property
    def receipts(self) -> list[BatchOperation]:
        """What is stored in the batch that begins the work."""
        return [creation(self.receipt)] if self.receipt is not None else []

    async def obeyed(self, documents: Documents) -> bool:
        """Tell whether the message has begun its work before."""
        if self.receipt is None:
            return False
        return await documents.find(Receipt, self.receipt.user_id, self.receipt.id) is not None


LEARNER = Origin()
