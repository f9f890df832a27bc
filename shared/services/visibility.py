"""Reading a document that is known to exist, though another instance may have written it a moment ago."""

from __future__ import annotations

from typing import TypeVar

from shared.errors import NotFound
from shared.models.document import Document
from shared.models.library import LessonVersion
from shared.services.races import TRIES, pause
from shared.store.documents import Documents

D = TypeVar("D", bound=Document)


async def read_visible(documents: Documents, model: type[D], partition: str, document_id: str) -> D:
    """Return a document, looking again until it is visible here; raises NotFound when it never is."""
    for lost in range(TRIES - 1):
        try:
            return await documents.read(model, partition, document_id)
        except NotFound:
            await pause(lost)
    return await documents.read(model, partition, document_id)


async def version_of(documents: Documents, lesson_key: str, version_number: int) -> LessonVersion:
    """Return a version that a lesson shows; raises NotFound."""
    return await read_visible(documents, LessonVersion, lesson_key, LessonVersion.id_of(version_number))
