"""Dead letters for operators: listed and inspected with the app's own reasons, and put back."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from shared.clients import Clients
from shared.errors import FieldError, Problem
from shared.messaging.dead_letters import DeadLetter, DeadLetterQueue
from shared.models.dead_letters import (
    MOST_AT_ONCE,
    DeadLetterPage,
    DeadLetterSummary,
    DeadLetterView,
    PoisonView,
    Redriven,
    RedriveRequest,
    RedriveResult,
)
from shared.models.poison import Poison
from shared.services.queueing import queue_of
from shared.services.roadmaps import not_found
from shared.telemetry import log


class DeadLetters:
    """The use cases behind `/ops/dead-letters`."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents
        self._queue = DeadLetterQueue(queue_of(clients))

    async def page(self, limit: int, continuation: str | None) -> DeadLetterPage:
        """Return dead letters from the oldest on; raises a 422 Problem for a bad continuation."""
        first = _first(continuation)
        found = await self._queue.peek(first, limit + 1)
        items = [
            DeadLetterSummary.model_validate(fields)
            for fields in await asyncio.gather(*(self._fields(letter) for letter in found[:limit]))
        ]
        following = str(found[limit].sequence_number) if len(found) > limit else None
        return DeadLetterPage(items=items, continuation=following)

    async def view(self, sequence_number: int) -> DeadLetterView:
        """Return one dead letter with its body; raises a 404 Problem."""
        found = await self._queue.peek(sequence_number, 1)
        if not found or found[0].sequence_number != sequence_number:
            raise not_found("dead letter")
        body = found[0].body.decode("utf-8", "replace")
        return DeadLetterView.model_validate({**await self._fields(found[0]), "body": body})

    async def redrive(self, request: RedriveRequest) -> RedriveResult:
        """Put dead letters back into the queue: those that are named, or the oldest hundred.

        Those that fail again meanwhile are not taken a second time.
        """
        oldest = [letter.sequence_number for letter in await self._queue.peek(1, MOST_AT_ONCE + 1)]
        wanted = oldest[:MOST_AT_ONCE] if request.all else list(dict.fromkeys(request.sequence_numbers))
        # Looking for what is not there would take up every dead letter, and count as a delivery of each.
        there = wanted if len(oldest) > MOST_AT_ONCE else [number for number in wanted if number in oldest]
        redriven = await self._queue.redrive(frozenset(there)) if there else {}
        log("dead_letters.redriven", count=len(redriven))
        return RedriveResult(
            redriven=[
                Redriven(sequence_number=number, message_id=redriven[number])
                for number in wanted
                if number in redriven
            ],
            not_found=[number for number in wanted if number not in redriven],
            more=bool(set(oldest) - set(redriven)),
        )

    async def _fields(self, letter: DeadLetter) -> dict[str, Any]:
        poison = await self._documents.find(Poison, Poison.key_of(letter.message_id), Poison.ID)
        return {
            "sequence_number": letter.sequence_number,
            "message_id": letter.message_id,
            "correlation_id": letter.correlation_id,
            "reason": letter.reason,
            "description": letter.description,
            "enqueued_at": letter.enqueued_at,
            "deliveries": letter.deliveries,
            "poison": _poison_view(poison) if poison else None,
        }


def _poison_view(poison: Poison) -> PoisonView:
    return PoisonView(
        reason=poison.reason,
        field=poison.field,
        detail=poison.detail,
        deliveries=poison.deliveries,
        last_at=poison.updated_at,
    )


def _first(continuation: str | None) -> int:
    if continuation is None:
        return 1
    if continuation.isascii() and continuation.isdigit() and len(continuation) < 19:
        return int(continuation)
    detail = "is not one that this list has given out"
    raise Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_request",
        f"continuation {detail}.",
        (FieldError("continuation", detail),),
    )
