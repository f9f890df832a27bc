"""Regenerating a lesson: a new version, while the learner keeps reading the one that there is."""

from __future__ import annotations

from http import HTTPStatus

from shared.clients import Clients
from shared.errors import NotFound, Problem
from shared.models.document import now
from shared.models.library import Cause, LessonHead, Occasion
from shared.models.ranking import VersionStanding
from shared.models.roadmap import Lesson, Regeneration
from shared.models.specification import LessonSpecification
from shared.models.status import GenerationStatus
from shared.models.versions import RegenerationRequest
from shared.orchestrations import Orchestrations
from shared.services.challengers import version_for
from shared.services.generations import Generations
from shared.services.lesson_generation import CHANGING, GENERATION_OFF
from shared.services.lessons import Lessons
from shared.services.linking import link_newer, save_lesson
from shared.services.origin import LEARNER, Origin
from shared.services.quotas import use_quota
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.roadmaps import not_found


def not_completed(what: str) -> Problem:
    """Return the 409 for a lesson that has no version yet."""
    return Problem(
        HTTPStatus.CONFLICT, "not_completed", f"The lesson is not completed yet, so it cannot be {what}."
    )


class LessonRegeneration:
    """The use case behind `POST /lessons/{id}/regenerate`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._lessons = Lessons(clients)
        self._generations = Generations(clients, orchestrations)

    async def request(
        self, user_id: str, lesson_id: str, wish: RegenerationRequest, origin: Origin = LEARNER
    ) -> Lesson:
        """Return the lesson, regenerating or with a version that exists already.

        A version newer than the learner's, or one in the style asked for, is linked at once: that is what
        makes one generation of what many ask for at the same time. What a message has begun before stays as
        it is. Raises Problem: 404, 409 for a lesson that is not completed, 429 over the day's quota, 503
        unless generation is switched on.
        """
        try:
            return await self._request(user_id, lesson_id, wish, origin)
        except NotFound:  # of one that is deleted in this moment
            raise not_found("lesson") from None

    async def _request(
        self, user_id: str, lesson_id: str, wish: RegenerationRequest, origin: Origin
    ) -> Lesson:
        counted = False
        for lost in range(TRIES):
            lesson = await self._lessons.lesson(user_id, lesson_id)
            if lesson.generation_status is not GenerationStatus.COMPLETED:
                raise not_completed("regenerated")
            wanted = lesson.specification
            if wish.learning_style is not None:
                wanted = wanted.model_copy(update={"style": wish.learning_style})
            head = await self._documents.find(LessonHead, wanted.key, LessonHead.ID)
            try:
                if lesson.regenerating:
                    if head is not None and not origin.background:
                        await self._generations.want(head)
                    return await self._generations.start_awaited(lesson)
                if await origin.obeyed(self._documents):
                    return lesson
                version = self._at_hand(head, lesson) if head is not None else None
                if head is not None and version is not None:
                    return await link_newer(self._documents, lesson, head, version, was_cached=True)
                if not counted:
                    await self._count(user_id)
                    counted = True
                lesson = await self._join(lesson, wanted, head, wish, origin)
            except LOST_RACE:
                await pause(lost)
                continue
            return await self._generations.start_awaited(lesson)
        raise CHANGING

    def _at_hand(self, head: LessonHead, lesson: Lesson) -> VersionStanding | None:
        """Return the version that there is already: of the other style, or newer than the lesson's own."""
        if head.key != lesson.lesson_key:
            return version_for(self._settings, lesson.user_id, head)
        newest = head.newest
        return newest if newest and newest.version_number > (lesson.version_number or 0) else None

    async def _count(self, user_id: str) -> None:
        if self._settings.generation != "on":
            raise GENERATION_OFF
        limit = self._settings.quota_regenerations_per_day
        await use_quota(self._documents, user_id, "regenerations", limit)

    async def _join(
        self,
        lesson: Lesson,
        wanted: LessonSpecification,
        head: LessonHead | None,
        wish: RegenerationRequest,
        origin: Origin,
    ) -> Lesson:
        """Join or begin the generation and mark the lesson; raises what a lost race raises."""
        same = wanted.key == lesson.lesson_key
        cause = Cause(
            occasion=Occasion.REGENERATION if same else Occasion.FIRST,
            regenerated_from=lesson.version if same else None,
            reason=wish.reason,
            background=origin.background,
        )
        lesson.generation = await self._generations.join(lesson, wanted, head, cause)
        lesson.attempt += 1
        lesson.requested_at = now()
        lesson.correlation_id = origin.correlation_id
        lesson.regenerating = True
        lesson.regeneration_key = wanted.key
        lesson.regeneration_error = None
        lesson.regeneration = Regeneration(
            specification=wanted, after_version=head.latest_version if head else 0
        )
        await save_lesson(self._documents, lesson, lesson.generation_status, also=origin.receipts)
        return lesson
