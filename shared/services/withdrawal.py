"""Withdrawing a rejected version from the learners who have it.

The library knows no user ids, so holders are found by their lessons' key and version across learners. That
query may be stale and a link on its way may come after it; whoever reads such a lesson is moved by the read.
"""

from __future__ import annotations

from shared.errors import NotFound, PreconditionFailed
from shared.models.library import LessonHead
from shared.models.roadmap import Lesson
from shared.services.linking import PAGE, leave_rejected
from shared.store.documents import Documents, equals, set_to
from shared.telemetry import log


async def move_holders(documents: Documents, head: LessonHead, at_most: int) -> int:
    """Move so many lessons off this lesson's rejected versions; returns how many were met.

    When none was left the head says so, unless another review has come since; else the next sweep goes on.
    """
    met: set[str] = set()
    rejected = [standing.version_number for standing in head.standings.values() if not standing.living]
    stuck = 0
    for version_number in rejected:
        while fresh := await _holders(documents, head.key, version_number, met):
            for lesson in fresh[: at_most - len(met)]:
                met.add(lesson.id)
                stuck += not await _move(documents, lesson, head)
            if len(met) >= at_most:
                return len(met)
    if not stuck:
        await _rest(documents, head)
    log("version.withdrawn", lesson_key=head.key, count=len(met))
    return len(met)


async def _holders(documents: Documents, key: str, version_number: int, met: set[str]) -> list[Lesson]:
    """Return some who hold a version and were not met yet."""
    where = {"lesson_key": key, "version_number": version_number}
    found = await documents.query_across(Lesson, where, limit=PAGE)
    return [lesson for lesson in found if lesson.id not in met]


async def _move(documents: Documents, lesson: Lesson, head: LessonHead) -> bool:
    """Move one lesson; returns whether it no longer shows a rejected version."""
    try:
        moved = await leave_rejected(documents, lesson, head)
    except NotFound:
        return True  # deleted meanwhile
    return moved.lesson_key != head.key or not head.has_rejected(moved.version_number)


async def _rest(documents: Documents, head: LessonHead) -> None:
    try:
        await documents.patch(
            LessonHead, head.key, head.id, [set_to("/withdrawing", False)], [equals("/reviews", head.reviews)]
        )
    except PreconditionFailed:
        return  # another review has come
