"""A document store that lets something happen just before a write: the process dies, or another is faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.store.contract import (
    BatchOperation,
    Condition,
    Document,
    DocumentStore,
    JsonValue,
    Page,
    PatchOperation,
)

Hook = Callable[[str], Awaitable[None]]


class ProcessDied(BaseException):
    """Nothing in the app may catch this."""


def dies_after(writes: int) -> Hook:
    """Return a hook that kills the process instead of the write after so many."""
    left = writes

    async def count(_: str) -> None:
        nonlocal left
        if left <= 0:
            raise ProcessDied
        left -= 1

    return count


def overtaken(container: str, overtake: Callable[[], Awaitable[object]]) -> Hook:
    """Return a hook that lets something overtake the first write to a container."""
    waiting = [overtake]

    async def once(written: str) -> None:
        if written == container and waiting:
            await waiting.pop()()

    return once


class HookedStore(DocumentStore):
    """Passes everything on; the hook is told the container before each write."""

    def __init__(self, store: DocumentStore, before_write: Hook) -> None:
        self._store = store
        self._before_write = before_write

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        await self._before_write(container)
        return await self._store.create(container, document)

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        await self._before_write(container)
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
        await self._before_write(container)
        return await self._store.patch(container, partition, document_id, operations, conditions)

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        await self._before_write(container)
        await self._store.delete(container, partition, document_id, etag)

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        await self._before_write(container)
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

    async def missing_containers(self) -> list[str]:
        """See DocumentStore."""
        return await self._store.missing_containers()

    async def close(self) -> None:
        """See DocumentStore."""
        await self._store.close()
