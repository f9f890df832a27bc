"""What a roadmap asks for once it is outlined: its first lesson, or all of them, by messages."""

from __future__ import annotations

from typing import Any

from shared.models.document import now
from shared.models.messages import lesson_message, module_message
from shared.models.outbox import Destination, Outbox
from shared.models.roadmap import Roadmap, lesson_id_of
from shared.models.status import GenerationStatus
from shared.store.contract import BatchOperation
from shared.store.documents import Documents, creation


def follow_up(documents: Documents, roadmap: Roadmap) -> list[BatchOperation]:
    """Return the messages that are stored in the batch which completes a roadmap.

    `roadmap` is as it will be stored. A repeat in a later attempt sends them under the same ids and keys:
    what has begun is not begun again.
    """
    ready = roadmap.module_ids(GenerationStatus.COMPLETED)
    if documents.outbox is None or roadmap.status is not GenerationStatus.COMPLETED or not ready:
        return []
    if roadmap.generate == "first_lesson":
        return [_first_lesson(roadmap, ready[0])]
    if roadmap.generate == "all":
        return [_module(roadmap, module_id) for module_id in ready]
    return []


def _first_lesson(roadmap: Roadmap, module_id: str) -> BatchOperation:
    lesson_id = lesson_id_of(module_id, 0)
    key = f"{lesson_id}:1"
    # Its learner has just asked for it: it is no work of the background.
    body = lesson_message(roadmap.user_id, lesson_id, interactive=True, **_fields(roadmap, key))
    return _message(roadmap, key, "lesson", body)


def _module(roadmap: Roadmap, module_id: str) -> BatchOperation:
    key = f"{module_id}:all"
    return _message(
        roadmap, key, "module", module_message(roadmap.user_id, module_id, **_fields(roadmap, key))
    )


def _fields(roadmap: Roadmap, key: str) -> dict[str, Any]:
    return {
        "roadmap_id": roadmap.id,
        "requested_at": now(),
        "idempotency_key": key,
        "correlation_id": roadmap.correlation_id,
    }


def _message(roadmap: Roadmap, key: str, kind: str, body: dict[str, Any]) -> BatchOperation:
    return creation(
        Outbox(
            id=f"message-{key}-{roadmap.revision}",
            user_id=roadmap.user_id,
            destination=Destination.QUEUE,
            message_id=key,
            subject=kind,
            content_type="application/json",
            content=body,
            sequence=roadmap.revision,
            correlation_id=roadmap.correlation_id,
        )
    )
