"""Canceling lessons: their learner waits no longer; whoever else waits for the same generation gets it.

First the place among those who wait is given up, then the lesson is stored as canceled. A process that dies
in between leaves a lesson that ends with its generation, as every lesson does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import NotFound, Problem
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.services.failures import failure
from shared.services.leaving import Place, leave
from shared.services.lesson_generation import CHANGING
from shared.services.linking import MOST_AT_ONCE, Changed, save_lessons
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.roadmaps import not_found
from shared.store.documents import equals, set_to
from shared.telemetry import log

CANCELED = failure("canceled")


def nothing_to_cancel(thing: str) -> Problem:
    """Return the 409 for what nobody waits for."""
    return Problem(
        HTTPStatus.CONFLICT, "nothing_to_cancel", f"Nothing of this {thing} is being generated right now."
    )


class LessonCancellation:
    """The use case behind `POST /lessons/{id}/cancel`, and what a roadmap's end means for its lessons."""

    def __init__(self, clients: Clients) -> None:
        self._settings = clients.settings
        self._documents = clients.documents

    async def cancel(self, user_id: str, lesson_id: str) -> Lesson:
        """Stop waiting for a lesson, or for its new version, also in a batch's queue.

        One that was canceled is returned as it is. Raises Problem: 404, and 409 when nothing of it is being
        written or about to be.
        """
        try:
            lesson = await self._stopped(user_id, lesson_id)
        except NotFound:
            raise not_found("lesson") from None
        if not _was_canceled(lesson):
            raise nothing_to_cancel("lesson")
        return lesson

    async def cancel_all(self, lessons: Sequence[Lesson]) -> int:
        """Stop waiting for lessons of one roadmap; returns how many of them are canceled then."""
        canceled = 0
        for start in range(0, len(lessons), MOST_AT_ONCE):
            some = lessons[start : start + MOST_AT_ONCE]
            try:
                await self._stop(some)
                canceled += len(some)
            except LOST_RACE:
                # One of them has ended or begun anew meanwhile: each by itself.
                for lesson in some:
                    canceled += await self._cancel_if_there(lesson)
        return canceled

    async def _cancel_if_there(self, lesson: Lesson) -> bool:
        try:
            return _was_canceled(await self._stopped(lesson.user_id, lesson.id))
        except NotFound:
            return False

    async def _stopped(self, user_id: str, lesson_id: str) -> Lesson:
        """Return a lesson that waits for nothing; raises NotFound, and a 409 Problem if it keeps changing."""
        for lost in range(TRIES):
            lesson = await self._documents.read(Lesson, user_id, lesson_id)
            try:
                if lesson.waiting or lesson.queued:
                    await self._stop([lesson])
                else:
                    await self._confirm(lesson)
            except LOST_RACE:
                await pause(lost)
                continue
            return lesson
        raise CHANGING

    async def _stop(self, lessons: Sequence[Lesson]) -> None:
        """Give up the places of lessons that wait, and store their end; raises what a lost race raises."""
        places = [Place.of(self._settings, lesson) for lesson in lessons if lesson.waiting]
        left = await asyncio.gather(
            *(leave(self._documents, place) for place in places), return_exceptions=True
        )
        for outcome in left:
            if isinstance(outcome, BaseException):
                raise outcome
        await save_lessons(self._documents, [_canceled(lesson) for lesson in lessons])
        for lesson in lessons:
            log("lesson.canceled", lesson_id=lesson.id, attempt=lesson.attempt)

    async def _confirm(self, lesson: Lesson) -> None:
        """Let the store say that nothing newer is stored than was read; raises PreconditionFailed."""
        unchanged = [set_to("/revision", lesson.revision)], [equals("/revision", lesson.revision)]
        await self._documents.patch(Lesson, lesson.user_id, lesson.id, *unchanged)


def _canceled(lesson: Lesson) -> Changed:
    """End a lesson's waiting; a completed one keeps the version that it has."""
    before = lesson.generation_status
    if lesson.regenerating:
        lesson.regenerating = False
        lesson.regeneration_key = None
        lesson.regeneration = None
        lesson.regeneration_error = CANCELED
        return Changed(lesson, before, regenerated=True)
    if lesson.queued:
        # The attempt that a batch was about to ask for: what it has sent must not be taken for the next one.
        lesson.attempt += 1
        if before is not GenerationStatus.PENDING:
            lesson.move_to(GenerationStatus.GENERATING)
        lesson.move_to(GenerationStatus.CANCELED)
        lesson.generation_error = CANCELED
        return Changed(lesson, before, withdrawn=True)
    lesson.move_to(GenerationStatus.CANCELED)
    lesson.generation_error = CANCELED
    return Changed(lesson, before)


def _was_canceled(lesson: Lesson) -> bool:
    errors = (lesson.generation_error, lesson.regeneration_error)
    return any(error is not None and error.code == CANCELED.code for error in errors)
