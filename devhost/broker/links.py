"""The broker's ends of the links that clients attach."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from proton import Condition, Delivery, Endpoint, Link, Message, symbol

from devhost.broker.codec import DecodeError, read_draft, split_batch, with_properties, write_delivery
from devhost.broker.entities import MAX_MESSAGE_BYTES
from devhost.broker.entrance import Entrance
from devhost.broker.management import LOCK_LOST, LOCK_LOST_TEXT
from devhost.broker.namespace import Namespace
from devhost.broker.queue import LockLostError, MessageQueue

if TYPE_CHECKING:
    from devhost.broker.connection import Connection

_CREDIT = 200
_REASON, _DESCRIPTION = "DeadLetterReason", "DeadLetterErrorDescription"


def refusal(condition: str, description: str) -> Condition:
    """An error for a client; Python's reads all three parts of it, and fails where the last is left out."""
    return Condition(condition, description, {symbol("source"): "devhost"})


class LinkEnd(Protocol):
    """What a connection tells the broker's end of a link."""

    def on_delivery(self, delivery: Delivery) -> None:
        """A message has come in, or the client has settled one."""


class Outlet:
    """Gives a queue's messages to one receiver."""

    def __init__(
        self, connection: "Connection", link: Link, queue: MessageQueue, namespace: Namespace
    ) -> None:
        self.connection, self._link, self.queue, self._namespace = connection, link, queue, namespace
        self._deletes = link.remote_snd_settle_mode == Link.SND_SETTLED

    @property
    def is_hungry(self) -> bool:
        """Whether the receiver waits for a message."""
        return bool(self._link.credit > 0 and self._link.state & Endpoint.LOCAL_ACTIVE)

    def deliver_one(self) -> bool:
        """Send the next message, if there is one."""
        now = self._namespace.now()
        if self._deletes:
            taken = self.queue.take_next(now)
            if taken is None:
                return False
            delivery = self._send(uuid.uuid4(), write_delivery(*taken))
            delivery.settle()
        else:
            message = self.queue.lock_next(now)
            if message is None or message.lock is None:
                return False
            delivery = self._send(message.lock.token, write_delivery(message, self.queue.payload(message)))
            delivery.lock_token = message.lock.token
        return True

    def _send(self, token: uuid.UUID, encoded: bytes) -> Delivery:
        # The client reads the lock token from the tag, in the byte order of .NET's Guid.
        tag: Any = token.bytes_le
        delivery = self._link.delivery(tag)
        self._link.stream(encoded)
        self._link.advance()
        return delivery

    def finish_drain(self) -> None:
        """Give unused credit back, where the receiver asks for that."""
        if self._link.drain_mode:
            self._link.drained()

    def on_delivery(self, delivery: Delivery) -> None:
        """The receiver settles a message."""
        if not delivery.updated:
            return
        outcome = delivery.remote_state
        if outcome in _TERMINAL:
            try:
                with self._namespace.transaction():
                    self._settle(delivery, outcome)
                delivery.update(outcome)
            except LockLostError:
                delivery.local.condition = refusal(LOCK_LOST, LOCK_LOST_TEXT)
                delivery.update(Delivery.REJECTED)
        elif not delivery.settled:
            return
        delivery.settle()

    def _settle(self, delivery: Delivery, outcome: int) -> None:
        token: uuid.UUID = delivery.lock_token
        queue, now = self.queue, self._namespace.now()
        if outcome == Delivery.ACCEPTED:
            queue.complete(token, now)
        elif outcome == Delivery.RELEASED:
            queue.release(token, now)
        elif outcome == Delivery.MODIFIED:
            change = self._changed(token, delivery.remote.annotations)
            settle = queue.defer if delivery.remote.undeliverable else queue.abandon
            settle(token, now, change)
        else:
            condition: Any = delivery.remote.condition
            info = {str(name): value for name, value in (condition.info or {}).items()} if condition else {}
            reason, description = info.pop(_REASON, None), info.pop(_DESCRIPTION, None)
            if description is None and condition:
                description = condition.description
            queue.dead_letter(token, now, reason, description, self._changed(token, info))

    def _changed(self, token: uuid.UUID, properties: Any) -> bytes | None:
        """The content of a locked message with the application properties that the receiver changes."""
        if not properties:
            return None
        return with_properties(
            self.queue.locked_payload(token), {str(name): value for name, value in properties.items()}
        )


