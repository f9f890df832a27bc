"""Listing and reading roadmaps, their modules and lessons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import FieldError, InvalidOperation, Problem
from shared.models.batch import Batch
from shared.models.roadmap import Lesson, Module, Roadmap
from shared.models.views import RoadmapStatus
from shared.services.budget_notes import budget_note
from shared.store.documents import DocumentPage

CHANGING = Problem(
    HTTPStatus.CONFLICT, "conflict", "The roadmap is changing right now; try again in a moment."
)


def not_found(thing: str) -> Problem:
    """Return the answer for unknown, foreign and absent ids alike."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no such {thing}.")


@contextmanager
def named_continuation(continuation: str | None) -> Iterator[None]:
    """Turn the store's refusal of a caller's continuation into a 422 Problem that names it."""
    try:
        yield
    except InvalidOperation:
        if continuation is None:
            raise
        detail = "is not one that this list has given out"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            f"continuation {detail}.",
            (FieldError("continuation", detail),),
        ) from None


class Roadmaps:
    """A learner's roadmaps as they are stored."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def page(self, user_id: str, limit: int, continuation: str | None) -> DocumentPage[Roadmap]:
        """Return the learner's roadmaps, newest first; a page may hold fewer than its limit."""
        with named_continuation(continuation):
            page = await self._documents.query(
                Roadmap,
                user_id,
                order_by="created_at",
                descending=True,
                limit=limit,
                continuation=continuation,
            )
        return DocumentPage([roadmap for roadmap in page.items if not roadmap.deleting], page.continuation)

    async def roadmap(self, user_id: str, roadmap_id: str) -> Roadmap:
        """Return one roadmap; raises a 404 Problem."""
        roadmap = await self._documents.find(Roadmap, user_id, roadmap_id)
        if roadmap is None or roadmap.deleting:
            raise not_found("roadmap")
        return roadmap

    async def status(self, roadmap: Roadmap) -> RoadmapStatus:
        """Return how far a roadmap is, and what budgets mean for who waits for it."""
        waits = (
            not roadmap.status.ended or roadmap.progress.lessons_queued + roadmap.progress.lessons_generating
        )
        note = await budget_note(self._clients, roadmap.user_id) if waits else ""
        return RoadmapStatus.of(roadmap, note)

    async def modules(self, user_id: str, roadmap_id: str) -> list[Module]:
        """Return a roadmap's modules in their order."""
        page = await self._documents.query(
            Module, user_id, {"roadmap_id": roadmap_id}, order_by="order", limit=100
        )
        return page.items

    async def lessons(self, user_id: str, roadmap_id: str) -> list[Lesson]:
        """Return all lessons of a roadmap (at most 288), in no particular order."""
        found = self._documents.every(Lesson, user_id, {"roadmap_id": roadmap_id})
        return [lesson async for lesson in found]

    async def module_lessons(
        self, user_id: str, module_id: str, limit: int, continuation: str | None
    ) -> DocumentPage[Lesson]:
        """Return a module's lessons in their order; raises a 404 Problem."""
        if await self._documents.find(Module, user_id, module_id) is None:
            raise not_found("module")
        return await self._documents.query(
            Lesson,
            user_id,
            {"module_id": module_id},
            order_by="order",
            limit=limit,
            continuation=continuation,
        )

    async def batch(self, user_id: str, batch_id: str) -> Batch:
        """Return a batch of a module's lessons; raises a 404 Problem."""
        batch = await self._documents.find(Batch, user_id, batch_id)
        if batch is None:
            raise not_found("batch")
        return batch
