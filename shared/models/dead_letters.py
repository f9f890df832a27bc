"""What operators see of dead letters, and what they ask to be done with them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from shared.models.base import Model, Whole
from shared.models.views import Page

MOST_AT_ONCE = 100

SequenceNumber = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True), Whole]


class PoisonView(Model):
    """Why the app could not obey a message."""

    reason: str
    field: str | None
    detail: str
    deliveries: int
    last_at: datetime


class DeadLetterSummary(Model):
    """A dead letter in a list: the broker's reason, and the app's own where it has one."""

    sequence_number: int
    message_id: str
    correlation_id: str | None
    reason: str
    description: str
    enqueued_at: datetime | None
    deliveries: int
    poison: PoisonView | None


class DeadLetterPage(Page[DeadLetterSummary]):
    """A part of the dead letters, oldest first."""


class DeadLetterView(DeadLetterSummary):
    """A dead letter with what was sent, as text; it may name a learner."""

    body: str


class RedriveRequest(Model):
    """The body of `POST /ops/dead-letters/redrive`: these dead letters, or the oldest hundred."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["sequence_numbers"], "properties": {"sequence_numbers": {"minItems": 1}}},
                {"required": ["all"], "properties": {"all": {"const": True}}},
            ]
        }
    )

    sequence_numbers: list[SequenceNumber] = Field(default_factory=list, max_length=MOST_AT_ONCE)
    all: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _one_way(self) -> RedriveRequest:
        if self.all == bool(self.sequence_numbers):
            raise ValueError("give sequence_numbers, or all: true")
        return self


class Redriven(Model):
    """A dead letter that is in the queue again."""

    sequence_number: int
    message_id: str = Field(description="its new id")


class RedriveResult(Model):
    """What was put back; `more` tells that there are dead letters which were not asked for."""

    redriven: list[Redriven]
    not_found: list[int]
    more: bool
