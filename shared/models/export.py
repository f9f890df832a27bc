"""All own data, to be taken along."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.models.base import Model
from shared.models.content import ShownContent
from shared.models.library import SourceAttribution
from shared.models.views import Page

INTERNAL = frozenset({"type", "user_id", "learner", "schema_version", "ttl"})
"""What says nothing of the learner: how a document is stored, and whose it is."""


class ExportedText(Model):
    """The text of a lesson as its learner reads it now, with what it rests on."""

    version: str
    content: ShownContent
    source_attribution: list[SourceAttribution]


class ExportItem(Model):
    """One stored thing."""

    type: str = Field(description='such as "Roadmap", "Lesson", "Profile", "Vote"')
    data: dict[str, Any] = Field(description="everything that is stored of it")
    text: ExportedText | None = Field(default=None, description="of a lesson that is written")

    @classmethod
    def of(cls, kind: str, stored: dict[str, Any], text: ExportedText | None = None) -> ExportItem:
        """Return a stored document without what is only the store's."""
        data = {
            name: value for name, value in stored.items() if name not in INTERNAL and not name.startswith("_")
        }
        return cls(type=kind, data=data, text=text)


class ExportPage(Page[ExportItem]):
    """A part of all own data; the last parts hold votes, reviews and what was spent, and may be empty."""

    user_id: str
