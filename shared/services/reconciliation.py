"""The reconciler: documents that wait for an orchestration which is gone.

It acts only on what was requested longer ago than RECONCILE_AFTER_S, and only when no orchestration runs
for it. A new attempt goes through the same conditional writes as a request, so that two reconcilers, or one
and a learner, cannot start one thing twice. No document keeps the others from being looked at, neither by a
fault of its own nor by the time that it takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from shared.clients import Clients
from shared.errors import Problem, StoreUnavailable
from shared.models.base import timestamp
from shared.models.batch import Batch, BatchState
from shared.models.document import Document, now
from shared.models.inputs import FinishInput
from shared.models.library import LessonHead
from shared.models.removal import Removal, Tombstone
from shared.models.roadmap import Lesson, Roadmap
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations
from shared.services import attempts
from shared.services.batch_advance import give_up_batch
from shared.services.batch_creation import start_batch
from shared.services.ending import RoadmapEnding, fail_head
from shared.services.generations import begin_generation, instance_id, start_generation
from shared.services.leaving import end_unwanted, runs_by_itself
from shared.services.linking import settle, settle_waiting
from shared.services.races import LOST_RACE
from shared.services.removal import LearnerRemoval
from shared.services.roadmap_cancellation import RoadmapCancellation
from shared.services.roadmap_deletion import RoadmapDeletion
from shared.services.roadmap_retry import restart
from shared.services.withdrawal import move_holders
from shared.store.contract import Document as StoredDocument
from shared.store.documents import equals, replacement, set_to
from shared.telemetry import log, log_fault

D = TypeVar("D", bound=Document)
R = TypeVar("R")

MAX_RECOVERIES = 3
PAGE = 100
PART_SECONDS = 20.0
"""So long each kind is looked at in one sweep: none keeps the others waiting, and the next minute goes on."""
ONE_SECONDS = 60.0
"""So long one document may take, also where the extension does not answer."""
SWEEP_SECONDS = 240.0
"""Less than the function's time-out, at which the host would end all that runs beside it."""
MOST_MOVED = 1000
"""So many holders of rejected versions are moved in one sweep; the next goes on."""


