"""What the fault tests run against."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from tests.support.cosmos_emulator import EMULATOR_KEY, CosmosEmulator, needed_emulator
from tests.support.cosmos_proxy import CosmosProxy


@pytest.fixture(scope="session")
def emulator() -> Iterator[CosmosEmulator]:
    with needed_emulator() as emulator:
        yield emulator


@pytest.fixture
def proxy(emulator: CosmosEmulator) -> Iterator[CosmosProxy]:
    with CosmosProxy(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def cosmos(emulator: CosmosEmulator, proxy: CosmosProxy) -> dict[str, str]:
    """The settings of a new database behind the proxy."""
    database = f"faults-{uuid.uuid4().hex}"
    asyncio.run(emulator.create_database(database))
    return {"COSMOS_ENDPOINT": proxy.url, "COSMOS_DATABASE": database, "COSMOS_KEY": EMULATOR_KEY}
