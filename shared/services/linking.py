"""Linking: giving a learner's lesson the version that was written for it, or the failure.

A lesson's change and the counts of its roadmap are one batch in the learner's partition. A link that was
missed (a crash, a stale read) is mended by the next status read, so everything here may be repeated.
"""

from __future__ import annotations

from shared.errors import NotFound, PreconditionFailed
from shared.models.library import LessonHead, LessonVersion
from shared.models.roadmap import Failure, Lesson
from shared.models.status import GenerationStatus
from shared.store.contract import PatchOperation
from shared.store.documents import Documents, change, increment, replacement
from shared.telemetry import log

PAGE = 100

_COUNTED = {
    GenerationStatus.GENERATING: "lessons_generating",
    GenerationStatus.COMPLETED: "lessons_completed",
    GenerationStatus.FAILED: "lessons_failed",
}


def counts(before: GenerationStatus, after: GenerationStatus) -> list[PatchOperation]:
    """Return what a lesson's move changes in its roadmap: the counts, and the revision that waits look at."""
    operations = [increment("/revision")]
    if before is not after:
        if before in _COUNTED:
            operations.append(increment(f"/progress/{_COUNTED[before]}", -1))
        if after in _COUNTED:
            operations.append(increment(f"/progress/{_COUNTED[after]}"))
    return operations


async def save_lesson(documents: Documents, lesson: Lesson, before: GenerationStatus) -> None:
    """Store a changed lesson and its roadmap's counts; raises PreconditionFailed, NotFound."""
    lesson.revision += 1
    await documents.batch(
        Lesson,
        lesson.user_id,
        [replacement(lesson), change(lesson.roadmap_id, counts(before, lesson.generation_status))],
    )


async def link(documents: Documents, lesson: Lesson, head: LessonHead, *, was_cached: bool) -> Lesson:
    """Complete a lesson with the best version of its head; returns it as it is stored then.

    Whatever became of the lesson meanwhile wins: a lesson that was canceled, deleted or completed by another
    is left as it is.
    """
    if head.best_version is None or lesson.generation_status is GenerationStatus.COMPLETED:
        return lesson
    before = lesson.generation_status
    if before is not GenerationStatus.GENERATING:
        lesson.move_to(GenerationStatus.GENERATING)
    lesson.move_to(GenerationStatus.COMPLETED)
    lesson.generation_error = None
    lesson.version_number = head.best_version
    lesson.version = LessonVersion.label(head.best_version)
    lesson.tier = head.best_tier
    lesson.was_cached = was_cached
    return await _save(documents, lesson, before)


async def mark_failed(documents: Documents, lesson: Lesson, failure: Failure) -> Lesson:
    """End a generating lesson as failed; returns the lesson as it is stored then."""
    if lesson.generation_status is not GenerationStatus.GENERATING:
        return lesson
    lesson.move_to(GenerationStatus.FAILED)
    lesson.generation_error = failure
    return await _save(documents, lesson, GenerationStatus.GENERATING)


async def _save(documents: Documents, lesson: Lesson, before: GenerationStatus) -> Lesson:
    try:
        await save_lesson(documents, lesson, before)
    except (PreconditionFailed, NotFound):
        log("lesson.link_lost_race", lesson_id=lesson.id)
    return await documents.read(Lesson, lesson.user_id, lesson.id)


async def settle(documents: Documents, lesson: Lesson, head: LessonHead | None) -> Lesson:
    """Bring a generating lesson up to date with its head: completed, failed, or still generating."""
    if lesson.generation_status is not GenerationStatus.GENERATING or head is None:
        return lesson
    if head.best_version is not None:
        return await link(documents, lesson, head, was_cached=False)
    is_its_failure = head.generation >= (lesson.generation or 0)
    if head.status is GenerationStatus.FAILED and head.error is not None and is_its_failure:
        return await mark_failed(documents, lesson, head.error)
    return lesson


async def settle_waiting(documents: Documents, head: LessonHead) -> int:
    """Settle every lesson that waits for this head; returns how many were settled.

    The lessons are found by their key across learners, since the library knows no user ids. The query may be
    stale; the learners' own status reads mend what it misses.
    """
    settled: set[str] = set()
    while True:
        waiting = await documents.query_across(
            Lesson,
            {"lesson_key": head.key, "generation_status": GenerationStatus.GENERATING.value},
            limit=PAGE,
        )
        fresh = [lesson for lesson in waiting if lesson.id not in settled]
        if not fresh:
            return len(settled)
        for lesson in fresh:
            settled.add(lesson.id)
            try:
                await settle(documents, lesson, head)
            except NotFound:
                continue  # deleted meanwhile
