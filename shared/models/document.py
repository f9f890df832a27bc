"""The base of every stored document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field

from shared.models.base import Model, Moment


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Document(Model):
    """A stored JSON document.

    Fields that newer code has added are kept when older code writes the document back, so that two versions
    of the app can run side by side during a deployment; those further inside it reads over.
    """

    model_config = ConfigDict(extra="allow")

    container: ClassVar[str]
    partition_field: ClassVar[str]
    document_type: ClassVar[str]

    id: str
    schema_version: int = 1
    created_at: Moment = Field(default_factory=now)
    updated_at: Moment = Field(default_factory=now)
    ttl: int | None = Field(default=None, description="seconds after the last write; None: never")
    etag: str = Field(default="", exclude=True, description="as last read; empty before it was stored")

    @property
    def partition(self) -> str:
        """The value of this document's partition key."""
        return str(getattr(self, self.partition_field))

    @classmethod
    def from_store(cls, stored: dict[str, Any]) -> Self:
        """Build the document from what the store returned; the store's own fields are left out."""
        fields = {
            name: value for name, value in stored.items() if not name.startswith("_") and name != "type"
        }
        return cls.model_validate({**fields, "etag": stored.get("_etag", "")}, extra="allow")

    def to_store(self) -> dict[str, Any]:
        """Return the plain JSON object to be stored."""
        data = self.model_dump(mode="json", exclude={"ttl"} if self.ttl is None else set())
        return {"type": self.document_type, **data}
