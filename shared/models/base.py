"""What all models share: strictness, and the plain JSON that leaves them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
)

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _printable(text: str) -> str:
    """Refuse control characters (tabs and line ends excepted) and lone surrogates: no store holds them."""
    found = _UNPRINTABLE.search(text)
    if found is not None:
        raise ValueError(f"must not contain the control character U+{ord(found.group()):04X}")
    return text


Printable = AfterValidator(_printable)
"""Put after the constraints of a text type: they strip first."""


def _whole(value: object) -> object:
    """Return an integral float as the integer that it is: JSON knows one type of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Put after the constraints of a strict integer: 1.0 is 1, and true is none."""


def timestamp(moment: datetime) -> str:
    """Return a moment as UTC ISO 8601 of one width, so that timestamps compare as texts: stores do that."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_utc(moment: datetime) -> datetime:
    """Return a moment that does not say its zone as one of UTC's."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


Moment = Annotated[
    datetime,
    PlainSerializer(timestamp, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Model(BaseModel):
    """Base of everything this app builds itself: unknown fields are a mistake.

    No error shows the value that it refuses: it may be a learner's, and a fault's text is logged.
    """

    # What is told has all its fields, also those with a default; a description must say so.
    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_serialization_defaults_required=True
    )

    def to_json(self) -> dict[str, Any]:
        """Return the plain JSON object of this model."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Validate a plain JSON object."""
        return cls.model_validate(data)
