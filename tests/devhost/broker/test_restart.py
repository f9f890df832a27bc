"""What a kill -9 of the broker leaves, and what it makes of clients that talk nonsense."""

import contextlib
import gc
import socket
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import AutoLockRenewer, ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError

from tests.support.broker import BrokerProcess, entities, need_broker, queue, topic

need_broker()

DOCUMENT = entities(
    queue("kept", RequiresDuplicateDetection=True, DeadLetteringOnMessageExpiration=True),
    queue("twice", MaxDeliveryCount=2),
    queue("short-lock", LockDuration="PT5S"),
    topics=[topic("news", "one", "two")],
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path / "broker", DOCUMENT) as running:
        yield running


@pytest.fixture
async def client(broker: BrokerProcess) -> AsyncIterator[ServiceBusClient]:
    async with ServiceBusClient.from_connection_string(broker.connection_string) as connected:
        yield connected
    with warnings.catch_warnings():
        # The client drops the transport of a connection that broke without closing it.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def send(client: ServiceBusClient, name: str, *messages: ServiceBusMessage) -> None:
    async with client.get_queue_sender(name) as sender:
        for message in messages:
            await sender.send_messages(message)


async def bodies(receiver: ServiceBusReceiver, count: int) -> list[str]:
    messages = await receiver.receive_messages(count, max_wait_time=5)
    return [str(message) for message in messages]


def restart(broker: BrokerProcess) -> None:
    broker.kill()
    broker.start()


async def test_accepted_messages_survive_a_kill_at_once(
    broker: BrokerProcess, client: ServiceBusClient
) -> None:
    later = datetime.now(UTC) + timedelta(seconds=2)
    async with client.get_queue_sender("twice") as sender:
        await sender.schedule_messages(ServiceBusMessage("later"), later)
    async with client.get_queue_sender("kept") as sender:
        await sender.send_messages(ServiceBusMessage("a", message_id="1"))
        await sender.send_messages([ServiceBusMessage("b"), ServiceBusMessage("c")])
    async with client.get_queue_receiver("kept") as receiver:
        (message,) = await receiver.receive_messages(1)
        assert str(message) == "a"
        await receiver.defer_message(message)
        (dead,) = await receiver.receive_messages(1)
        await receiver.dead_letter_message(dead, reason="why", error_description="because")
    restart(broker)
    await send(client, "kept", ServiceBusMessage("a again", message_id="1"), ServiceBusMessage("d"))
    async with client.get_queue_receiver("kept") as receiver:
        (deferred,) = await receiver.receive_deferred_messages(message.sequence_number or 0)
        assert (str(deferred), deferred.delivery_count) == ("a", 1)
        await receiver.complete_message(deferred)
        messages: list[ServiceBusReceivedMessage] = []
        while len(messages) < 2:
            messages += await receiver.receive_messages(2 - len(messages), max_wait_time=5)
        assert [str(each) for each in messages] == ["c", "d"]
        assert [each.sequence_number for each in messages] == [3, 4]  # numbers go on
    async with client.get_queue_receiver("kept", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        (dead,) = await receiver.receive_messages(1)
        assert (str(dead), dead.dead_letter_reason) == ("b", "why")
        assert dead.dead_letter_error_description == "because"
    async with client.get_queue_receiver("twice") as receiver:
        (due,) = await receiver.receive_messages(1, max_wait_time=5)
        assert str(due) == "later"
        assert datetime.now(UTC) >= later - timedelta(milliseconds=5)


async def test_a_lock_lapses_with_the_broker_and_the_delivery_has_failed(
    broker: BrokerProcess, client: ServiceBusClient
) -> None:
    await send(client, "twice", ServiceBusMessage("x"))
    async with client.get_queue_receiver("twice") as receiver:
        (message,) = await receiver.receive_messages(1)
        restart(broker)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)
        (again,) = await receiver.receive_messages(1, max_wait_time=10)
        assert again.delivery_count == 1
    restart(broker)
    async with client.get_queue_receiver("twice") as receiver:
        assert await receiver.peek_messages() == []
    async with client.get_queue_receiver("twice", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        (dead,) = await receiver.receive_messages(1)
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"


async def test_all_copies_of_an_event_survive(broker: BrokerProcess, client: ServiceBusClient) -> None:
    async with client.get_topic_sender("news") as sender:
        await sender.send_messages(ServiceBusMessage("event"))
        await sender.schedule_messages(ServiceBusMessage("due"), datetime.now(UTC) + timedelta(seconds=1))
    restart(broker)
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    for name in ("one", "two"):
        async with client.get_subscription_receiver("news", name, receive_mode=mode) as receiver:
            got = await bodies(receiver, 1) + await bodies(receiver, 1)
            assert got == ["event", "due"]


async def test_a_renewed_lock_holds(client: ServiceBusClient) -> None:
    await send(client, "short-lock", ServiceBusMessage("x"))
    async with (
        AutoLockRenewer(max_lock_renewal_duration=30) as renewer,
        client.get_queue_receiver("short-lock", auto_lock_renewer=renewer) as receiver,
    ):
        (message,) = await receiver.receive_messages(1)
        assert await receiver.receive_messages(1, max_wait_time=8) == []
        await receiver.complete_message(message)


async def test_receivers_share_what_is_there(broker: BrokerProcess, client: ServiceBusClient) -> None:
    async with client.get_queue_receiver("kept", prefetch_count=20) as first:
        assert await first.receive_messages(1, max_wait_time=1) == []
        async with client.get_queue_receiver("kept", prefetch_count=20) as second:
            assert await second.receive_messages(1, max_wait_time=1) == []
            await send(client, "kept", *(ServiceBusMessage(str(number)) for number in range(10)))
            shares = [
                await first.receive_messages(20, max_wait_time=2),
                await second.receive_messages(20, max_wait_time=2),
            ]
            assert [len(share) for share in shares] == [5, 5]


async def test_a_stopped_broker_says_so(broker: BrokerProcess, client: ServiceBusClient) -> None:
    await send(client, "kept", ServiceBusMessage("x"))
    assert broker.stop() == 0
    broker.start()
    async with client.get_queue_receiver("kept") as receiver:
        assert await bodies(receiver, 1) == ["x"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 100,
        b"AMQP\x00\x01\x00\x00" + b"\xff" * 500,
        b"AMQP\x03\x01\x00\x00\x00",
    ],
)
async def test_a_client_that_talks_nonsense_harms_nobody(
    nonsense: bytes, broker: BrokerProcess, client: ServiceBusClient
) -> None:
    address = urlsplit(broker.connection_string.split(";")[0].removeprefix("Endpoint="))
    for _ in range(3):
        with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
            connection.sendall(nonsense)
            connection.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                connection.recv(100)
    process = broker.process_id
    await send(client, "kept", ServiceBusMessage("x"))
    async with client.get_queue_receiver("kept") as receiver:
        assert await bodies(receiver, 1) == ["x"]
    assert broker.process_id == process
