"""What the Cosmos DB adapter repeats, how often, and what it never repeats; against a scripted account."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.errors import (
    Conflict,
    InvalidOperation,
    NotFound,
    PreconditionFailed,
    StoreError,
    StoreUnavailable,
)
from shared.store.contract import Create, DocumentStore, Patch, PatchOperation, Replace
from shared.store.cosmos import CosmosDocumentStore
from shared.store.cosmos_retry import RetryPolicy
from tests.support.cosmos_emulator import EMULATOR_KEY
from tests.support.cosmos_faults import Answer, BreakOff, Fault, HangUp, Silence
from tests.support.cosmos_gateway import CosmosGateway
from tests.support.documents import learning

QUICK = RetryPolicy(tries=4, first_wait_s=0.001, longest_wait_s=0.005, patience_s=20)
SESSION_BEHIND = Answer(404, {"x-ms-substatus": "1002"})

Request = Callable[[DocumentStore], Any]


@pytest.fixture
async def gateway() -> AsyncIterator[CosmosGateway]:
    async with CosmosGateway().run() as running:
        yield running


@pytest.fixture
async def store(gateway: CosmosGateway) -> AsyncIterator[CosmosDocumentStore]:
    store = CosmosDocumentStore(
        gateway.url, "skillsync", key=EMULATOR_KEY, retry_policy=QUICK, read_timeout_s=0.5
    )
    yield store
    await store.close()


def create(store: DocumentStore) -> Any:
    return store.create("learning", learning("new"))


def read(store: DocumentStore) -> Any:
    return store.read("learning", "ada", "there")


def increment(store: DocumentStore) -> Any:
    return store.patch("learning", "ada", "there", [PatchOperation("increment", "/count", 1)])


def set_title(store: DocumentStore) -> Any:
    return store.patch("learning", "ada", "there", [PatchOperation("set", "/title", "new")])


def query(store: DocumentStore) -> Any:
    return store.query("learning", "ada", {"type": "lesson"})


def query_across(store: DocumentStore) -> Any:
    return store.query_across("learning", "lesson", {})


def create_and_increment(store: DocumentStore) -> Any:
    patch = Patch("there", [PatchOperation("increment", "/count", 1)])
    return store.batch("learning", "ada", [Create(learning("new")), patch])


def increment_in_batch(store: DocumentStore) -> Any:
    return store.batch("learning", "ada", [Patch("there", [PatchOperation("increment", "/count", 1)])])


async def _prepare(gateway: CosmosGateway, store: DocumentStore, *faults: Fault) -> str:
    """Store one document, forget the requests so far, script the faults; return the document's ETag."""
    there = await store.create("learning", learning("there", count=0))
    gateway.requests.clear()
    gateway.faults.extend(faults)
    etag: str = there["_etag"]
    return etag


@pytest.mark.parametrize("request_", [create, read, increment, set_title, query, create_and_increment])
@pytest.mark.parametrize("fault", [Answer(429), Answer(449), SESSION_BEHIND])
async def test_a_refused_request_is_repeated(
    gateway: CosmosGateway, store: DocumentStore, request_: Request, fault: Fault
) -> None:
    await _prepare(gateway, store, fault, fault)
    await request_(store)
    assert len(gateway.document_requests) == 3
    counted = gateway.documents["there"]["count"]
    assert counted == (1 if request_ in {increment, create_and_increment} else 0)


@pytest.mark.parametrize("request_", [create, read, set_title, query, query_across, create_and_increment])
@pytest.mark.parametrize("fault", [Answer(408), Answer(503), HangUp(), Silence()])
async def test_a_request_whose_fate_is_unknown_is_repeated_when_that_is_harmless(
    gateway: CosmosGateway, store: DocumentStore, request_: Request, fault: Fault
) -> None:
    await _prepare(gateway, store, fault)
    await request_(store)
    assert len(gateway.document_requests) == 2


@pytest.mark.parametrize("request_", [increment, increment_in_batch])
@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("fault", [Answer(408), Answer(503), HangUp(), Silence()])
async def test_an_increment_that_may_have_happened_is_not_repeated(
    gateway: CosmosGateway, store: DocumentStore, request_: Request, carried_out: bool, fault: Fault
) -> None:
    await _prepare(gateway, store, dataclasses.replace(fault, after=carried_out))
    with pytest.raises(StoreUnavailable):
        await request_(store)
    assert len(gateway.document_requests) == 1
    assert gateway.documents["there"]["count"] == int(carried_out)


@pytest.mark.parametrize(
    "fault", [Answer(408, after=True), Answer(503, after=True), HangUp(True), BreakOff(), Silence(True)]
)
async def test_a_success_that_got_lost_shows_in_the_repeat(
    gateway: CosmosGateway, store: DocumentStore, fault: Fault
) -> None:
    etag = await _prepare(gateway, store, fault)
    with pytest.raises(Conflict):
        await create(store)
    assert set(gateway.documents) == {"there", "new"}

    gateway.faults.append(fault)
    with pytest.raises(PreconditionFailed):
        await store.replace("learning", learning("there", title="mine", count=0), etag)
    assert gateway.documents["there"]["title"] == "mine"

    gateway.faults.append(fault)
    assert (await set_title(store))["title"] == "new"

    gateway.faults.append(fault)
    with pytest.raises(NotFound):
        await store.delete("learning", "ada", "new")
    assert set(gateway.documents) == {"there"}

    gateway.faults.append(fault)
    with pytest.raises(Conflict):
        await create_and_increment(store)
    assert gateway.documents["there"]["count"] == 1


