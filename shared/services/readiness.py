"""Whether the app can do its work: what an operator or a load balancer asks before sending traffic."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from shared.clients import Clients
from shared.errors import StoreError
from shared.models.health import Readiness
from shared.telemetry import log_fault

CHECK_SECONDS = 5.0


async def readiness(clients: Clients) -> Readiness:
    """Check the store's containers; say how the queue and the model providers are set."""
    store = await _store(clients)
    settings = clients.settings
    has_queue = settings.service_bus_connection is not None or settings.service_bus_namespace is not None
    checks = {
        "store": store,
        "queue": "configured" if has_queue else "not configured (ServiceBusConnection is unset)",
        "providers": await _providers(clients) if store == "ok" else "unknown",
    }
    return Readiness(ready=store == "ok", checks=checks)


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
    return "ok" if not missing else f"missing containers: {', '.join(missing)}"
