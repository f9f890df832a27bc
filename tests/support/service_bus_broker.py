"""A Service Bus queue at the wire: enough AMQP 1.0 for `azure-servicebus` to receive and settle messages.

Peek-lock of one queue, with the `$cbs` and `$management` links that the client insists on. No sessions, no
lock expiry, no dead-letter queue.
"""

import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from proton import Delivery, Endpoint, Message, symbol, timestamp
from proton.handlers import MessagingHandler
from proton.reactor import ApplicationEvent, Container, EventInjector

LOCK_SECONDS = 300
_OUTCOMES: dict[Any, str] = {
    Delivery.ACCEPTED: "completed",
    Delivery.RELEASED: "abandoned",
    Delivery.MODIFIED: "abandoned",
}


@dataclass
class _Queued:
    message: Any
    deliveries: int = 0


@dataclass
class _Handler(MessagingHandler):
    """The broker's side of every connection."""

    port: int
    queue: list[_Queued] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(prefetch=100, auto_accept=True, auto_settle=True)
        self.injector = EventInjector()
        self.listening = threading.Event()
        self.locked: dict[str, _Queued] = {}
        self.receivers: dict[str, Any] = {}
        self.replies: dict[str, Any] = {}

    def on_start(self, event: Any) -> None:
        self.container = event.container
        self.acceptor = event.container.listen(f"127.0.0.1:{self.port}")
        event.container.selectable(self.injector)
        self.listening.set()

    def on_stop(self, _event: Any) -> None:
        self.acceptor.close()
        self.injector.close()
        self.container.stop()

    def on_queued(self, event: Any) -> None:
        self.queue.append(_Queued(event.subject))
        self._deliver()

    def on_link_opening(self, event: Any) -> None:
        link = event.link
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        address = link.remote_source.address if link.is_sender else link.remote_target.address
        if link.is_sender:
            if address and "$" in address:  # `$cbs`, `queue/$management`
                self.replies[address] = link
            else:
                self.receivers[link.name] = link

    def on_sendable(self, _event: Any) -> None:
        self._deliver()

    def on_link_closed(self, event: Any) -> None:
        self.receivers.pop(event.link.name, None)

    def on_message(self, event: Any) -> None:
        """A request on `$cbs` or `$management`: everything is answered 200."""
        request = event.message
        address = event.link.target.address
        reply = self.replies.get(address)
        if reply is None:
            return
        answer = Message(
            correlation_id=request.id,
            properties={"status-code": 200, "status-description": "OK", "statusCode": 200},
            body={"expirations": []},
        )
        reply.send(answer)

    def on_delivery(self, event: Any) -> None:
        delivery = event.delivery
        if event.link.is_sender and delivery.updated and delivery.remote_state in _OUTCOMES:
            self._settle(delivery)

    def _settle(self, delivery: Any) -> None:
        queued = self.locked.pop(delivery.tag, None)
        if queued is None:
            return
        outcome = _OUTCOMES[delivery.remote_state]
        self.settled.append((str(queued.message.id), outcome))
        delivery.update(delivery.remote_state)  # the client waits for the outcome to be confirmed
        delivery.settle()
        if outcome == "abandoned":
            self.queue.append(queued)
            self._deliver()

    def _deliver(self) -> None:
        for link in list(self.receivers.values()):
            while self.queue and link.credit > 0 and link.state & Endpoint.LOCAL_ACTIVE:
                queued = self.queue.pop(0)
                queued.message.delivery_count = queued.deliveries
                queued.deliveries += 1
                tag = uuid.uuid4().hex[:16]  # the client takes the tag's 16 bytes for the lock token
                self.locked[tag] = queued
                locked_until = timestamp(int((time.time() + LOCK_SECONDS) * 1000))
                queued.message.annotations = {
                    symbol("x-opt-sequence-number"): 1,
                    symbol("x-opt-locked-until"): locked_until,
                }
                link.send(queued.message, tag=tag)


class ServiceBusBroker:
    """The broker on a thread of its own, from `with` to the end of its block."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self._handler = _Handler(port)
        self._container = Container(self._handler)
        self._thread = threading.Thread(target=self._container.run, daemon=True)
        self.connection_string = (
            f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=test;SharedAccessKey=dGVzdA==;"
            "UseDevelopmentEmulator=true;"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._handler.listening.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handler.injector.trigger(ApplicationEvent("stop"))
        self._thread.join(10)

    def send(self, body: bytes, message_id: str, **properties: Any) -> None:
        """Put a message into the queue."""
        message: Any = Message(id=message_id, body=body, inferred=True, properties=properties)
        self._handler.injector.trigger(ApplicationEvent("queued", subject=message))

    @property
    def settled(self) -> list[tuple[str, str]]:
        """Message ids and how they were settled, in order."""
        return list(self._handler.settled)
