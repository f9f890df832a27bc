"""The dead letters of the queue: looking at them, and putting them back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.messaging.service_bus import ServiceBus
from shared.models.messages import redriven_id

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
    from azure.servicebus.aio import ServiceBusReceiver

RECEIVE_SECONDS = 2.0
"""How long an empty queue is listened to."""
SEARCH_SECONDS = 180.0
"""Shorter than a lock, so that what one search has passed does not come to it again."""
AT_ONCE = 50
MOST_HELD_BYTES = 32 * 1024 * 1024
"""Bodies that a search keeps in memory to give them back at its end."""

# What the broker itself writes into a dead letter's properties.
_WHY_DEAD = re.compile("DeadLetter(Reason|ErrorDescription|Source)")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that the broker has put aside, and why it says so."""

    sequence_number: int
    message_id: str
    reason: str
    description: str
    enqueued_at: datetime | None
    deliveries: int
    correlation_id: str | None
    body: bytes


class DeadLetterQueue:
    """The dead letters of `lesson-generation`."""

    def __init__(self, bus: ServiceBus) -> None:
        self._bus = bus

    async def peek(self, first: int, limit: int) -> list[DeadLetter]:
        """Return at most `limit` dead letters from a sequence number on; nothing is locked by it.

        Raises QueueUnavailable.
        """
        found: list[DeadLetter] = []
        async with self._bus.receiver(dead_letters=True) as receiver:
            while len(found) < limit:
                most = min(limit - len(found), AT_ONCE)
                page = await receiver.peek_messages(most, sequence_number=max(first, 1))
                if not page:
                    break
                found += [_dead_letter(message) for message in page]
                first = found[-1].sequence_number + 1
        return found

    async def find(self, fits: Callable[[DeadLetter], bool]) -> list[int]:
        """Return the sequence numbers of all dead letters that fit; raises QueueUnavailable."""
        found: list[int] = []
        first = 1
        async with self._bus.receiver(dead_letters=True, seconds=SEARCH_SECONDS) as receiver:
            while page := await receiver.peek_messages(AT_ONCE, sequence_number=first):
                letters = [_dead_letter(message) for message in page]
                found += [letter.sequence_number for letter in letters if fits(letter)]
                first = letters[-1].sequence_number + 1
        return found

    async def redrive(self, wanted: Collection[int]) -> dict[int, str]:
        """Put dead letters back into the queue; returns their new message ids by sequence number.

        Each is sent under a new id first and removed only then: who dies in between leaves it where it is,
        and a second redrive sends the same id. Raises QueueUnavailable; what was put back by then stays so.
        """
        redriven: dict[int, str] = {}

        async def put_back(message: ServiceBusReceivedMessage, number: int) -> None:
            redriven[number] = redriven_id(_id_of(message), number)
            await self._bus.send_again(_copy(message, redriven[number]))

        await self._remove(wanted, put_back)
        return redriven

    async def discard(self, wanted: Collection[int]) -> int:
        """Remove dead letters for good; returns how many were. Raises QueueUnavailable."""
        return await self._remove(wanted)

    async def _remove(
        self,
        wanted: Collection[int],
        first: Callable[[ServiceBusReceivedMessage, int], Awaitable[None]] | None = None,
    ) -> int:
        """Remove dead letters, each after what is to be done first; returns how many were removed.

        The broker gives them out in its own order only, so all that stand before one are taken up on the way.
        """
        removed = 0
        put_aside = _PutAside()
        async with self._bus.receiver(dead_letters=True, seconds=SEARCH_SECONDS) as receiver:
            try:
                while removed < len(wanted):
                    messages = await receiver.receive_messages(AT_ONCE, max_wait_time=RECEIVE_SECONDS)
                    if not messages:
                        break
                    for message in messages:
                        number = message.sequence_number or 0
                        if number not in wanted:
                            put_aside.add(message)
                            continue
                        if first is not None:
                            await first(message, number)
                        await receiver.complete_message(message)
                        removed += 1
            finally:
                await put_aside.give_back(receiver)
        return removed


class _PutAside:
    """What was only taken up in the search.

    It is given back at the end. What is too much to be kept in memory is let go of, and given back by the
    broker when its lock ends, in minutes.
    """

    def __init__(self) -> None:
        self._messages: list[ServiceBusReceivedMessage] = []
        self._bytes = 0

    def add(self, message: ServiceBusReceivedMessage) -> None:
        size = len(_body(message))
        if self._bytes + size <= MOST_HELD_BYTES:
            self._messages.append(message)
            self._bytes += size

    async def give_back(self, receiver: ServiceBusReceiver) -> None:
        from azure.servicebus.exceptions import ServiceBusError

        for message in self._messages:
            try:
                await receiver.abandon_message(message)
            except ServiceBusError:  # the connection is lost, and the locks end by themselves
                return


def _id_of(message: ServiceBusReceivedMessage) -> str:
    return message.message_id or f"number-{message.sequence_number}"


def _dead_letter(message: ServiceBusReceivedMessage) -> DeadLetter:
    return DeadLetter(
        sequence_number=message.sequence_number or 0,
        message_id=_id_of(message),
        reason=message.dead_letter_reason or "",
        description=message.dead_letter_error_description or "",
        enqueued_at=message.enqueued_time_utc,
        deliveries=message.delivery_count or 0,
        correlation_id=message.correlation_id,
        body=_body(message),
    )


def _body(message: ServiceBusReceivedMessage) -> bytes:
    """Return a message's bytes; one that was sent as text or as a value becomes its text."""
    body: Any = message.body
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    try:
        return b"".join(body)
    except TypeError:
        return str(body).encode()


def _copy(message: ServiceBusReceivedMessage, message_id: str) -> ServiceBusMessage:
    from azure.servicebus import ServiceBusMessage

    properties = message.application_properties or {}
    kept = {name: value for name, value in properties.items() if not _WHY_DEAD.fullmatch(_text(name))}
    return ServiceBusMessage(
        _body(message),
        message_id=message_id,
        subject=message.subject,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        application_properties=kept,
    )


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
