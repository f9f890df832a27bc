"""What is SQLite's own: time to live by its clock, locks, faults of the file, threads and event loops."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.errors import Conflict, NotFound, PreconditionFailed, StoreUnavailable
from shared.store.contract import Condition, Create, Delete, Patch, PatchOperation, Replace
from shared.store.sqlite import EXPIRED_REMOVED_PER_WRITE, SqliteDocumentStore
from shared.store.sqlite_query import Filter
from tests.support.documents import content, learning
from tests.support.turned_clock import TurnedClock


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "documents.db"


@pytest.fixture
async def store(path: Path, clock: TurnedClock) -> AsyncIterator[SqliteDocumentStore]:
    store = SqliteDocumentStore(path, clock=clock, busy_timeout_s=0.05)
    yield store
    await store.close()


@contextmanager
def _locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock, as another process does in a transaction."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def _rows(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    return int(count)


def _index_for(path: Path, field: str) -> str:
    """Return the index by which the store looks for a value of a field among all partitions."""
    conditions = Filter()
    conditions.add("container = ?", "learning")
    conditions.add_equality("type", "lesson")
    conditions.add_equality(field, "rain")
    conditions.add_alive(0)
    statement = f"EXPLAIN QUERY PLAN SELECT body FROM documents WHERE {' AND '.join(conditions.clauses)}"  # noqa: S608 - as in the store
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((*_, step),) = connection.execute(statement, conditions.parameters).fetchall()
    found = re.fullmatch(r"SEARCH documents USING INDEX (\w+) .*", step)
    assert found, step
    return found.group(1)


async def test_a_document_vanishes_when_its_time_has_passed(
    store: SqliteDocumentStore, clock: TurnedClock
) -> None:
    created = await store.create("learning", learning("one", ttl=60, status="x"))
    await store.create("learning", learning("forever"))
    clock.seconds += 59.9
    assert await store.read("learning", "ada", "one") == created
    assert len((await store.query("learning", "ada", {})).items) == 2
    clock.seconds += 0.1
    with pytest.raises(NotFound):
        await store.read("learning", "ada", "one")
    with pytest.raises(NotFound):
        await store.replace("learning", created, created["_etag"])
    with pytest.raises(NotFound):
        await store.patch("learning", "ada", "one", [PatchOperation("set", "/a", 1)])
    with pytest.raises(NotFound):
        await store.delete("learning", "ada", "one")
    with pytest.raises(NotFound):
        await store.batch("learning", "ada", [Delete("one")])
    assert [found["id"] for found in (await store.query("learning", "ada", {})).items] == ["forever"]
    assert [found["id"] for found in await store.query_across("learning", "lesson", {})] == ["forever"]
    again = await store.create("learning", learning("one"))
    assert again["_etag"] != created["_etag"]


async def test_the_time_counts_from_the_last_write(store: SqliteDocumentStore, clock: TurnedClock) -> None:
    await store.create("learning", learning("one", ttl=60))
    clock.seconds += 50
    await store.patch("learning", "ada", "one", [PatchOperation("set", "/a", 1)])
    clock.seconds += 50
    current = await store.read("learning", "ada", "one")
    current = await store.replace("learning", {**current, "ttl": 10}, current["_etag"])
    clock.seconds += 9
    await store.patch("learning", "ada", "one", [PatchOperation("remove", "/ttl")])
    clock.seconds += 10**9
    assert (await store.read("learning", "ada", "one"))["a"] == 1
    await store.patch("learning", "ada", "one", [PatchOperation("set", "/ttl", 5)])
    clock.seconds += 5
    with pytest.raises(NotFound):
        await store.read("learning", "ada", "one")


async def test_the_expired_leave_the_file_with_later_writes(
    store: SqliteDocumentStore, clock: TurnedClock, path: Path
) -> None:
    lessons = [Create(learning(f"{number}", ttl=1)) for number in range(EXPIRED_REMOVED_PER_WRITE + 10)]
    await store.batch("learning", "ada", lessons)
    clock.seconds += 1
    await store.create("learning", learning("first"))
    assert _rows(path) == 11
    await store.create("learning", learning("second"))
    assert _rows(path) == 2


async def test_a_failed_batch_keeps_what_has_not_expired(
    store: SqliteDocumentStore, clock: TurnedClock
) -> None:
    await store.create("learning", learning("old", ttl=1))
    there = await store.create("learning", learning("there"))
    clock.seconds += 1
    with pytest.raises(Conflict):
        await store.batch("learning", "ada", [Create(learning("old")), Create(learning("there"))])
    with pytest.raises(NotFound):
        await store.read("learning", "ada", "old")
    with pytest.raises(PreconditionFailed):
        await store.batch(
            "learning", "ada", [Delete("there"), Create(learning("there")), Replace(there, "x")]
        )
    assert await store.read("learning", "ada", "there") == there


async def test_nothing_is_created_before_first_use(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "documents.db"
    before = threading.active_count()
    store = SqliteDocumentStore(path)
    assert not path.parent.exists()
    assert threading.active_count() == before
    await store.close()
    assert not path.parent.exists()


async def test_closing_ends_the_threads_and_refuses_further_use(path: Path) -> None:
    before = set(threading.enumerate())
    store = SqliteDocumentStore(path)
    await store.create("learning", learning("one"))
    await store.read("learning", "ada", "one")
    await store.close()
    await store.close()
    assert not [
        thread for thread in threading.enumerate() if thread not in before and thread.name.startswith("doc")
    ]
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.read("learning", "ada", "one")
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.create("learning", learning("two"))


def test_documents_outlive_stores_and_event_loops(path: Path) -> None:
    async def write() -> None:
        store = SqliteDocumentStore(path)
        await store.create("learning", learning("one", title="日本語"))
        await store.close()

    async def read() -> str:
        store = SqliteDocumentStore(path)
        title: str = (await store.read("learning", "ada", "one"))["title"]
        await store.close()
        return title

    asyncio.run(write())
    assert asyncio.run(read()) == "日本語"


async def test_many_open_a_new_file_at_once(tmp_path: Path) -> None:
    """Switching a file to WAL fails at once, whatever the time-out, while another does the same."""
    for turn in range(20):
        stores = [SqliteDocumentStore(tmp_path / f"{turn}.db") for _ in range(8)]
        await asyncio.gather(
            *(store.create("learning", learning(f"{number}")) for number, store in enumerate(stores)),
            *(store.missing_containers() for store in stores),
        )
        assert len((await stores[0].query("learning", "ada", {})).items) == len(stores)
        await asyncio.gather(*(store.close() for store in stores))


@pytest.mark.parametrize("lock", ["BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_opening_waits_for_whoever_else_opens_the_file(tmp_path: Path, lock: str) -> None:
    path = tmp_path / "documents.db"
    store = SqliteDocumentStore(path, busy_timeout_s=60)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE other (x)")
        other.execute(lock)
        other.execute("SELECT * FROM other").fetchall()
        waiting = asyncio.create_task(store.create("learning", learning("one")))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        other.execute("ROLLBACK")
        await waiting
    await store.close()


async def test_a_lock_held_too_long_makes_the_store_unavailable(
    store: SqliteDocumentStore, path: Path
) -> None:
    one = await store.create("learning", learning("one"))
    with _locked(path):
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.create("learning", learning("two"))
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.patch("learning", "ada", "one", [PatchOperation("set", "/a", 1)])
        assert await store.read("learning", "ada", "one") == one
        assert (await store.query("learning", "ada", {})).items == [one]
    await store.create("learning", learning("two"))


async def test_reads_and_the_event_loop_go_on_while_a_write_waits(path: Path) -> None:
    store = SqliteDocumentStore(path, busy_timeout_s=60)
    await store.create("learning", learning("one"))
    with _locked(path) as other:
        waiting = asyncio.create_task(store.create("learning", learning("two")))
        for _ in range(20):
            await store.read("learning", "ada", "one")
        assert not waiting.done()
        other.execute("ROLLBACK")
        await waiting
    assert content(await store.read("learning", "ada", "two")) == learning("two")
    await store.close()


async def test_what_another_connection_has_not_committed_is_not_read(
    store: SqliteDocumentStore, path: Path
) -> None:
    await store.create("learning", learning("one"))
    with _locked(path) as other:
        other.execute("DELETE FROM documents")
        assert (await store.read("learning", "ada", "one"))["id"] == "one"


async def test_a_full_disk_makes_the_store_unavailable_and_loses_nothing(
    store: SqliteDocumentStore,
) -> None:
    one = await store.create("learning", learning("one"))
    await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 30"), write=False)
    with pytest.raises(StoreUnavailable, match="full"):
        await store.create("learning", learning("large", text="x" * 1_000_000))
    with pytest.raises(StoreUnavailable, match="full"):
        await store.batch(
            "learning",
            "ada",
            [
                Patch("one", [PatchOperation("set", "/a", 1)], [Condition("/a", "missing")]),
                Create(learning("large", text="x" * 1_000_000)),
            ],
        )
    assert await store.read("learning", "ada", "one") == one
    await store.patch("learning", "ada", "one", [PatchOperation("set", "/a", 1)])


async def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file" / "documents.db"):
        store = SqliteDocumentStore(path)
        with pytest.raises(StoreUnavailable):
            await store.missing_containers()
        with pytest.raises(StoreUnavailable):
            await store.create("learning", learning("one"))
        await store.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "documents.db"
    path.write_bytes(b"no database " * 1000)
    store = SqliteDocumentStore(path)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await store.missing_containers()
    await store.close()


async def test_a_database_of_a_newer_version_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    store = SqliteDocumentStore(path)
    with pytest.raises(StoreUnavailable, match="schema 99"):
        await store.create("learning", learning("one"))
    await store.close()


async def test_a_database_of_the_version_before_gets_its_indexes(path: Path) -> None:
    store = SqliteDocumentStore(path)
    await store.create("learning", learning("one", lesson_key="rain", regeneration_key="snow"))
    await store.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP INDEX documents_by_lesson_key; DROP INDEX documents_by_regeneration_key;"
            "PRAGMA user_version = 1"
        )
    store = SqliteDocumentStore(path)
    (found,) = await store.query_across("learning", "lesson", {"lesson_key": "rain"})
    assert found["id"] == "one"
    await store.close()
    assert _index_for(path, "lesson_key") == "documents_by_lesson_key"
    assert _index_for(path, "regeneration_key") == "documents_by_regeneration_key"


async def test_who_waits_for_a_lesson_is_found_without_reading_every_lesson(path: Path) -> None:
    store = SqliteDocumentStore(path)
    for number in range(300):
        await store.create("learning", learning(f"lesson-{number}", lesson_key=f"key {number}"))
    await store.close()
    assert _index_for(path, "lesson_key") == "documents_by_lesson_key"
    assert _index_for(path, "regeneration_key") == "documents_by_regeneration_key"


async def test_a_cancelled_write_is_done_or_not_done(store: SqliteDocumentStore) -> None:
    for number in range(20):
        task = asyncio.create_task(
            store.batch("learning", "ada", [Create(learning(f"{number}-{i}")) for i in "ab"])
        )
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await store.create("learning", learning("last", type="module"))
    found = await store.query("learning", "ada", {"type": "lesson"})
    names = {document["id"] for document in found.items}
    assert all((f"{number}-a" in names) == (f"{number}-b" in names) for number in range(20))


async def test_queries_use_their_indexes(store: SqliteDocumentStore, path: Path) -> None:
    await store.create("learning", learning("one"))
    plans = {
        "SELECT body FROM documents WHERE container = ? AND partition = ? AND type = ?": "documents_by_type",
        "SELECT body FROM documents WHERE container = ? AND type = ? AND updated_at < ?": "documents_across",
        "SELECT body FROM documents WHERE container = ? AND partition = ? AND id = ?": "autoindex",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement, index in plans.items():
            (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("a", "b", "c")).fetchall()
            assert index in plan[3]
