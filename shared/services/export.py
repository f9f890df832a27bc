"""Exporting a learner's data: page by page all of their partition, then what they said in the library.

Lessons come with the text that their learner can read now: whoever leaves takes it along. Marks that only
keep something from being counted twice are left out; what they mark stands in the learner's progress.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from shared.clients import Clients
from shared.errors import InvalidContinuation, NotFound
from shared.llm.usage import Spending
from shared.models.curation import Review, Vote
from shared.models.document import Document
from shared.models.export import ExportedText, ExportItem, ExportPage
from shared.models.progress import LessonProgress
from shared.models.roadmap import LearnerDocument, Lesson, Roadmap
from shared.models.views import shown_content
from shared.security.pseudonym import pseudonym
from shared.services.roadmaps import named_continuation
from shared.services.visibility import version_of

_ELSEWHERE: dict[str, type[Document]] = {model.document_type: model for model in (Vote, Review, Spending)}
"""What is stored of a learner outside their partition, in the order in which it follows."""


class _Part(NamedTuple):
    """Some items and, when there are more of the kind, the store's continuation."""

    items: list[ExportItem]
    continuation: str | None


class Export:
    """The use case behind `GET /me/export`."""

    def __init__(self, clients: Clients) -> None:
        self._settings = clients.settings
        self._documents = clients.documents

    async def page(self, user_id: str, limit: int, continuation: str | None) -> ExportPage:
        """Return a page of all that is stored of a learner; raises a 422 Problem for a bad continuation."""
        # No continuation of the store holds a colon: it separates the place where the export is from it.
        place, _, after = (continuation or "").rpartition(":")
        with named_continuation(continuation):
            found = await (
                self._elsewhere(place, user_id, limit, after or None)
                if place
                else self._own(user_id, limit, continuation)
            )
        following = f"{place}:{found.continuation}" if place else found.continuation
        if found.continuation is None:
            following = _next_place(place)
        return ExportPage(user_id=user_id, items=found.items, continuation=following)

    async def _own(self, user_id: str, limit: int, continuation: str | None) -> _Part:
        """Return a part of the learner's partition."""
        page = await self._documents.store.query(
            LearnerDocument.container, user_id, {}, limit=limit, continuation=continuation
        )
        items = await asyncio.gather(*(self._item(stored) for stored in page.items if not _is_gone(stored)))
        return _Part(items, page.continuation)

    async def _item(self, stored: dict[str, Any]) -> ExportItem:
        kind = str(stored["type"])
        text = await self._text(Lesson.from_store(stored)) if kind == Lesson.document_type else None
        return ExportItem.of(kind, stored, text)

    async def _text(self, lesson: Lesson) -> ExportedText | None:
        if lesson.version_number is None:
            return None
        progress = await self._documents.find(LessonProgress, lesson.user_id, LessonProgress.id_of(lesson.id))
        try:
            version = await version_of(self._documents, lesson.lesson_key, lesson.version_number)
        except NotFound:
            return None
        tried = progress is not None and progress.has_tried(version.key, version.version_number)
        return ExportedText(
            version=version.version,
            content=shown_content(version, tried=tried),
            source_attribution=version.source_attribution,
        )

    async def _elsewhere(self, place: str, user_id: str, limit: int, continuation: str | None) -> _Part:
        """Return a part of what stands under the learner's pseudonym; raises InvalidContinuation."""
        model = _ELSEWHERE.get(place)
        if model is None:
            raise InvalidContinuation(f"an export does not come to {place!r}")
        learner = pseudonym(self._settings, user_id)
        where = {"id": Spending.id_of(learner)} if model is Spending else {"learner": learner}
        page = await self._documents.page_across(
            model, where, order_by="created_at", limit=limit, continuation=continuation
        )
        # Ids of these hold the pseudonym, which only logs need to know.
        stored = [{k: v for k, v in document.to_store().items() if k != "id"} for document in page.items]
        return _Part([ExportItem.of(place, one) for one in stored], page.continuation)


def _next_place(place: str) -> str | None:
    """Return the continuation that begins with what follows a place; the first is the own partition."""
    places = ["", *_ELSEWHERE]
    following = places[places.index(place) + 1 :]
    return f"{following[0]}:" if following else None


def _is_gone(stored: dict[str, Any]) -> bool:
    """Tell whether a document is a roadmap that its learner has deleted a moment ago."""
    return stored["type"] == Roadmap.document_type and bool(stored.get("deleting"))
