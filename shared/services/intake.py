"""The queue's intake: what a message asks for is begun once, whatever happens to the message.

Every message ends in one of four ways. It is obeyed. It is obsolete, because what it is about was removed or
canceled since, or its learner. It is refused as a request would be, and its lesson fails with the reason,
where the learner sees it. Or it cannot be obeyed: then a Poison document says why, and the broker
dead-letters it, where operators see it. docs/operations.md has the table.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NoReturn

from shared.clients import Clients
from shared.errors import (
    Conflict,
    PoisonedMessage,
    Problem,
    QueueUnavailable,
    StoreError,
    StoreUnavailable,
)
from shared.models.document import now
from shared.models.messages import (
    LessonMessage,
    ModuleMessage,
    QueueMessage,
    RoadmapMessage,
    original_id,
    read_message,
    sender_of,
)
from shared.models.poison import Poison
from shared.models.roadmap import Lesson, Receipt
from shared.models.status import GenerationStatus
from shared.models.versions import RegenerationRequest
from shared.orchestrations import Orchestrations
from shared.services.batch_creation import BatchCreation
from shared.services.lesson_generation import LessonGeneration
from shared.services.obsolete import is_obsolete
from shared.services.origin import Origin
from shared.services.patience import Patience
from shared.services.refusal import refuse_lesson
from shared.services.regeneration import LessonRegeneration
from shared.services.removal import removed_since
from shared.services.roadmap_creation import RoadmapCreation
from shared.store.documents import increment, set_to
from shared.telemetry import log, log_fault

REFUSED = ("quota_exceeded", "generation_off")
"""Answers to a learner rather than to an operator."""
MAX_DETAIL = 300
DELIVERY_SECONDS = 300.0
"""Less than the function's time-out, at which the host would end all that runs beside it: a store that
answers every request, but late, is noticed by nobody else."""
FRESH_FOR = timedelta(minutes=1)
"""Seconds would do, but the broker's clock may be another one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was delivered."""

    body: bytes
    message_id: str
    correlation_id: str | None
    enqueued_at: datetime | None

    @property
    def is_fresh(self) -> bool:
        """Tell whether what it is about may have been written too short a time ago to be visible here.

        A message that nobody can obey is delivered ten times, before all others: waiting for what never was
        must come to an end for all of them together.
        """
        return self.enqueued_at is None or now() - self.enqueued_at < FRESH_FOR


