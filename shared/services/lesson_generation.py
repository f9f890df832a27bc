"""Asking for a lesson: from the library at once, or by joining the one generation that writes it."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Conflict, NotFound, PreconditionFailed, Problem
from shared.models.document import now
from shared.models.library import LessonHead, Waiter
from shared.models.roadmap import Lesson, Quota
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations, StartFailed
from shared.security.pseudonym import pseudonym
from shared.services.linking import link, save_lesson, settle
from shared.services.quotas import ensure_quota, quota_exceeded
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.roadmaps import not_found
from shared.store.contract import BatchOperation, Condition
from shared.store.documents import change, creation, equals, increment, replacement
from shared.telemetry import log, log_fault


def instance_id(head: LessonHead) -> str:
    """Return the orchestration instance of a generation; it belongs to the library, not to a learner."""
    return f"lesson-{head.key}-{head.generation}"


async def start_lesson(orchestrations: Orchestrations, head: LessonHead) -> None:
    """Start the orchestration of a generation; a failure is left to the reconciler."""
    try:
        await orchestrations.start(
            "lesson_orchestrator", instance_id(head), {"lesson_key": head.key, "generation": head.generation}
        )
    except StartFailed as error:
        log_fault("lesson.start_failed", error, lesson_key=head.key, generation=head.generation)


class LessonGeneration:
    """The use case behind `POST /lessons/{id}/generate`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._orchestrations = orchestrations

    async def request(self, user_id: str, lesson_id: str) -> Lesson:
        """Return the lesson completed from the library, or generating.

        Raises Problem: 404, 429 over the day's quota, 503 while generation is switched off.
        """
        counted = False
        for lost in range(TRIES):
            lesson = await self._lesson(user_id, lesson_id)
            head = await self._documents.find(LessonHead, lesson.lesson_key, LessonHead.ID)
            if lesson.generation_status is GenerationStatus.COMPLETED:
                return lesson
            if head is not None and head.best_version is not None:
                return await link(self._documents, lesson, head, was_cached=True)
            generating = lesson.generation_status is GenerationStatus.GENERATING
            if not generating and not counted:
                await self._count(user_id)
                counted = True
            try:
                head = await self._join(lesson, head)
                if not generating:
                    await self._mark_generating(lesson, head)
            except LOST_RACE:
                await pause(lost)
                continue
            return await self._begin(lesson, head)
        raise Problem(
            HTTPStatus.CONFLICT, "conflict", "The lesson is changing right now; try again in a moment."
        )

    async def _lesson(self, user_id: str, lesson_id: str) -> Lesson:
        try:
            return await self._documents.read(Lesson, user_id, lesson_id)
        except NotFound:
            raise not_found("lesson") from None

    async def _count(self, user_id: str) -> None:
        if self._settings.generation == "off":
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "generation_off",
                "New lessons are switched off at the moment; lessons that exist can be read.",
                headers={"Retry-After": "3600"},
            )
        limit = self._settings.quota_lessons_per_day
        quota_id = await ensure_quota(self._documents, user_id)
        try:
            await self._documents.patch(
                Quota, user_id, quota_id, [increment("/lessons")], [Condition("/lessons", "<", limit)]
            )
        except PreconditionFailed:
            raise quota_exceeded("lessons", limit) from None

    async def _join(self, lesson: Lesson, head: LessonHead | None) -> LessonHead:
        """Become a Waiter of the running generation, or begin one; raises what a lost race raises."""
        operations: list[BatchOperation]
        if head is None:
            head = LessonHead(
                id=LessonHead.ID,
                key=lesson.lesson_key,
                specification=lesson.specification,
                requested_at=now(),
                waiters=1,
            )
            operations = [creation(head), self._waiter(lesson, head)]
        elif head.status is GenerationStatus.GENERATING:
            if lesson.generation_status is GenerationStatus.GENERATING:
                return head  # a repeat: it waits already
            still = [equals("/status", head.status.value), equals("/generation", head.generation)]
            operations = [change(head.id, [increment("/waiters")], still), self._waiter(lesson, head)]
            with suppress(Conflict):  # the Waiter of an earlier request that stopped half-way
                await self._documents.batch(LessonHead, head.key, operations)
            return head
        else:
            begin_generation(head)
            operations = [replacement(head), self._waiter(lesson, head)]
        await self._documents.batch(LessonHead, head.key, operations)
        return head

    def _waiter(self, lesson: Lesson, head: LessonHead) -> BatchOperation:
        return creation(
            Waiter(
                id=f"waiter-{lesson.id}-{lesson.attempt + 1}-{head.generation}",
                key=head.key,
                lesson_id=lesson.id,
                learner=pseudonym(self._settings, lesson.user_id),
                generation=head.generation,
            )
        )

    async def _mark_generating(self, lesson: Lesson, head: LessonHead) -> None:
        before = lesson.generation_status
        lesson.move_to(GenerationStatus.GENERATING)
        lesson.attempt += 1
        lesson.generation = head.generation
        lesson.generation_error = None
        lesson.requested_at = now()
        await save_lesson(self._documents, lesson, before)

    async def _begin(self, lesson: Lesson, head: LessonHead) -> Lesson:
        """Start the generation, unless it ended while the lesson was being marked."""
        latest = await self._documents.read(LessonHead, head.key, LessonHead.ID)
        stored = await self._documents.read(Lesson, lesson.user_id, lesson.id)
        if latest.status is GenerationStatus.GENERATING:
            await start_lesson(self._orchestrations, latest)
            log(
                "lesson.requested",
                lesson_id=lesson.id,
                lesson_key=head.key,
                learner=pseudonym(self._settings, lesson.user_id),
                generation=latest.generation,
            )
        return await settle(self._documents, stored, latest)


def begin_generation(head: LessonHead) -> None:
    """Take an ended head into its next generation."""
    head.generation += 1
    head.status = GenerationStatus.GENERATING
    head.attempts = 1
    head.requested_at = now()
    head.lease = None
    head.error = None
    head.sources_found = 0
    head.waiters = 1
