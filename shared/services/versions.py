"""The versions of a learner's lesson: listing them, reading one, choosing the one to be shown."""

from __future__ import annotations

from shared.clients import Clients
from shared.models.library import LessonVersion
from shared.models.progress import LessonProgress
from shared.models.ranking import ApprovalStatus
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.services.counters import count_shown
from shared.services.lesson_generation import CHANGING
from shared.services.lessons import Lessons
from shared.services.linking import save_lesson
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.regeneration import not_completed
from shared.services.roadmaps import named_continuation, not_found
from shared.store.documents import DocumentPage, Documents


async def versions_page(
    documents: Documents, lesson_key: str, limit: int, continuation: str | None
) -> DocumentPage[LessonVersion]:
    """Return the versions of a shared lesson in their order: 1.0, 1.1, ... 1.9, 1.10."""
    with named_continuation(continuation):
        return await documents.query(
            LessonVersion, lesson_key, order_by="version_number", limit=limit, continuation=continuation
        )


class Versions:
    """The versions that share a lesson's key; a lesson never written has none."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents
        self._lessons = Lessons(clients)

    async def page(
        self, user_id: str, lesson_id: str, limit: int, continuation: str | None
    ) -> DocumentPage[LessonVersion]:
        """Return the versions in their order: 1.0, 1.1, ... 1.9, 1.10; raises a 404 Problem."""
        lesson = await self._lessons.lesson(user_id, lesson_id)
        return await versions_page(self._documents, lesson.lesson_key, limit, continuation)

    async def version(self, user_id: str, lesson_id: str, label: str) -> tuple[LessonVersion, bool]:
        """Return one version, and whether the learner has tried its quiz.

        Raises a 404 Problem for a lesson or a version that does not exist, and for a rejected version.
        """
        lesson = await self._lessons.lesson(user_id, lesson_id)
        version = await self._version(lesson, label)
        progress = await self._documents.find(LessonProgress, user_id, LessonProgress.id_of(lesson.id))
        return version, progress is not None and progress.has_tried(version.key, version.version_number)

    async def choose(self, user_id: str, lesson_id: str, label: str) -> None:
        """Make a completed lesson show one of its versions; raises 404 and 409 Problems."""
        for lost in range(TRIES):
            lesson = await self._lessons.lesson(user_id, lesson_id)
            if lesson.generation_status is not GenerationStatus.COMPLETED:
                raise not_completed("shown in another version")
            chosen = await self._version(lesson, label)
            is_new = chosen.version_number != lesson.version_number
            lesson.version_number = chosen.version_number
            lesson.version = chosen.version
            lesson.tier = chosen.tier
            try:
                await save_lesson(self._documents, lesson, lesson.generation_status)
            except LOST_RACE:
                await pause(lost)
                continue
            if is_new:
                await count_shown(self._documents, chosen.key, chosen.version_number)
            return
        raise CHANGING

    async def _version(self, lesson: Lesson, label: str) -> LessonVersion:
        number = LessonVersion.number(label)
        if number is None:
            raise not_found("version of this lesson")
        version = await self._documents.find(LessonVersion, lesson.lesson_key, LessonVersion.id_of(number))
        if version is None or version.approval_status is ApprovalStatus.REJECTED:
            raise not_found("version of this lesson")
        return version
