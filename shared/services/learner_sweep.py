"""Sweeping a learner out: what runs is stopped, then everything that is theirs, or names them, is removed.

Each sweep may be interrupted anywhere and begins again. There are two of them, further apart than any request
or activity may live: the first removes what is there, the second what was still on its way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed, Problem, QueueUnavailable
from shared.llm.usage import Spending
from shared.messaging.outbox import AT_ONCE, send_stored
from shared.models.base import timestamp
from shared.models.batch import Batch
from shared.models.document import now
from shared.models.inputs import RemovalInput
from shared.models.outbox import Destination, Outbox
from shared.models.outcomes import Deferred, Done, Failed
from shared.models.removal import Removal, Tombstone
from shared.models.roadmap import Lesson, Roadmap
from shared.orchestrations import Orchestrations
from shared.security.pseudonym import pseudonym
from shared.services.attempts import SUPERSEDED_PERHAPS, instance_ids
from shared.services.batch_advance import close_batch
from shared.services.batch_slots import Slots
from shared.services.leaving import Place, leave
from shared.services.lesson_cancellation import LessonCancellation
from shared.services.library_traces import remove_traces
from shared.services.races import LOST_RACE
from shared.services.removal import removal_instances
from shared.services.stopping import Stopping
from shared.store.contract import MAX_BATCH_OPERATIONS, Delete, Document
from shared.store.documents import Documents, change, equals, increment, set_to
from shared.telemetry import log

PAGE = 100
PURGED_AT_ONCE = 200
NOT_YET = timedelta(seconds=2)
SWEEP_SECONDS = 240.0
"""Less than the function's time-out, at which the host would end all that runs beside it: dead letters may be
many, and each search through them may take minutes."""
OVER = Failed(code="superseded")


async def still_running(documents: Documents, work: RemovalInput) -> Removal:
    """Return the removal, as the store has it now and not as it may still be seen.

    Raises NotFound when it is over, PreconditionFailed when another attempt has taken over.
    """
    nothing = [increment("/removed", 0)]
    attempt = [equals("/attempt", work.attempt)]
    return await documents.patch(Removal, work.user_id, Removal.ID, nothing, attempt)


class LearnerSweep:
    """The use case behind the activity `remove_learner`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._documents = clients.documents
        self._orchestrations = orchestrations
        self._stopping = Stopping(clients, orchestrations)
        self._lessons = LessonCancellation(clients)

    async def sweep(self, work: RemovalInput) -> Done | Deferred | Failed:
        """Remove a learner; after the first sweep `done` says `until` when the last one must wait.

        The last one comes again as long as an orchestration has not ended, or something new was found. Raises
        QueueUnavailable: nothing is over before all events were sent and the dead letters looked through.
        """
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                return await self._sweep(work)
        except TimeoutError:  # it goes on where it was
            return Deferred(until=now() + NOT_YET)

    async def _sweep(self, work: RemovalInput) -> Done | Deferred | Failed:
        try:
            removal = await still_running(self._documents, work)
        except LOST_RACE:
            return OVER
        try:
            noted = await self._stop(removal)
            await remove_traces(self._documents, pseudonym(self._settings, work.user_id))
            if work.last:  # calls that were under way at the first sweep have settled their price by now
                await self._clear_operations(work.user_id)
                await self._send_events(work.user_id)
            removed, left = await self._clear_partition(work, noted)
        except (Problem, *LOST_RACE):
            return SUPERSEDED_PERHAPS
        log("learner.swept", learner=pseudonym(self._settings, work.user_id), count=removed)
        if left:
            return Deferred(until=now() + NOT_YET)
        if not work.last:
            until = now() + timedelta(seconds=self._settings.removal_settle_seconds)
            return Done(result={"until": timestamp(until)})
        try:
            purged = await self._purged(work)
        except LOST_RACE:
            return SUPERSEDED_PERHAPS
        if removed or not purged:
            return Deferred(until=now() + NOT_YET)
        # Messages that were under way at the first sweep are obeyed, dropped or dead by now.
        await self._discard_dead_letters(work.user_id)
        return Done()

    # ------------------------------------------------------------------ what runs

    async def _stop(self, removal: Removal) -> set[str]:
        """End the learner's roadmaps and lessons; returns the orchestrations that name the learner, noted."""
        noted = set(removal.instances)
        async for found in self._documents.every(Roadmap, removal.user_id):
            roadmap = found
            if not roadmap.status.ended:
                # What is marked is as it is now: the reconciler may have begun another attempt of it.
                roadmap = await self._stopping.begin(removal.user_id, roadmap.id)
                await self._stopping.finish(roadmap)
            elif roadmap.stopping:
                await self._stopping.finish(roadmap)
            noted.update(instance_ids(roadmap))
        async for open_batch in self._documents.every(Batch, removal.user_id):
            batch = await close_batch(self._documents, open_batch)
            noted.update(batch.instance_ids)
            await self._orchestrations.terminate(batch.instance_id, "removed")
        lessons = self._documents.every(Lesson, removal.user_id)
        waiting = [lesson async for lesson in lessons if lesson.waiting or lesson.queued]
        waiting.sort(key=_roadmap_of)
        for roadmap_id, some in groupby(waiting, key=_roadmap_of):
            for lessons_at_once in [list(some)] if roadmap_id else [[lesson] for lesson in some]:
                await self._cancel(lessons_at_once)
        if noted != set(removal.instances):
            removal.instances = sorted(noted)
            await self._documents.replace(removal)
        return noted

    async def _cancel(self, lessons: list[Lesson]) -> None:
        """Cancel lessons of one roadmap, or one that stands alone.

        A sweep that was interrupted may have removed their roadmap, without which a lesson's end cannot be
        stored. Its place is given up all the same, and the lesson is removed with everything else.
        """
        try:
            await self._lessons.cancel_all(lessons)
        except Problem:
            for lesson in lessons:
                if lesson.waiting:
                    await leave(self._documents, Place.of(self._settings, lesson))

    # ------------------------------------------------------------------ what names the learner elsewhere

    async def _clear_operations(self, user_id: str) -> None:
        """Remove what was spent and is held for the learner; what was spent for all stays counted."""
        learner = pseudonym(self._settings, user_id)
        await Slots(self._clients).free_all_of(learner)
        spending_id = Spending.id_of(learner)
        for spent in await self._documents.query_across(Spending, {"id": spending_id}, limit=PAGE):
            with suppress(NotFound):
                await self._documents.delete(Spending, spent.key, spent.id)

    async def _discard_dead_letters(self, user_id: str) -> None:
        """Remove the learner's messages that could not be obeyed; queued ones drop when they are taken."""
        if self._clients.service_bus is None:
            return
        from shared.messaging.dead_letters import DeadLetterQueue

        queue = DeadLetterQueue(self._clients.service_bus)
        theirs = await queue.find(lambda letter: _names(letter.body, user_id))
        if not theirs:
            return
        discarded = await queue.discard(frozenset(theirs))
        log("learner.dead_letters_discarded", count=discarded)
        if discarded < len(theirs):
            raise QueueUnavailable(f"{len(theirs) - discarded} dead letters could not be reached")

    async def _send_events(self, user_id: str) -> None:
        """Tell subscribers what they were not told yet, as a broker that was away for long leaves it.

        What the broker refuses is removed unsent. Raises QueueUnavailable.
        """
        bus = self._clients.service_bus
        if bus is None:
            return
        where = {"destination": Destination.EVENTS.value}
        events = [event async for event in self._documents.every(Outbox, user_id, where)]
        events.sort(key=lambda event: event.sequence)
        for start in range(0, len(events), AT_ONCE):
            some = events[start : start + AT_ONCE]
            for refused in await send_stored(bus, self._clients.remove_sent, some):
                with suppress(NotFound):
                    await self._clients.remove_sent(refused)

    # ------------------------------------------------------------------ the learner's own partition

    async def _clear_partition(self, work: RemovalInput, noted: set[str]) -> tuple[int, int]:
        """Remove all documents but the removal and events to be sent; returns how many, and how many it left.

        Left is what tells of an orchestration that began since the noted ones were: it would be forgotten.
        """
        keep_events = self._clients.service_bus is not None
        removed, left, continuation = 0, 0, None
        while True:
            page = await self._documents.store.query(
                Removal.container,
                work.user_id,
                {},
                limit=MAX_BATCH_OPERATIONS - 1,  # the removal's own count is one more operation
                continuation=continuation,
            )
            going = [item for item in page.items if not _stays(item, keep_events=keep_events)]
            ids = [item["id"] for item in going if _orchestrations_of(item) <= noted]
            if ids:
                await self._remove(work, ids)
            removed += len(ids)
            left += len(going) - len(ids)
            if page.continuation is None:
                return removed, left
            continuation = page.continuation

    async def _remove(self, work: RemovalInput, ids: Sequence[str]) -> None:
        """Remove documents on condition that this removal still runs; raises what a lost race raises."""
        try:
            await self._remove_all(work, ids)
        except NotFound:
            # One of them has gone by itself, or the removal is over, which the next write finds out.
            await still_running(self._documents, work)
            for id_ in ids:
                with suppress(NotFound):
                    await self._remove_all(work, [id_])

    async def _remove_all(self, work: RemovalInput, ids: Sequence[str]) -> None:
        counted = change(Removal.ID, [increment("/removed", len(ids))], [equals("/attempt", work.attempt)])
        await self._documents.batch(Removal, work.user_id, [counted, *map(Delete, ids)])

    # ------------------------------------------------------------------ histories

    async def _purged(self, work: RemovalInput) -> bool:
        """Remove histories that name the learner, some at once; tells whether none is left."""
        removal = await still_running(self._documents, work)
        some, rest = removal.instances[:PURGED_AT_ONCE], removal.instances[PURGED_AT_ONCE:]
        left = [one for one in some if not await self._orchestrations.purge(one)]
        removal.instances = [*left, *rest]
        await self._documents.replace(removal)
        return not removal.instances


