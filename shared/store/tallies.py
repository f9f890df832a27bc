"""Adding to the tallies of a day: concurrent additions all count, and none fails what it counts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from shared.errors import Conflict, NotFound, SkillSyncError
from shared.models.tallies import DayDocument, DayTally
from shared.store.contract import MAX_PATCH_OPERATIONS
from shared.store.documents import Documents, increment
from shared.telemetry import log_fault

# One operation of a patch stamps the document.
MOST_AT_ONCE = MAX_PATCH_OPERATIONS - 1


async def add(documents: Documents, tally: DayDocument, counted: Mapping[str, int]) -> None:
    """Add to a tally of today, by names such as "published" or "by_tier/model"; made if it is not there."""
    operations = [increment(f"/{name}", by) for name, by in counted.items()]
    try:
        for start in range(0, len(operations), MOST_AT_ONCE):
            part = operations[start : start + MOST_AT_ONCE]
            try:
                await documents.patch(type(tally), tally.key, tally.id, part)
            except NotFound:
                with suppress(Conflict):  # another one was faster
                    await documents.create(tally)
                await documents.patch(type(tally), tally.key, tally.id, part)
    except SkillSyncError as error:
        log_fault("tally.failed", error)


async def add_today(documents: Documents, counted: Mapping[str, int]) -> None:
    """Add to the counts of the present day."""
    await add(documents, DayTally(id=DayTally.ID, key=DayTally.today()), counted)
