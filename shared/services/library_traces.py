"""What the library holds of a learner, by pseudonym: removed, or left with nobody's name.

Shared lessons stay as they are. Counts of what many learners did stay too, but for votes: whoever comes back
may vote again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeVar

from shared.errors import NotFound
from shared.models.curation import Counted, Review, Vote
from shared.models.library import LibraryDocument, Waiter
from shared.services.leaving import Place, leave
from shared.services.voting import take_back
from shared.store.documents import Documents, set_to

L = TypeVar("L", bound=LibraryDocument)

PAGE = 100


async def remove_traces(documents: Documents, learner: str) -> None:
    """Remove a learner, named by pseudonym, from the library; a repeat goes on where this was interrupted.

    Raises PreconditionFailed when something keeps changing.
    """
    async for waiter in _of_learner(documents, Waiter, learner):
        await leave(documents, Place(waiter.key, waiter.id, waiter.generation, learner))
    async for vote in _of_learner(documents, Vote, learner):
        await take_back(documents, vote)
    async for mark in _of_learner(documents, Counted, learner):
        with suppress(NotFound):
            await documents.delete(Counted, mark.key, mark.id)
    async for review in _of_learner(documents, Review, learner):
        # The decision still says why a version is approved or rejected; who made it, and their words, go.
        with suppress(NotFound):
            nobodys = [set_to("/learner", ""), set_to("/comment", "")]
            await documents.patch(Review, review.key, review.id, nobodys)


async def _of_learner(documents: Documents, model: type[L], learner: str) -> AsyncIterator[L]:
    """Give all documents that name a learner, from all partitions; each once, since a query may be late."""
    seen: set[tuple[str, str]] = set()
    while True:
        found = await documents.query_across(model, {"learner": learner}, limit=PAGE)
        fresh = [one for one in found if (one.key, one.id) not in seen]
        if not fresh:
            return
        for one in fresh:
            seen.add((one.key, one.id))
            yield one
