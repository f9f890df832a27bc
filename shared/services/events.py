"""Events out: what is stored beside a terminal transition, in the same batch, so that none can be lost."""

from __future__ import annotations

import json
import uuid

from shared.models.document import now
from shared.models.events import CLOUD_EVENT, CloudEvent, LessonEnded, RoadmapEnded
from shared.models.outbox import Destination, Outbox
from shared.models.roadmap import Lesson, Roadmap
from shared.store.contract import BatchOperation
from shared.store.documents import Documents, creation


def ended(
    documents: Documents, document: Roadmap | Lesson, *, regeneration: bool = False
) -> list[BatchOperation]:
    """Return what tells of the end that a document reaches with this batch; nothing without a broker.

    `document` is as it will be stored: its revision is the event's sequence. `regeneration` marks the end of
    a lesson's new version, which leaves its status as it is.
    """
    if documents.outbox is None:
        return []
    event = _lesson(document, regeneration) if isinstance(document, Lesson) else _roadmap(document)
    return [
        creation(
            Outbox(
                id=f"event-{document.id}-{document.revision}",
                user_id=document.user_id,
                destination=Destination.EVENTS,
                message_id=event.id,
                subject=event.type,
                content_type=CLOUD_EVENT,
                content=event.to_json(),
                sequence=document.revision,
                correlation_id=document.correlation_id,
            )
        )
    ]


def _lesson(lesson: Lesson, regeneration: bool) -> CloudEvent:
    error = lesson.regeneration_error if regeneration else lesson.generation_error
    end = lesson.generation_status.value
    if regeneration and error is not None:
        end = "canceled" if error.code == "canceled" else "failed"
    data = LessonEnded(
        user_id=lesson.user_id,
        lesson_id=lesson.id,
        roadmap_id=lesson.roadmap_id,
        module_id=lesson.module_id,
        status=lesson.generation_status.value,
        regeneration=regeneration,
        sequence=lesson.revision,
        attempt=lesson.attempt,
        version=lesson.version,
        was_cached=lesson.was_cached,
        error=error.code if error else None,
    )
    return _event(lesson, "lesson", end, data)


def _roadmap(roadmap: Roadmap) -> CloudEvent:
    data = RoadmapEnded(
        user_id=roadmap.user_id,
        roadmap_id=roadmap.id,
        status=roadmap.status.value,
        sequence=roadmap.revision,
        attempt=roadmap.attempt,
        modules_total=roadmap.progress.modules_total,
        modules_failed=roadmap.progress.modules_failed,
        error=roadmap.error.code if roadmap.error else None,
    )
    return _event(roadmap, "roadmap", roadmap.status.value, data)


def _event(document: Roadmap | Lesson, kind: str, end: str, data: LessonEnded | RoadmapEnded) -> CloudEvent:
    return CloudEvent(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([document.id, document.revision]))),
        type=f"skillsync.{kind}.{end}",
        subject=f"{kind}s/{document.id}",
        time=now(),
        sequence=f"{document.revision:010}",
        correlationid=document.correlation_id,
        data=data,
    )
