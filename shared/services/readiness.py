"""Whether the app can do its work: what an operator or a load balancer asks before sending traffic."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from shared.clients import Clients
from shared.errors import StoreError
from shared.telemetry import log_fault

CHECK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict, and for each part what was found."""

    ready: bool
    checks: dict[str, str]


async def readiness(clients: Clients) -> Readiness:
    """Check the store's containers; say how the queue and the model providers are set."""
    store = await _store(clients)
    settings = clients.settings
    has_queue = settings.service_bus_connection is not None or settings.service_bus_namespace is not None
    checks = {
        "store": store,
        "queue": "configured" if has_queue else "not configured (ServiceBusConnection is unset)",
        "providers": ", ".join(provider.name for provider in settings.providers)
        or "none: the extractive tier serves",
    }
    return Readiness(store == "ok", checks)


async def _store(clients: Clients) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            missing = await clients.documents.store.missing_containers()
    except (StoreError, TimeoutError) as error:
        log_fault("ready.store_unavailable", error)
        return "unavailable"
    return "ok" if not missing else f"missing containers: {', '.join(missing)}"
