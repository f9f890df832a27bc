"""Exporting a learner's data: page by page all of their partition, then what they said in the library.

Lessons come with the text that their learner can read now: whoever leaves takes it along. Marks that only
keep something from being counted twice are left out; what they mark stands in the learner's progress.
"""

from __future__ import annotations

import asyncio
from typing import Any

from shared.clients import Clients
from shared.errors import NotFound
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

ELSEWHERE = "elsewhere"
"""The continuation that asks for the last page; none of the store's looks like it."""
MOST_ELSEWHERE = 5_000
"""Votes, reviews and days of spending in the last page: no query across partitions can be continued."""


class Export:
    """The use case behind `GET /me/export`."""

    def __init__(self, clients: Clients) -> None:
        self._settings = clients.settings
        self._documents = clients.documents

    async def page(self, user_id: str, limit: int, continuation: str | None) -> ExportPage:
        """Return a page of all that is stored of a learner; raises a 422 Problem for a bad continuation."""
        if continuation == ELSEWHERE:
            return ExportPage(user_id=user_id, items=await self._elsewhere(user_id), continuation=None)
        with named_continuation(continuation):
            page = await self._documents.store.query(
                LearnerDocument.container, user_id, {}, limit=limit, continuation=continuation
            )
        items = await asyncio.gather(*(self._item(stored) for stored in page.items if not _is_gone(stored)))
        return ExportPage(user_id=user_id, items=items, continuation=page.continuation or ELSEWHERE)

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

    async def _elsewhere(self, user_id: str) -> list[ExportItem]:
        """Return what is stored of the learner outside their partition, by pseudonym."""
        learner = pseudonym(self._settings, user_id)
        votes, reviews, spent = await asyncio.gather(
            self._of(Vote, {"learner": learner}),
            self._of(Review, {"learner": learner}),
            self._of(Spending, {"id": Spending.id_of(learner)}),
        )
        return [*votes, *reviews, *spent]

    async def _of(self, model: type[Document], where: dict[str, str]) -> list[ExportItem]:
        found = await self._documents.query_across(model, where, limit=MOST_ELSEWHERE)
        # Ids of these hold the pseudonym, which only logs need to know.
        stored = [{k: v for k, v in document.to_store().items() if k != "id"} for document in found]
        return [ExportItem.of(model.document_type, one) for one in stored]


def _is_gone(stored: dict[str, Any]) -> bool:
    """Tell whether a document is a roadmap that its learner has deleted a moment ago."""
    return stored["type"] == Roadmap.document_type and bool(stored.get("deleting"))
