"""One lesson of the library, and what tests of its learners and its versions do with it."""

from __future__ import annotations

from shared.clients import Clients
from shared.models.library import LessonHead
from shared.models.roadmap import Lesson
from shared.planning.standalone import standalone_specification
from shared.services.lessons import Lessons
from shared.services.standalone import StandaloneLessons
from tests.support.flow import Flow
from tests.support.processes import fresh

TOPIC = standalone_specification("Python", "Dictionaries")


async def asked(clients: Clients, flow: Flow, user_id: str) -> Lesson:
    """Let a learner ask for the lesson."""
    return await StandaloneLessons(clients, flow.orchestrations).get_or_generate(user_id, TOPIC)


async def written(clients: Clients, flow: Flow, user_id: str) -> Lesson:
    """Let a learner ask for the lesson, and everything that follows from it happen."""
    lesson = await asked(clients, flow, user_id)
    await flow.run_all()
    await fresh()
    return await Lessons(clients).lesson(user_id, lesson.id)


async def head_of(clients: Clients) -> LessonHead:
    """Return the lesson's head as every process sees it."""
    await fresh()
    return await clients.documents.read(LessonHead, TOPIC.key, LessonHead.ID)