async def test_the_service_says_how_long_to_wait(gateway: CosmosGateway, store: DocumentStore) -> None:
    await _prepare(gateway, store, Answer(429, {"x-ms-retry-after-ms": "250"}))
    await read(store)
    first, second = gateway.document_requests
    assert second.at - first.at >= 0.25


async def test_a_wait_beyond_the_patience_is_not_begun(gateway: CosmosGateway, store: DocumentStore) -> None:
    await _prepare(gateway, store, Answer(429, {"x-ms-retry-after-ms": "3600000"}))
    with pytest.raises(StoreUnavailable, match="429"):
        await read(store)
    assert len(gateway.document_requests) == 1


@pytest.mark.parametrize("request_", [create, read, query, query_across, increment, create_and_increment])
async def test_repeats_are_counted_once_and_for_all(
    gateway: CosmosGateway, store: DocumentStore, request_: Request
) -> None:
    """The SDK adds none of its own."""
    await _prepare(gateway, store, *[Answer(429)] * 50)
    with pytest.raises(StoreUnavailable, match="429"):
        await request_(store)
    assert len(gateway.document_requests) == QUICK.tries


@pytest.mark.parametrize("request_", [create, read, query, query_across])
@pytest.mark.parametrize("fault", [Answer(503), Answer(408), HangUp()])
async def test_repeats_after_faults_are_bounded_too(
    gateway: CosmosGateway, store: DocumentStore, request_: Request, fault: Fault
) -> None:
    await _prepare(gateway, store, *[fault] * 50)
    with pytest.raises(StoreUnavailable):
        await request_(store)
    # aiohttp sends a GET once more by itself when the server hangs up on a connection that was in use before.
    most = QUICK.tries * 2 if isinstance(fault, HangUp) and request_ is read else QUICK.tries
    assert QUICK.tries <= len(gateway.document_requests) <= most


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidOperation),
        (413, InvalidOperation),
        (401, StoreUnavailable),
        (403, StoreUnavailable),
        (500, StoreUnavailable),
    ],
)
@pytest.mark.parametrize("request_", [read, create, query])
async def test_what_a_repeat_would_not_change_is_not_repeated(
    gateway: CosmosGateway, store: DocumentStore, status: int, error: type[StoreError], request_: Request
) -> None:
    await _prepare(gateway, store, *[Answer(status)] * 5)
    with pytest.raises(error, match=str(status) if error is StoreUnavailable else None):
        await request_(store)
    assert len(gateway.document_requests) == 1


async def test_a_container_that_vanished_is_no_missing_document(
    gateway: CosmosGateway, store: DocumentStore
) -> None:
    await _prepare(gateway, store, *[Answer(404, {"x-ms-substatus": "1003"})] * 5)
    with pytest.raises(StoreUnavailable, match="container does not exist"):
        await read(store)


async def test_missing_containers_are_named(gateway: CosmosGateway, store: DocumentStore) -> None:
    gateway.containers = {"library"}
    assert await store.missing_containers() == ["learning", "operations"]
    with pytest.raises(StoreUnavailable, match="container learning does not exist in skillsync"):
        await read(store)
    assert gateway.document_requests == []
    gateway.containers = {"library", "learning", "operations"}
    assert await store.missing_containers() == []
    with pytest.raises(NotFound):
        await read(store)


async def test_finding_a_container_is_repeated_too(gateway: CosmosGateway, store: DocumentStore) -> None:
    gateway.container_faults.extend([Answer(429), Answer(503)])
    await store.create("learning", learning("one"))
    assert len(gateway.document_requests) == 1


async def test_nobody_answers() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        store = CosmosDocumentStore(
            f"http://127.0.0.1:{port}", "skillsync", key=EMULATOR_KEY, retry_policy=QUICK
        )
        with pytest.raises(StoreUnavailable):
            await read(store)
        with pytest.raises(StoreUnavailable):
            await store.missing_containers()
        await store.close()


async def test_a_server_that_goes_away_and_comes_back(gateway: CosmosGateway, store: DocumentStore) -> None:
    etag = await _prepare(gateway, store, HangUp(), HangUp(), HangUp())
    replaced = await store.batch("learning", "ada", [Replace(learning("there", title="new"), etag)])
    assert replaced[0] is not None
    assert replaced[0]["title"] == "new"
    assert len(gateway.document_requests) == 4


async def test_a_cancelled_request_is_not_repeated(gateway: CosmosGateway, store: DocumentStore) -> None:
    await _prepare(gateway, store, Silence())
    task = asyncio.create_task(read(store))
    await gateway.silent.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(gateway.document_requests) == 1


def test_waits_double_up_to_the_longest_and_vary() -> None:
    policy = RetryPolicy(first_wait_s=0.1, longest_wait_s=1.0)
    for tries, longest in [(1, 0.1), (2, 0.2), (3, 0.4), (4, 0.8), (5, 1.0), (30, 1.0)]:
        waits = [policy.wait_s(tries, 0.0) for _ in range(50)]
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(set(waits)) > 1
    assert policy.wait_s(1, 7.5) == 7.5
