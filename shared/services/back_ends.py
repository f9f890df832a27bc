"""Lessons for other back ends, which act for a learner; each request leaves a trace."""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import Problem
from shared.models.status import GenerationStatus
from shared.models.views import LessonStatus, LessonView
from shared.orchestrations import Orchestrations
from shared.security.pseudonym import pseudonym
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.removal import refuse_while_removed
from shared.services.waiting import WAITS
from shared.telemetry import log


class LessonsForBackEnds:
    """The use case behind `POST /generate_lesson_content`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._generation = LessonGeneration(clients, orchestrations)
        self._lessons = Lessons(clients)

    async def content(self, user_id: str, lesson_id: str, seconds: int) -> LessonView:
        """Return a learner's lesson, written within these seconds or still being written.

        Raises Problem: 404, 429 over the day's quota, 503 while generation is switched off.
        """
        outcome = "fault"
        try:
            view = await self._content(user_id, lesson_id, seconds)
            outcome = view.generation_status.value
        except Problem as problem:
            outcome = problem.code
            raise
        finally:
            learner = pseudonym(self._settings, user_id)
            log("audit.lesson_for_back_end", learner=learner, lesson_id=lesson_id, code=outcome)
        return view

    async def _content(self, user_id: str, lesson_id: str, seconds: int) -> LessonView:
        await refuse_while_removed(self._documents, user_id)
        lesson = await self._generation.request(user_id, lesson_id)
        was_cached = lesson.generation_status is GenerationStatus.COMPLETED
        if not was_cached:
            await WAITS.until_changed(
                lambda: self._lessons.status(user_id, lesson_id), _tag, _ended, (), user_id, seconds
            )
        view, _ = await self._lessons.view(user_id, lesson_id)
        return view.model_copy(update={"was_cached": was_cached})


def _ended(status: LessonStatus) -> bool:
    return status.generation_status.ended


def _tag(status: LessonStatus) -> str:
    """Return a tag that changes when the lesson has ended, and not before."""
    return str(_ended(status))