def _names(body: bytes, user_id: str) -> bool:
    """Tell whether a message is a learner's; of one that is no JSON, whether their quoted id occurs in it."""
    try:
        message = json.loads(body)
    except ValueError:
        return json.dumps(user_id).encode() in body
    return isinstance(message, dict) and message.get("user_id") == user_id


def _roadmap_of(lesson: Lesson) -> str:
    return lesson.roadmap_id or ""


def _orchestrations_of(document: Document) -> set[str]:
    if document["type"] == Roadmap.document_type:
        return set(instance_ids(Roadmap.from_store(document)))
    if document["type"] == Batch.document_type:
        return set(Batch.from_store(document).instance_ids)
    return set()


def _stays(document: Document, *, keep_events: bool) -> bool:
    """Tell whether a document is the removal, or an event that is still to be sent."""
    if document["type"] == Removal.document_type:
        return True
    is_event = document["type"] == Outbox.document_type and document["destination"] == Destination.EVENTS
    return keep_events and is_event


class RemovalEnding:
    """The use case behind the activity `finish_removal`."""

    def __init__(self, clients: Clients) -> None:
        self._settings = clients.settings
        self._documents = clients.documents

    async def finish(self, work: RemovalInput) -> Done | Failed:
        """Say that the removal is over, and let the learner begin anew; a repeat changes nothing."""
        try:
            removal = await still_running(self._documents, work)
        except NotFound:
            return Done()
        except PreconditionFailed:
            return OVER
        learner = pseudonym(self._settings, work.user_id)
        over = [
            set_to("/completed_at", timestamp(now())),
            set_to("/removed", removal.removed),
            set_to("/instances", removal_instances(self._settings, removal)),
            set_to("/cleared", False),
        ]
        try:
            await self._documents.patch(Tombstone, Tombstone.key_of(learner), Tombstone.ID, over)
            await self._documents.batch(Removal, work.user_id, [Delete(Removal.ID, removal.etag)])
        except LOST_RACE:
            return SUPERSEDED_PERHAPS
        log("learner.removed", learner=learner, count=removal.removed)
        return Done(result={"removed": removal.removed})
