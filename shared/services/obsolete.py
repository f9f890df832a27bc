"""Whether what a message asks for has come to nothing since: canceled, or no longer a batch's."""

from __future__ import annotations

from datetime import datetime

from shared.models.document import now
from shared.models.messages import LessonMessage, ModuleMessage
from shared.models.roadmap import Lesson, Module, Roadmap
from shared.services.origin import canceled_since
from shared.services.races import until_visible
from shared.store.documents import Documents


async def is_obsolete(
    documents: Documents, message: LessonMessage | ModuleMessage, asked_at: datetime | None
) -> bool:
    """Tell whether a message is void; what is not there at all is for others to judge."""
    if isinstance(message, ModuleMessage):
        module = await documents.find(Module, message.user_id, message.module_id)
        return module is not None and await _stopped(documents, module.user_id, module.roadmap_id, asked_at)
    if message.batch_id is not None:
        return not await _is_of_its_batch(documents, message, asked_at)
    lesson = await documents.find(Lesson, message.user_id, message.lesson_id)
    if lesson is None:
        return False
    if canceled_since(lesson, asked_at):
        return True
    return await _stopped(documents, lesson.user_id, lesson.roadmap_id, asked_at)


async def _is_of_its_batch(documents: Documents, message: LessonMessage, asked_at: datetime | None) -> bool:
    """Tell whether the batch that sent a message still waits for the lesson, which may not be visible yet."""
    lesson = await documents.find(Lesson, message.user_id, message.lesson_id)
    if lesson is None or lesson.batch_id != message.batch_id:
        await until_visible(min(asked_at or now(), now()))  # whatever a sender says of the time
        lesson = await documents.find(Lesson, message.user_id, message.lesson_id)
    return lesson is not None and lesson.batch_id == message.batch_id


async def _stopped(
    documents: Documents, user_id: str, roadmap_id: str | None, asked_at: datetime | None
) -> bool:
    """Tell whether a roadmap was canceled after something of it had been asked for, or is being removed."""
    if roadmap_id is None:
        return False
    roadmap = await documents.find(Roadmap, user_id, roadmap_id)
    if roadmap is None or roadmap.deleting:
        return True
    if roadmap.canceled_at is None:
        return False
    return asked_at is None or asked_at < roadmap.canceled_at
