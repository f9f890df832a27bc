"""The replica that is behind is as stale as Session consistency allows, and no staler."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from shared.errors import NotFound
from shared.store.contract import Create, Delete, Patch, PatchOperation
from shared.store.cosmos import CosmosDocumentStore
from tests.faults.weather import BEHIND
from tests.support.cosmos_emulator import EMULATOR_KEY, CosmosEmulator
from tests.support.cosmos_proxy import CosmosProxy
from tests.support.cosmos_sessions import LONGEST_BEHIND_SECONDS
from tests.support.documents import learning
from tests.support.turned_clock import TurnedClock


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def proxy(emulator: CosmosEmulator, clock: TurnedClock) -> Iterator[CosmosProxy]:
    with CosmosProxy(emulator.url, clock) as proxy:
        yield proxy


@pytest.fixture
async def processes(
    emulator: CosmosEmulator, proxy: CosmosProxy
) -> AsyncIterator[tuple[CosmosDocumentStore, CosmosDocumentStore]]:
    """Two clients with a session each; every point read is answered from behind where it may be."""
    database = f"stale-{uuid.uuid4().hex}"
    await emulator.create_database(database)
    proxy.weather = lambda asked: BEHIND if asked.reads_one else None
    async with AsyncExitStack() as stack:
        stores = [CosmosDocumentStore(proxy.url, database, key=EMULATOR_KEY) for _ in range(2)]
        for store in stores:
            stack.push_async_callback(store.close)
        yield stores[0], stores[1]


def touched(title: str) -> list[PatchOperation]:
    return [PatchOperation("set", "/title", title)]


async def title(store: CosmosDocumentStore) -> object:
    return (await store.read("learning", "ada", "one"))["title"]


async def test_others_writes_show_late_and_own_ones_at_once(
    processes: tuple[CosmosDocumentStore, CosmosDocumentStore], proxy: CosmosProxy, clock: TurnedClock
) -> None:
    mine, theirs = processes
    await mine.create("learning", learning("one", title="first"))
    assert (await title(mine), await title(theirs)) == ("first", "first")
    await theirs.patch("learning", "ada", "one", touched("second"))
    assert (await title(mine), await title(theirs)) == ("first", "second")
    assert proxy.faults[BEHIND] == 1
    await mine.patch("learning", "ada", "one", touched("third"))
    assert await title(mine) == "third", "one's own write ends it"
    clock.seconds += LONGEST_BEHIND_SECONDS - 0.1
    assert await title(theirs) == "second"
    clock.seconds += 0.2
    assert await title(theirs) == "third"


async def test_a_session_does_not_go_back(
    processes: tuple[CosmosDocumentStore, CosmosDocumentStore], proxy: CosmosProxy
) -> None:
    mine, theirs = processes
    await mine.create("learning", learning("one", title="first"))
    assert await title(theirs) == "first"
    await mine.patch("learning", "ada", "one", touched("second"))
    behind, proxy.weather = proxy.weather, lambda _: None
    assert await title(theirs) == "second", "it has seen the newest state"
    proxy.weather = behind
    assert await title(theirs) == "second"


async def test_what_is_new_or_gone_shows_late_too(
    processes: tuple[CosmosDocumentStore, CosmosDocumentStore], clock: TurnedClock
) -> None:
    mine, theirs = processes
    with pytest.raises(NotFound):
        await title(theirs)
    await mine.batch("learning", "ada", [Create(learning("one", title="first")), Create(learning("two"))])
    with pytest.raises(NotFound):
        await title(theirs)
    assert await title(mine) == "first", "a batch is a write of one's own"
    clock.seconds += LONGEST_BEHIND_SECONDS + 0.1
    assert await title(theirs) == "first"
    await mine.batch("learning", "ada", [Patch("two", touched("x")), Delete("one")])
    assert await title(theirs) == "first"
    with pytest.raises(NotFound):
        await title(mine)
