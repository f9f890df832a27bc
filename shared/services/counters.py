"""Counters of caches and versions: each use counts, and none may fail the request that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from shared.errors import Conflict, SkillSyncError
from shared.models.curation import Counted, Figure, VersionFigures
from shared.models.library import LibraryDocument
from shared.store.documents import Documents, change, creation, increment
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


async def count_shown(documents: Documents, key: str, version_number: int) -> None:
    """Add one to the lessons that were given a version."""
    figures = VersionFigures.id_of(version_number)
    try:
        await documents.patch(VersionFigures, key, figures, [increment("/shown")])
    except SkillSyncError as error:
        log_fault("counter.failed", error, lesson_key=key)


async def count_once(
    documents: Documents, figure: Figure, learner: str, version: tuple[str, int], counted: Mapping[str, int]
) -> None:
    """Add to the figures of a version (key and number), unless this learner stands in them already."""
    key, number = version
    mark = Counted(id=Counted.id_of(figure, learner, number), key=key, learner=learner, version_number=number)
    added = [increment(f"/{name}", by) for name, by in counted.items()]
    try:
        await documents.batch(Counted, key, [creation(mark), change(VersionFigures.id_of(number), added)])
    except Conflict:
        return
    except SkillSyncError as error:
        log_fault("counter.failed", error, lesson_key=key)
