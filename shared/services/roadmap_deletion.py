"""Deleting a roadmap: what runs is stopped, then everything that belongs to it is removed, it itself last.

From the first write on its learner finds it no longer. Lessons that others share stay in the library.
"""

from __future__ import annotations

from contextlib import suppress

from shared.clients import Clients
from shared.errors import NotFound
from shared.models.batch import Batch
from shared.models.roadmap import Idempotency, Roadmap
from shared.orchestrations import Orchestrations
from shared.services.attempts import instance_ids
from shared.services.batch_advance import close_batch
from shared.services.batch_slots import Slots
from shared.services.races import TRIES, pause, until_visible
from shared.services.stopping import Stopping
from shared.telemetry import log

# A repeat of the creation must still be told that it is gone.
KEPT = frozenset({Idempotency.document_type})


class RoadmapDeletion:
    """The use case behind `DELETE /roadmaps/{id}`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._documents = clients.documents
        self._orchestrations = orchestrations
        self._slots = Slots(clients)
        self._stopping = Stopping(clients, orchestrations)

    async def delete(self, user_id: str, roadmap_id: str) -> None:
        """Remove a roadmap; raises Problem: 404, also for one that is being removed, and 409."""
        await self.finish(await self._stopping.begin(user_id, roadmap_id, deleting=True))

    async def finish(self, roadmap: Roadmap) -> None:
        """Finish a deletion that has begun.

        A roadmap whose orchestration has not ended yet is left for the reconciler, so that its history goes
        too.
        """
        await self._stopping.finish(roadmap)
        # What was created a moment ago on another instance must be found; nothing is from now on.
        await until_visible(roadmap.updated_at)
        if not await self._stop_batches(roadmap):
            return
        removed = await self._documents.remove_all(
            Roadmap, roadmap.user_id, {"roadmap_id": roadmap.id}, keep=KEPT
        )
        if not await self._purged(instance_ids(roadmap)):
            return
        with suppress(NotFound):
            await self._documents.delete(Roadmap, roadmap.user_id, roadmap.id)
        log("roadmap.deleted", roadmap_id=roadmap.id, count=removed)

    async def _stop_batches(self, roadmap: Roadmap) -> bool:
        """End the orchestrations of its batches and remove their histories; tells whether none is left."""
        while True:
            batches = (await self._documents.query(Batch, roadmap.user_id, {"roadmap_id": roadmap.id})).items
            for open_batch in batches:
                try:
                    batch = await close_batch(self._documents, open_batch)
                except NotFound:  # the reconciler is at it too
                    continue
                await self._orchestrations.terminate(batch.instance_id, "deleted")
                await self._slots.free(batch.id)
                if not await self._purged(batch.instance_ids):
                    return False
                with suppress(NotFound):
                    await self._documents.delete(Batch, batch.user_id, batch.id)
            if not batches:
                return True

    async def _purged(self, left: list[str]) -> bool:
        """Remove the histories of all attempts, which name the learner; tells whether none is left."""
        for lost in range(TRIES):
            left = [id_ for id_ in left if not await self._orchestrations.purge(id_)]
            if not left:
                return True
            await pause(lost)
        return False
