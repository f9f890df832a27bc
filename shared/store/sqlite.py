"""The embedded document store: one SQLite file in WAL mode, shared safely by any number of processes.

The default for development, the demo and the tests. It keeps to the semantics and the limits of Cosmos DB, so
that what works here works there.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shared.errors import Conflict, InvalidOperation, NotFound, PreconditionFailed
from shared.store import continuation as tokens
from shared.store import limits
from shared.store.containers import Container, container_named
from shared.store.contract import (
    BatchOperation,
    Condition,
    Create,
    Delete,
    Document,
    JsonValue,
    Page,
    Patch,
    PatchOperation,
    Replace,
)
from shared.store.patching import apply_patch, satisfies
from shared.store.sqlite_connection import SqliteConnection
from shared.store.sqlite_query import Filter, SqlValue, select_page

BUSY_TIMEOUT_S = 10.0
"""How long an operation waits for another process's transaction before it is StoreUnavailable."""

EXPIRED_REMOVED_PER_WRITE = 50
"""Expired documents are invisible at once and leave the file with later writes, a few at a time."""


class SqliteDocumentStore:
    """DocumentStore on one SQLite file; the file, its folder and its tables are created at first use."""

    def __init__(
        self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._reader = SqliteConnection(path, busy_timeout_s, "documents-read")
        self._writer = SqliteConnection(path, busy_timeout_s, "documents-write")

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        target = container_named(container)
        partition, _, _ = limits.check_document(target, document)
        return await self._write_one(target, partition, Create(document))

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        """See DocumentStore."""
        target = container_named(container)
        limits.check_partition(partition, target)
        limits.check_id(document_id)
        return await self._reader.run(
            lambda connection: _Transaction(connection, target, partition, self._clock()).read(document_id),
            write=False,
        )

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        target = container_named(container)
        partition, _, _ = limits.check_document(target, document)
        return await self._write_one(target, partition, Replace(document, etag))

    async def patch(
        self,
        container: str,
        partition: str,
        document_id: str,
        operations: Sequence[PatchOperation],
        conditions: Sequence[Condition] = (),
    ) -> Document:
        """See DocumentStore."""
        target = container_named(container)
        limits.check_partition(partition, target)
        limits.check_id(document_id)
        limits.check_patch(target, operations, conditions)
        return await self._write_one(target, partition, Patch(document_id, operations, conditions))

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        target = container_named(container)
        limits.check_partition(partition, target)
        limits.check_id(document_id)
        await self._write(target, partition, [Delete(document_id, etag)])

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        target = container_named(container)
        limits.check_batch(target, partition, operations)
        return await self._write(target, partition, operations)

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
        target = container_named(container)
        limits.check_partition(partition, target)
        limits.check_query(target, equals, order_by, limit)
        query = tokens.fingerprint(container, partition, equals, order_by, descending=descending)
        after = tokens.decode(query, continuation, ordered=order_by is not None) if continuation else None
        conditions = Filter()
        conditions.add("container = ?", target.name)
        conditions.add("partition = ?", partition)
        for name, value in equals.items():
            conditions.add_equality(name, value)
        conditions.add_alive(self._clock())
        # One more than asked for tells whether there is another page.
        statement, parameters = select_page(
            conditions, order_by=order_by, descending=descending, after=after, limit=limit + 1
        )
        found = await self._select(statement, parameters)
        return tokens.page_of(query, found, order_by, limit)

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
        target = container_named(container)
        limits.check_query(target, {**equals, "type": document_type}, None, limit)
        conditions = Filter()
        conditions.add("container = ?", target.name)
        conditions.add_equality("type", document_type)
        for name, value in equals.items():
            conditions.add_equality(name, value)
        if updated_before is not None:
            conditions.add("updated_at < ?", updated_before)
        conditions.add_alive(self._clock())
        where = " AND ".join(conditions.clauses)
        statement = f"SELECT etag, body FROM documents WHERE {where} LIMIT ?"  # noqa: S608 - as in sqlite_query
        return await self._select(statement, [*conditions.parameters, limit])

    async def missing_containers(self) -> list[str]:
        """Return no name, since tables are created at first use; raises when the file cannot be opened."""
        await self._reader.run(
            lambda connection: connection.execute("SELECT 1 FROM documents LIMIT 1"), write=False
        )
        return []

    async def close(self) -> None:
        """See DocumentStore."""
        await asyncio.gather(self._reader.close(), self._writer.close())

    async def _select(self, statement: str, parameters: Sequence[SqlValue]) -> list[Document]:
        rows = await self._reader.run(
            lambda connection: connection.execute(statement, parameters).fetchall(), write=False
        )
        return [_document(body, etag) for etag, body in rows]

    async def _write_one(self, container: Container, partition: str, operation: BatchOperation) -> Document:
        (written,) = await self._write(container, partition, [operation])
        if written is None:
            raise InvalidOperation("a delete returns no document")
        return written

    async def _write(
        self, container: Container, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        def work(connection: sqlite3.Connection) -> list[Document | None]:
            now = self._clock()
            transaction = _Transaction(connection, container, partition, now)
            transaction.remove_expired()
            return [transaction.apply(operation) for operation in operations]

        return await self._writer.run(work, write=True)


class _Transaction:
    """The operations on one partition inside a transaction that is already open."""

    def __init__(
        self, connection: sqlite3.Connection, container: Container, partition: str, now: float
    ) -> None:
        self._connection = connection
        self._container = container
        self._partition = partition
        self._now = now

    def read(self, document_id: str) -> Document:
        row = self._connection.execute(
            "SELECT etag, body FROM documents WHERE container = ? AND partition = ? AND id = ?"
            " AND (expires_at IS NULL OR expires_at > ?)",
            (self._container.name, self._partition, document_id, self._now),
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no document {document_id!r} in {self._container.name}")
        return _document(row[1], row[0])

    def apply(self, operation: BatchOperation) -> Document | None:
        match operation:
            case Create(document):
                return self._create(document)
            case Replace(document, etag):
                self._check_etag(self.read(document["id"]), etag)
                return self._store(document)
            case Patch(document_id, operations, conditions):
                document = self.read(document_id)
                if not satisfies(document, conditions):
                    raise PreconditionFailed(f"the condition for the patch of {document_id!r} does not hold")
                apply_patch(document, operations)
                return self._store(document)
            case Delete(document_id, etag):
                if etag is not None:
                    self._check_etag(self.read(document_id), etag)
                self._delete(document_id)
        return None

    def remove_expired(self) -> None:
        self._connection.execute(
            "DELETE FROM documents WHERE rowid IN"
            " (SELECT rowid FROM documents WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            (self._now, EXPIRED_REMOVED_PER_WRITE),
        )

    def _create(self, document: Document) -> Document:
        try:
            self.read(document["id"])
        except NotFound:
            return self._store(document)
        raise Conflict(f"there is a document {document['id']!r} in {self._container.name} already")

    def _store(self, document: Document) -> Document:
        _, document_id, stored = limits.check_document(self._container, document)
        etag = secrets.token_hex(8)
        ttl = stored.get("ttl")
        body = json.dumps(stored, ensure_ascii=False, separators=(",", ":"))
        self._connection.execute(
            "INSERT INTO documents (container, partition, id, etag, expires_at, body)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET etag = excluded.etag, expires_at = excluded.expires_at, body = excluded.body",
            (
                self._container.name,
                self._partition,
                document_id,
                etag,
                None if ttl is None else self._now + ttl,
                body,
            ),
        )
        return _document(body, etag)

    def _delete(self, document_id: str) -> None:
        deleted = self._connection.execute(
            "DELETE FROM documents WHERE container = ? AND partition = ? AND id = ?"
            " AND (expires_at IS NULL OR expires_at > ?)",
            (self._container.name, self._partition, document_id, self._now),
        )
        if deleted.rowcount == 0:
            raise NotFound(f"there is no document {document_id!r} in {self._container.name}")

    @staticmethod
    def _check_etag(document: Document, etag: str) -> None:
        if document["_etag"] != etag:
            raise PreconditionFailed(f"document {document['id']!r} has changed since it was read")


def _document(body: str, etag: str) -> Document:
    document: Document = json.loads(body)
    document["_etag"] = etag
    return document
