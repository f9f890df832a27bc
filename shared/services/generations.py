"""Generations of a shared lesson: beginning one, waiting for one, starting its orchestration.

Order of a request: join, mark the lesson, look at the head again, start. Each step may be the last one that
happened; the next request, status read or sweep goes on from there.
"""

from __future__ import annotations

from contextlib import suppress

from shared.clients import Clients
from shared.errors import Conflict, PreconditionFailed
from shared.models.base import timestamp
from shared.models.document import now
from shared.models.library import Cause, LessonHead, Waiter
from shared.models.roadmap import Lesson
from shared.models.specification import LessonSpecification
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations, StartFailed
from shared.security.pseudonym import pseudonym
from shared.services.counters import count
from shared.services.leaving import Place
from shared.services.linking import settle
from shared.store.contract import BatchOperation, Condition, PatchOperation
from shared.store.documents import Documents, change, creation, equals, increment, set_to
from shared.telemetry import log, log_fault


def instance_id(head: LessonHead) -> str:
    """Return the orchestration instance of a generation; it belongs to the library, not to a learner."""
    return f"lesson-{head.key}-{head.generation}"


async def start_generation(orchestrations: Orchestrations, head: LessonHead) -> None:
    """Start the orchestration of a generation; a failure is left to the reconciler."""
    try:
        await orchestrations.start(
            "lesson_orchestrator", instance_id(head), {"lesson_key": head.key, "generation": head.generation}
        )
    except StartFailed as error:
        log_fault("lesson.start_failed", error, lesson_key=head.key, generation=head.generation)


def _beginning(
    head: LessonHead, cause: Cause, attempts: int, waiters: int
) -> tuple[list[PatchOperation], list[Condition]]:
    """Return what takes a head into its next generation; the best version stays what it is.

    The conditions leave the counters of hits alone, which every reader moves.
    """
    return [
        set_to("/status", GenerationStatus.GENERATING.value),
        set_to("/generation", head.generation + 1),
        set_to("/cause", cause.to_json()),
        set_to("/attempts", attempts),
        set_to("/waiters", waiters),
        set_to("/requested_at", timestamp(now())),
        set_to("/lease", None),
        set_to("/error", None),
        set_to("/sources_found", 0),
    ], [equals("/status", head.status.value), equals("/generation", head.generation)]


async def begin_generation(
    documents: Documents, head: LessonHead, cause: Cause, *, attempts: int = 1, waiters: int = 0
) -> LessonHead:
    """Take a head into its next generation; raises PreconditionFailed when another was faster."""
    operations, conditions = _beginning(head, cause, attempts, waiters)
    return await documents.patch(LessonHead, head.key, head.id, operations, conditions)


class Generations:
    """What a learner's request does with a generation."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._orchestrations = orchestrations

    async def join(
        self, lesson: Lesson, specification: LessonSpecification, head: LessonHead | None, cause: Cause
    ) -> int:
        """Become a Waiter of the running generation, or begin one; returns the generation.

        Whoever begins it is charged for it, though all who wait get it. One that ran in the background goes
        on at once when a learner joins it. Raises what a lost race raises.
        """
        key = specification.key
        cause = cause.model_copy(update={"charged_to": pseudonym(self._settings, lesson.user_id)})
        if head is None:
            head = LessonHead(
                id=LessonHead.ID,
                key=key,
                specification=specification,
                cause=cause,
                requested_at=now(),
                waiters=1,
                misses=1,
            )
            generation = head.generation
            await self._documents.batch(
                LessonHead, key, [creation(head), self._waiter(lesson, key, generation)]
            )
        elif head.status is GenerationStatus.GENERATING:
            generation = head.generation
            still = [equals("/status", head.status.value), equals("/generation", generation)]
            joined = [increment("/waiters"), increment("/misses")]
            waiting = change(head.id, joined, still)
            with suppress(Conflict):  # the Waiter of an earlier request that stopped half-way
                await self._documents.batch(LessonHead, key, [waiting, self._waiter(lesson, key, generation)])
            if not cause.background:
                await self.want(head)
        else:
            generation = head.generation + 1
            began, conditions = _beginning(head, cause, attempts=1, waiters=1)
            waiter = self._waiter(lesson, key, generation)
            await self._documents.batch(LessonHead, key, [change(head.id, began, conditions), waiter])
            await count(self._documents, head, "misses")  # no room in the patch: it holds ten changes
        return generation

    async def want(self, head: LessonHead) -> None:
        """Bring a running generation out of the background: a learner waits for it now."""
        if not head.cause.background:
            return
        still = [equals("/status", head.status.value), equals("/generation", head.generation)]
        with suppress(PreconditionFailed):  # it has just ended
            await self._documents.patch(
                LessonHead, head.key, head.id, [set_to("/cause/background", False)], still
            )
            await self._orchestrations.wake(instance_id(head))

    def place(self, lesson: Lesson, key: str, generation: int) -> Place:
        """Return the place of a lesson that has joined a generation and is not marked yet."""
        return Place(
            key=key,
            waiter_id=Waiter.id_of(lesson.id, lesson.attempt + 1, generation),
            generation=generation,
            learner=pseudonym(self._settings, lesson.user_id),
        )

    def _waiter(self, lesson: Lesson, key: str, generation: int) -> BatchOperation:
        place = self.place(lesson, key, generation)
        return creation(
            Waiter(
                id=place.waiter_id,
                key=key,
                lesson_id=lesson.id,
                learner=place.learner,
                generation=generation,
            )
        )

    async def start_awaited(self, lesson: Lesson) -> Lesson:
        """Start the generation that a lesson waits for, unless it ended while the lesson was being marked."""
        head = await self._documents.read(LessonHead, lesson.awaited_key, LessonHead.ID)
        stored = await self._documents.read(Lesson, lesson.user_id, lesson.id)
        if head.status is GenerationStatus.GENERATING:
            await start_generation(self._orchestrations, head)
            log(
                "lesson.requested",
                lesson_id=lesson.id,
                lesson_key=head.key,
                learner=pseudonym(self._settings, lesson.user_id),
                generation=head.generation,
            )
        return await settle(self._documents, stored, head)
