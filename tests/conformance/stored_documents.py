"""The app's documents, written and read by the tests beside the app's own process."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from shared.models.document import now
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.roadmap import Roadmap
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore

T = TypeVar("T")


def with_documents(database: Path, work: Callable[[Documents], Coroutine[Any, Any, T]]) -> T:
    """Do something with the app's store, from this process."""

    async def run() -> T:
        store = SqliteDocumentStore(database)
        try:
            return await work(Documents(store))
        finally:
            await store.close()

    return asyncio.run(run())


def stored_roadmap(database: Path, learner: str, **changes: Any) -> Roadmap:
    """Store a pending roadmap for Python."""
    roadmap = Roadmap(
        id=str(uuid.uuid4()),
        user_id=learner,
        goal="Learn Python",
        subject="python",
        language="en",
        skill_level=SkillLevel.BEGINNER,
        learning_style=LearningStyle.MIXED,
        weekly_hours_low=3,
        weekly_hours_high=5,
        requested_at=now(),
        curriculum_key="",
    ).model_copy(update=changes)
    roadmap.curriculum_key = roadmap.specification.key
    return with_documents(database, lambda documents: documents.create(roadmap))


def read_roadmap(database: Path, roadmap: Roadmap) -> Roadmap:
    return with_documents(database, lambda documents: documents.read(Roadmap, roadmap.user_id, roadmap.id))


def backdate(database: Path, roadmap: Roadmap) -> None:
    """Make a document as old as one that was forgotten: the store stamps what is written now."""
    long_ago = (now() - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE documents SET body = json_set(body, '$.updated_at', ?) WHERE id = ?",
            (long_ago, roadmap.id),
        )