class Reconciler:
    """One sweep over what is pending or generating."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._clients = clients
        self._documents = clients.documents
        self._orchestrations = orchestrations
        self._patience = timedelta(seconds=clients.settings.reconcile_after_seconds)
        self._acted = 0
        self._failure: Exception | None = None

    async def sweep(self) -> int:
        """Start again or end what was left behind; returns how many documents were acted on.

        Raises, after all others, the first error of a document that could not be taken up.
        """
        self._acted, self._failure = 0, None
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                await self._sweep()
        except TimeoutError:
            log("reconciler.unfinished")
        if self._acted:
            log("reconciler.acted", count=self._acted)
        if self._failure is not None:  # an invocation that failed is what operators are told of
            raise self._failure
        return self._acted

    async def _sweep(self) -> None:
        for status in (GenerationStatus.PENDING, GenerationStatus.GENERATING):
            await self._each(Roadmap, {"status": status}, self._roadmap)
        await self._each(Roadmap, {"stopping": True}, self._stopping)
        await self._each(LessonHead, {"status": GenerationStatus.GENERATING}, self._head)
        await self._each(Lesson, {"generation_status": GenerationStatus.GENERATING}, self._lesson)
        await self._each(Lesson, {"regenerating": True}, self._lesson)
        await self._move_holders()
        await self._each(Removal, {}, self._removal)
        await self._each(Tombstone, {"cleared": False}, self._clear)
        await self._each(Batch, {"state": BatchState.OPEN}, self._batch)

    async def _each(
        self, model: type[D], where: Mapping[str, str | bool], act: Callable[[D], Awaitable[bool]]
    ) -> None:
        """Act on what was left behind in this state, and count on how many it was necessary."""
        before = timestamp(now() - self._patience)
        left = await self._documents.store.query_across(
            model.container, model.document_type, where, updated_before=before, limit=PAGE
        )
        ends_at = time.monotonic() + PART_SECONDS
        for stored in left:
            if time.monotonic() > ends_at:
                log("reconciler.unfinished", source=model.document_type)
                break
            if await self._apart(model, _taken_up(model, stored, act)):
                self._acted += 1
            elif len(left) == PAGE:
                await self._put_behind(model, stored)

    async def _apart(self, model: type[Document], work: Awaitable[R]) -> R | None:
        """Do a part of the sweep; returns None where it failed. Raises StoreUnavailable, which all need."""
        try:
            async with asyncio.timeout(ONE_SECONDS):
                return await work
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the durable client's plain Exception, or a defect
            log_fault("reconciler.failed", error, source=model.document_type)
            self._failure = self._failure or error
            return None

    async def _move_holders(self) -> None:
        moved = 0
        for head in await self._documents.query_across(LessonHead, {"withdrawing": True}, limit=PAGE):
            if moved >= MOST_MOVED:
                break
            moving = move_holders(self._documents, head, at_most=MOST_MOVED - moved)
            moved += await self._apart(LessonHead, moving) or 0
        self._acted += moved

    async def _put_behind(self, model: type[Document], stored: StoredDocument) -> None:
        """Let a later sweep see what this one had no room for: this document is well for a while."""
        touched = [set_to("/updated_at", timestamp(now()))]
        with suppress(*LOST_RACE):
            await self._documents.store.patch(
                model.container, stored[model.partition_field], stored["id"], touched
            )

    def _is_due(self, requested_at: datetime | None) -> bool:
        return requested_at is not None and now() - requested_at > self._patience

    async def _roadmap(self, roadmap: Roadmap) -> bool:
        if not self._is_due(roadmap.requested_at):
            return False
        if await self._orchestrations.running(attempts.instance_id(roadmap)):
            return False
        try:
            if roadmap.recoveries >= MAX_RECOVERIES:
                await self._give_up(roadmap)
            else:
                await self._restart(roadmap)
        except LOST_RACE:
            return False
        return True

    async def _restart(self, roadmap: Roadmap) -> None:
        # A recovery goes on with what was interrupted; what has failed stays failed until a learner retries.
        left = roadmap.module_ids(GenerationStatus.GENERATING)
        operations = restart(roadmap, left, "Interrupted; going on where it stopped.")
        roadmap.recoveries += 1
        await self._documents.batch(Roadmap, roadmap.user_id, [replacement(roadmap), *operations])
        log("roadmap.recovered", roadmap_id=roadmap.id, attempt=roadmap.attempt)
        await attempts.start_roadmap(self._documents, self._orchestrations, roadmap)

    async def _give_up(self, roadmap: Roadmap) -> None:
        await RoadmapEnding(self._clients).finish(
            FinishInput(
                user_id=roadmap.user_id,
                roadmap_id=roadmap.id,
                attempt=roadmap.attempt,
                failure=None if roadmap.modules else "infrastructure",
            )
        )

    async def _stopping(self, roadmap: Roadmap) -> bool:
        """Go on with a cancellation or a deletion that was interrupted."""
        finisher = RoadmapDeletion if roadmap.deleting else RoadmapCancellation
        try:
            await finisher(self._clients, self._orchestrations).finish(roadmap)
        except (Problem, *LOST_RACE):
            return False
        return True

    async def _head(self, head: LessonHead) -> bool:
        if not self._is_due(head.requested_at):
            return False
        if await self._orchestrations.running(instance_id(head)):
            return False
        try:
            if head.waiters <= 0 and not runs_by_itself(head):
                await settle_waiting(self._documents, await end_unwanted(self._documents, head))
                return True
            if head.attempts >= MAX_RECOVERIES:
                await settle_waiting(
                    self._documents, await fail_head(self._documents, head, "infrastructure")
                )
                return True
            head = await begin_generation(
                self._documents, head, head.cause, attempts=head.attempts + 1, waiters=head.waiters
            )
        except LOST_RACE:
            return False
        log("lesson.recovered", lesson_key=head.key, generation=head.generation)
        await start_generation(self._orchestrations, head)
        return True

    async def _lesson(self, lesson: Lesson) -> bool:
        """Mend a missed link, or a lesson that was marked while its generation had just ended."""
        head = await self._documents.find(LessonHead, lesson.awaited_key, LessonHead.ID)
        try:
            settled = await settle(self._documents, lesson, head)
        except LOST_RACE:
            return False
        return not settled.waiting

    async def _removal(self, removal: Removal) -> bool:
        """Begin a learner's removal again, as often as it takes."""
        try:
            return await LearnerRemoval(self._clients, self._orchestrations).recover(removal)
        except LOST_RACE:
            return False

    async def _clear(self, tombstone: Tombstone) -> bool:
        """Remove the histories of a removal that is over: their inputs name the learner."""
        if tombstone.completed_at is None:
            return False
        for instance in tombstone.instances:
            if not await self._orchestrations.purge(instance):
                return False
        cleared = [set_to("/cleared", True), set_to("/instances", [])]
        still = [equals("/completed_at", timestamp(tombstone.completed_at))]
        try:
            await self._documents.patch(Tombstone, tombstone.key, tombstone.id, cleared, still)
        except LOST_RACE:
            return False
        return True

    async def _batch(self, batch: Batch) -> bool:
        """Start the orchestration of a batch again, or let its lessons go."""
        if not self._is_due(batch.requested_at) or await self._orchestrations.running(batch.instance_id):
            return False
        try:
            if batch.recoveries >= MAX_RECOVERIES:
                await give_up_batch(self._documents, batch)
                return True
            batch.attempt += 1
            batch.recoveries += 1
            await self._documents.patch(
                Batch,
                batch.user_id,
                batch.id,
                [set_to("/attempt", batch.attempt), set_to("/recoveries", batch.recoveries)],
                [equals("/attempt", batch.attempt - 1), equals("/state", BatchState.OPEN.value)],
            )
        except LOST_RACE:
            return False
        log("batch.recovered", batch_id=batch.id, attempt=batch.attempt)
        await start_batch(self._documents, self._orchestrations, batch)
        return True


async def _taken_up(model: type[D], stored: StoredDocument, act: Callable[[D], Awaitable[bool]]) -> bool:
    return await act(model.from_store(stored))
