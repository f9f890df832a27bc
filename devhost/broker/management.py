"""Requests on an entity's `$management` node (Microsoft: "AMQP 1.0 in Azure Service Bus: request-response
based operations")."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from proton import UNDESCRIBED, Array, Data, Message, int32, symbol

from devhost.broker import message as kept
from devhost.broker.codec import moment, read_draft, write_delivery
from devhost.broker.namespace import EntityNotFoundError, Namespace
from devhost.broker.queue import LockLostError, MessageNotFoundError, MessageQueue

LOCK_LOST = "com.microsoft:message-lock-lost"
LOCK_LOST_TEXT = (
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the "
    "queue."
)
_PREFIX = "com.microsoft:"
_RECEIVE_AND_DELETE = 0

Body = dict[str, Any]


class _RefusedError(Exception):
    def __init__(self, status: int, condition: str, description: str) -> None:
        super().__init__(description)
        self.status, self.condition = status, condition


class ManagementNode:
    """Answers the requests about one entity."""

    def __init__(self, namespace: Namespace, entity: str) -> None:
        """Raises EntityNotFoundError for an address that is neither sent to nor received from."""
        self._namespace, self._entity = namespace, entity
        try:
            namespace.queue(entity)
        except EntityNotFoundError:
            namespace.entrance(entity)
        self._operations: dict[str, Callable[[Body], Body | None]] = {
            "renew-lock": self._renew,
            "peek-message": self._peek,
            "schedule-message": self._schedule,
            "cancel-scheduled-message": self._cancel,
            "receive-by-sequence-number": self._receive_deferred,
            "update-disposition": self._settle,
        }

    def answer(self, request: Message) -> Message:
        """The response to one request."""
        try:
            body = self._perform(request)
        except _RefusedError as error:
            return _response(request, error.status, str(error), condition=error.condition)
        if body is None:
            return _response(request, 204, "No content")
        return _response(request, 200, "OK", body)

    def _perform(self, request: Message) -> Body | None:
        properties: dict[Any, Any] = request.properties or {}
        operation = str(properties.get("operation", ""))
        perform = self._operations.get(operation.removeprefix(_PREFIX))
        if perform is None:
            raise _RefusedError(501, "amqp:not-implemented", f"The operation {operation} is not emulated.")
        if not isinstance(request.body, dict):
            raise _RefusedError(400, f"{_PREFIX}argument-error", "The request's body must be a map.")
        try:
            with self._namespace.transaction():
                return perform(request.body)
        except EntityNotFoundError as error:
            raise _RefusedError(404, "amqp:not-found", str(error)) from None
        except LockLostError:
            raise _RefusedError(410, LOCK_LOST, LOCK_LOST_TEXT) from None
        except MessageNotFoundError:
            raise _RefusedError(
                404, f"{_PREFIX}message-not-found", "The message with the given number could not be found."
            ) from None
        except (KeyError, TypeError, ValueError) as error:
            raise _RefusedError(
                400, f"{_PREFIX}argument-error", f"The request is malformed: {error}"
            ) from None

    def _queue(self) -> MessageQueue:
        return self._namespace.queue(self._entity)

    def _renew(self, body: Body) -> Body:
        queue, now = self._queue(), self._namespace.now()
        untils = [queue.renew(token, now) for token in _tokens(body)]
        return {"expirations": _array(Data.TIMESTAMP, [moment(until) for until in untils])}

    def _peek(self, body: Body) -> Body | None:
        queue = self._queue()
        start, count = int(body["from-sequence-number"]), int(body["message-count"])
        messages = queue.peek(start, count, self._namespace.now())
        return _messages([(each, queue.payload(each)) for each in messages])

    def _schedule(self, body: Body) -> Body:
        drafts = [read_draft(bytes(item["message"])) for item in _items(body["messages"])]
        entrance, now = self._namespace.entrance(self._entity), self._namespace.now()
        numbers = [entrance.send(draft, now) for draft in drafts]
        return {"sequence-numbers": _array(Data.LONG, numbers)}

    def _cancel(self, body: Body) -> Body:
        numbers = [int(number) for number in _items(body["sequence-numbers"])]
        self._namespace.entrance(self._entity).cancel(numbers, self._namespace.now())
        return {}

    def _receive_deferred(self, body: Body) -> Body | None:
        queue, now = self._queue(), self._namespace.now()
        messages = queue.lock_deferred([int(n) for n in _items(body["sequence-numbers"])], now)
        received = _messages([(each, queue.payload(each)) for each in messages])
        if int(body["receiver-settle-mode"]) == _RECEIVE_AND_DELETE:
            for each in messages:
                if each.lock is not None:
                    queue.complete(each.lock.token, now)
        return received

    def _settle(self, body: Body) -> Body:
        queue, now = self._queue(), self._namespace.now()
        status = str(body["disposition-status"])
        for token in _tokens(body):
            if status == "completed":
                queue.complete(token, now)
            elif status == "abandoned":
                queue.abandon(token, now)
            elif status == "defered":
                queue.defer(token, now)
            elif status == "suspended":
                reason, description = body.get("deadletter-reason"), body.get("deadletter-description")
                queue.dead_letter(token, now, reason or None, description or None)
            else:
                raise ValueError(f"disposition-status {status!r}")
        return {}


def _items(value: Any) -> list[Any]:
    """A list, or an array, which proton gives as an object of its own."""
    return list(value.elements if isinstance(value, Array) else value)


def _array(kind: int, items: Sequence[Any]) -> Array:
    undescribed: Any = UNDESCRIBED
    return Array(undescribed, kind, *items)


def _tokens(body: Body) -> list[uuid.UUID]:
    return [
        token if isinstance(token, uuid.UUID) else uuid.UUID(str(token))
        for token in _items(body["lock-tokens"])
    ]


def _messages(messages: Iterable[tuple[kept.Message, bytes]]) -> Body | None:
    items = []
    for message, payload in messages:
        item: dict[str, Any] = {"message": write_delivery(message, payload)}
        if message.lock is not None:
            item["lock-token"] = message.lock.token
        items.append(item)
    return {"messages": items} if items else None


def _response(
    request: Message, status: int, text: str, body: Body | None = None, condition: str | None = None
) -> Message:
    properties: dict[str, Any] = {"statusCode": int32(status), "statusDescription": text}
    if condition is not None:
        properties["errorCondition"] = symbol(condition)
    return Message(correlation_id=request.id, properties=properties, body=body)


def accept_token(request: Message) -> Message:
    """The answer to a put-token request on `$cbs`: whoever reaches the loopback port is let in."""
    properties = {"status-code": int32(202), "status-description": "Accepted"}
    return Message(correlation_id=request.id, properties=properties, body=None)
