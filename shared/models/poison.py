"""Why a message cannot be obeyed (container `operations`): what the broker's dead letter cannot say."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from pydantic import Field

from shared.models.document import Document
from shared.models.messages import original_id


class Poison(Document):
    """What is wrong with a message; kept for 30 days. Nothing of its body, and no user id."""

    container: ClassVar[str] = "operations"
    partition_field: ClassVar[str] = "key"
    document_type: ClassVar[str] = "Poison"
    ID: ClassVar[str] = "poison"

    key: str
    reason: str = Field(description="the code of a problem")
    field: str | None = Field(default=None, description="the first field that is wrong")
    detail: str = ""
    deliveries: int = Field(default=1, description="how often it was refused")
    ttl: int | None = 30 * 86_400

    @staticmethod
    def key_of(message_id: str) -> str:
        """Return the partition of a message, redriven or not: a digest, since senders choose their ids."""
        return f"poison-{hashlib.sha256(original_id(message_id).encode()).hexdigest()[:32]}"
