"""What is still to be sent to Service Bus, stored in the batch that it tells of (container `learning`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from shared.models.roadmap import LearnerDocument


class Destination(StrEnum):
    """Where a message goes."""

    EVENTS = "events"
    QUEUE = "queue"


class Outbox(LearnerDocument):
    """A message that is to be sent, and removed once it was.

    Its id and the `message_id` follow from what it tells of, so that a repeat stores nothing new and a resend
    is known to the broker.
    """

    document_type: ClassVar[str] = "Outbox"

    destination: Destination
    message_id: str
    subject: str = Field(
        description="what a subscription may filter by: the event's type, the message's kind"
    )
    content_type: str
    content: dict[str, Any] = Field(description="the message's body, not indexed")
    sequence: int = Field(description="the revision of the document that it tells of")
    correlation_id: str | None = None
    failures: int = Field(default=0, description="times that the broker refused this very message")
