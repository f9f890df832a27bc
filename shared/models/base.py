"""What all models share: strictness, and the plain JSON that leaves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer


def _printable(text: str) -> str:
    """Refuse control characters (tabs and line ends excepted) and lone surrogates: no store holds them."""
    for character in text:
        if character in "\t\n\r":
            continue
        if ord(character) < 0x20 or ord(character) == 0x7F or category(character) == "Cs":
            raise ValueError(f"must not contain the control character U+{ord(character):04X}")
    return text


Printable = AfterValidator(_printable)
"""Put after the constraints of a text type: they strip first."""


def timestamp(moment: datetime) -> str:
    """Return a moment as UTC ISO 8601 of one width, so that timestamps compare as texts: stores do that."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Moment = Annotated[datetime, PlainSerializer(timestamp, when_used="json")]


class Model(BaseModel):
    """Base of everything this app builds itself: unknown fields are a mistake."""

    model_config = ConfigDict(extra="forbid")

    def to_json(self) -> dict[str, Any]:
        """Return the plain JSON object of this model."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Validate a plain JSON object."""
        return cls.model_validate(data)
