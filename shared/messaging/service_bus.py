"""The connection to Service Bus: made when first used, its senders kept, its errors in the app's words."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.errors import MessageRefused, QueueUnavailable
from shared.models.outbox import Destination, Outbox
from shared.settings import Settings
from shared.telemetry import log_fault, quieten

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.servicebus import ServiceBusMessage
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

# The broker drops an idle link after ten minutes, which the next send finds out: that is what the one retry
# of the SDK is for. What fails beyond it belongs to whoever called.
RETRIES = 1
ANSWER_SECONDS = 15.0
CLOSE_SECONDS = 2.0


Property = int | float | bytes | bool | str | uuid.UUID


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it goes out; the body is JSON."""

    message_id: str
    subject: str
    body: dict[str, Any]
    content_type: str = "application/json"
    correlation_id: str | None = None
    properties: dict[str | bytes, Property] = field(default_factory=dict)

    @classmethod
    def of(cls, outbox: Outbox) -> Message:
        """Return the message that an Outbox document holds."""
        return cls(
            message_id=outbox.message_id,
            subject=outbox.subject,
            body=outbox.content,
            content_type=outbox.content_type,
            correlation_id=outbox.correlation_id,
            properties={"sequence": outbox.sequence},
        )


class ServiceBus:
    """Everything that talks to one namespace, for one event loop.

    `trouble` says why the last message to a destination could not be sent; a link that opens proves nothing.
    """

    def __init__(self, settings: Settings, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._answer_seconds = answer_seconds
        self._client: ServiceBusClient | None = None
        self._credential: AsyncTokenCredential | None = None
        self._senders: dict[Destination, ServiceBusSender] = {}
        self._turns: dict[Destination, asyncio.Lock] = {}
        self.trouble: dict[Destination, str] = {}

    async def send(self, destination: Destination, messages: Sequence[Message]) -> None:
        """Send all messages as one, or none; raises QueueUnavailable, MessageRefused.

        What the broker has accepted under a message id before, inside its window, it drops: sending twice is
        harmless.
        """
        await self._send(destination, [_outgoing(message) for message in messages])

    async def send_again(self, message: ServiceBusMessage) -> None:
        """Send a message to the queue as the SDK has it; raises QueueUnavailable, MessageRefused."""
        await self._send(Destination.QUEUE, [message])

    async def _send(self, destination: Destination, messages: list[ServiceBusMessage]) -> None:
        async with self._link(destination) as sender:
            await sender.send_messages(messages, timeout=self._answer_seconds)
        self.trouble.pop(destination, None)

    async def check(self, seconds: float) -> None:
        """Ask the queue; raises QueueUnavailable."""
        async with self.receiver(seconds=seconds) as receiver:
            await receiver.peek_messages(1, sequence_number=1, timeout=seconds)

    @asynccontextmanager
    async def receiver(
        self, *, dead_letters: bool = False, seconds: float | None = None
    ) -> AsyncIterator[ServiceBusReceiver]:
        """Give a receiver of the queue, or of its dead letters, for so many seconds.

        What the SDK raises in the block becomes QueueUnavailable.
        """
        from azure.servicebus import ServiceBusSubQueue

        sub_queue = ServiceBusSubQueue.DEAD_LETTER if dead_letters else None
        receiver = self._connected().get_queue_receiver(self.queue, sub_queue=sub_queue)
        try:
            async with _in_our_words(self.queue, seconds or self._answer_seconds):
                yield receiver
        finally:
            await _closed(receiver)

    @asynccontextmanager
    async def _link(self, destination: Destination) -> AsyncIterator[ServiceBusSender]:
        """Give the sender of a destination to one user at a time; one that failed is not used again."""
        async with self._turns.setdefault(destination, asyncio.Lock()):
            sender = self._sender(destination)
            try:
                async with _in_our_words(sender.entity_name, self._answer_seconds):
                    yield sender
            except QueueUnavailable as error:
                self.trouble[destination] = str(error)
                del self._senders[destination]
                await _closed(sender)
                raise

    @property
    def queue(self) -> str:
        """The name of the queue."""
        return self._settings.lesson_queue

    def _sender(self, destination: Destination) -> ServiceBusSender:
        if destination not in self._senders:
            client = self._connected()
            self._senders[destination] = (
                client.get_topic_sender(self._settings.events_topic)
                if destination is Destination.EVENTS
                else client.get_queue_sender(self._settings.lesson_queue)
            )
        return self._senders[destination]

    def _connected(self) -> ServiceBusClient:
        if self._client is None:
            from azure.servicebus.aio import ServiceBusClient

            quieten("azure.servicebus")
            connection = self._settings.service_bus_connection
            if connection is not None:
                text = connection.get_secret_value()
                self._client = ServiceBusClient.from_connection_string(text, retry_total=RETRIES)
            else:
                self._client = ServiceBusClient(
                    self._settings.service_bus_namespace or "", self._identity(), retry_total=RETRIES
                )
        return self._client

    def _identity(self) -> AsyncTokenCredential:
        from azure.identity.aio import DefaultAzureCredential

        client_id = self._settings.service_bus_client_id or self._settings.azure_client_id
        self._credential = DefaultAzureCredential(managed_identity_client_id=client_id)
        return self._credential

    async def close(self) -> None:
        """Close the links and the connection; they are made anew when used again."""
        client, credential, senders = self._client, self._credential, self._senders
        self._client = self._credential = None
        self._senders = {}
        for sender in senders.values():  # the client closes only what somebody else still holds
            await _closed(sender)
        if client is not None:
            await _closed(client)
        if credential is not None:
            await credential.close()


def _outgoing(message: Message) -> ServiceBusMessage:
    from azure.servicebus import ServiceBusMessage

    return ServiceBusMessage(
        json.dumps(message.body, ensure_ascii=False).encode(),
        message_id=message.message_id,
        subject=message.subject,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        application_properties=message.properties,
    )


async def _closed(one: ServiceBusSender | ServiceBusReceiver | ServiceBusClient) -> None:
    """Close a link or all of them; a peer that does not answer is not waited for."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await one.close()
    except TimeoutError as error:
        log_fault("service_bus.not_closed", error)


@asynccontextmanager
async def _in_our_words(entity: str, seconds: float) -> AsyncIterator[None]:
    """Turn the SDK's errors into the app's, and bound what the SDK's own time-outs do not."""
    from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

    try:
        async with asyncio.timeout(seconds + CLOSE_SECONDS):
            yield
    except MessageSizeExceededError as error:
        raise MessageRefused(f"{entity}: {error}") from error
    except ServiceBusError as error:
        raise QueueUnavailable(f"{entity}: {type(error).__name__}: {error}") from error
    except TimeoutError as error:
        raise QueueUnavailable(f"{entity}: no answer within {seconds:g} s") from error
