"""Stopping a roadmap: what its cancellation and its deletion begin with.

The first write takes the roadmap and its modules out of generation and says that it is being stopped; from
then on no activity of its attempt can write. The rest may be interrupted anywhere: the roadmap stays marked,
and a repeat, or the reconciler, goes on.
"""

from __future__ import annotations

from shared.clients import Clients
from shared.models.base import timestamp
from shared.models.document import now
from shared.models.roadmap import Lesson, Phase, Roadmap
from shared.models.status import Generated, GenerationStatus, move
from shared.orchestrations import Orchestrations
from shared.services.attempts import instance_id
from shared.services.events import ended
from shared.services.leases import CLOCK_ALLOWANCE
from shared.services.lesson_cancellation import LessonCancellation
from shared.services.races import LOST_RACE, TRIES, pause, until_visible
from shared.services.roadmaps import CHANGING, Roadmaps
from shared.store.contract import BatchOperation, Condition, PatchOperation
from shared.store.documents import change, equals, increment, set_to
from shared.telemetry import log


class Stopping:
    """Ends what runs for a roadmap."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._documents = clients.documents
        self._roadmaps = Roadmaps(clients)
        self._lessons = LessonCancellation(clients)
        self._orchestrations = orchestrations

    async def begin(self, user_id: str, roadmap_id: str, *, deleting: bool = False) -> Roadmap:
        """Mark a roadmap as being stopped; returns it as it is then, but for when it had changed before.

        Raises Problem: 404, and 409 if it keeps changing.
        """
        for lost in range(TRIES):
            roadmap = await self._roadmaps.roadmap(user_id, roadmap_id)
            try:
                await self._documents.batch(Roadmap, user_id, self._mark(roadmap, deleting=deleting))
            except LOST_RACE:
                await pause(lost)
                continue
            log("roadmap.stopping", roadmap_id=roadmap.id, attempt=roadmap.attempt)
            return roadmap
        raise CHANGING

    def _mark(self, roadmap: Roadmap, *, deleting: bool) -> list[BatchOperation]:
        still = [
            equals("/attempt", roadmap.attempt),
            equals("/status", roadmap.status.value),
            equals("/revision", roadmap.revision),
        ]
        roadmap.canceled_at = now()
        roadmap.stopping = True
        roadmap.deleting = deleting
        marks = [
            set_to("/canceled_at", timestamp(roadmap.canceled_at)),
            set_to("/stopping", True),
            set_to("/deleting", deleting),
        ]
        if roadmap.status.ended:
            return [change(roadmap.id, marks, still)]
        return self._cancel(roadmap, marks, still)

    def _cancel(
        self, roadmap: Roadmap, marks: list[PatchOperation], still: list[Condition]
    ) -> list[BatchOperation]:
        roadmap.move_to(GenerationStatus.CANCELED)
        unfinished = roadmap.module_ids(GenerationStatus.GENERATING)
        canceled = move(Generated.MODULE, GenerationStatus.GENERATING, GenerationStatus.CANCELED)
        for module_id in unfinished:
            roadmap.modules[module_id].status = canceled
        roadmap.phase = Phase.ENDED
        roadmap.message = _message(roadmap)
        roadmap.revision += 1
        end = [
            set_to("/status", roadmap.status.value),
            set_to("/phase", roadmap.phase.value),
            set_to("/message", roadmap.message),
            set_to("/modules", roadmap.to_json()["modules"]),
            increment("/revision"),
        ]
        modules = [
            change(
                module_id,
                [set_to("/status", canceled.value)],
                [equals("/status", GenerationStatus.GENERATING.value), equals("/attempt", roadmap.attempt)],
            )
            for module_id in unfinished
        ]
        return [change(roadmap.id, [*marks, *end], still), *modules, *ended(self._documents, roadmap)]

    async def finish(self, roadmap: Roadmap) -> int:
        """Stop what runs for a roadmap that is marked; returns how many lessons were canceled."""
        if roadmap.status is GenerationStatus.CANCELED:
            await self._orchestrations.terminate(instance_id(roadmap), "canceled")
        canceled = 0
        progress = roadmap.progress
        if progress.lessons_generating or progress.lessons_queued or progress.lessons_completed:
            canceled = await self._cancel_lessons(roadmap)
            # Every change of a lesson is one of its roadmap: none is newer than the roadmap's own last one.
            await until_visible(roadmap.updated_at)
            canceled += await self._cancel_lessons(roadmap)
        log("roadmap.stopped", roadmap_id=roadmap.id, attempt=roadmap.attempt, count=canceled)
        return canceled

    async def _cancel_lessons(self, roadmap: Roadmap) -> int:
        lessons = await self._roadmaps.lessons(roadmap.user_id, roadmap.id)
        return await self._lessons.cancel_all([lesson for lesson in lessons if _is_void(lesson, roadmap)])

    async def unmark(self, roadmap: Roadmap) -> None:
        """Say that all is stopped, unless somebody has begun to stop it once more."""
        if roadmap.canceled_at is None:
            return
        try:
            await self._documents.patch(
                Roadmap,
                roadmap.user_id,
                roadmap.id,
                [set_to("/stopping", False)],
                [equals("/canceled_at", timestamp(roadmap.canceled_at))],
            )
        except LOST_RACE:
            return


def _is_void(lesson: Lesson, roadmap: Roadmap) -> bool:
    """Tell whether a lesson waits for what was asked for before the roadmap was canceled."""
    if not (lesson.waiting or lesson.queued) or roadmap.canceled_at is None:
        return False
    return lesson.requested_at is None or lesson.requested_at <= roadmap.canceled_at + CLOCK_ALLOWANCE


def _message(roadmap: Roadmap) -> str:
    if not roadmap.modules:
        return "Canceled before it was planned."
    ready = len(roadmap.module_ids(GenerationStatus.COMPLETED))
    return f"Canceled. {ready} of {len(roadmap.modules)} modules are ready."
