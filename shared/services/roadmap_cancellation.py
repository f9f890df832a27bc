"""Canceling a roadmap: nothing of it is generated any longer; what is ready stays."""

from __future__ import annotations

from shared.clients import Clients
from shared.models.roadmap import Roadmap
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations
from shared.services.lesson_cancellation import nothing_to_cancel
from shared.services.stopping import Stopping


class RoadmapCancellation:
    """The use case behind `POST /roadmaps/{id}/cancel`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._stopping = Stopping(clients, orchestrations)

    async def cancel(self, user_id: str, roadmap_id: str) -> Roadmap:
        """End a roadmap that is generated, and the lessons of any that are being written.

        One that is canceled already is returned as it is. Raises Problem: 404, and 409 when nothing of it is
        being generated.
        """
        roadmap = await self._stopping.begin(user_id, roadmap_id)
        if not await self.finish(roadmap) and roadmap.status is not GenerationStatus.CANCELED:
            raise nothing_to_cancel("roadmap")
        return roadmap

    async def finish(self, roadmap: Roadmap) -> int:
        """Finish a cancellation that has begun; returns how many lessons were canceled."""
        canceled = await self._stopping.finish(roadmap)
        await self._stopping.unmark(roadmap)
        return canceled
