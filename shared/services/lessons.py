"""Reading lessons: the skeleton, the body, the sources found so far, the status."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from shared.clients import Clients
from shared.errors import NotFound
from shared.models.curation import Vote
from shared.models.library import BriefDocument, LessonHead, LessonVersion
from shared.models.progress import LessonProgress
from shared.models.research import Source
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.models.views import LessonStatus, LessonView
from shared.security.pseudonym import pseudonym
from shared.services.budget_notes import budget_note
from shared.services.linking import leave_rejected, settle
from shared.services.roadmaps import not_found
from shared.services.visibility import version_of

_MESSAGES = {
    GenerationStatus.PENDING: "Not written yet; ask for it when you want to read it.",
    GenerationStatus.COMPLETED: "Ready to read.",
    GenerationStatus.FAILED: "Could not be written.",
    GenerationStatus.CANCELED: "Canceled.",
}


@dataclass(frozen=True, slots=True)
class _Heads:
    """The head of what a lesson shows, and of what it waits for: mostly one and the same, or none."""

    own: LessonHead | None = None
    awaited: LessonHead | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a learner sees besides the lesson itself."""

    version: LessonVersion | None
    progress: LessonProgress | None
    vote: Vote | None


class Lessons:
    """A learner's lessons as they are stored."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._documents = clients.documents

    async def lesson(self, user_id: str, lesson_id: str) -> Lesson:
        """Return a lesson, brought up to date with its head; raises a 404 Problem."""
        return (await self._up_to_date(user_id, lesson_id))[0]

    async def view(self, user_id: str, lesson_id: str) -> tuple[LessonView, LessonVersion | None]:
        """Return what a learner sees of a lesson, and its version once there is one."""
        stored = await self._read(user_id, lesson_id)
        # The version that is shown hardly ever changes by a read, so it is fetched beside the heads.
        heads, shown = await asyncio.gather(self._heads(stored), self._shown(stored))
        before = (stored.lesson_key, stored.version_number)
        lesson = await self._mended(stored, heads)
        if (lesson.lesson_key, lesson.version_number) != before:
            shown = await self._shown(lesson)
        view = LessonView.whole(
            lesson,
            shown.version,
            shown.progress,
            own_vote=shown.vote.value if shown.vote else 0,
            sources=await self._sources(lesson, heads.awaited),
            newer_version=_newer(lesson, heads),
        )
        return view, shown.version

    async def status(self, user_id: str, lesson_id: str) -> LessonStatus:
        """Return how far a lesson is."""
        lesson, heads = await self._up_to_date(user_id, lesson_id)
        head = heads.awaited if lesson.waiting else None
        return LessonStatus(
            lesson_id=lesson.id,
            roadmap_id=lesson.roadmap_id,
            generation_status=lesson.generation_status,
            generation_error=lesson.generation_error,
            message=_message(lesson, head),
            queued=lesson.queued,
            regenerating=lesson.regenerating,
            regeneration_error=lesson.regeneration_error,
            sources_found=head.sources_found if head else 0,
            version=lesson.version,
            updated_at=lesson.updated_at,
        )

    async def noted(self, user_id: str, status: LessonStatus) -> LessonStatus:
        """Return a status with what budgets mean for who waits."""
        waits = status.regenerating or status.generation_status is GenerationStatus.GENERATING
        note = await budget_note(self._clients, user_id) if waits else ""
        return status.model_copy(update={"message": f"{status.message} {note}"}) if note else status

    async def _read(self, user_id: str, lesson_id: str) -> Lesson:
        try:
            return await self._documents.read(Lesson, user_id, lesson_id)
        except NotFound:
            raise not_found("lesson") from None

    async def _up_to_date(self, user_id: str, lesson_id: str) -> tuple[Lesson, _Heads]:
        lesson = await self._read(user_id, lesson_id)
        heads = await self._heads(lesson)
        return await self._mended(lesson, heads), heads

    async def _mended(self, lesson: Lesson, heads: _Heads) -> Lesson:
        """Move a lesson off a rejected version, and end a wait that is over."""
        try:
            lesson = await leave_rejected(self._documents, lesson, heads.own)
            return await settle(self._documents, lesson, heads.awaited)
        except NotFound:  # it is deleted in this moment
            raise not_found("lesson") from None

    async def _heads(self, lesson: Lesson) -> _Heads:
        if not lesson.waiting and lesson.version_number is None:
            return _Heads()
        keys = {lesson.lesson_key, lesson.awaited_key}
        found = await asyncio.gather(*(self._documents.find(LessonHead, key, LessonHead.ID) for key in keys))
        by_key = dict(zip(keys, found, strict=True))
        return _Heads(by_key[lesson.lesson_key], by_key[lesson.awaited_key])

    async def _shown(self, lesson: Lesson) -> _Shown:
        progress = self._documents.find(LessonProgress, lesson.user_id, LessonProgress.id_of(lesson.id))
        number = lesson.version_number
        if number is None:
            return _Shown(None, await progress, None)
        vote_id = Vote.id_of(pseudonym(self._settings, lesson.user_id), number)
        return _Shown(
            *await asyncio.gather(
                version_of(self._documents, lesson.lesson_key, number),
                progress,
                self._documents.find(Vote, lesson.lesson_key, vote_id),
            )
        )

    async def _sources(self, lesson: Lesson, head: LessonHead | None) -> list[Source]:
        if head is None or lesson.generation_status is not GenerationStatus.GENERATING:
            return []
        brief = await self._documents.find(BriefDocument, head.key, BriefDocument.id_of(head.generation))
        return brief.brief.sources if brief else []


def _newer(lesson: Lesson, heads: _Heads) -> str | None:
    """Return the version that the learner may change to, if the best one is newer than theirs."""
    for head in (heads.own, heads.awaited):
        if head is not None and head.key == lesson.lesson_key and lesson.version_number is not None:
            best = head.best_version or 0
            return LessonVersion.label(best) if best > lesson.version_number else None
    return None


def _message(lesson: Lesson, head: LessonHead | None) -> str:
    if lesson.queued:
        return "Waiting for its turn in the background; ask for it to have it at once."
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
