"""One client's connection: proton's protocol engine over an asyncio transport."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from proton import Collector, Endpoint, Event, Link, Message, Transport, symbol
from proton import Connection as ProtonConnection

from devhost.broker.address import CBS, entity_address, managed_entity
from devhost.broker.entities import MAX_MESSAGE_BYTES
from devhost.broker.links import ClosedInlet, Inlet, LinkEnd, Outlet, Replies, Requests, refusal
from devhost.broker.management import ManagementNode, accept_token
from devhost.broker.namespace import EntityNotFoundError

if TYPE_CHECKING:
    from devhost.broker.broker import Broker


_FRAME_BYTES = 64 * 1024
_NOT_FOUND = "amqp:not-found"
_SESSION_FILTER = "com.microsoft:session-filter"


class _SessionError(Exception):
    def __init__(self) -> None:
        super().__init__(
            "It is not possible for an entity that doesn't require sessions to create a sessionful message "
            "receiver."
        )


def _asks_for_session(link: Link) -> bool:
    filters = link.remote_source.filter
    filters.rewind()
    wanted = filters.get_object() if filters.next() is not None else None
    return isinstance(wanted, dict) and symbol(_SESSION_FILTER) in wanted


class Connection(asyncio.Protocol):
    """Turns bytes into events and events into bytes; each link has an end that knows what to do."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._ends: dict[Link, LinkEnd] = {}
        self._replies: dict[str, Replies] = {}
        self._heartbeat: asyncio.TimerHandle | None = None
        self._socket: asyncio.Transport | None = None
        self._engine = Transport(Transport.SERVER)
        self._engine.max_frame_size = _FRAME_BYTES
        sasl = self._engine.sasl()
        sasl.allowed_mechs("ANONYMOUS")
        self._connection = ProtonConnection()
        self._connection.container = "devhost"
        self._events = Collector()
        self._connection.collect(self._events)
        self._engine.bind(self._connection)
        self._handlers: dict[Any, Callable[[Any], None]] = {
            Event.CONNECTION_REMOTE_OPEN: lambda event: event.connection.open(),
            Event.CONNECTION_REMOTE_CLOSE: lambda event: event.connection.close(),
            Event.SESSION_REMOTE_OPEN: lambda event: event.session.open(),
            Event.SESSION_REMOTE_CLOSE: lambda event: event.session.close(),
            Event.LINK_REMOTE_OPEN: lambda event: self._on_attach(event.link),
            Event.LINK_REMOTE_CLOSE: lambda event: self._on_detach(event.link),
            Event.LINK_REMOTE_DETACH: lambda event: self._on_detach(event.link),
            Event.DELIVERY: lambda event: self._on_delivery(event.link, event.delivery),
        }

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._socket = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        with self._broker.turn(self):
            view = memoryview(data)
            while view and (room := self._engine.capacity()) > 0:
                self._engine.push(bytes(view[:room]))
                view = view[room:]
                self._handle_events()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client has gone; what it had locked stays locked until its locks lapse, as on the service."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._broker.forget(end for end in self._ends.values() if isinstance(end, Outlet))
        self._ends.clear()
        self._replies.clear()
        self._socket = None
        self._engine.unbind()
        self._connection.free()

    # Bytes out

    def flush(self) -> None:
        """Write what the engine has to say."""
        if self._socket is None:
            return
        self._handle_events()
        while (size := self._engine.pending()) > 0:
            self._socket.write(bytes(self._engine.peek(size) or b""))
            self._engine.pop(size)
        if self._engine.pending() < 0:  # all is said: the connection was closed
            self._socket.close()
            return
        self._schedule_heartbeat()

    def _schedule_heartbeat(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None
        deadline = self._engine.tick(self._loop.time())
        if deadline:
            self._heartbeat = self._loop.call_at(deadline, self.flush)

    # Events

    def _handle_events(self) -> None:
        while (event := self._events.peek()) is not None:
            handle = self._handlers.get(event.type)
            if handle is not None:
                handle(event)
            self._events.pop()

    def _on_delivery(self, link: Link, delivery: Any) -> None:
        if (end := self._ends.get(link)) is not None:
            end.on_delivery(delivery)

    def _on_attach(self, link: Link) -> None:
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        try:
            open_end = self._sending_end if link.is_sender else self._receiving_end
            self._ends[link] = open_end(link)
        except EntityNotFoundError as error:
            self._refuse(link, _NOT_FOUND, str(error))
        except _SessionError as error:
            self._refuse(link, "amqp:not-allowed", str(error))
        else:
            link.open()

    def _refuse(self, link: Link, condition: str, description: str) -> None:
        link.condition = refusal(condition, description)
        link.open()
        link.close()

    def _sending_end(self, link: Link) -> LinkEnd:
        address = entity_address(link.remote_source.address or "")
        if address == CBS or managed_entity(address) is not None:
            replies = self._replies[address] = Replies(link)
            return replies
        if _asks_for_session(link):
            raise _SessionError
        outlet = Outlet(self, link, self._broker.namespace.queue(address), self._broker.namespace)
        self._broker.outlets.append(outlet)
        return outlet

    def _receiving_end(self, link: Link) -> LinkEnd:
        address = entity_address(link.remote_target.address or "")
        if address == CBS:
            return Requests(link, accept_token, lambda answer: self._reply(address, answer))
        if (entity := managed_entity(address)) is not None:
            node = ManagementNode(self._broker.namespace, entity)
            return Requests(link, node.answer, lambda answer: self._reply(address, answer))
        link.max_message_size = MAX_MESSAGE_BYTES
        try:
            return Inlet(link, self._broker.namespace.entrance(address), self._broker.namespace)
        except EntityNotFoundError as error:
            return ClosedInlet(link, refusal(_NOT_FOUND, str(error)))

    def _reply(self, address: str, answer: Message) -> None:
        if (replies := self._replies.get(address)) is not None:
            replies.send(answer)

    def _on_detach(self, link: Link) -> None:
        end = self._ends.pop(link, None)
        if isinstance(end, Outlet):
            self._broker.forget([end])
        elif isinstance(end, Replies):
            self._replies = {name: each for name, each in self._replies.items() if each is not end}
        if link.state & Endpoint.LOCAL_ACTIVE:
            link.close()
