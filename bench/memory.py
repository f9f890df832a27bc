"""The memory of the local host's processes, sampled while something runs."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tests.support.local_host import LocalHost

_EVERY_SECONDS = 0.5
_KILOBYTES_PER_MEGABYTE = 1024


def resident_megabytes(process_id: int) -> float | None:
    """Return what a process holds in memory, None when it has ended."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _KILOBYTES_PER_MEGABYTE
    return None


class MemorySampler:
    """Looks at every process of a host, by its part in it, until cancelled."""

    def __init__(self, host: LocalHost) -> None:
        self._host = host
        self.samples: dict[str, list[float]] = defaultdict(list)

    async def run(self) -> None:
        """Take a sample every half second."""
        while True:
            self.take()
            await asyncio.sleep(_EVERY_SECONDS)

    def take(self) -> None:
        """Take one sample of each process."""
        for part, process_id in self._processes().items():
            megabytes = resident_megabytes(process_id)
            if megabytes is not None:
                self.samples[part].append(megabytes)

    def _processes(self) -> Mapping[str, int]:
        parts = {
            "engine": self._host.engine_process_id(),
            "broker": self._host.broker_process_id(),
            **{f"app process {n}": id_ for n, id_ in enumerate(self._host.app_process_ids(), start=1)},
        }
        return {part: process_id for part, process_id in parts.items() if process_id is not None}
