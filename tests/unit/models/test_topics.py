"""Tasks in the words of lessons without a roadmap."""

from __future__ import annotations

from shared.models.status import GenerationStatus
from shared.models.topics import TaskList, TaskStatus


def test_what_was_canceled_counts_with_what_has_failed() -> None:
    stored = {GenerationStatus.FAILED: 2, GenerationStatus.CANCELED: 1, GenerationStatus.GENERATING: 4}
    assert TaskList.of([], None, stored).counts == {
        TaskStatus.PENDING: 0,
        TaskStatus.IN_PROGRESS: 4,
        TaskStatus.COMPLETED: 0,
        TaskStatus.FAILED: 3,
    }
