"""Lessons asked for as tasks: a task ends in the same batch as its lesson, and vanishes an hour later."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime, timedelta
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import NotFound, Problem
from shared.models.document import now
from shared.models.library import LessonHead
from shared.models.roadmap import Failure, Lesson, Task
from shared.models.status import GenerationStatus
from shared.models.topics import TaskRequest
from shared.models.versions import RegenerationRequest
from shared.models.views import LessonView
from shared.orchestrations import Orchestrations
from shared.planning.standalone import standalone_specification
from shared.services.lesson_generation import CHANGING
from shared.services.lessons import Lessons
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.regeneration import LessonRegeneration
from shared.services.roadmaps import named_continuation, not_found
from shared.services.standalone import StandaloneLessons
from shared.store.documents import DocumentPage, creation, replacement

# Research, then one model call: what a lesson takes when all goes well, told to whoever plans to ask again.
TYPICAL_TIME = timedelta(seconds=60)


class Tasks:
    """The use cases behind `POST /lessons` and its status."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents
        self._lessons = Lessons(clients)

    async def create(self, user_id: str, request: TaskRequest, orchestrations: Orchestrations) -> Task:
        """Ask for a topic's lesson and return the task that waits for it.

        While a task waits for the same lesson, that one is returned: a repeat costs nothing. Raises Problem:
        403 for another's `user_id`, 429 over the day's quota of lessons, 503 while generation is off.
        """
        if request.user_id is not None and request.user_id != user_id:
            raise Problem(
                HTTPStatus.FORBIDDEN, "forbidden", "user_id must be the caller's own, or be left out."
            )
        specification = standalone_specification(request.subject, request.topic)
        before = await self._documents.find(LessonHead, specification.key, LessonHead.ID)
        lessons = StandaloneLessons(self._clients, orchestrations)
        lesson = await lessons.get_or_generate(user_id, specification)
        message = "The lesson is being written." if lesson.waiting else "The lesson is ready."
        existed = before is not None and before.best_version is not None
        error = lesson.generation_error
        if request.force_regenerate and existed and not lesson.waiting:
            regeneration = LessonRegeneration(self._clients, orchestrations)
            try:
                lesson = await regeneration.request(user_id, lesson.id, RegenerationRequest())
                message = "A new version of the lesson is being written."
                error = lesson.regeneration_error
            except Problem as problem:
                if problem.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                    raise
                message = f"{problem.detail} The lesson that exists is served instead."
        if not request.include_wikipedia and "wikipedia" in self._clients.settings.sources:
            message += " Lessons are shared, so their sources are the same for all: Wikipedia is one of them."
        return await self._attach(lesson, request, message, error)

    async def _attach(
        self, lesson: Lesson, request: TaskRequest, message: str, error: Failure | None
    ) -> Task:
        """Store a task that ends with this lesson, or has ended, with this error, as the lesson has."""
        for lost in range(TRIES):
            if lesson.task_id is not None:
                return await self._documents.read(Task, lesson.user_id, lesson.task_id)
            task = Task(
                id=str(uuid.uuid4()),
                user_id=lesson.user_id,
                lesson_id=lesson.id,
                subject=request.subject,
                topic=request.topic,
                message=message,
            )
            if not lesson.waiting:
                return await self._documents.create(_ended(task, error))
            lesson.task_id = task.id
            try:
                await self._documents.batch(Lesson, lesson.user_id, [replacement(lesson), creation(task)])
            except LOST_RACE:
                await pause(lost)
                lesson = await self._documents.read(Lesson, lesson.user_id, lesson.id)
                error = lesson.generation_error or lesson.regeneration_error
                continue
            return task
        raise CHANGING

    async def task(self, user_id: str, task_id: str) -> tuple[Task, LessonView | None]:
        """Return a task and, once it is completed, its lesson; raises a 404 Problem.

        Reading mends a link that was missed, as every status read does.
        """
        task = await self._task(user_id, task_id)
        if not task.status.ended:
            await self._lessons.lesson(user_id, task.lesson_id)
            task = await self._task(user_id, task_id)
        if task.status is not GenerationStatus.COMPLETED:
            return task, None
        view, _ = await self._lessons.view(user_id, task.lesson_id)
        return task, view

    async def _task(self, user_id: str, task_id: str) -> Task:
        try:
            return await self._documents.read(Task, user_id, task_id)
        except NotFound:
            raise not_found("task") from None

    async def active(self, user_id: str, limit: int, continuation: str | None) -> DocumentPage[Task]:
        """Return a page of the learner's tasks that have not ended, newest first; raises a 422 Problem."""
        with named_continuation(continuation):
            return await self._documents.query(
                Task,
                user_id,
                {"status": GenerationStatus.GENERATING.value},
                order_by="created_at",
                descending=True,
                limit=limit,
                continuation=continuation,
            )

    async def counts(self, user_id: str) -> Counter[GenerationStatus]:
        """Return how many of the learner's tasks have each status; what has vanished is not counted."""
        return Counter([task.status async for task in self._documents.every(Task, user_id)])


def _ended(task: Task, error: Failure | None) -> Task:
    """Return a task whose lesson waits for nothing."""
    task.status = GenerationStatus.FAILED if error else GenerationStatus.COMPLETED
    task.error = error
    task.message = error.message if error else task.message
    task.completed_at = now()
    task.ttl = Task.KEPT_AFTER_END
    return task


def estimated_completion(task: Task) -> datetime:
    """Return when a task is likely to be completed."""
    return task.completed_at or task.created_at + TYPICAL_TIME
