"""Beginning a batch: every lesson of a module that is not written goes through the queue.

Lessons that the library has are linked at once. What is left is counted against the quota as a whole, and
belongs to the batch from the same batch of writes on.
"""

from __future__ import annotations

from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Problem, StoreUnavailable
from shared.models.batch import Batch, BatchLesson, BatchState
from shared.models.document import now
from shared.models.library import LessonHead
from shared.models.roadmap import Lesson, Module, Quota
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations, StartFailed
from shared.services.attempts import end_if_deleted
from shared.services.challengers import version_for
from shared.services.lesson_generation import GENERATION_OFF, LessonGeneration
from shared.services.origin import LEARNER, Origin
from shared.services.queueing import queue_of
from shared.services.quotas import ensure_quota, quota_exceeded
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.roadmaps import CHANGING, Roadmaps, not_found
from shared.store.contract import BatchOperation, Condition
from shared.store.documents import Documents, change, creation, increment, replacement
from shared.telemetry import log, log_fault

NOT_OUTLINED = Problem(
    HTTPStatus.CONFLICT, "not_outlined", "The module has no lessons yet, so there is nothing to write."
)
AT_REST = (GenerationStatus.PENDING, GenerationStatus.FAILED, GenerationStatus.CANCELED)


async def start_batch(documents: Documents, orchestrations: Orchestrations, batch: Batch) -> None:
    """Start the orchestration of a batch's attempt; a failure is left to the reconciler."""
    work = {"user_id": batch.user_id, "batch_id": batch.id, "attempt": batch.attempt}
    try:
        await orchestrations.start("batch_orchestrator", batch.instance_id, work)
        await end_if_deleted(documents, orchestrations, batch, batch.roadmap_id, batch.instance_id)
    except (StartFailed, StoreUnavailable) as error:
        log_fault("batch.start_failed", error, batch_id=batch.id, attempt=batch.attempt)


class BatchCreation:
    """The use case behind `POST /modules/{id}/generate`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._documents = clients.documents
        self._orchestrations = orchestrations
        self._roadmaps = Roadmaps(clients)
        self._generation = LessonGeneration(clients, orchestrations)

    async def create(self, user_id: str, module_id: str, origin: Origin = LEARNER) -> Batch:
        """Return the batch of the module's lessons, begun if none is open.

        Raises Problem: 404, 409 for a module without lessons, 429 when the day's quota does not hold them
        all, 503 without a queue or while generation is switched off.
        """
        queue_of(self._clients)
        for lost in range(TRIES):
            module = await self._module(user_id, module_id)
            latest = await self._documents.find(Batch, user_id, Batch.id_of(module, module.batches))
            if latest is not None and latest.state is BatchState.OPEN:
                await start_batch(self._documents, self._orchestrations, latest)
                return latest
            if latest is not None and await origin.obeyed(self._documents):
                return latest
            batch, lessons = await self._prepared(module, origin)
            try:
                await self._store(module, batch, lessons, origin)
            except LOST_RACE:
                await self._refuse_over_quota(user_id, len(lessons))
                await pause(lost)
                continue
            log("batch.begun", batch_id=batch.id, module_id=module.id, count=len(lessons))
            if batch.state is BatchState.OPEN:
                await start_batch(self._documents, self._orchestrations, batch)
            return batch
        raise CHANGING

    async def _module(self, user_id: str, module_id: str) -> Module:
        module = await self._documents.find(Module, user_id, module_id)
        if module is None:
            raise not_found("module")
        await self._roadmaps.roadmap(user_id, module.roadmap_id)  # one that is being removed is gone
        if module.status is not GenerationStatus.COMPLETED:
            raise NOT_OUTLINED
        return module

    async def _prepared(self, module: Module, origin: Origin) -> tuple[Batch, list[Lesson]]:
        """Link what the library has; return the batch of what it has not, and those lessons."""
        page = await self._documents.query(
            Lesson, module.user_id, {"module_id": module.id}, order_by="order", limit=100
        )
        lessons, cached = [], 0
        for lesson in page.items:
            if lesson.generation_status not in AT_REST or lesson.batch_id is not None:
                continue
            head = await self._documents.find(LessonHead, lesson.lesson_key, LessonHead.ID)
            if head is None or version_for(self._settings, module.user_id, head) is None:
                lessons.append(lesson)
            else:
                cached += await self._linked(lesson, origin)
        number = module.batches + 1
        batch = Batch(
            id=Batch.id_of(module, number),
            user_id=module.user_id,
            roadmap_id=module.roadmap_id,
            module_id=module.id,
            number=number,
            requested_at=now(),
            correlation_id=origin.correlation_id,
            cached=cached,
            queued=len(lessons),
            lessons={
                lesson.id: BatchLesson(revision=lesson.revision + 1, attempt=lesson.attempt + 1)
                for lesson in lessons
            },
        )
        if not lessons:
            batch.state, batch.ttl = BatchState.ENDED, Batch.KEPT_AFTER_END
        elif self._settings.generation == "off":
            raise GENERATION_OFF
        return batch, lessons

    async def _linked(self, lesson: Lesson, origin: Origin) -> bool:
        quiet = Origin(background=True, counted=True, correlation_id=origin.correlation_id)
        linked = await self._generation.request(lesson.user_id, lesson.id, quiet)
        return linked.generation_status is GenerationStatus.COMPLETED

    async def _store(self, module: Module, batch: Batch, lessons: list[Lesson], origin: Origin) -> None:
        """Store the batch, its lessons and the quota together; raises what a lost race raises."""
        module.batches = batch.number
        operations: list[BatchOperation] = [replacement(module), creation(batch), *origin.receipts]
        if lessons:
            quota_id = await ensure_quota(self._documents, module.user_id)
            most = self._settings.quota_lessons_per_day - len(lessons)
            operations.append(
                change(quota_id, [increment("/lessons", len(lessons))], [Condition("/lessons", "<=", most)])
            )
            queued = [increment("/progress/lessons_queued", len(lessons)), increment("/revision")]
            # What begins while its roadmap is being deleted would go with it, but nobody would stop it.
            stays = [Condition("/deleting", "!=", True)]
            operations.append(change(module.roadmap_id, queued, stays))
        for lesson in lessons:
            lesson.batch_id = batch.id
            lesson.revision += 1
            lesson.requested_at = batch.requested_at
            operations.append(replacement(lesson))
        await self._documents.batch(Batch, batch.user_id, operations)

    async def _refuse_over_quota(self, user_id: str, lessons: int) -> None:
        quota_id = await ensure_quota(self._documents, user_id)
        quota = await self._documents.find(Quota, user_id, quota_id)
        limit = self._settings.quota_lessons_per_day
        if quota is not None and quota.lessons + lessons > limit:
            raise quota_exceeded("lessons", limit)