class Intake:
    """The use case behind the queue trigger, for one delivery."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._clients = clients
        self._documents = clients.documents
        self._orchestrations = orchestrations
        self._patience = Patience()

    async def take(self, delivery: Delivery) -> None:
        """Begin what a message asks for, or end it; raises what makes the broker deliver it again.

        Raises PoisonedMessage, whose Poison document is written first; StoreUnavailable and QueueUnavailable
        after minutes of trying.
        """
        self._patience = Patience(is_fresh=delivery.is_fresh)
        try:
            async with asyncio.timeout(DELIVERY_SECONDS):
                await self._take(delivery)
        except TimeoutError as error:
            raise StoreUnavailable(f"too slow: not taken within {DELIVERY_SECONDS:g} s") from error

    async def _take(self, delivery: Delivery) -> None:
        try:
            message = read_message(delivery.body)
        except Problem as problem:
            if await self._patience.do(lambda: self._was_removed(delivery)):
                log("message.obsolete", code="removed", message_id=delivery.message_id)
                return
            await self._poison(delivery, problem)
        try:
            await self._patience.do(lambda: self._obey(message, delivery))
        except Problem as problem:
            await self._end(message, delivery, problem)
        except (StoreError, QueueUnavailable):
            raise
        except Exception as error:
            # A defect: the broker's own reason would only say that it was tried too often.
            log_fault("message.failed", error, message_id=delivery.message_id)
            await self._note(delivery, "internal_error", None, type(error).__name__)
            raise

    async def _was_removed(self, delivery: Delivery) -> bool:
        """Tell whether what cannot be obeyed is a removed learner's: as a dead letter it would name them."""
        learner = sender_of(delivery.body)
        if learner is None:
            return False
        return await removed_since(self._documents, self._clients.settings, learner, delivery.enqueued_at)

    async def _obey(self, message: QueueMessage, delivery: Delivery) -> None:
        asked_at = _asked_at(message, delivery)
        if await removed_since(self._documents, self._clients.settings, message.user_id, asked_at):
            log(
                "message.obsolete",
                code="removed",
                message_id=delivery.message_id,
                correlation_id=_traced(message, delivery),
            )
            return
        if isinstance(message, RoadmapMessage):
            await self._create_roadmap(message, delivery)
        elif await is_obsolete(self._documents, message, asked_at):
            log("message.obsolete", message_id=delivery.message_id, correlation_id=_traced(message, delivery))
        elif isinstance(message, ModuleMessage):
            await self._generate_module(message, delivery)
        else:
            await self._generate_lesson(message, delivery)

    async def _create_roadmap(self, message: RoadmapMessage, delivery: Delivery) -> None:
        roadmap = await RoadmapCreation(self._clients, self._orchestrations).create(
            message.user_id,
            message.request,
            _key(message, delivery),
            correlation_id=_correlation(message, delivery),
            remembered_seconds=Receipt.KEPT,
        )
        log(
            "message.obeyed",
            roadmap_id=roadmap.id,
            message_id=delivery.message_id,
            correlation_id=_traced(message, delivery),
        )

    async def _generate_module(self, message: ModuleMessage, delivery: Delivery) -> None:
        origin = _origin(message, delivery)
        creation = BatchCreation(self._clients, self._orchestrations)
        batch = await creation.create(message.user_id, message.module_id, origin)
        await self._receive(origin)
        log(
            "message.obeyed",
            batch_id=batch.id,
            message_id=delivery.message_id,
            correlation_id=_traced(message, delivery),
        )

    async def _generate_lesson(self, message: LessonMessage, delivery: Delivery) -> None:
        origin = _origin(message, delivery)
        generation = LessonGeneration(self._clients, self._orchestrations)
        lesson = await generation.request(message.user_id, message.lesson_id, origin)
        if message.force and lesson.generation_status is GenerationStatus.COMPLETED:
            regeneration = LessonRegeneration(self._clients, self._orchestrations)
            await regeneration.request(message.user_id, message.lesson_id, RegenerationRequest(), origin)
        await self._receive(origin)
        log(
            "message.obeyed",
            lesson_id=message.lesson_id,
            message_id=delivery.message_id,
            correlation_id=_traced(message, delivery),
        )

    async def _receive(self, origin: Origin) -> None:
        """Make sure of the receipt also where nothing had to be begun."""
        if origin.receipt is not None:
            with suppress(Conflict):
                await self._documents.create(origin.receipt)

    # ------------------------------------------------------------------ what is not obeyed

    async def _end(self, message: QueueMessage, delivery: Delivery, problem: Problem) -> None:
        if problem.status is HTTPStatus.GONE or (problem.code == "not_found" and _is_our_own(message)):
            log(
                "message.obsolete",
                code=problem.code,
                message_id=delivery.message_id,
                correlation_id=_traced(message, delivery),
            )
        elif isinstance(message, RoadmapMessage) or problem.code not in REFUSED:
            await self._poison(delivery, problem)
        else:
            await self._patience.do(lambda: self._refuse(message, delivery, problem.code))

    async def _refuse(self, message: LessonMessage | ModuleMessage, delivery: Delivery, code: str) -> None:
        """End what a message asks for where its learner sees it."""
        origin = _origin(message, delivery)
        if isinstance(message, LessonMessage):
            return await refuse_lesson(self._documents, message.user_id, message.lesson_id, code, origin)
        if await origin.obeyed(self._documents):
            return None
        page = await self._documents.query(Lesson, message.user_id, {"module_id": message.module_id})
        for lesson in page.items:
            if lesson.generation_status is not GenerationStatus.COMPLETED:
                key = f"{_key(message, delivery)} {lesson.id}"
                receipt = Receipt.of(message.user_id, "refusal", key)
                await refuse_lesson(
                    self._documents, lesson.user_id, lesson.id, code, replace(origin, receipt=receipt)
                )
        return await self._receive(origin)

    async def _poison(self, delivery: Delivery, problem: Problem) -> NoReturn:
        first = problem.errors[0] if problem.errors else None
        detail = first.message if first else problem.detail
        await self._note(delivery, problem.code, first.field if first else None, detail)
        raise PoisonedMessage(f"{problem.code}{f' ({first.field})' if first else ''}") from None

    async def _note(self, delivery: Delivery, reason: str, field: str | None, detail: str) -> None:
        """Write, or count, why a message cannot be obeyed."""
        key = Poison.key_of(delivery.message_id)
        poison = Poison(id=Poison.ID, key=key, reason=reason, field=field, detail=detail[:MAX_DETAIL])

        async def write() -> None:
            try:
                await self._documents.create(poison)
            except Conflict:
                said = [set_to("/reason", reason), set_to("/field", field), set_to("/detail", poison.detail)]
                await self._documents.patch(Poison, key, Poison.ID, [*said, increment("/deliveries")])

        await self._patience.do(write)
        log("message.poisoned", logging.WARNING, message_id=delivery.message_id, code=reason)


def _key(message: QueueMessage, delivery: Delivery) -> str:
    """Return what makes two messages one: the sender's key, else the message's id."""
    return message.idempotency_key or f"message {original_id(delivery.message_id)}"


def _asked_at(message: QueueMessage, delivery: Delivery) -> datetime | None:
    """Return when it was asked for: not after it was sent, whatever the sender's clock says."""
    known = [moment for moment in (message.requested_at, delivery.enqueued_at) if moment is not None]
    return min(known, default=None)


def _correlation(message: QueueMessage, delivery: Delivery) -> str | None:
    return message.correlation_id or delivery.correlation_id


def _is_our_own(message: QueueMessage) -> bool:
    """Tell whether the app has sent it for what was there at that time."""
    of_a_batch = isinstance(message, LessonMessage) and message.batch_id is not None
    return of_a_batch or message.roadmap_id is not None


def _origin(message: LessonMessage | ModuleMessage, delivery: Delivery) -> Origin:
    return Origin(
        background=not (isinstance(message, LessonMessage) and message.interactive),
        counted=isinstance(message, LessonMessage) and message.batch_id is not None,
        correlation_id=_correlation(message, delivery),
        receipt=Receipt.of(message.user_id, message.kind, _key(message, delivery)),
        asked_at=_asked_at(message, delivery),
    )


def _traced(message: QueueMessage, delivery: Delivery) -> str:
    """Return by which name other systems follow this message, "" for none."""
    return _correlation(message, delivery) or ""
