"""One of several processes that write to one SQLite store at once; reports what it was told had happened.

Run as `python -m tests.support.store_worker FILE SEED SECONDS MOST`; it waits for a line on standard input,
so that all start together on a file that may not exist yet, and prints its report as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.store.contract import Condition, Create, Delete, Document, Patch, PatchOperation, Replace
from shared.store.sqlite import SqliteDocumentStore

PARTITION = "shared"
ACCOUNTS = ("account-0", "account-1", "account-2")
OPENING_BALANCE = 100
SLOTS = ("slot-0", "slot-1")


@dataclass
class Report:
    """What one worker was told; all that must be found in the store afterwards."""

    incremented: int = 0
    appended: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    transfers: list[str] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    slots: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


def document(document_id: str, **fields: object) -> Document:
    """Return a document of the shared partition."""
    return {"id": document_id, "key": PARTITION, "type": "test", **fields}


class Worker:
    """Does random operations and keeps the report."""

    def __init__(self, store: SqliteDocumentStore, seed: int) -> None:
        self.report = Report()
        self._store = store
        self._name = f"w{seed}"
        self._random = random.Random(seed)
        self._turn = 0
        self._refused: Counter[str] = Counter()

    async def set_up(self) -> None:
        """Create the documents that all use; whoever comes first wins."""
        for wanted in (
            document("counter", count=0, appended=[]),
            document("chain", log=[]),
            document("lease", token=0),
            *(document(account, balance=OPENING_BALANCE) for account in ACCOUNTS),
        ):
            try:
                await self._store.create("operations", wanted)
            except Conflict:
                self._refused["Conflict in set_up"] += 1

    async def run(self, seconds: float, most: int) -> None:
        """Do at most so many operations, for at most so long."""
        actions = [
            self._increment,
            self._extend,
            self._transfer,
            self._doomed_transfer,
            self._lease,
            self._slot,
        ]
        ends_at = time.monotonic() + seconds
        for _ in range(most):
            if time.monotonic() > ends_at:
                break
            self._turn += 1
            action = self._random.choice(actions)
            try:
                await action()
            except (Conflict, NotFound, PreconditionFailed) as error:
                self._refused[f"{type(error).__name__} in {action.__name__}"] += 1
        self.report.refused = dict(self._refused)

    async def _increment(self) -> None:
        by = self._random.randint(1, 9)
        mark = f"{self._name}:{self._turn}"
        await self._store.patch(
            "operations",
            PARTITION,
            "counter",
            [PatchOperation("increment", "/count", by), PatchOperation("append", "/appended", mark)],
        )
        self.report.incremented += by
        self.report.appended.append(mark)

    async def _extend(self) -> None:
        chain = await self._store.read("operations", PARTITION, "chain")
        await asyncio.sleep(self._random.random() * 0.002)
        longer = {**chain, "log": [*chain["log"], f"{self._name}:{self._turn}"]}
        replaced = await self._store.replace("operations", longer, chain["_etag"])
        self.report.links.append((chain["_etag"], replaced["_etag"]))

    async def _transfer(self) -> None:
        await self._move(f"transfer-{self._name}-{self._turn}")
        self.report.transfers.append(f"transfer-{self._name}-{self._turn}")

    async def _doomed_transfer(self) -> None:
        """Fail in the last operation: the record exists already, being one of the accounts."""
        await self._move(ACCOUNTS[0])
        raise AssertionError("a batch with a conflict went through")

    async def _move(self, record: str) -> None:
        source, target = self._random.sample(ACCOUNTS, 2)
        amount = self._random.randint(1, 60)
        await self._store.batch(
            "operations",
            PARTITION,
            [
                Patch(
                    source,
                    [PatchOperation("increment", "/balance", -amount)],
                    [Condition("/balance", ">=", amount)],
                ),
                Patch(target, [PatchOperation("increment", "/balance", amount)]),
                Create(document(record, source=source, target=target, amount=amount)),
            ],
        )

    async def _lease(self) -> None:
        token = (await self._store.read("operations", PARTITION, "lease"))["token"]
        taken = await self._store.patch(
            "operations",
            PARTITION,
            "lease",
            [PatchOperation("increment", "/token", 1), PatchOperation("set", "/owner", self._name)],
            [Condition("/token", "=", token)],
        )
        self.report.tokens.append(taken["token"])

    async def _slot(self) -> None:
        slot = self._random.choice(SLOTS)
        if self._random.random() < 0.5:
            await self._store.create("operations", document(slot))
            self.report.slots[slot] = self.report.slots.get(slot, 0) + 1
        elif self._random.random() < 0.5:
            await self._store.delete("operations", PARTITION, slot)
            self.report.slots[slot] = self.report.slots.get(slot, 0) - 1
        else:
            current = await self._store.read("operations", PARTITION, slot)
            await self._store.batch(
                "operations",
                PARTITION,
                [Replace({**current, "owner": self._name}, current["_etag"]), Delete(slot)],
            )
            self.report.slots[slot] = self.report.slots.get(slot, 0) - 1


async def main(file: str, seed: str, seconds: str, most: str) -> None:
    """Wait for the start, work, report."""
    sys.stdin.readline()
    store = SqliteDocumentStore(Path(file), busy_timeout_s=60)
    worker = Worker(store, int(seed))
    await worker.set_up()
    await worker.run(float(seconds), int(most))
    await store.close()
    print(json.dumps(asdict(worker.report)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
