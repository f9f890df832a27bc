"""How long a message stays locked: as long as its function runs, with the real client against the broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from devhost.service_bus.lock_renewal import locks_renewed
from tests.support.broker import BrokerProcess, entities, need_broker, queue

need_broker()

LONG = timedelta(minutes=10)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    document = entities(queue("work", LockDuration="PT2S"))
    with BrokerProcess(tmp_path_factory.mktemp("broker"), document) as running:
        yield running


@pytest.fixture
async def client(broker: BrokerProcess) -> AsyncIterator[ServiceBusClient]:
    async with ServiceBusClient.from_connection_string(broker.connection_string) as connected:
        async with connected.get_queue_sender("work") as sender:
            await sender.send_messages(ServiceBusMessage("x"))
        yield connected


async def taken(receiver: ServiceBusReceiver, seconds: float) -> int:
    """Take what another receiver can get; returns how many deliveries of it had failed."""
    [message] = await receiver.receive_messages(1, max_wait_time=seconds)
    await receiver.complete_message(message)
    return message.delivery_count or 0


async def test_a_message_stays_locked_while_its_function_runs(client: ServiceBusClient) -> None:
    async with client.get_queue_receiver("work") as receiver, client.get_queue_receiver("work") as other:
        [message] = await receiver.receive_messages(1, max_wait_time=10)
        async with locks_renewed(receiver, [message], LONG):
            assert await other.receive_messages(1, max_wait_time=5) == []
            await receiver.complete_message(message)


async def test_a_message_that_was_not_settled_is_free_soon_after_its_function(
    client: ServiceBusClient,
) -> None:
    async with client.get_queue_receiver("work") as receiver, client.get_queue_receiver("work") as other:
        [message] = await receiver.receive_messages(1, max_wait_time=10)
        async with locks_renewed(receiver, [message], LONG):
            await asyncio.sleep(3)
        assert await taken(other, 6) == 1


async def test_a_lock_is_not_renewed_for_ever(client: ServiceBusClient) -> None:
    async with client.get_queue_receiver("work") as receiver, client.get_queue_receiver("work") as other:
        [message] = await receiver.receive_messages(1, max_wait_time=10)
        async with locks_renewed(receiver, [message], timedelta(seconds=2)):
            assert await taken(other, 10) == 1


async def test_a_renewal_ends_with_its_function_also_where_the_sdk_loses_the_cancellation() -> None:
    """As `asyncio.wait_for` does before Python 3.12, where an answer comes together with it."""
    asked = asyncio.Event()

    class Losing:
        renewals = 0

        async def renew_message_lock(self, message: Any) -> None:
            self.renewals += 1
            asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.5)
            message.locked_until_utc = datetime.now(UTC) + timedelta(seconds=0.1)

    receiver, message = Losing(), SimpleNamespace(message_id="m", locked_until_utc=datetime.now(UTC))
    async with asyncio.timeout(20):
        async with locks_renewed(cast("ServiceBusReceiver", receiver), [cast("Any", message)], LONG):
            await asked.wait()
    assert receiver.renewals == 1
