"""Several app processes over one store, each of which sees the others' writes late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared import clients as clients_module
from shared.clients import Clients
from shared.settings import Settings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.stale_store import StaleReadStore

STALENESS_S = 0.4
"""How late a process sees what another has written, unless it is told otherwise."""


async def fresh() -> None:
    """Let every write become visible everywhere."""
    await asyncio.sleep(STALENESS_S)


@asynccontextmanager
async def one_process(settings: Settings) -> AsyncIterator[Clients]:
    """Open the clients of a process, and close them at the end; activities of this loop forget them."""
    clients = Clients(settings)
    try:
        yield clients
    finally:
        clients_module._by_loop.pop(asyncio.get_running_loop(), None)
        await clients.close()


@asynccontextmanager
async def stale_processes(
    settings: Settings, staleness_s: float = STALENESS_S, count: int = 3
) -> AsyncIterator[list[Clients]]:
    """Open the clients of each process, and close them at the end."""
    made = []
    for seed in range(count):
        clients = Clients(settings)
        store = SqliteDocumentStore(settings.sqlite_path)
        clients._documents = Documents(StaleReadStore(store, staleness_s=staleness_s, seed=seed))
        made.append(clients)
    try:
        yield made
    finally:
        clients_module._by_loop.pop(asyncio.get_running_loop(), None)
        for clients in made:
            await clients.close()
