"""A timer's persisted status, and the timer object that a function receives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ScheduleStatus:
    """When a timer last ran (None: never), when it is due next, and when that was written; all UTC."""

    last: datetime | None
    next: datetime
    last_updated: datetime

    def to_json(self) -> dict[str, str]:
        """As the extension writes it; a timer that never ran has .NET's first moment as its last run."""
        return {
            "Last": _written(self.last) if self.last else "0001-01-01T00:00:00+00:00",
            "Next": _written(self.next),
            "LastUpdated": _written(self.last_updated),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> "ScheduleStatus":
        """The reverse of `to_json`; raises ValueError or KeyError for anything else."""
        last = document["Last"]
        return cls(
            last=None if last.startswith("0001") else datetime.fromisoformat(last),
            next=datetime.fromisoformat(document["Next"]),
            last_updated=datetime.fromisoformat(document["LastUpdated"]),
        )


class ScheduleMonitor:
    """Keeps the status of each timer in one JSON file, so that a missed occurrence is noticed after a
    restart."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, name: str) -> ScheduleStatus | None:
        """The status of a timer, or None where none was written or it cannot be read."""
        try:
            return ScheduleStatus.from_json(self._document()[name])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def write(self, name: str, status: ScheduleStatus) -> None:
        """Keep a timer's status; the file is replaced whole, so a crash leaves the old or the new one."""
        document = self._document()
        document[name] = status.to_json()
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(document, indent=2))
        draft.replace(self._file)

    def _document(self) -> dict[str, Any]:
        try:
            document = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}


def timer_payload(status: ScheduleStatus | None, *, is_past_due: bool) -> bytes:
    """The JSON of the TimerInfo that the Python worker turns into `func.TimerRequest`."""
    return json.dumps(
        {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status.to_json() if status else None,
            "IsPastDue": is_past_due,
        }
    ).encode()


def _written(moment: datetime) -> str:
    return moment.isoformat()
