"""Reading lessons: the skeleton, the body, the sources found so far, the status."""

from __future__ import annotations

import asyncio

from shared.clients import Clients
from shared.errors import NotFound
from shared.models.library import BriefDocument, LessonHead, LessonVersion
from shared.models.research import Source
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.models.views import LessonStatus, LessonView
from shared.services.linking import settle
from shared.services.roadmaps import not_found

_MESSAGES = {
    GenerationStatus.PENDING: "Not written yet; ask for it when you want to read it.",
    GenerationStatus.COMPLETED: "Ready to read.",
    GenerationStatus.FAILED: "Could not be written.",
    GenerationStatus.CANCELED: "Canceled.",
}


class Lessons:
    """A learner's lessons as they are stored."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents

    async def lesson(self, user_id: str, lesson_id: str) -> Lesson:
        """Return a lesson, settled with its head; raises a 404 Problem."""
        return (await self._settled(user_id, lesson_id))[0]

    async def view(self, user_id: str, lesson_id: str) -> tuple[LessonView, LessonVersion | None]:
        """Return what a learner sees of a lesson, and its version once there is one."""
        lesson, head = await self._settled(user_id, lesson_id)
        if lesson.version_number is not None:
            version_id = LessonVersion.id_of(lesson.version_number)
            version, own = await asyncio.gather(
                self._documents.read(LessonVersion, lesson.lesson_key, version_id),
                self._documents.find(LessonHead, lesson.lesson_key, LessonHead.ID),
            )
            return LessonView.whole(lesson, version, newer_version=_newer(lesson, own)), version
        sources = await self._sources(lesson, head)
        return LessonView.whole(lesson, None, sources), None

    async def status(self, user_id: str, lesson_id: str) -> LessonStatus:
        """Return how far a lesson is."""
        lesson, head = await self._settled(user_id, lesson_id)
        return LessonStatus(
            lesson_id=lesson.id,
            roadmap_id=lesson.roadmap_id,
            generation_status=lesson.generation_status,
            generation_error=lesson.generation_error,
            message=_message(lesson, head),
            regenerating=lesson.regenerating,
            regeneration_error=lesson.regeneration_error,
            sources_found=head.sources_found if head else 0,
            version=lesson.version,
            updated_at=lesson.updated_at,
        )

    async def _settled(self, user_id: str, lesson_id: str) -> tuple[Lesson, LessonHead | None]:
        try:
            lesson = await self._documents.read(Lesson, user_id, lesson_id)
            if not lesson.waiting:
                return lesson, None
            head = await self._documents.find(LessonHead, lesson.awaited_key, LessonHead.ID)
            return await settle(self._documents, lesson, head), head
        except NotFound:  # also of one that is deleted in this moment
            raise not_found("lesson") from None

    async def _sources(self, lesson: Lesson, head: LessonHead | None) -> list[Source]:
        if head is None or lesson.generation_status is not GenerationStatus.GENERATING:
            return []
        brief = await self._documents.find(BriefDocument, head.key, BriefDocument.id_of(head.generation))
        return brief.brief.sources if brief else []


def _newer(lesson: Lesson, head: LessonHead | None) -> str | None:
    """Return the version that the learner may change to, if the best one is newer than theirs."""
    if head is None or head.best_version is None or head.best_version <= (lesson.version_number or 0):
        return None
    return LessonVersion.label(head.best_version)


def _message(lesson: Lesson, head: LessonHead | None) -> str:
    if not lesson.waiting:
        if lesson.generation_error is not None:
            return lesson.generation_error.message
        if lesson.regeneration_error is not None:
            return f"The version that you have stays. {lesson.regeneration_error.message}"
        return _MESSAGES[lesson.generation_status]
    still = "Ready to read; a new version is on its way. " if lesson.regenerating else ""
    if head is not None and head.sources_found:
        return f"{still}Writing from {head.sources_found} sources."
    return f"{still}Looking for sources."
