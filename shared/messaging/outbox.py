"""Sending what the Outbox holds: at once by the process that stored it, later by a sweep.

A request or an activity never waits for the broker. What is not sent at once, because the broker is away, the
process ends or too much waits already, stays stored, and the sweep of `triggers/events.py` sends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from shared.errors import MessageRefused, NotFound, QueueUnavailable, SkillSyncError
from shared.messaging.service_bus import Message, ServiceBus
from shared.models.outbox import Outbox
from shared.telemetry import log_fault

Remove = Callable[[Outbox], Awaitable[None]]

MOST_WAITING = 1_000
"""Documents that one process keeps in mind; the rest is the sweep's."""
AT_ONCE = 50
"""Messages in one send: at 1 to 3 KB each they stay below the 256 KB that a batch may have."""
PAUSE_SECONDS = 30.0
DRAIN_SECONDS = 5.0


async def send_stored(bus: ServiceBus, remove: Remove, documents: Sequence[Outbox]) -> list[Outbox]:
    """Send documents of one destination and remove them; returns those that the broker refuses.

    Raises QueueUnavailable; what was not sent by then is still stored.
    """
    refused: list[Outbox] = []
    destination = documents[0].destination
    try:
        await bus.send(destination, [Message.of(document) for document in documents])
    except MessageRefused as error:
        if len(documents) == 1:
            log_fault("outbox.refused", error, source=documents[0].subject)
            return list(documents)
        # One of them is what the broker will not take, or they are too much together.
        for document in documents:
            refused += await send_stored(bus, remove, [document])
        return refused
    await asyncio.gather(*(_removed(remove, document) for document in documents))
    return refused


async def _removed(remove: Remove, document: Outbox) -> None:
    try:
        await remove(document)
    except NotFound:
        return  # a sweep was faster
    except SkillSyncError as error:
        # It was sent and will be sent again, under the same message id.
        log_fault("outbox.not_removed", error, source=document.subject)


class OutboxSender:
    """Sends in the background what this process has just stored; what comes meanwhile goes together."""

    def __init__(
        self, bus: ServiceBus, remove: Remove, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bus = bus
        self._remove = remove
        self._clock = clock
        self._waiting: list[Outbox] = []
        self._task: asyncio.Task[None] | None = None
        self._paused_until = 0.0

    def add(self, document: Outbox) -> None:
        """Send a document soon, unless the broker has just failed or too much waits."""
        if self._clock() < self._paused_until or len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.append(document)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._send(), name="send the outbox")

    async def _send(self) -> None:
        while self._waiting:
            destination = self._waiting[0].destination
            batch = [one for one in self._waiting if one.destination is destination][:AT_ONCE]
            try:
                await send_stored(self._bus, self._remove, batch)
            except QueueUnavailable as error:
                log_fault("outbox.unavailable", error, source=destination.value)
                self._paused_until = self._clock() + PAUSE_SECONDS
                self._waiting.clear()
                return
            sent = {id(one) for one in batch}
            self._waiting = [one for one in self._waiting if id(one) not in sent]

    async def drain(self) -> None:
        """Send what waits, for some seconds at most: the last chance of a process that ends."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                if self._task is not None and not self._task.done():
                    await asyncio.wait({self._task})
                await self._send()
        except TimeoutError as error:
            log_fault("outbox.not_drained", error, count=len(self._waiting))
