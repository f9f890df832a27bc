"""A front end in a process of its own that reads statuses at a steady rate, and says how long each took.

`python -m bench.status_reads URL READS_PER_SECOND` takes a JSON list of [learner, path] on standard input,
reads until that ends, and prints the milliseconds of all reads as a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence

import httpx

from tests.support.local_host import ROOT

PATIENCE_SECONDS = 60.0
# Coprime to what there is to read, so that neighbours are not read one after the other.
_STEP = 7


class StatusReads:
    """Such a process, from its start until `stop`."""

    def __init__(self, url: str, statuses: Sequence[tuple[str, str]], reads_per_second: int) -> None:
        command = [sys.executable, "-m", "bench.status_reads", url, str(reads_per_second)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None  # noqa: S101 - it was asked for above
        self._process.stdin.write(json.dumps(statuses) + "\n")
        self._process.stdin.flush()

    def stop(self) -> list[float]:
        """End it; returns the milliseconds of its reads."""
        output, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        if self._process.returncode:
            raise RuntimeError("a status could not be read")
        milliseconds: list[float] = json.loads(output)
        return milliseconds


def main() -> None:
    """Read until standard input ends."""
    url, reads_per_second = sys.argv[1], int(sys.argv[2])
    statuses = json.loads(sys.stdin.readline())
    print(json.dumps(asyncio.run(_read(url, statuses, 1 / reads_per_second))))


async def _read(url: str, statuses: Sequence[tuple[str, str]], interval: float) -> list[float]:
    """Begin a read at every interval, however long others take; slow answers must not make them fewer."""
    over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    reads: list[asyncio.Task[float]] = []
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        began = time.monotonic()
        while not over.done():
            learner, path = statuses[len(reads) * _STEP % len(statuses)]
            reads.append(asyncio.create_task(_milliseconds(client, learner, path)))
            await asyncio.wait([over], timeout=began + len(reads) * interval - time.monotonic())
        return await asyncio.gather(*reads)


async def _milliseconds(client: httpx.AsyncClient, learner: str, path: str) -> float:
    began = time.perf_counter()
    (await client.get(path, headers={"X-User-Id": learner})).raise_for_status()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
