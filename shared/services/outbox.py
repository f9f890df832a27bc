"""The sweep of the Outbox: what was stored to be sent and was not sent at once."""

from __future__ import annotations

import time
from datetime import timedelta

from shared.clients import Clients
from shared.errors import NotFound, QueueUnavailable
from shared.messaging.outbox import AT_ONCE, send_stored
from shared.messaging.service_bus import ServiceBus
from shared.models.base import timestamp
from shared.models.document import now
from shared.models.outbox import Destination, Outbox
from shared.store.documents import increment
from shared.telemetry import log, log_fault

# The process that stored a message sends it within this time, if it can; RECONCILE_AFTER_S may shorten it.
PATIENCE = timedelta(seconds=30)
PAGE = 500
"""Documents that are put into order before they are sent; no query across partitions has an order."""
SWEEP_SECONDS = 240.0
"""Less than the function's time-out; the next minute goes on."""


class OutboxSweep:
    """The use case behind the timer `send_outbox`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def sweep(self) -> int:
        """Send what waits, in the order of the sequences; returns how many messages were sent.

        A destination that is away ends its own part only. A message that the broker refuses is counted, which
        also puts it behind the others: it never keeps a page from moving on.
        """
        bus = self._clients.service_bus
        if bus is None:
            return 0
        ends_at = time.monotonic() + SWEEP_SECONDS
        sent = 0
        for destination in Destination:
            try:
                sent += await self._send_all(bus, destination, ends_at)
            except QueueUnavailable as error:
                log_fault("outbox.unavailable", error, source=destination.value)
        if sent:
            log("outbox.swept", count=sent)
        return sent

    async def _send_all(self, bus: ServiceBus, destination: Destination, ends_at: float) -> int:
        patience = min(PATIENCE, timedelta(seconds=self._clients.settings.reconcile_after_seconds))
        before = timestamp(now() - patience)
        sent = 0
        while time.monotonic() < ends_at:
            page = await self._documents.query_across(
                Outbox, {"destination": destination.value}, updated_before=before, limit=PAGE
            )
            if not page:
                break
            page.sort(key=lambda document: document.sequence)
            for start in range(0, len(page), AT_ONCE):
                some = page[start : start + AT_ONCE]
                refused = await send_stored(bus, self._clients.remove_sent, some)
                for document in refused:
                    await self._count_failure(document)
                sent += len(some) - len(refused)
        return sent

    async def _count_failure(self, document: Outbox) -> None:
        try:
            await self._documents.patch(Outbox, document.user_id, document.id, [increment("/failures")])
        except NotFound:
            return  # removed with its learner
