"""A document store that passes everything on: what others of the tests' stores begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.store.contract import (
    BatchOperation,
    Condition,
    Document,
    DocumentStore,
    JsonValue,
    Page,
    PatchOperation,
)


class ForwardingStore(DocumentStore):
    """Does what the store beneath it does."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        return await self._store.create(container, document)

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        return await self._store.replace(container, document, etag)

    async def patch(
        self,
        container: str,
        partition: str,
        document_id: str,
        operations: Sequence[PatchOperation],
        conditions: Sequence[Condition] = (),
    ) -> Document:
        """See DocumentStore."""
        return await self._store.patch(container, partition, document_id, operations, conditions)

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        await self._store.delete(container, partition, document_id, etag)

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        return await self._store.batch(container, partition, operations)

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        """See DocumentStore."""
        return await self._store.read(container, partition, document_id)

    async def query(
        self,
        container: str,
        partition: str,
        equals: Mapping[str, JsonValue],
        *,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """See DocumentStore."""
        return await self._store.query(
            container,
            partition,
            equals,
            order_by=order_by,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )

    async def query_across(
        self,
        container: str,
        document_type: str,
        equals: Mapping[str, JsonValue],
        *,
        updated_before: str | None = None,
        limit: int = 100,
    ) -> list[Document]:
        """See DocumentStore."""
        return await self._store.query_across(
            container, document_type, equals, updated_before=updated_before, limit=limit
        )

    async def page_across(
        self,
        container: str,
        document_type: str,
        equals: Mapping[str, JsonValue],
        *,
        order_by: str,
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """See DocumentStore."""
        return await self._store.page_across(
            container,
            document_type,
            equals,
            order_by=order_by,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )

    async def missing_containers(self) -> list[str]:
        """See DocumentStore."""
        return await self._store.missing_containers()

    async def close(self) -> None:
        """See DocumentStore."""
        await self._store.close()
