"""Linking: giving a learner's lesson the version that was written for it, or the failure.

A lesson's change and the counts of its roadmap are one batch in the learner's partition. A link that was
missed (a crash, a stale read) is mended by the next status read, so everything here may be repeated.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import NotFound, PreconditionFailed
from shared.models.base import timestamp
from shared.models.document import now
from shared.models.library import LessonHead, LessonVersion
from shared.models.ranking import VersionStanding
from shared.models.roadmap import Failure, Lesson, Task
from shared.models.status import GenerationStatus
from shared.services.counters import count_shown
from shared.services.events import ended
from shared.services.failures import failure
from shared.store.contract import BatchOperation, Condition, PatchOperation
from shared.store.documents import Documents, change, increment, replacement, set_to
from shared.telemetry import log

PAGE = 100

_COUNTED = {
    GenerationStatus.GENERATING: "lessons_generating",
    GenerationStatus.COMPLETED: "lessons_completed",
    GenerationStatus.FAILED: "lessons_failed",
}


MOST_AT_ONCE = 24
"""Lessons in one batch of writes: each may need three operations and one for its Batch, its roadmap one."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A lesson to be stored, and what its status was.

    `regenerated` marks the end of a regeneration, `refused` that of an attempt that never began, `withdrawn`
    that a batch is to ask for it no longer.
    """

    lesson: Lesson
    before: GenerationStatus
    regenerated: bool = False
    refused: bool = False
    withdrawn: bool = False

    @property
    def begins_or_ends(self) -> bool:
        """Tell whether this is more than a change beside the lesson's status."""
        moved = self.lesson.generation_status is not self.before
        return moved or self.refused or self.withdrawn


async def save_lesson(
    documents: Documents,
    lesson: Lesson,
    before: GenerationStatus,
    *,
    regenerated: bool = False,
    refused: bool = False,
    also: Sequence[BatchOperation] = (),
) -> None:
    """Store a changed lesson with its roadmap's counts, the end of its task and the event of its own end.

    `regenerated` marks the end of a regeneration, `refused` that of an attempt that never began; `also` is
    stored in the same batch. Raises PreconditionFailed, NotFound, and Conflict for what is `also` created.
    """
    await save_lessons(documents, [Changed(lesson, before, regenerated, refused)], also)


async def save_lessons(
    documents: Documents, changes: Sequence[Changed], also: Sequence[BatchOperation] = ()
) -> None:
    """Store lessons of one roadmap, or one that stands alone, all or none of them; see `save_lesson`."""
    first = changes[0].lesson
    counts: list[BatchOperation] = [
        change(batch_id, [increment(f"/{place}", by) for place, by in moved.items() if by])
        for batch_id, moved in _moves_in_batches(changes).items()
    ]
    if first.roadmap_id is not None:
        begins = any(one.lesson.waiting for one in changes)
        # What begins while its roadmap is being deleted would go with it, but nobody would stop it.
        stays = [Condition("/deleting", "!=", True)] if begins else []
        counts.append(change(first.roadmap_id, _counts(changes), stays))
    operations = [operation for one in changes for operation in _operations(documents, one)] + counts
    await documents.batch(Lesson, first.user_id, [*operations, *also])


def _operations(documents: Documents, changed: Changed) -> list[BatchOperation]:
    lesson = changed.lesson
    lesson.revision += 1
    operations: list[BatchOperation] = []
    if changed.begins_or_ends and lesson.generation_status is not GenerationStatus.GENERATING:
        lesson.batch_id = None
    if lesson.task_id is not None and not lesson.waiting:
        operations.append(change(lesson.task_id, _end_of_task(lesson)))
        lesson.task_id = None
    has_moved = lesson.generation_status is not changed.before
    if changed.regenerated or changed.refused or (has_moved and lesson.generation_status.ended):
        operations += ended(documents, lesson, regeneration=changed.regenerated)
    return [replacement(lesson), *operations]


def _moves_in_batches(changes: Sequence[Changed]) -> dict[str, Counter[str]]:
    """Return what moved lessons change in the counts of the batches that wait for them."""
    moves: dict[str, Counter[str]] = {}
    for one in changes:
        if one.lesson.batch_id is not None and one.begins_or_ends:
            moved = moves.setdefault(one.lesson.batch_id, Counter())
            moved["running" if one.before is GenerationStatus.GENERATING else "queued"] -= 1
            moved[_place_after(one)] += 1
    return moves


