"""The stores of a run: the settings that choose them, all that they hold, and how they break."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from azure.cosmos import CosmosClient

from shared.store.containers import all_containers
from tests.faults.schedule import Store
from tests.faults.weather import lagging, outage, storm
from tests.support.cosmos_emulator import EMULATOR_KEY, CosmosEmulator
from tests.support.cosmos_faults import Fault
from tests.support.cosmos_proxy import Asked, CosmosProxy, Weather
from tests.support.small_disk import SmallDisk

Documents = list[tuple[str, dict[str, Any]]]


class StoreUnderTest(ABC):
    """One empty store."""

    settings: dict[str, str]

    @abstractmethod
    def documents(self) -> Documents:
        """Return every document with its container."""

    def breakage(self, kind: str, seed: int) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return what begins and what ends a breakage of this store."""
        raise NotImplementedError(f"{type(self).__name__} knows no {kind}, seed {seed}")


class FileStore(StoreUnderTest):
    """The embedded store; on a disk of its own it can be full."""

    def __init__(self, folder: Path, disk: SmallDisk | None) -> None:
        self._file = (disk.folder if disk else folder) / "skillsync.db"
        self._disk = disk
        self.settings = {"SQLITE_PATH": str(self._file)}

    def documents(self) -> Documents:
        if not self._file.exists():
            return []
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=10)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchone():
                return []
            rows = connection.execute("SELECT container, body FROM documents").fetchall()
        return [(container, json.loads(body)) for container, body in rows]

    def breakage(self, kind: str, seed: int) -> tuple[Callable[[], None], Callable[[], None]]:
        if kind != "disk full" or self._disk is None:
            return super().breakage(kind, seed)
        return self._disk.fill, self._disk.release


class CosmosStore(StoreUnderTest):
    """Cosmos DB's emulator behind a proxy that makes the weather; the auditor asks it directly."""

    def __init__(self, client: CosmosClient, database: str, proxy: CosmosProxy) -> None:
        self._database = client.get_database_client(database)
        self._bad: list[Weather] = []
        proxy.weather = self._weather
        self.settings = {
            "COSMOS_ENDPOINT": proxy.url,
            "COSMOS_DATABASE": database,
            "COSMOS_KEY": EMULATOR_KEY,
        }

    def documents(self) -> Documents:
        return [
            (name, dict(item))
            for name in all_containers()
            for item in self._database.get_container_client(name).read_all_items()
        ]

    def breakage(self, kind: str, seed: int) -> tuple[Callable[[], None], Callable[[], None]]:
        weather = {"storm": storm(seed), "stale reads": lagging(seed), "store away": outage}[kind]
        return lambda: self._bad.append(weather), lambda: self._bad.remove(weather)

    def _weather(self, asked: Asked) -> Fault | None:
        """Return the first fault of all that is bad at the moment."""
        return next((fault for weather in list(self._bad) if (fault := weather(asked))), None)


@contextmanager
def opened(kind: Store, folder: Path, emulator: CosmosEmulator | None) -> Iterator[StoreUnderTest]:
    """Make a store for the time of a run."""
    with ExitStack() as stack:
        if kind == "cosmos":
            assert emulator is not None
            database = f"faults-{uuid.uuid4().hex}"
            asyncio.run(emulator.create_database(database))
            client = CosmosClient(emulator.url, EMULATOR_KEY, enable_endpoint_discovery=False)
            stack.enter_context(client)
            yield CosmosStore(client, database, stack.enter_context(CosmosProxy(emulator.url)))
        elif kind == "small disk":
            yield FileStore(folder, stack.enter_context(SmallDisk(folder / "disk")))
        else:
            yield FileStore(folder, None)
