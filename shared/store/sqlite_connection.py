"""One SQLite connection on its own thread, so that the event loop never waits for the disk or for a lock."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from shared.errors import StoreUnavailable

SCHEMA_VERSION = 2

# `type` and `updated_at` are computed from the body, for the indexes of queries within and across partitions.
# Cosmos DB indexes every field; here those have an index by which a lesson is found among all learners'.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    container TEXT NOT NULL,
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    etag TEXT NOT NULL,
    expires_at REAL,
    body TEXT NOT NULL,
    type TEXT GENERATED ALWAYS AS (json_extract(body, '$.type')) VIRTUAL,
    updated_at TEXT GENERATED ALWAYS AS (json_extract(body, '$.updated_at')) VIRTUAL,
    PRIMARY KEY (container, partition, id)
);
CREATE INDEX IF NOT EXISTS documents_by_type ON documents (container, partition, type);
CREATE INDEX IF NOT EXISTS documents_across ON documents (container, type, updated_at);
CREATE INDEX IF NOT EXISTS documents_by_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS documents_by_lesson_key
    ON documents (json_extract(body, '$.lesson_key'))
    WHERE json_extract(body, '$.lesson_key') IS NOT NULL;
CREATE INDEX IF NOT EXISTS documents_by_regeneration_key
    ON documents (json_extract(body, '$.regeneration_key'))
    WHERE json_extract(body, '$.regeneration_key') IS NOT NULL;
"""

# Faults of the machine or of the file; anything else is a defect of the adapter and stays what it is.
_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
    }
)

_OPENING_PAUSE_S = 0.01
_Result = TypeVar("_Result")


class SqliteConnection:
    """A lazily opened connection; `run` executes a function with it on the connection's thread.

    Two connections make reads independent of writes: in WAL mode a reader never waits for a writer, of this
    process or another, but it would wait behind one in the same thread.
    """

    def __init__(self, path: Path, busy_timeout_s: float, thread_name: str) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=thread_name)
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], _Result], *, write: bool) -> _Result:
        """Run the work: a write in one transaction, of which nothing is left when it raises.

        A read is one statement, which sees the file as of one moment without a transaction around it.
        """
        if self._closed:
            raise StoreUnavailable("the document store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._transact, work, write)

    async def close(self) -> None:
        """Close the connection and end its thread; work that has begun is finished first."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._executor, self._disconnect)
        self._executor.shutdown()

    def _transact(self, work: Callable[[sqlite3.Connection], _Result], write: bool) -> _Result:
        try:
            connection = self._connect()
            return _written(connection, work) if write else work(connection)
        except sqlite3.Error as error:
            raise self._translate(error) from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnavailable(f"cannot create the folder of {self._path}: {error}") from error
            connection = sqlite3.connect(self._path, timeout=self._busy_timeout_s, isolation_level=None)
            try:
                self._switch_to_wal(connection)
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _switch_to_wal(self, connection: sqlite3.Connection) -> None:
        """Wait for others that open the file, since SQLite's own time-out does not cover this statement."""
        give_up_at = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
                time.sleep(_OPENING_PAUSE_S)
            else:
                return

    @staticmethod
    def _prepare(connection: sqlite3.Connection) -> None:
        # With WAL, NORMAL never corrupts and survives the death of any process; only a loss of power can take
        # the last transactions, which costs this store's users (development, demo, tests) nothing.
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise StoreUnavailable(f"the database has schema {version}, this version knows {SCHEMA_VERSION}")
        connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _translate(self, error: sqlite3.Error) -> Exception:
        if _primary_code(error) in _UNAVAILABLE:
            return StoreUnavailable(f"{self._path}: {error}")
        return error


def _written(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
    # IMMEDIATE takes the write lock at once: a transaction that turned from reading to writing later could
    # fail for a stale snapshot, and no waiting would help it.
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise
    return result


def _primary_code(error: sqlite3.Error) -> int:
    """Return the error's code without its extended part; 0 for errors of the Python module itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
