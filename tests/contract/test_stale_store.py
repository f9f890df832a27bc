"""The wrapper with which the flows are tested is itself as stale as it says, and no staler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.store.contract import Condition, Create, Delete, DocumentStore, PatchOperation
from shared.store.sqlite import SqliteDocumentStore
from tests.support.documents import learning
from tests.support.stale_store import StaleReadStore


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def text(self) -> str:
        return self.moment.isoformat().replace("+00:00", "Z")

    def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _client(store: DocumentStore, clock: Clock, seed: int = 1) -> StaleReadStore:
    return StaleReadStore(store, staleness_s=2.0, seed=seed, now=clock)


def _touch(clock: Clock, status: str) -> list[PatchOperation]:
    return [PatchOperation("set", "/status", status), PatchOperation("set", "/updated_at", clock.text())]


async def test_own_writes_show_at_once(sqlite_store: SqliteDocumentStore, clock: Clock) -> None:
    client = _client(sqlite_store, clock)
    created = await client.create(
        "learning", learning("one", updated_at=clock.text(), created_at=clock.text())
    )
    assert await client.read("learning", "ada", "one") == created
    patched = await client.patch("learning", "ada", "one", _touch(clock, "done"))
    assert await client.read("learning", "ada", "one") == patched
    replaced = await client.replace("learning", {**patched, "title": "x"}, patched["_etag"])
    assert (await client.query("learning", "ada", {"status": "done"})).items == [replaced]
    batch = await client.batch("learning", "ada", [Delete("one"), Create(learning("two"))])
    assert await client.read("learning", "ada", "two") == batch[1]
    with pytest.raises(NotFound):
        await client.read("learning", "ada", "one")


@pytest.mark.parametrize("seed", range(8))
async def test_others_writes_show_within_the_limit_and_never_go_back(
    sqlite_store: SqliteDocumentStore, clock: Clock, seed: int
) -> None:
    mine, theirs = _client(sqlite_store, clock, seed), _client(sqlite_store, clock, seed + 100)
    await mine.create("learning", learning("one", status="pending"))
    await theirs.patch("learning", "ada", "one", _touch(clock, "done"))
    seen = []
    for _ in range(21):
        seen.append((await mine.read("learning", "ada", "one"))["status"])
        clock.turn(0.1)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == "done"


async def test_how_stale_depends_on_the_seed(sqlite_store: SqliteDocumentStore, clock: Clock) -> None:
    reader_count = 20
    readers = [_client(sqlite_store, clock, seed) for seed in range(reader_count)]
    writer = _client(sqlite_store, clock, 100)
    await writer.create("learning", learning("one", status="pending"))
    clock.turn(2.0)
    for reader in readers:
        await reader.read("learning", "ada", "one")
    await writer.patch("learning", "ada", "one", _touch(clock, "done"))
    clock.turn(1.0)
    stale = [(await reader.read("learning", "ada", "one"))["status"] == "pending" for reader in readers]
    assert 0 < stale.count(True) < reader_count
    assert stale == [
        (await reader.read("learning", "ada", "one"))["status"] == "pending" for reader in readers
    ]


async def test_a_new_document_of_another_appears_late(
    sqlite_store: SqliteDocumentStore, clock: Clock
) -> None:
    mine, theirs = _client(sqlite_store, clock), _client(sqlite_store, clock, 2)
    await theirs.create("learning", learning("one", created_at=clock.text(), updated_at=clock.text()))
    with pytest.raises(NotFound):
        await mine.read("learning", "ada", "one")
    assert (await mine.query("learning", "ada", {})).items == []
    with pytest.raises(Conflict):
        await mine.create("learning", learning("one"))
    clock.turn(2.0)
    assert (await mine.read("learning", "ada", "one"))["id"] == "one"


async def test_an_old_document_never_read_before_is_no_missing_one(
    sqlite_store: SqliteDocumentStore, clock: Clock
) -> None:
    mine, theirs = _client(sqlite_store, clock), _client(sqlite_store, clock, 2)
    await theirs.create("learning", learning("one", created_at="2026-11-19T10:00:00Z"))
    await theirs.patch("learning", "ada", "one", _touch(clock, "done"))
    assert (await mine.read("learning", "ada", "one"))["status"] == "done"


async def test_conditions_are_those_of_the_real_store(
    sqlite_store: SqliteDocumentStore, clock: Clock
) -> None:
    mine, theirs = _client(sqlite_store, clock), _client(sqlite_store, clock, 2)
    created = await mine.create("learning", learning("one", status="pending"))
    await theirs.patch("learning", "ada", "one", _touch(clock, "done"))
    assert await mine.read("learning", "ada", "one") == created
    with pytest.raises(PreconditionFailed):
        await mine.replace("learning", created, created["_etag"])
    with pytest.raises(PreconditionFailed):
        await mine.patch(
            "learning", "ada", "one", _touch(clock, "mine"), [Condition("/status", "=", "pending")]
        )


async def test_queries_see_what_reads_see(sqlite_store: SqliteDocumentStore, clock: Clock) -> None:
    mine, theirs = _client(sqlite_store, clock), _client(sqlite_store, clock, 2)
    created = await mine.create("learning", learning("one", status="pending"))
    await theirs.patch("learning", "ada", "one", _touch(clock, "done"))
    assert (await mine.query("learning", "ada", {"status": "done"})).items == []
    assert (await mine.query("learning", "ada", {"type": "lesson"})).items == [created]
    assert await mine.query_across("learning", "lesson", {"status": "done"}) == []
    assert await mine.query_across("learning", "lesson", {"status": "pending"}) == [created]
    assert await mine.query_across("learning", "lesson", {}, updated_before=clock.text()) == []
    clock.turn(2.0)
    assert [found["status"] for found in await mine.query_across("learning", "lesson", {})] == ["done"]
    assert await mine.query_across("learning", "lesson", {"status": "pending"}) == []


async def test_a_delete_by_another_shows(sqlite_store: SqliteDocumentStore, clock: Clock) -> None:
    mine, theirs = _client(sqlite_store, clock), _client(sqlite_store, clock, 2)
    await mine.create("learning", learning("one"))
    await theirs.delete("learning", "ada", "one")
    with pytest.raises(NotFound):
        await mine.read("learning", "ada", "one")
    assert await mine.query_across("learning", "lesson", {}) == []
    assert await mine.missing_containers() == []
