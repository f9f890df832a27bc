"""Counters of the caches: every hit counts, and none may fail the request that it belongs to."""

from __future__ import annotations

from typing import TypeVar

from shared.errors import SkillSyncError
from shared.models.library import LibraryDocument
from shared.store.documents import Documents, increment
from shared.telemetry import log_fault

L = TypeVar("L", bound=LibraryDocument)


async def count(documents: Documents, document: L, counter: str) -> L:
    """Add one to a counter of a shared document; returns the document as it is stored then.

    The patch has no condition, so that concurrent ones all count. A repeated activity may count twice: these
    are figures for operators, nothing is decided by them.
    """
    try:
        return await documents.patch(type(document), document.key, document.id, [increment(f"/{counter}")])
    except SkillSyncError as error:
        log_fault("counter.failed", error, lesson_key=document.key)
        return document
