"""A document store that lets something happen just before a write: the process dies, or another is faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from shared.store.contract import (
    BatchOperation,
    Condition,
    Document,
    DocumentStore,
    PatchOperation,
)
from tests.support.forwarding_store import ForwardingStore

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


def overtaken(container: str, overtake: Callable[[], Awaitable[object]], *, after: int = 0) -> Hook:
    """Return a hook that lets something overtake a write to a container: the first one after so many."""
    waiting = [overtake]
    passed = 0

    async def once(written: str) -> None:
        nonlocal passed
        if written != container:
            return
        passed += 1
        if passed > after and waiting:
            await waiting.pop()()

    return once


class HookedStore(ForwardingStore):
    """Passes everything on; the hook is told the container before each write."""

    def __init__(self, store: DocumentStore, before_write: Hook) -> None:
        super().__init__(store)
        self._before_write = before_write

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        await self._before_write(container)
        return await super().create(container, document)

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        await self._before_write(container)
        return await super().replace(container, document, etag)

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
        return await super().patch(container, partition, document_id, operations, conditions)

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        await self._before_write(container)
        await super().delete(container, partition, document_id, etag)

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        await self._before_write(container)
        return await super().batch(container, partition, operations)
