"""The contract suite's stores: SQLite, and Cosmos DB over the wire against an emulator."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.store.contract import DocumentStore
from shared.store.cosmos import CosmosDocumentStore
from shared.store.sqlite import SqliteDocumentStore
from tests.support.cosmos_emulator import EMULATOR_KEY, CosmosEmulator, needed_emulator


@pytest.fixture(scope="session")
def cosmos_emulator() -> Iterator[CosmosEmulator]:
    with needed_emulator() as emulator:
        yield emulator


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[SqliteDocumentStore]:
    store = SqliteDocumentStore(tmp_path / "data" / "documents.db")
    yield store
    await store.close()


@pytest.fixture
async def cosmos_store(cosmos_emulator: CosmosEmulator) -> AsyncIterator[CosmosDocumentStore]:
    database = f"skillsync-{uuid.uuid4().hex}"
    await cosmos_emulator.create_database(database)
    store = CosmosDocumentStore(cosmos_emulator.url, database, key=EMULATOR_KEY)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "cosmos"])
def store(request: pytest.FixtureRequest) -> DocumentStore:
    """Each store in turn; a test that takes this fixture is part of the contract."""
    chosen: DocumentStore = request.getfixturevalue(f"{request.param}_store")
    return chosen
