"""Runs `@vercel/cosmosdb-server` from npm, which speaks Cosmos DB's wire protocol, for the contract suite.

What version 1.0.1 lacks, and what the test set-up does about it (the app does nothing):

- a point read of a missing document is a 500: server.js sends the header that avoids it;
- queries see all partitions: server.js limits them to the partition of the request's header;
- a patch condition is lower-cased, values included, and asked of all partitions: server.js asks it itself;
- a patch with a path to nowhere writes to the root: server.js refuses it;
- a batch is not atomic, knows no patch, ignores the partition header and answers 200 for a failure: server.js
  has a handler that rolls back and answers 207. So the suite proves what the adapter makes of a batch's
  answer, not the atomicity of the service;
- an order needs a composite index of exactly the same directions, where the service also reads one backwards:
  the containers get each composite index in both directions;
- partition key ranges have numbers as ids: server.js makes them the strings that session tokens are kept by;
- no throttling, no session tokens, no sub-statuses of 404: tests/support/cosmos_gateway.py plays them, and
  tests/support/cosmos_sessions.py gives tokens;
- no time to live: the suite proves that `ttl` is sent and that containers.json switches it on.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from shared.store.containers import Container, all_containers
from tests.support.npm import NpmUnavailable, ensure_installed
from tests.support.tools import need

FOLDER = Path(__file__).parent.parent / "cosmos_emulator"

# The well-known key of every Cosmos DB emulator; it opens nothing.
EMULATOR_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="

_STOP_TIMEOUT_S = 10


class CosmosEmulator:
    """A running emulator, which ends with the `with` block, or with this process."""

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        ensure_installed(FOLDER)
        process = subprocess.Popen(
            ["node", "server.js"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._process = process
        line = _pipe(process.stdout).readline()
        if not line.startswith("listening on "):
            self.__exit__(None, None, None)
            raise RuntimeError(f"the Cosmos DB emulator did not start: {line!r}")
        self.url = line.split()[-1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()

    async def create_database(self, name: str, containers: list[str] | None = None) -> None:
        """Create a database with the containers of containers.json, or only those named."""
        from azure.cosmos import PartitionKey
        from azure.cosmos.aio import CosmosClient

        async with CosmosClient(self.url, EMULATOR_KEY, enable_endpoint_discovery=False) as client:
            database = await client.create_database(name)
            for container in all_containers().values():
                if containers is None or container.name in containers:
                    await database.create_container(
                        container.name,
                        PartitionKey(f"/{container.partition_key}"),
                        indexing_policy=_indexing_policy(container),
                        default_ttl=container.definition["defaultTtl"],
                    )


@contextmanager
def needed_emulator() -> Iterator[CosmosEmulator]:
    """Run the emulator; skip the test that asks for it where it cannot run."""
    with ExitStack() as stack:
        try:
            emulator = stack.enter_context(CosmosEmulator())
        except NpmUnavailable as reason:
            need("the Cosmos DB emulator", False, str(reason))
        yield emulator


def _indexing_policy(container: Container) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(json.dumps(container.definition["indexingPolicy"]))
    backwards = [[{**part, "order": "descending"} for part in index] for index in policy["compositeIndexes"]]
    policy["compositeIndexes"] += backwards
    return policy


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
