"""The messages of the queue `lesson-generation`, validated as strictly as a request's body."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from shared.errors import FieldError, Problem
from shared.models.base import Model, Moment, in_utc
from shared.models.requests import RoadmapRequest
from shared.models.validation import parsed_json, validated

SCHEMA_VERSION = 1
MAX_MESSAGE_BYTES = 64 * 1024
MAX_ID = 128
"""What Service Bus allows of a message id."""

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_REDRIVEN = re.compile(r":r[0-9]+$")


def _lowered(text: str) -> str:
    return text.lower()


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable characters")
    return text


Id = Annotated[str, StringConstraints(pattern=_UUID), AfterValidator(_lowered)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID),
    AfterValidator(_one_line),
]
Key = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)
]
_USER_ID: TypeAdapter[str] = TypeAdapter(Line)


class _QueueMessage(Model):
    """What all kinds have in common.

    `idempotency_key` says when two messages are one; without it the message id does. `roadmap_id` names the
    roadmap that asks: when it is gone, nothing is asked for any longer.
    """

    schema_version: Literal[1]
    user_id: Line
    requested_at: Annotated[Moment, AfterValidator(in_utc)] | None = None
    idempotency_key: Key | None = None
    correlation_id: Line | None = None
    roadmap_id: Id | None = None


class LessonMessage(_QueueMessage):
    """Have one lesson written; `force` asks for a new version of one that is completed.

    Nobody waits in front of a screen for it unless `interactive`. `batch_id` names the batch that has
    reserved its quota.
    """

    kind: Literal["lesson"]
    lesson_id: Id
    force: bool = Field(default=False, strict=True)
    interactive: bool = Field(default=False, strict=True)
    batch_id: Id | None = None


class ModuleMessage(_QueueMessage):
    """Have all lessons of a module written that are not."""

    kind: Literal["module"]
    module_id: Id


class RoadmapMessage(_QueueMessage):
    """Create a roadmap; `request` is the body of `POST /roadmaps`."""

    kind: Literal["roadmap"]
    request: RoadmapRequest


QueueMessage = LessonMessage | ModuleMessage | RoadmapMessage
KINDS: dict[str, type[QueueMessage]] = {
    "lesson": LessonMessage,
    "module": ModuleMessage,
    "roadmap": RoadmapMessage,
}


def read_message(raw: bytes) -> QueueMessage:
    """Return the message; raises a Problem that names every bad field."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise _refused("body", f"must be at most {MAX_MESSAGE_BYTES} bytes")
    body = parsed_json(raw)
    if not isinstance(body, dict):
        raise _refused("body", "must be a JSON object")
    # Named before all else: of another version nothing more is known.
    if body.get("schema_version") != SCHEMA_VERSION or isinstance(body["schema_version"], bool):
        raise _refused("schema_version", f"must be {SCHEMA_VERSION}")
    kind = body.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise _refused("kind", f"must be one of {', '.join(KINDS)}")
    return validated(model, body)


def sender_of(raw: bytes) -> str | None:
    """Return whose a message is that cannot be obeyed; None where it names nobody who can be a learner."""
    if len(raw) > MAX_MESSAGE_BYTES:
        return None
    try:
        body = parsed_json(raw)
    except Problem:
        return None
    try:
        return _USER_ID.validate_python(body["user_id"])
    except (TypeError, KeyError, ValidationError):
        return None


def _refused(field: str, detail: str) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_request",
        f"{field} {detail}.",
        (FieldError(field, detail),),
    )


def original_id(message_id: str) -> str:
    """Return the id of a message before it was put back from the dead letters."""
    return _REDRIVEN.sub("", message_id)


def redriven_id(message_id: str, sequence_number: int) -> str:
    """Return the id under which a dead letter is put back: a known one would be dropped in the window."""
    suffix = f":r{sequence_number}"
    return original_id(message_id)[: MAX_ID - len(suffix)] + suffix


def lesson_message(user_id: str, lesson_id: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a message of kind lesson."""
    message = LessonMessage(
        schema_version=SCHEMA_VERSION, kind="lesson", user_id=user_id, lesson_id=lesson_id, **fields
    )
    return message.model_dump(mode="json", exclude_none=True)


def module_message(user_id: str, module_id: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a message of kind module."""
    message = ModuleMessage(
        schema_version=SCHEMA_VERSION, kind="module", user_id=user_id, module_id=module_id, **fields
    )
    return message.model_dump(mode="json", exclude_none=True)
