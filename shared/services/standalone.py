"""Lessons without a roadmap: getting or generating one by its topic, and reading the newest of a topic."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress

from shared.clients import Clients
from shared.errors import Conflict
from shared.models.library import LessonHead, LessonVersion
from shared.models.roadmap import Lesson
from shared.models.specification import LessonSpecification
from shared.models.topics import TopicView
from shared.orchestrations import Orchestrations
from shared.planning.standalone import ESTIMATED_MINUTES
from shared.services.lesson_generation import CHANGING, LessonGeneration
from shared.services.roadmaps import not_found
from shared.services.versions import versions_page
from shared.services.visibility import read_visible
from shared.store.documents import DocumentPage

# A lesson that its learner took to another style leaves its place; there are four styles.
PLACES = 5


class StandaloneLessons:
    """A learner's lessons that belong to no roadmap."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._documents = clients.documents
        self._generation = LessonGeneration(clients, orchestrations)

    async def get_or_generate(self, user_id: str, specification: LessonSpecification) -> Lesson:
        """Return the learner's lesson: completed from the library, or generating.

        Raises Problem: 429 over the day's quota, 503 while generation is switched off.
        """
        lesson = await self._place(user_id, specification)
        return await self._generation.request(user_id, lesson.id)

    async def _place(self, user_id: str, specification: LessonSpecification) -> Lesson:
        """Return the learner's lesson of this specification, made if it is not there."""
        for place in range(PLACES):
            lesson = _lesson(user_id, specification, place)
            with suppress(Conflict):
                return await self._documents.create(lesson)
            stored = await read_visible(self._documents, Lesson, user_id, lesson.id)
            if stored.lesson_key == lesson.lesson_key:
                return stored
        raise CHANGING


def _lesson(user_id: str, specification: LessonSpecification, place: int) -> Lesson:
    key = specification.key
    return Lesson(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([user_id, key, place]))),
        user_id=user_id,
        order=0,
        title=specification.title,
        description=f"{specification.title}: a lesson on {specification.curriculum.subject}.",
        objectives=specification.objectives,
        estimated_minutes=ESTIMATED_MINUTES,
        learning_style=specification.style,
        lesson_key=key,
        specification=specification,
    )


class Topics:
    """What the library holds of a topic, whoever asked for it."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents

    async def newest(self, specification: LessonSpecification) -> TopicView:
        """Return the newest version of a topic's lesson; raises a 404 Problem."""
        head = await self._documents.find(LessonHead, specification.key, LessonHead.ID)
        newest = head.newest if head is not None else None
        if head is None or newest is None:
            raise not_found("lesson")
        version = await self._documents.read(
            LessonVersion, head.key, LessonVersion.id_of(newest.version_number)
        )
        return TopicView.newest(version, head.created_at)

    async def versions(
        self, specification: LessonSpecification, limit: int, continuation: str | None
    ) -> DocumentPage[LessonVersion]:
        """Return the versions of a topic's lesson in their order; none before it was first written."""
        return await versions_page(self._documents, specification.key, limit, continuation)