def _place_after(changed: Changed) -> str:
    status = changed.lesson.generation_status
    if status is GenerationStatus.GENERATING:
        return "running"
    return GenerationStatus.CANCELED.value if changed.withdrawn else status.value


def _counts(changes: Sequence[Changed]) -> list[PatchOperation]:
    """Return what moved lessons change in their roadmap: the counts, and the revision that waits look at."""
    moved = Counter(_COUNTED.get(one.lesson.generation_status) for one in changes)
    moved.subtract(_COUNTED.get(one.before) for one in changes)
    moved["lessons_queued"] = -sum(_leaves_queue(one) for one in changes)
    return [
        increment("/revision"),
        *[increment(f"/progress/{name}", by) for name, by in moved.items() if name is not None and by],
    ]


def _leaves_queue(changed: Changed) -> bool:
    was_queued = changed.lesson.batch_id is not None and changed.before is not GenerationStatus.GENERATING
    return was_queued and changed.begins_or_ends


def _end_of_task(lesson: Lesson) -> list[PatchOperation]:
    """Return what ends the task of a lesson that waits no longer."""
    error = lesson.generation_error or lesson.regeneration_error
    status = GenerationStatus.FAILED if error is not None else lesson.generation_status
    return [
        set_to("/status", status.value),
        set_to("/error", error.to_json() if error is not None else None),
        set_to("/message", error.message if error is not None else "The lesson is ready."),
        set_to("/completed_at", timestamp(now())),
        set_to("/ttl", Task.KEPT_AFTER_END),
    ]


async def link(
    documents: Documents, lesson: Lesson, head: LessonHead, version: VersionStanding, *, was_cached: bool
) -> Lesson:
    """Complete a lesson with a version of its head; returns it as it is stored then.

    Whatever became of the lesson meanwhile wins: a lesson that was canceled, deleted or completed by another
    is left as it is.
    """
    if head.key != lesson.lesson_key or lesson.generation_status is GenerationStatus.COMPLETED:
        return lesson
    before = lesson.generation_status
    if before is not GenerationStatus.GENERATING:
        lesson.move_to(GenerationStatus.GENERATING)
    lesson.move_to(GenerationStatus.COMPLETED)
    lesson.generation_error = None
    _show(lesson, version, was_cached=was_cached)
    return await _save(documents, lesson, before, given=True)


def _show(lesson: Lesson, version: VersionStanding, *, was_cached: bool) -> None:
    """Make a lesson show a version."""
    lesson.version_number = version.version_number
    lesson.version = LessonVersion.label(version.version_number)
    lesson.tier = version.tier
    lesson.was_cached = was_cached


async def link_newer(
    documents: Documents, lesson: Lesson, head: LessonHead, version: VersionStanding, *, was_cached: bool
) -> Lesson:
    """Give a completed lesson a version of a head, which may be that of another style.

    Ends its regeneration, if one was running; returns the lesson as it is stored then.
    """
    specification = head.specification
    lesson.specification = specification
    lesson.lesson_key = head.key
    lesson.learning_style = specification.style
    _show(lesson, version, was_cached=was_cached)
    return await _end_regeneration(documents, lesson, None, given=True)


async def leave_rejected(documents: Documents, lesson: Lesson, head: LessonHead | None) -> Lesson:
    """Move a lesson off a version that was rejected: to the best that is left, or back to pending.

    Returns the lesson as it is stored then. A wish for a new version stays, unless nothing is left to read.
    """
    if head is None or head.key != lesson.lesson_key or not head.has_rejected(lesson.version_number):
        return lesson
    before = lesson.generation_status
    if head.best is not None:
        _show(lesson, head.best, was_cached=True)
        return await _save(documents, lesson, before, given=True)
    lesson.move_to(GenerationStatus.PENDING)
    lesson.generation_error = failure("rejected")
    lesson.version_number = lesson.version = lesson.tier = None
    if not lesson.regenerating:
        return await _save(documents, lesson, before)
    _wait_no_more(lesson)
    lesson.regeneration_error = lesson.generation_error
    return await _save(documents, lesson, before, regenerated=True)


