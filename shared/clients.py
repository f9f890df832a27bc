"""The app's connections: made when first used, one set per process and event loop, closed on shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from shared.settings import Settings, get_settings
from shared.telemetry import quieten

if TYPE_CHECKING:
    import httpx

    from shared.messaging.outbox import OutboxSender
    from shared.messaging.service_bus import ServiceBus
    from shared.models.outbox import Outbox
    from shared.store.documents import Documents

T = TypeVar("T")

_by_loop: dict[asyncio.AbstractEventLoop, Clients] = {}

# A research or model call may hold a connection for minutes; more than this many at once would only queue.
MAX_CONNECTIONS = 200
# httpx looks at every idle connection whenever a request begins or ends: with many of them that costs more
# than opening a connection anew.
IDLE_CONNECTIONS = 5


def _product(settings: Settings) -> str:
    """Return what the app calls itself; public APIs ask for a contact, and Wikipedia requires one."""
    contact = f"; {settings.research_contact}" if settings.research_contact else ""
    return f"SkillSync/0.1 (lesson research for learners{contact})"


class Clients:
    """Everything that talks to the outside, for one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._documents: Documents | None = None
        self._http: httpx.AsyncClient | None = None
        self._service_bus: ServiceBus | None = None
        self._outbox: OutboxSender | None = None
        self._kept: dict[Callable[[Clients], Any], Any] = {}

    @property
    def documents(self) -> Documents:
        """The document store."""
        if self._documents is None:
            from shared.store.documents import Documents
            from shared.store.factory import open_store

            outbox = self._send_soon if self.settings.has_service_bus else None
            self._documents = Documents(open_store(self.settings), outbox)
        return self._documents

    @property
    def service_bus(self) -> ServiceBus | None:
        """The namespace of queue and events, if the settings name one."""
        if self._service_bus is None and self.settings.has_service_bus:
            from shared.messaging.service_bus import ServiceBus

            self._service_bus = ServiceBus(self.settings)
        return self._service_bus

    def _send_soon(self, stored: Outbox) -> None:
        if self._outbox is None and self.service_bus is not None:
            from shared.messaging.outbox import OutboxSender

            self._outbox = OutboxSender(self.service_bus, self.remove_sent)
        if self._outbox is not None:
            self._outbox.add(stored)

    async def remove_sent(self, sent: Outbox) -> None:
        """Remove a message that the broker has; raises NotFound, StoreUnavailable."""
        await self.documents.delete(type(sent), sent.user_id, sent.id)

    @property
    def http(self) -> httpx.AsyncClient:
        """The HTTP client: no proxy from the environment, no redirects, no retries."""
        if self._http is None:
            import httpx

            quieten("httpx")
            limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=IDLE_CONNECTIONS)
            self._http = httpx.AsyncClient(
                headers={"User-Agent": f"{_product(self.settings)} httpx/{httpx.__version__}"},
                limits=limits,
                trust_env=False,
                follow_redirects=False,
            )
        return self._http

    def kept(self, make: Callable[[Clients], T]) -> T:
        """Return what `make` returns for these clients, made once and kept as long as they are."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return cast("T", self._kept[make])

    async def close(self) -> None:
        """Send what waits to be sent, then close what was opened."""
        if self._outbox is not None:
            await self._outbox.drain()
        documents, http, service_bus = self._documents, self._http, self._service_bus
        self._documents = self._http = self._service_bus = self._outbox = None
        self._kept.clear()
        if service_bus is not None:
            await service_bus.close()
        if http is not None:
            await http.aclose()
        if documents is not None:
            await documents.store.close()

    async def close_at_shutdown(self) -> None:
        """Wait until the worker cancels its loop's tasks, then close: functions have no shutdown hook."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()


_keepers: set[asyncio.Task[None]] = set()


def _forget(loop: asyncio.AbstractEventLoop, keeper: asyncio.Task[None]) -> None:
    _keepers.discard(keeper)
    _by_loop.pop(loop, None)


def get_clients() -> Clients:
    """Return the clients of the running event loop."""
    loop = asyncio.get_running_loop()
    clients = _by_loop.get(loop)
    if clients is None:
        clients = _by_loop[loop] = Clients(get_settings())
        keeper = loop.create_task(clients.close_at_shutdown(), name="close clients at shutdown")
        _keepers.add(keeper)
        keeper.add_done_callback(lambda done: _forget(loop, done))
    return clients
