"""Retrying a roadmap: a new attempt for what failed, and only for that."""

from __future__ import annotations

from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Problem
from shared.models.document import now
from shared.models.roadmap import Phase, Roadmap
from shared.models.status import Generated, GenerationStatus, move
from shared.orchestrations import Orchestrations
from shared.services.attempts import start_roadmap
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.roadmaps import CHANGING, Roadmaps
from shared.store.contract import BatchOperation
from shared.store.documents import change, equals, replacement, set_to
from shared.telemetry import log

UNFINISHED = (GenerationStatus.GENERATING, GenerationStatus.FAILED, GenerationStatus.CANCELED)


class RoadmapRetry:
    """The use case behind `POST /roadmaps/{id}/retry`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._documents = clients.documents
        self._roadmaps = Roadmaps(clients)
        self._orchestrations = orchestrations

    async def retry(self, user_id: str, roadmap_id: str) -> Roadmap:
        """Begin a new attempt; one that is under way already is returned as it is.

        Raises Problem: 404, and 409 when nothing has failed.
        """
        for lost in range(TRIES):
            roadmap = await self._roadmaps.roadmap(user_id, roadmap_id)
            if roadmap.status.ended:
                try:
                    roadmap = await self._begin(roadmap)
                except LOST_RACE:
                    await pause(lost)
                    continue
            await start_roadmap(self._documents, self._orchestrations, roadmap)
            return roadmap
        raise CHANGING

    async def _begin(self, roadmap: Roadmap) -> Roadmap:
        again = roadmap.module_ids(*UNFINISHED)
        if roadmap.status is GenerationStatus.COMPLETED and not again:
            raise Problem(
                HTTPStatus.CONFLICT, "nothing_to_retry", "Nothing of this roadmap has failed: it is complete."
            )
        operations = restart(roadmap, again, "Trying again what failed.")
        roadmap.recoveries = 0
        roadmap.progress.modules_failed = 0
        await self._documents.batch(Roadmap, roadmap.user_id, [replacement(roadmap), *operations])
        log("roadmap.retried", roadmap_id=roadmap.id, attempt=roadmap.attempt, count=len(again))
        return await self._documents.read(Roadmap, roadmap.user_id, roadmap.id)


def restart(roadmap: Roadmap, module_ids: list[str], message: str) -> list[BatchOperation]:
    """Take a roadmap into a new attempt that redoes these modules; returns what changes in the modules."""
    if roadmap.status is not GenerationStatus.GENERATING:
        roadmap.move_to(GenerationStatus.GENERATING)
    roadmap.attempt += 1
    roadmap.revision += 1
    roadmap.requested_at = now()
    roadmap.error = None
    roadmap.stopping = False
    roadmap.phase = Phase.OUTLINING if roadmap.modules else Phase.PLANNING
    roadmap.message = message
    return [_restart_module(roadmap, module_id) for module_id in module_ids]


def _restart_module(roadmap: Roadmap, module_id: str) -> BatchOperation:
    module = roadmap.modules[module_id]
    before = module.status
    if before is not GenerationStatus.GENERATING:
        module.status = move(Generated.MODULE, before, GenerationStatus.GENERATING)
    return change(
        module_id,
        [set_to("/status", module.status.value), set_to("/attempt", roadmap.attempt), set_to("/error", None)],
        [equals("/status", before.value)],
    )
