"""The connection to Service Bus: made when first used, its senders kept, its errors in the app's words."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.errors import MessageRefused, QueueUnavailable
from shared.models.outbox import Destination, Outbox
from shared.settings import Settings
from shared.telemetry import quieten

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.servicebus import ServiceBusMessage
    from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

# The broker drops an idle link after ten minutes, which the next send finds out: that is what the one retry
# of the SDK is for. What fails beyond it belongs to whoever called.
RETRIES = 1
SEND_SECONDS = 15.0


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
    """Everything that talks to one namespace, for one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: ServiceBusClient | None = None
        self._credential: AsyncTokenCredential | None = None
        self._senders: dict[Destination, ServiceBusSender] = {}
        self._turns: dict[Destination, asyncio.Lock] = {}

    async def send(self, destination: Destination, messages: Sequence[Message]) -> None:
        """Send all messages as one, or none; raises QueueUnavailable, MessageRefused.

        What the broker has accepted under a message id before, inside its window, it drops: sending twice is
        harmless.
        """
        # A link carries one send at a time.
        async with self._turns.setdefault(destination, asyncio.Lock()):
            with _in_our_words(destination.value):
                outgoing = [_outgoing(message) for message in messages]
                await self._sender(destination).send_messages(outgoing, timeout=SEND_SECONDS)

    def _sender(self, destination: Destination) -> ServiceBusSender:
        if destination not in self._senders:
            client = self.client()
            self._senders[destination] = (
                client.get_topic_sender(self._settings.events_topic)
                if destination is Destination.EVENTS
                else client.get_queue_sender(self._settings.lesson_queue)
            )
        return self._senders[destination]

    def client(self) -> ServiceBusClient:
        """Return the SDK's client."""
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
        client, credential = self._client, self._credential
        self._client = self._credential = None
        self._senders.clear()
        if client is not None:
            await client.close()
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


@contextmanager
def _in_our_words(entity: str) -> Iterator[None]:
    """Turn the SDK's errors into the app's."""
    from azure.servicebus.exceptions import (
        MessageSizeExceededError,
        ServiceBusError,
    )

    try:
        yield
    except MessageSizeExceededError as error:
        raise MessageRefused(f"{entity}: {error}") from error
    except ServiceBusError as error:
        raise QueueUnavailable(f"{entity}: {type(error).__name__}: {error}") from error
