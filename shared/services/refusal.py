"""Refusing what a message asks for: the lesson ends as failed, where its learner sees it."""

from __future__ import annotations

from shared.errors import PreconditionFailed
from shared.models.document import now
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.services.failures import failure
from shared.services.linking import save_lesson
from shared.services.origin import Origin
from shared.services.races import LOST_RACE, TRIES, pause
from shared.store.documents import Documents
from shared.telemetry import log


async def refuse_lesson(
    documents: Documents, user_id: str, lesson_id: str, code: str, origin: Origin
) -> None:
    """End an attempt that never began; what the lesson has, or waits for already, stays.

    Raises PreconditionFailed when the lesson keeps changing.
    """
    for lost in range(TRIES):
        lesson = await documents.find(Lesson, user_id, lesson_id)
        if lesson is None or lesson.waiting or await origin.obeyed(documents):
            return
        before = lesson.generation_status
        is_completed = before is GenerationStatus.COMPLETED
        lesson.attempt += 1
        lesson.requested_at = now()
        lesson.correlation_id = origin.correlation_id
        if is_completed:
            lesson.regeneration_error = failure(code)
        else:
            lesson.move_to(GenerationStatus.GENERATING)
            lesson.move_to(GenerationStatus.FAILED)
            lesson.generation_error = failure(code)
        try:
            await save_lesson(
                documents, lesson, before, regenerated=is_completed, refused=True, also=origin.receipts
            )
        except LOST_RACE:
            await pause(lost)
            continue
        log("lesson.refused_for_message", lesson_id=lesson.id, attempt=lesson.attempt, code=code)
        return
    raise PreconditionFailed(f"lesson {lesson_id} keeps changing")
