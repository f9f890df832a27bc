"""Advancing a batch: sending so many of its lessons to the queue that the window is full, and ending it.

Order: hold the slots, send, note what was sent. A repeat sends the same messages under the same ids; the
broker drops them, or the intake finds that they have begun. What is noted as sent and never begins, because
its message was lost with a dead letter, is sent again, and in the end given up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed, QueueUnavailable
from shared.messaging.service_bus import Message
from shared.models.batch import Batch, BatchState
from shared.models.document import now
from shared.models.inputs import BatchInput
from shared.models.messages import lesson_message
from shared.models.outbox import Destination
from shared.models.outcomes import Done, Failed
from shared.models.roadmap import Lesson
from shared.security.pseudonym import pseudonym
from shared.services.attempts import SUPERSEDED_PERHAPS
from shared.services.batch_slots import Slots
from shared.services.origin import Origin
from shared.services.refusal import refuse_lesson
from shared.store.documents import Documents, equals, set_to
from shared.telemetry import log, log_fault

RESENT_AFTER = timedelta(minutes=30)
"""Longer than the duplicate window: a message under a known id would be dropped inside it."""
MOST_SENDS = 3
PAUSE_IN_FLIGHT = 4
PAUSE_WAITING = 15
PAUSE_WITHOUT_QUEUE = 60
AT_ONCE = 8
"""Lessons noted in one patch, which holds ten changes."""


class BatchAdvance:
    """The use case behind the activity `advance_batch`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._documents = clients.documents
        self._slots = Slots(clients)

    async def advance(self, work: BatchInput) -> Done | Failed:
        """Send what may be sent; `done` holds whether the batch has `ended`, else the `pause` in seconds."""
        batch = await self._documents.find(Batch, work.user_id, work.batch_id)
        if batch is None or batch.attempt < work.attempt:
            return SUPERSEDED_PERHAPS
        if batch.attempt > work.attempt:
            return Failed(code="superseded")
        try:
            if batch.state is not BatchState.OPEN or await self._end_if_done(batch):
                await self._slots.free(batch.id)
                return Done(result={"ended": True})
            return Done(result={"ended": False, "pause": await self._fill(batch)})
        except PreconditionFailed:
            return SUPERSEDED_PERHAPS
        except NotFound:  # closed or deleted meanwhile
            await self._slots.free(batch.id)
            return Failed(code="superseded")
        except QueueUnavailable as error:
            log_fault("batch.queue_unavailable", error, batch_id=batch.id)
            return Done(result={"ended": False, "pause": PAUSE_WITHOUT_QUEUE})

    async def _end_if_done(self, batch: Batch) -> bool:
        if batch.queued > 0 or batch.running > 0:
            return False
        await self._documents.patch(
            Batch,
            batch.user_id,
            batch.id,
            [set_to("/state", BatchState.ENDED.value), set_to("/ttl", Batch.KEPT_AFTER_END)],
            [equals("/attempt", batch.attempt), equals("/queued", 0), equals("/running", 0)],
        )
        log("batch.ended", batch_id=batch.id, attempt=batch.attempt, count=batch.completed)
        return True

    async def _fill(self, batch: Batch) -> int:
        """Fill the window; returns in how many seconds to look again."""
        lessons = await self._lessons(batch)
        sent = [lesson for lesson in lessons if batch.lessons[lesson.id].sends]
        for lesson in [one for one in sent if self._is_lost(batch, one)]:
            await self._give_up_or_resend(batch, lesson)
        waiting = [lesson for lesson in lessons if not batch.lessons[lesson.id].sends and lesson.queued]
        learner = pseudonym(self._settings, batch.user_id)
        held = await self._slots.hold(batch.id, learner, len(sent), len(waiting))
        if held.written:
            await self._check_open(batch)
        await self._send(batch, waiting[: held.lessons - len(sent)])
        return PAUSE_IN_FLIGHT if held.lessons else PAUSE_WAITING

    async def _check_open(self, batch: Batch) -> None:
        """Raise NotFound for a batch that was closed before it held its slots: nobody would free them."""
        # A write's answer is never old.
        stored = await self._documents.patch(Batch, batch.user_id, batch.id, [])
        if stored.state is not BatchState.OPEN:
            raise NotFound(f"batch {batch.id} is closed")

    async def _lessons(self, batch: Batch) -> list[Lesson]:
        """Return the lessons that still belong to the batch, in their order."""
        page = await self._documents.query(
            Lesson, batch.user_id, {"batch_id": batch.id}, order_by="order", limit=100
        )
        return [lesson for lesson in page.items if lesson.id in batch.lessons]

    def _is_lost(self, batch: Batch, lesson: Lesson) -> bool:
        sent_at = batch.lessons[lesson.id].sent_at
        return lesson.queued and sent_at is not None and now() - sent_at > RESENT_AFTER

    async def _give_up_or_resend(self, batch: Batch, lesson: Lesson) -> None:
        if batch.lessons[lesson.id].sends < MOST_SENDS:
            await self._send(batch, [lesson])
            return
        origin = Origin(background=True, counted=True, correlation_id=batch.correlation_id)
        await refuse_lesson(self._documents, lesson.user_id, lesson.id, "infrastructure", origin)

    async def _send(self, batch: Batch, lessons: list[Lesson]) -> None:
        for start in range(0, len(lessons), AT_ONCE):
            some = lessons[start : start + AT_ONCE]
            service_bus = self._clients.service_bus
            if service_bus is None:
                raise QueueUnavailable("ServiceBusConnection is no longer set")
            await service_bus.send(Destination.QUEUE, [_message(batch, lesson) for lesson in some])
            await self._note(batch, some)

    async def _note(self, batch: Batch, lessons: list[Lesson]) -> None:
        for lesson in lessons:
            batch.lessons[lesson.id].sends += 1
            batch.lessons[lesson.id].sent_at = now()
        noted = [set_to(f"/lessons/{lesson.id}", batch.lessons[lesson.id].to_json()) for lesson in lessons]
        await self._documents.patch(
            Batch, batch.user_id, batch.id, noted, [equals("/attempt", batch.attempt)]
        )


