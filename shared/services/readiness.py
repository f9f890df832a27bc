"""Whether the app can do its work: what an operator or a load balancer asks before sending traffic."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import UTC, datetime

from shared.clients import Clients
from shared.errors import QueueUnavailable, StoreError
from shared.models.health import Readiness
from shared.models.outbox import Destination
from shared.telemetry import log_fault

CHECK_SECONDS = 5.0
BELIEVED_SECONDS = 10.0
OK = "ok"
NO_QUEUE = "not configured (ServiceBusConnection is unset)"


async def readiness(clients: Clients) -> Readiness:
    """Check the store's containers and the queue; say how events and model providers are.

    Events that cannot be sent are stored and sent later, so the app is ready without the topic.
    """
    store, queue = await asyncio.gather(_store(clients), clients.kept(QueueCheck).result())
    checks = {
        "store": store,
        "queue": queue,
        "events": _events(clients),
        "providers": await _providers(clients) if store == OK else "unknown",
    }
    return Readiness(ready=store == OK and queue in (OK, NO_QUEUE), checks=checks)


def _events(clients: Clients) -> str:
    """Return how the last event of this process went."""
    if clients.service_bus is None:
        return NO_QUEUE
    return "unavailable" if Destination.EVENTS in clients.service_bus.trouble else OK


class QueueCheck:
    """Asks the broker, and for some seconds believes what it found; get it by `clients.kept(QueueCheck)`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._found = ""
        self._asked_at = -math.inf
        self._turn = asyncio.Lock()

    async def result(self) -> str:
        """Return `ok`, that there is no queue, or what is wrong with it."""
        async with self._turn:  # many ask at once: one asks the broker
            if time.monotonic() - self._asked_at > BELIEVED_SECONDS:
                self._found = await self._ask()
                self._asked_at = time.monotonic()
            return self._found

    async def _ask(self) -> str:
        if self._clients.service_bus is None:
            return NO_QUEUE
        try:
            await self._clients.service_bus.check(CHECK_SECONDS)
        except QueueUnavailable as error:
            log_fault("ready.queue_unavailable", error)
            return "unavailable"
        return OK


async def _providers(clients: Clients) -> str:
    """Name the providers of the chain; one that is held back says why and until when."""
    from shared.services.asking import limiter_of

    limiter = clients.kept(limiter_of)
    named = []
    for provider in clients.settings.providers:
        breaker = (await limiter.state(provider)).breaker
        until = datetime.fromtimestamp(breaker.open_until, UTC)
        is_open = breaker.is_open(limiter.now)
        named.append(
            f"{provider.name} (open: {breaker.reason} until {until:%Y-%m-%dT%H:%M:%SZ})"
            if is_open
            else provider.name
        )
    return ", ".join(named) or "none: the extractive tier serves"


async def _store(clients: Clients) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            missing = await clients.documents.store.missing_containers()
    except (StoreError, TimeoutError) as error:
        log_fault("ready.store_unavailable", error)
        return "unavailable"
    return OK if not missing else f"missing containers: {', '.join(missing)}"
