"""A front end in a process of its own that reads one status after the other, and says how long each took.

`python -m bench.status_reads URL READS_PER_SECOND` takes a JSON list of [learner, path] on standard input,
reads until that ends, and prints the milliseconds of all reads as a JSON list.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
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
    over = threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=await_end, daemon=True).start()
    milliseconds = []
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        for number in itertools.count():
            learner, path = statuses[number * _STEP % len(statuses)]
            began = time.perf_counter()
            client.get(path, headers={"X-User-Id": learner}).raise_for_status()
            milliseconds.append((time.perf_counter() - began) * 1000)
            if over.wait(1 / reads_per_second):
                break
    print(json.dumps(milliseconds))


if __name__ == "__main__":
    main()
