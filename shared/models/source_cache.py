"""What research keeps of other people's services (container `operations`): answers, and when to pause."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from shared.models.base import Moment
from shared.models.document import Document


class SourceCache(Document):
    """A source's answer to a query, for as long as the source's setting says."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "SourceCache"
    ID: ClassVar[str] = "answer"

    key: str = Field(description="digest of the source and its query")
    origin: str
    response: list[dict[str, Any]] = Field(description="the hits, not indexed")
    hits: int = Field(default=0, description="how often it spared asking")


class SourcePause(Document):
    """Until when no instance asks a source."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "SourcePause"
    ID: ClassVar[str] = "pause"

    key: str
    origin: str
    until: Moment

    @staticmethod
    def key_of(origin: str) -> str:
        """Return the partition of a source's pause."""
        return f"source-{origin}"
