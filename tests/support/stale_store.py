"""A document store whose reads lag behind what other clients wrote, as Session consistency allows."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from shared.errors import NotFound
from shared.store.containers import container_named
from shared.store.contract import (
    BatchOperation,
    Condition,
    Delete,
    Document,
    DocumentStore,
    JsonValue,
    Page,
    PatchOperation,
)
from tests.support.forwarding_store import ForwardingStore

Key = tuple[str, str, str]


def _now() -> datetime:
    return datetime.now(UTC)


class StaleReadStore(ForwardingStore):
    """One client of a store: it sees its own writes at once, those of others up to `staleness_s` late.

    Every client, in this or another process, gets a wrapper of its own around the same documents. Writes and
    their conditions go to the real store. A version that another client wrote, which its `updated_at` dates,
    is hidden for a random part of `staleness_s`; meanwhile reads and queries show the last version that this
    client has seen, or nothing when the document is that new. A session never goes back in time, and neither
    does this.

    Kinder than a replica in three ways: a delete shows at once; so does a version without `updated_at`, and
    one whose predecessor this client has never seen. A query within a partition is ordered by the real values
    and leaves out a document whose visible version does not match; `query_across` also finds those that match
    only in their visible version.
    """

    def __init__(
        self,
        store: DocumentStore,
        *,
        staleness_s: float = 2.0,
        seed: int = 0,
        now: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(store)
        self._staleness_s = staleness_s
        self._random = random.Random(seed)
        self._now = now
        self._seen: dict[Key, Document] = {}
        self._delays: dict[tuple[Key, str], float] = {}

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        return self._remember(container, await super().create(container, document))

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        """See DocumentStore; may show an older version, or none of a new document."""
        key = (container, partition, document_id)
        try:
            current = await super().read(container, partition, document_id)
        except NotFound:
            self._forget(key)
            raise
        visible = self._visible(container, current)
        if visible is None:
            raise NotFound(f"{document_id!r} in {container}: not found")
        return visible

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        return self._remember(container, await super().replace(container, document, etag))

    async def patch(
        self,
        container: str,
        partition: str,
        document_id: str,
        operations: Sequence[PatchOperation],
        conditions: Sequence[Condition] = (),
    ) -> Document:
        """See DocumentStore."""
        patched = await super().patch(container, partition, document_id, operations, conditions)
        return self._remember(container, patched)

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        await super().delete(container, partition, document_id, etag)
        self._forget((container, partition, document_id))

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        results = await super().batch(container, partition, operations)
        for operation, written in zip(operations, results, strict=True):
            if isinstance(operation, Delete):
                self._forget((container, partition, operation.id))
            elif written is not None:
                self._remember(container, written)
        return results

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
        """See DocumentStore; a page may hold fewer documents than there are."""
        page = await super().query(
            container,
            partition,
            equals,
            order_by=order_by,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        return Page(self._matching(container, page.items, equals), page.continuation)

    async def query_across(
        self,
        container: str,
        document_type: str,
        equals: Mapping[str, JsonValue],
        *,
        updated_before: str | None = None,
        limit: int = 100,
    ) -> list[Document]:
        """See DocumentStore; also finds documents that match only in the version this client still sees."""
        wanted = {**equals, "type": document_type}
        found = await super().query_across(
            container, document_type, equals, updated_before=updated_before, limit=limit
        )
        items = self._matching(container, found, wanted)
        ids = {self._key(container, document) for document in items}
        for key, document in list(self._seen.items()):
            if key[0] != container or key in ids or not _matches(document, wanted):
                continue
            if updated_before is not None and not document["updated_at"] < updated_before:
                continue
            try:
                visible = await self.read(*key)
            except NotFound:
                continue
            if visible["_etag"] == document["_etag"]:
                items.append(visible)
        return items[:limit]

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
        """See DocumentStore; a page may hold fewer documents than there are."""
        page = await super().page_across(
            container,
            document_type,
            equals,
            order_by=order_by,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        wanted = {**equals, "type": document_type}
        return Page(self._matching(container, page.items, wanted), page.continuation)

    def _matching(
        self, container: str, found: Sequence[Document], equals: Mapping[str, JsonValue]
    ) -> list[Document]:
        visible = [self._visible(container, document) for document in found]
        return [document for document in visible if document is not None and _matches(document, equals)]

    def _visible(self, container: str, current: Document) -> Document | None:
        key = self._key(container, current)
        seen = self._seen.get(key)
        if (seen is not None and seen["_etag"] == current["_etag"]) or not self._hidden(key, current):
            return self._remember(container, current)
        if seen is not None:
            return dict(seen)
        if self._age_s(current.get("created_at")) < self._staleness_s:
            return None
        return self._remember(container, current)

    def _hidden(self, key: Key, current: Document) -> bool:
        version = (key, current["_etag"])
        delay = self._delays.setdefault(version, self._random.uniform(0, self._staleness_s))
        return self._age_s(current.get("updated_at")) < delay

    def _age_s(self, moment: JsonValue) -> float:
        if not isinstance(moment, str):
            return self._staleness_s
        return (self._now() - datetime.fromisoformat(moment)).total_seconds()

    def _remember(self, container: str, document: Document) -> Document:
        self._seen[self._key(container, document)] = dict(document)
        return document

    def _forget(self, key: Key) -> None:
        self._seen.pop(key, None)

    def _key(self, container: str, document: Document) -> Key:
        return container, document[container_named(container).partition_key], document["id"]


def _matches(document: Document, equals: Mapping[str, JsonValue]) -> bool:
    for name, value in equals.items():
        actual: JsonValue = document
        for part in name.split("."):
            actual = actual.get(part, _ABSENT) if isinstance(actual, dict) else _ABSENT
        if isinstance(actual, bool) != isinstance(value, bool) or actual != value:
            return False
    return True


_ABSENT = object()