def _message(batch: Batch, lesson: Lesson) -> Message:
    entry = batch.lessons[lesson.id]
    message_id = f"{lesson.id}:{entry.attempt}"
    body: dict[str, Any] = lesson_message(
        batch.user_id,
        lesson.id,
        batch_id=batch.id,
        requested_at=batch.requested_at,
        idempotency_key=message_id,
        correlation_id=batch.correlation_id,
    )
    return Message(message_id, "lesson", body, correlation_id=batch.correlation_id)


async def close_batch(documents: Documents, batch: Batch) -> Batch:
    """End a batch that is to be removed, so that the reconciler begins no further attempt of it.

    Returns it as it is then, with all attempts that there were; raises NotFound.
    """
    ended = [set_to("/state", BatchState.ENDED.value)]
    return await documents.patch(Batch, batch.user_id, batch.id, ended)


async def give_up_batch(documents: Documents, batch: Batch) -> None:
    """End a batch whose orchestration was lost too often: what nobody has begun leaves its queue as failed.

    Raises what a lost race raises.
    """
    page = await documents.query(Lesson, batch.user_id, {"batch_id": batch.id}, limit=100)
    origin = Origin(background=True, counted=True, correlation_id=batch.correlation_id)
    for lesson in page.items:
        if lesson.queued:
            await refuse_lesson(documents, lesson.user_id, lesson.id, "infrastructure", origin)
    await documents.patch(
        Batch,
        batch.user_id,
        batch.id,
        [set_to("/state", BatchState.FAILED.value), set_to("/ttl", Batch.KEPT_AFTER_END)],
        [equals("/attempt", batch.attempt), equals("/queued", 0)],
    )
    log("batch.given_up", batch_id=batch.id, attempt=batch.attempt)
