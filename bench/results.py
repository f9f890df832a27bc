"""What the benchmark found, and its JSON form."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.figures import Spread

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; with a `limit` it is judged, without one it explains."""

    what: str
    spread: Spread
    unit: str
    limit: float | None = None

    @property
    def met(self) -> bool | None:
        """Tell whether the median keeps the limit; None where there is none."""
        return None if self.limit is None else self.spread.median <= self.limit

    def to_json(self) -> dict[str, Any]:
        """Return the row as it is stored."""
        row: dict[str, Any] = {
            "what": self.what,
            "unit": self.unit,
            "median": round(self.spread.median, DIGITS),
            "low": round(self.spread.low, DIGITS),
            "high": round(self.spread.high, DIGITS),
            "samples": self.spread.samples,
        }
        return row if self.limit is None else row | {"limit": self.limit, "met": self.met}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One part of the benchmark: its rows, and how they were measured."""

    title: str
    method: str
    rows: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as it is stored."""
        return {"title": self.title, "method": self.method, "rows": [row.to_json() for row in self.rows]}


@dataclass(frozen=True, slots=True)
class Machine:
    """What one must know of a machine to compare figures; nothing that identifies it."""

    cores: int
    python: str
    system: str
    load: float
    """Processes that were ready to run in the minute before the start; a busy machine makes ratios worse."""

    @classmethod
    def here(cls) -> Machine:
        """Describe this machine."""
        return cls(
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            load=round(os.getloadavg()[0], 2),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are stored."""
        return {
            "cores": self.cores,
            "python": self.python,
            "system": self.system,
            "load_at_start": self.load,
        }


def to_json(machine: Machine, seconds: float, measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Return the whole benchmark as it is stored in results.json."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "seconds": round(seconds),
        "machine": machine.to_json(),
        "measurements": [measurement.to_json() for measurement in measurements],
    }