def _wait_no_more(lesson: Lesson) -> None:
    lesson.regenerating = False
    lesson.regeneration_key = None
    lesson.regeneration = None


async def _end_regeneration(
    documents: Documents, lesson: Lesson, error: Failure | None, *, given: bool = False
) -> Lesson:
    _wait_no_more(lesson)
    lesson.regeneration_error = error
    return await _save(documents, lesson, lesson.generation_status, given=given, regenerated=True)


async def _end_unwritten(
    documents: Documents, lesson: Lesson, end: GenerationStatus, failure: Failure
) -> Lesson:
    """End a generating lesson as its generation has ended; returns the lesson as it is stored then."""
    if lesson.generation_status is not GenerationStatus.GENERATING:
        return lesson
    lesson.move_to(end)
    lesson.generation_error = failure
    return await _save(documents, lesson, GenerationStatus.GENERATING)


async def _save(
    documents: Documents,
    lesson: Lesson,
    before: GenerationStatus,
    *,
    given: bool = False,
    regenerated: bool = False,
) -> Lesson:
    """Store a lesson, and count the version that it was given, if it was; see save_lesson."""
    try:
        await save_lesson(documents, lesson, before, regenerated=regenerated)
    except (PreconditionFailed, NotFound):
        log("lesson.link_lost_race", lesson_id=lesson.id)
        given = False
    reading = documents.read(Lesson, lesson.user_id, lesson.id)
    if not given or lesson.version_number is None:
        return await reading
    counting = count_shown(documents, lesson.lesson_key, lesson.version_number)
    return (await asyncio.gather(reading, counting))[0]


async def settle(documents: Documents, lesson: Lesson, head: LessonHead | None) -> Lesson:
    """Bring a waiting lesson up to date with the head that it waits for: ended, or waiting still.

    A head that is older than the lesson's request changes nothing: numbers of versions and generations only
    grow, so a stale read can only be late.
    """
    if not lesson.waiting or head is None or head.key != lesson.awaited_key:
        return lesson
    if lesson.regeneration is not None:
        return await _settle_regeneration(documents, lesson, head, lesson.regeneration.after_version)
    if head.best is not None:
        return await link(documents, lesson, head, head.best, was_cached=False)
    if _has_ended_for(lesson, head):
        canceled = head.status is GenerationStatus.CANCELED
        end = GenerationStatus.CANCELED if canceled else GenerationStatus.FAILED
        return await _end_unwritten(documents, lesson, end, head.error or failure("rejected"))
    return lesson


def _has_ended_for(lesson: Lesson, head: LessonHead) -> bool:
    """Tell whether the generation that a lesson waits for has ended, as far as this head knows."""
    return head.status.ended and head.generation >= (lesson.generation or 0)


async def _settle_regeneration(
    documents: Documents, lesson: Lesson, head: LessonHead, after_version: int
) -> Lesson:
    """Give a lesson the version that it waits for, whatever its rank, or end its waiting."""
    if head.latest_version > after_version:
        newest = head.newest
        if newest is not None and newest.version_number > after_version:
            return await link_newer(documents, lesson, head, newest, was_cached=False)
        return await _end_regeneration(documents, lesson, failure("rejected"))
    if _has_ended_for(lesson, head):
        return await _end_regeneration(documents, lesson, head.error)
    return lesson


async def settle_waiting(documents: Documents, head: LessonHead) -> int:
    """Settle every lesson that waits for this head, for its first version or a new one; returns how many.

    The lessons are found by their key across learners, since the library knows no user ids. The query may be
    stale; the learners' own status reads mend what it misses.
    """
    first = await _settle_where(
        documents,
        head,
        {"lesson_key": head.key, "generation_status": GenerationStatus.GENERATING.value},
    )
    return first + await _settle_where(documents, head, {"regeneration_key": head.key})


async def _settle_where(documents: Documents, head: LessonHead, where: dict[str, str]) -> int:
    settled: set[str] = set()
    while True:
        waiting = await documents.query_across(Lesson, where, limit=PAGE)
        fresh = [lesson for lesson in waiting if lesson.id not in settled]
        if not fresh:
            return len(settled)
        for lesson in fresh:
            settled.add(lesson.id)
            try:
                await settle(documents, lesson, head)
            except NotFound:
                continue  # deleted meanwhile