_TERMINAL = frozenset({Delivery.ACCEPTED, Delivery.RELEASED, Delivery.MODIFIED, Delivery.REJECTED})


class Inlet:
    """Takes messages in from one sender."""

    def __init__(self, link: Link, entrance: Entrance, namespace: Namespace) -> None:
        self._link, self._entrance, self._namespace = link, entrance, namespace
        link.flow(_CREDIT)

    def on_delivery(self, delivery: Delivery) -> None:
        """A message, or a batch of them: kept on disk, all or nothing, before it is confirmed."""
        encoded = _receive(self._link, delivery)
        if encoded is None:
            return
        if refusal := self._take_in(encoded):
            delivery.local.condition = refusal
            delivery.update(Delivery.REJECTED)
        else:
            delivery.update(Delivery.ACCEPTED)
        delivery.settle()

    def _take_in(self, encoded: bytes) -> Condition | None:
        if len(encoded) > MAX_MESSAGE_BYTES:
            return refusal(
                "amqp:link:message-size-exceeded",
                f"The received message (delivery-id:0, size:{len(encoded)} bytes) exceeds the limit "
                f"({MAX_MESSAGE_BYTES} bytes) currently allowed on the link.",
            )
        try:
            drafts = [read_draft(message) for message in split_batch(encoded)]
        except DecodeError as error:
            return refusal("amqp:decode-error", f"The message cannot be read: {error}")
        now = self._namespace.now()
        with self._namespace.transaction():
            for draft in drafts:
                self._entrance.send(draft, now)
        return None


class ClosedInlet:
    """A sender's link to what does not exist.

    Python's client sends as soon as it sees the attach, and would miss a reason that comes with a detach
    right behind it: so the first message is refused with the reason, and then the link.
    """

    def __init__(self, link: Link, reason: Condition) -> None:
        self._link, self._reason = link, reason
        link.flow(1)

    def on_delivery(self, delivery: Delivery) -> None:
        """Refuse the message and end the link."""
        if _receive(self._link, delivery) is None:
            return
        delivery.local.condition = self._reason
        delivery.update(Delivery.REJECTED)
        delivery.settle()
        self._link.condition = self._reason
        self._link.close()


class Requests:
    """Takes in the requests of a node such as `$cbs`; the answers go out on the client's other link there."""

    def __init__(
        self, link: Link, answer: Callable[[Message], Message], reply: Callable[[Message], None]
    ) -> None:
        self._link, self._answer, self._reply = link, answer, reply
        link.flow(_CREDIT)

    def on_delivery(self, delivery: Delivery) -> None:
        """One request."""
        encoded = _receive(self._link, delivery)
        if encoded is None:
            return
        request = Message()
        request.decode(encoded)
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        self._reply(self._answer(request))


class Replies:
    """Sends out the answers of a node."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def send(self, answer: Message) -> None:
        """Send one answer."""
        self._link.send(answer)

    def on_delivery(self, delivery: Delivery) -> None:
        """The client has taken an answer."""
        delivery.settle()


def _receive(link: Link, delivery: Delivery) -> bytes | None:
    """A delivery's content once all of it is there; the sender may send another one then."""
    if not delivery.readable or delivery.partial:
        return None
    encoded = bytes(link.recv(delivery.pending) or b"")
    link.advance()
    if link.credit < _CREDIT // 2:
        link.flow(_CREDIT - link.credit)
    return encoded
