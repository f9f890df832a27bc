"""Asking for a lesson: from the library at once, or by joining the one generation that writes it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed, Problem
from shared.models.document import now
from shared.models.library import Cause, LessonHead
from shared.models.ranking import VersionStanding
from shared.models.roadmap import Lesson, Roadmap
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations
from shared.services.challengers import version_for
from shared.services.counters import count
from shared.services.generations import Generations
from shared.services.leaving import Place, leave
from shared.services.linking import leave_rejected, link, save_lesson
from shared.services.origin import LEARNER, Origin
from shared.services.quotas import use_quota
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.renewal import Renewal
from shared.services.roadmaps import not_found
from shared.store.tallies import add_today

GENERATION_OFF = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "generation_off",
    "New lessons are switched off at the moment; lessons that exist can be read.",
    headers={"Retry-After": "3600"},
)
CHANGING = Problem(
    HTTPStatus.CONFLICT, "conflict", "The lesson is changing right now; try again in a moment."
)


class LessonGeneration:
    """The use case behind `POST /lessons/{id}/generate`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._generations = Generations(clients, orchestrations)
        self._renewal = Renewal(clients, orchestrations)

    async def request(self, user_id: str, lesson_id: str, origin: Origin = LEARNER) -> Lesson:
        """Return the lesson completed from the library, or generating; or as a message before left it.

        Work of the background leaves providers' room to learners who wait, until a learner asks for it.
        Raises Problem: 404, 429 over the day's quota, 503 while generation is switched off.
        """
        taken: list[Place] = []
        try:
            return await self._request(user_id, lesson_id, origin, taken)
        except NotFound:  # also of one that is deleted in this moment
            await self._leave(taken)
            raise not_found("lesson") from None

    async def _request(self, user_id: str, lesson_id: str, origin: Origin, taken: list[Place]) -> Lesson:
        """See request; `taken` holds the places that were taken for the lesson."""
        counted = False
        for lost in range(TRIES):
            lesson = await self._documents.read(Lesson, user_id, lesson_id)
            if origin.is_void_for(lesson):
                await self._leave(taken)
                return lesson
            head = await self._documents.find(LessonHead, lesson.lesson_key, LessonHead.ID)
            lesson = await leave_rejected(self._documents, lesson, head)
            version = version_for(self._settings, user_id, head) if head is not None else None
            if head is not None and version is not None:
                return await self._from_library(lesson, head, version, origin)
            if lesson.generation_status is GenerationStatus.COMPLETED:
                return lesson
            if head is not None and lesson.generation_status is GenerationStatus.GENERATING and _runs(head):
                if not origin.background:
                    await self._generations.want(head)
                return await self._generations.start_awaited(lesson)
            if await origin.obeyed(self._documents):
                return lesson
            if not counted:
                await self._count(lesson, origin)
                counted = True
            try:
                cause = Cause(background=origin.background)
                generation = await self._generations.join(lesson, lesson.specification, head, cause)
                taken.append(self._generations.place(lesson, lesson.lesson_key, generation))
                await self._mark_generating(lesson, generation, origin)
            except LOST_RACE:
                await pause(lost)
                await self._check_stays(lesson)
                continue
            await add_today(self._documents, {"lesson_misses": 1})
            return await self._generations.start_awaited(lesson)
        raise CHANGING

    async def _check_stays(self, lesson: Lesson) -> None:
        """Raise NotFound for a lesson of a roadmap that is being deleted: nothing begins there any more."""
        if lesson.roadmap_id is None:
            return
        roadmap = await self._documents.find(Roadmap, lesson.user_id, lesson.roadmap_id)
        if roadmap is not None and roadmap.deleting:
            raise NotFound(f"roadmap {roadmap.id} is being deleted")

    async def _leave(self, taken: list[Place]) -> None:
        """Give up the places of a lesson that nobody wants any longer."""
        for place in taken:
            with suppress(PreconditionFailed):  # its generation keeps changing, and ends by itself
                await leave(self._documents, place)

    async def _from_library(
        self, lesson: Lesson, head: LessonHead, version: VersionStanding, origin: Origin
    ) -> Lesson:
        if lesson.generation_status is not GenerationStatus.COMPLETED:
            lesson.correlation_id = origin.correlation_id
        is_hit = not lesson.waiting and lesson.generation_status is not GenerationStatus.COMPLETED
        lesson = await link(self._documents, lesson, head, version, was_cached=True)
        if is_hit:
            counting = count(self._documents, head, "hits")
            head, _ = await asyncio.gather(counting, add_today(self._documents, {"lesson_hits": 1}))
        await self._renewal.renew(head)
        return lesson

    async def _count(self, lesson: Lesson, origin: Origin) -> None:
        if lesson.generation_status is GenerationStatus.GENERATING:
            return  # counted by the request that marked it
        if self._settings.generation == "off":
            raise GENERATION_OFF
        if origin.counted:
            return
        limit = self._settings.quota_lessons_per_day
        await use_quota(self._documents, lesson.user_id, "lessons", limit)

    async def _mark_generating(self, lesson: Lesson, generation: int, origin: Origin) -> None:
        before = lesson.generation_status
        if before is not GenerationStatus.GENERATING:  # else it waits already, for one that had ended
            lesson.move_to(GenerationStatus.GENERATING)
        lesson.attempt += 1
        lesson.generation = generation
        lesson.generation_error = None
        lesson.requested_at = now()
        lesson.correlation_id = origin.correlation_id
        await save_lesson(self._documents, lesson, before, also=origin.receipts)


def _runs(head: LessonHead) -> bool:
    return head.status is GenerationStatus.GENERATING
