"""The embedded document store: one SQLite file in WAL mode, shared safely by any number of processes.

The default for development, the demo and the tests. It keeps to the semantics and the limits of Cosmos DB, so
that what works here works there.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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

SWEEP_SECONDS = 1.0
"""Once none is left, this long no write looks for more."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class SqliteDocumentStore:
    """DocumentStore on one SQLite file; the file, its folder and its tables are created at first use."""

    def __init__(
        self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._swept_at = -math.inf
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
        limits.check_partition(partition, container_named(container))
        return await self._page(
            container, partition, equals, order_by, continuation, descending=descending, limit=limit
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
        wanted = {**equals, "type": document_type}
        return await self._page(
            container, None, wanted, order_by, continuation, descending=descending, limit=limit
        )

    async def missing_containers(self) -> list[str]:
        """Return no name, since tables are created at first use; raises when the file cannot be opened."""
        await self._reader.run(
            lambda connection: connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone(), write=False
        )
        return []

    async def close(self) -> None:
        """See DocumentStore."""
        await asyncio.gather(self._reader.close(), self._writer.close())

    async def _page(
        self,
        container: str,
        partition: str | None,
        equals: Mapping[str, JsonValue],
        order_by: str | None,
        continuation: str | None,
        *,
        descending: bool,
        limit: int,
    ) -> Page:
        """Return a page of one partition, or of all of them."""
        target = container_named(container)
        limits.check_query(target, equals, order_by, limit)
        query = tokens.fingerprint(container, partition, equals, order_by, descending=descending)
        after = tokens.decode(query, continuation, ordered=order_by is not None) if continuation else None
        conditions = Filter()
        conditions.add("container = ?", target.name)
        if partition is not None:
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
            self._sweep(transaction, now)
            return [transaction.apply(operation) for operation in operations]

        return await self._writer.run(work, write=True)

    def _sweep(self, transaction: _Transaction, now: float) -> None:
        # A clock that was set back must not end the sweeping.
        if 0 <= now - self._swept_at < SWEEP_SECONDS:
            return
        all_removed = transaction.remove_expired() < EXPIRED_REMOVED_PER_WRITE
        self._swept_at = now if all_removed else -math.inf


class _Row(NamedTuple):
    """A document on its way into the table: the values in the statements' order, and what is returned."""

    values: tuple[SqlValue, ...]
    document: Document


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
        etag, body = self._select("etag, body", document_id)
        return _document(body, etag)

    def apply(self, operation: BatchOperation) -> Document | None:
        match operation:
            case Create(document):
                return self._create(document)
            case Replace(document, etag):
                self._check_etag(document["id"], etag)
                return self._overwrite(limits.without_system_fields(document))
            case Patch(document_id, operations, conditions):
                document = self.read(document_id)
                if not satisfies(document, conditions):
                    raise PreconditionFailed(f"the condition for the patch of {document_id!r} does not hold")
                apply_patch(document, operations)
                # What was given was checked before; what a patch makes of a document, only here.
                _, _, stored = limits.check_document(self._container, document)
                return self._overwrite(stored)
            case Delete(document_id, etag):
                if etag is not None:
                    self._check_etag(document_id, etag)
                self._delete(document_id)
        return None

    def remove_expired(self) -> int:
        removed = self._connection.execute(
            "DELETE FROM documents WHERE rowid IN"
            " (SELECT rowid FROM documents WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            (self._now, EXPIRED_REMOVED_PER_WRITE),
        )
        return removed.rowcount

    def _create(self, document: Document) -> Document:
        row = self._row(limits.without_system_fields(document))
        # The rest of an expired document is in nobody's way.
        created = self._connection.execute(
            "INSERT INTO documents (etag, expires_at, body, container, partition, id)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET etag = excluded.etag, expires_at = excluded.expires_at, body = excluded.body"
            " WHERE documents.expires_at <= ?",
            (*row.values, self._now),
        )
        if created.rowcount == 0:
            raise Conflict(f"there is a document {document['id']!r} in {self._container.name} already")
        return row.document

    def _overwrite(self, stored: Document) -> Document:
        row = self._row(stored)
        self._connection.execute(
            "UPDATE documents SET etag = ?, expires_at = ?, body = ?"
            " WHERE container = ? AND partition = ? AND id = ?",
            row.values,
        )
        return row.document

    def _row(self, stored: Document) -> _Row:
        """Return what is written of a document that has been checked, under a new etag."""
        etag = secrets.token_hex(8)
        ttl = stored.get("ttl")
        expires_at = None if ttl is None else self._now + ttl
        key = (self._container.name, self._partition, stored["id"])
        return _Row((etag, expires_at, _encode(stored), *key), {**stored, "_etag": etag})

    def _delete(self, document_id: str) -> None:
        deleted = self._connection.execute(
            "DELETE FROM documents WHERE container = ? AND partition = ? AND id = ?"
            " AND (expires_at IS NULL OR expires_at > ?)",
            (self._container.name, self._partition, document_id, self._now),
        )
        if deleted.rowcount == 0:
            raise NotFound(f"there is no document {document_id!r} in {self._container.name}")

    def _check_etag(self, document_id: str, etag: str) -> None:
        (current,) = self._select("etag", document_id)
        if current != etag:
            raise PreconditionFailed(f"document {document_id!r} has changed since it was read")

    def _select(self, columns: str, document_id: str) -> tuple[str, ...]:
        row: tuple[str, ...] | None = self._connection.execute(
            f"SELECT {columns} FROM documents WHERE container = ? AND partition = ? AND id = ?"  # noqa: S608 - constants
            " AND (expires_at IS NULL OR expires_at > ?)",
            (self._container.name, self._partition, document_id, self._now),
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no document {document_id!r} in {self._container.name}")
        return row


def _document(body: str, etag: str) -> Document:
    document: Document = json.loads(body)
    document["_etag"] = etag
    return document
