"""Typed documents over the document store: models in, models out, with `updated_at` kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import NotFound
from shared.models.base import timestamp
from shared.models.document import Document, now
from shared.models.outbox import Outbox
from shared.store.contract import (
    MAX_BATCH_OPERATIONS,
    BatchOperation,
    Condition,
    Create,
    Delete,
    DocumentStore,
    JsonValue,
    Patch,
    PatchOperation,
    Replace,
)
from shared.store.contract import Document as StoredDocument

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class DocumentPage(Generic[D]):
    """Some documents and, when there are more, the token that continues after them."""

    items: list[D]
    continuation: str | None


def creation(document: Document) -> Create:
    """Return the batch operation that stores a new document."""
    return Create(document.to_store())


def replacement(document: Document) -> Replace:
    """Return the batch operation that overwrites a document as it was last read."""
    document.updated_at = now()
    return Replace(document.to_store(), document.etag)


def change(
    document_id: str, operations: Sequence[PatchOperation], conditions: Sequence[Condition] = ()
) -> Patch:
    """Return the batch operation that changes parts of a document."""
    stamped = [*operations, set_to("/updated_at", timestamp(now()))]
    return Patch(document_id, stamped, conditions)


def set_to(path: str, value: JsonValue) -> PatchOperation:
    """Set a field, whether or not it is there."""
    return PatchOperation("set", path, value)


def increment(path: str, by: int = 1) -> PatchOperation:
    """Add to a number."""
    return PatchOperation("increment", path, by)


def equals(path: str, value: JsonValue) -> Condition:
    """Require a field to have this value."""
    return Condition(path, "=", value)


def _as_written(document: D, stored: StoredDocument) -> D:
    """Return a document that was just written whole: what the store adds to it is the etag."""
    return document.model_copy(update={"etag": stored["_etag"]})


class Documents:
    """The document store in terms of the app's models.

    `outbox` is told of each message that a batch has stored to be sent; None where there is no broker.
    """

    def __init__(self, store: DocumentStore, outbox: Callable[[Outbox], None] | None = None) -> None:
        self.store = store
        self.outbox = outbox

    async def read(self, model: type[D], partition: str, document_id: str) -> D:
        """Return one document; raises NotFound, also when the id belongs to another type."""
        stored = await self.store.read(model.container, partition, document_id)
        if stored.get("type") != model.document_type:
            raise NotFound(f"{document_id} is not a {model.document_type}")
        return model.from_store(stored)

    async def find(self, model: type[D], partition: str, document_id: str) -> D | None:
        """Return one document, or None when there is none."""
        try:
            return await self.read(model, partition, document_id)
        except NotFound:
            return None

    async def create(self, document: D) -> D:
        """Store a new document; raises Conflict."""
        stored = await self.store.create(document.container, document.to_store())
        return _as_written(document, stored)

    async def replace(self, document: D) -> D:
        """Overwrite a document as it was last read; raises NotFound, PreconditionFailed."""
        operation = replacement(document)
        stored = await self.store.replace(document.container, operation.document, operation.etag)
        return _as_written(document, stored)

    async def patch(
        self,
        model: type[D],
        partition: str,
        document_id: str,
        operations: Sequence[PatchOperation],
        conditions: Sequence[Condition] = (),
    ) -> D:
        """Change parts of a document; raises NotFound, PreconditionFailed."""
        patch = change(document_id, operations, conditions)
        stored = await self.store.patch(
            model.container, partition, document_id, patch.operations, patch.conditions
        )
        return model.from_store(stored)

    async def batch(
        self, model: type[Document], partition: str, operations: Sequence[BatchOperation]
    ) -> None:
        """Apply all operations to one partition of the model's container, or none."""
        await self.store.batch(model.container, partition, operations)
        if self.outbox is not None:
            for operation in operations:
                if isinstance(operation, Create) and operation.document["type"] == Outbox.document_type:
                    self.outbox(Outbox.from_store(operation.document))

    async def delete(self, model: type[Document], partition: str, document_id: str) -> None:
        """Remove a document, as it is or whatever became of it; raises NotFound."""
        await self.store.delete(model.container, partition, document_id)

    async def remove_all(
        self, model: type[Document], partition: str, where: Mapping[str, JsonValue], keep: Collection[str]
    ) -> int:
        """Remove the documents of one partition of the model's container with these fields, of all types.

        Types in `keep` stay. Returns how many were removed; a repeat goes on where this was interrupted.
        """
        removed, continuation = 0, None
        while True:
            page = await self.store.query(
                model.container, partition, where, limit=MAX_BATCH_OPERATIONS, continuation=continuation
            )
            ids = [item["id"] for item in page.items if item["type"] not in keep]
            if ids:
                await self._remove(model, partition, ids)
            removed += len(ids)
            if page.continuation is None:
                return removed
            continuation = page.continuation

    async def _remove(self, model: type[Document], partition: str, ids: Sequence[str]) -> None:
        try:
            await self.batch(model, partition, [Delete(id_) for id_ in ids])
        except NotFound:  # some were removed meanwhile, or expired
            for id_ in ids:
                with suppress(NotFound):
                    await self.delete(model, partition, id_)

    async def query(
        self,
        model: type[D],
        partition: str,
        where: Mapping[str, JsonValue] | None = None,
        *,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> DocumentPage[D]:
        """Return documents of one type from one partition."""
        page = await self.store.query(
            model.container,
            partition,
            {"type": model.document_type, **(where or {})},
            order_by=order_by,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        return DocumentPage([model.from_store(item) for item in page.items], page.continuation)

    async def every(
        self, model: type[D], partition: str, where: Mapping[str, JsonValue] | None = None
    ) -> AsyncIterator[D]:
        """Give all documents of one type from one partition, page by page, in the order of their ids."""
        continuation: str | None = None
        while True:
            page = await self.query(model, partition, where, continuation=continuation)
            for document in page.items:
                yield document
            if page.continuation is None:
                return
            continuation = page.continuation

    async def page_across(
        self,
        model: type[D],
        where: Mapping[str, JsonValue],
        *,
        order_by: str,
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> DocumentPage[D]:
        """Return documents of one type from all partitions, in an order; for lists of operators."""
        page = await self.store.page_across(
            model.container,
            model.document_type,
            where,
            order_by=order_by,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        return DocumentPage([model.from_store(item) for item in page.items], page.continuation)

    async def query_across(
        self,
        model: type[D],
        where: Mapping[str, JsonValue],
        *,
        updated_before: str | None = None,
        limit: int = 100,
    ) -> list[D]:
        """Return documents of one type from all partitions, in no particular order; for sweeps."""
        found = await self.store.query_across(
            model.container, model.document_type, where, updated_before=updated_before, limit=limit
        )
        return [model.from_store(item) for item in found]
