"""The nightly purge: all that is old enough is asked for, in bounded pieces, the oldest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clients import Clients
from shared.models.document import now
from shared.services import history
from shared.services.history import BEGINNING, HistoryPurge
from shared.settings import load_settings
from tests.support.function_table import DEVELOPMENT


class Extension:
    """Stands for the orchestrations: remembers which times were purged."""

    def __init__(self) -> None:
        self.purged: list[tuple[datetime, datetime]] = []

    async def purge_ended(self, begin: datetime, end: datetime) -> int:
        self.purged.append((begin, end))
        return 2


def purge_of(extension: Any, days: int) -> HistoryPurge:
    settings = load_settings({**DEVELOPMENT, "HISTORY_KEPT_DAYS": str(days)})
    return HistoryPurge(Clients(settings), extension)


@pytest.mark.parametrize("days", [0, 7])
async def test_everything_old_enough_is_purged_without_a_gap(days: int) -> None:
    extension = Extension()
    before = now()
    assert await purge_of(extension, days).purge() == 2 * len(extension.purged)
    assert extension.purged[0][0] == BEGINNING
    assert timedelta() <= extension.purged[-1][1] - (before - timedelta(days=days)) < timedelta(seconds=10)
    for (_, end), (begin, _) in zip(extension.purged, extension.purged[1:], strict=False):
        assert end == begin
    assert all(end - begin == timedelta(days=1) for begin, end in extension.purged[1:])


async def test_one_run_is_bounded_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PURGE_SECONDS", -1.0)
    extension = Extension()
    assert await purge_of(extension, 7).purge() == 0
    assert extension.purged == []
