"""Receiving from a queue or a subscription, and settling what was received as the extension does.

Source: azure-sdk-for-net Microsoft.Azure.WebJobs.Extensions.ServiceBus ServiceBusListener and
MessageProcessor, and ServiceBusProcessor's ReceiverManager: a function that ends completes its message
(unless `autoCompleteMessages` is off), one that fails abandons it at once; nothing is dead-lettered from
here, the broker does that when the deliveries are used up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from devhost.engine.catalogue import CatalogueEntry
from devhost.engine.invocation import Invocation, InvocationResult, NoAppProcessError
from devhost.host_json import ServiceBusOptions
from devhost.service_bus.connection import DEFAULT_CONNECTION, connection_string, namespace
from devhost.service_bus.lock_renewal import locks_renewed
from devhost.service_bus.metadata import message_invocation, message_metadata

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

_logger = logging.getLogger(__name__)

# How long one receive call waits for a message; also the longest that a stop waits for it.
_RECEIVE_SECONDS = 2.0
# How long settling a message is tried; a connection that is lost is made again meanwhile.
_SETTLE_SECONDS = 60.0
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.2, 5.0

Invoke = Callable[[Invocation], Awaitable[InvocationResult]]


class QueueListener:
    """One Service Bus function: receives, invokes, settles."""

    def __init__(
        self,
        entry: CatalogueEntry,
        options: ServiceBusOptions,
        invoke: Invoke,
        environment: Mapping[str, str],
    ) -> None:
        self._name, self._options, self._invoke, self._environment = entry.name, options, invoke, environment
        trigger = entry.trigger
        self._connection = str(trigger.get("connection") or DEFAULT_CONNECTION)
        self._queue = str(trigger.get("queueName") or "")
        self._topic = str(trigger.get("topicName") or "")
        self._subscription = str(trigger.get("subscriptionName") or "")
        self._many = str(trigger.get("cardinality", "one")).lower() == "many"
        self._binary = str(trigger.get("dataType", "")).lower() == "binary"
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Receive until `stopping`, then wait for what runs.

        A lost connection is made again by the receiver itself, which stays the same: what runs meanwhile is
        settled through it afterwards, as far as its locks still hold.
        """
        async with self._client() as client:
            receiver = self._receiver(client)
            delay = _FIRST_DELAY_SECONDS
            while not stopping.is_set():
                try:
                    await self._receive(receiver)
                    delay = _FIRST_DELAY_SECONDS
                except Exception as error:  # noqa: BLE001 - whatever the SDK raises, the listener goes on
                    _logger.warning(
                        "receiving for '%s' failed, next try in %g s: %s", self._name, delay, error
                    )
                    await _wait(stopping, delay)
                    delay = min(delay * 2, _LONGEST_DELAY_SECONDS)
            if self._running:
                await asyncio.wait(self._running)
            await receiver.close()

    async def _receive(self, receiver: "ServiceBusReceiver") -> None:
        """Wait for messages a while, and begin with what has come."""
        messages = await receiver.receive_messages(await self._room(), max_wait_time=_RECEIVE_SECONDS)
        for group in [messages] if self._many else [[message] for message in messages]:
            if group:
                self._begin(receiver, group)

    async def _room(self) -> int:
        """How many messages may be taken now; waits until there is room for one."""
        limit = 1 if self._many else self._options.max_concurrent_calls
        while len(self._running) >= limit:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return self._options.max_message_batch_size if self._many else limit - len(self._running)

    def _begin(self, receiver: "ServiceBusReceiver", messages: "Sequence[ServiceBusReceivedMessage]") -> None:
        task = asyncio.create_task(self._process(receiver, messages))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _process(
        self, receiver: "ServiceBusReceiver", messages: "Sequence[ServiceBusReceivedMessage]"
    ) -> None:
        invocation = message_invocation(
            self._name,
            [(_body(message), message_metadata(message)) for message in messages],
            f"(null) MessageId: {messages[0].message_id}",
            many=self._many,
            binary=self._binary,
        )
        async with locks_renewed(receiver, messages, self._options.max_auto_lock_renewal):
            try:
                succeeded = (await self._invoke(invocation)).succeeded
            except NoAppProcessError:
                succeeded = False
            for message in messages:
                await self._settle(receiver, message, succeeded=succeeded)

    async def _settle(
        self, receiver: "ServiceBusReceiver", message: "ServiceBusReceivedMessage", *, succeeded: bool
    ) -> None:
        from azure.servicebus.exceptions import ServiceBusError

        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                if not succeeded:
                    await _persistently(lambda: receiver.abandon_message(message))
                elif self._options.auto_complete_messages:
                    await _persistently(lambda: receiver.complete_message(message))
        except (ServiceBusError, TimeoutError) as error:
            # The lock is lost: the broker delivers the message again, which is what the sender was promised.
            _logger.warning(
                "message %s of '%s' could not be settled: %s", message.message_id, self._name, error
            )

    def _client(self) -> "ServiceBusClient":
        from azure.servicebus.aio import ServiceBusClient

        if text := connection_string(self._connection, self._environment):
            return ServiceBusClient.from_connection_string(text)
        from azure.identity.aio import DefaultAzureCredential

        client_id = self._environment.get(f"{self._connection}__clientId")
        host = namespace(self._connection, self._environment) or ""
        return ServiceBusClient(host, DefaultAzureCredential(managed_identity_client_id=client_id))

    def _receiver(self, client: "ServiceBusClient") -> "ServiceBusReceiver":
        prefetch = self._options.prefetch_count
        if self._topic:
            return client.get_subscription_receiver(self._topic, self._subscription, prefetch_count=prefetch)
        return client.get_queue_receiver(self._queue, prefetch_count=prefetch)


async def _persistently(settle: Callable[[], Awaitable[None]]) -> None:
    """Settle a message, again and again while the receiver is connecting; raises what is final."""
    from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError, ServiceBusError

    while True:
        try:
            return await settle()
        except (MessageLockLostError, MessageAlreadySettled):
            raise
        except (ServiceBusError, ValueError) as error:  # ValueError: the receiver is connecting again
            _logger.debug("a message is not settled yet: %s", error)
        await asyncio.sleep(_FIRST_DELAY_SECONDS)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return


def _body(message: Any) -> bytes:
    """A message's body as bytes; a value that AMQP carries as text or number becomes its text."""
    body = message.body
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    try:
        return b"".join(part if isinstance(part, bytes) else str(part).encode() for part in body)
    except TypeError:
        return str(body).encode()
