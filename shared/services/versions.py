"""The versions of a learner's lesson: listing them, reading one, choosing the one to be shown."""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import NotFound
from shared.models.library import LessonVersion
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
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

    async def version(self, user_id: str, lesson_id: str, label: str) -> LessonVersion:
        """Return one version; raises a 404 Problem for a lesson or a version that does not exist."""
        lesson = await self._lessons.lesson(user_id, lesson_id)
        return await self._version(lesson, label)

    async def choose(self, user_id: str, lesson_id: str, label: str) -> None:
        """Make a completed lesson show one of its versions; raises 404 and 409 Problems."""
        for lost in range(TRIES):
            lesson = await self._lessons.lesson(user_id, lesson_id)
            if lesson.generation_status is not GenerationStatus.COMPLETED:
                raise not_completed("shown in another version")
            chosen = await self._version(lesson, label)
            lesson.version_number = chosen.version_number
            lesson.version = chosen.version
            lesson.tier = chosen.tier
            try:
                return await save_lesson(self._documents, lesson, lesson.generation_status)
            except LOST_RACE:
                await pause(lost)
        raise CHANGING

    async def _version(self, lesson: Lesson, label: str) -> LessonVersion:
        number = LessonVersion.number(label)
        if number is None:
            raise not_found("version of this lesson")
        try:
            return await self._documents.read(LessonVersion, lesson.lesson_key, LessonVersion.id_of(number))
        except NotFound:
            raise not_found("version of this lesson") from None
