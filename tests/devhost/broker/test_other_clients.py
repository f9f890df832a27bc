"""What Python's client of Service Bus never does, but others may; and a disk that fails."""

import contextlib
import gc
import resource
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusError

from tests.support.broker import BrokerProcess, entities, need_broker, queue

need_broker()

import proton  # noqa: E402 - not on every machine
from proton.utils import BlockingConnection  # noqa: E402


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path / "broker", entities(queue("q"))) as running:
        yield running


@pytest.fixture
def connection(broker: BrokerProcess) -> Iterator[Any]:
    address = broker.connection_string.split(";")[0].removeprefix("Endpoint=sb://")
    connected = BlockingConnection(f"amqp://{address}", allowed_mechs="ANONYMOUS")
    yield connected
    connected.close()


def send(broker: BrokerProcess, body: bytes, properties: dict[str | bytes, Any] | None = None) -> None:
    with (
        ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0) as client,
        client.get_queue_sender("q") as sender,
    ):
        sender.send_messages(ServiceBusMessage(body, application_properties=properties))


def take(broker: BrokerProcess, sub_queue: ServiceBusSubQueue | None = None) -> list[Any]:
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_receiver("q", sub_queue=sub_queue, receive_mode=mode) as receiver,
    ):
        return receiver.receive_messages(50, max_wait_time=3)


def receive(connection: Any) -> tuple[Any, Any]:
    receiver = connection.create_receiver("q")
    receiver.receive(timeout=10)
    return receiver, receiver.fetcher.unsettled[-1]


def settle(connection: Any, receiver: Any, delivery: Any, outcome: int) -> None:
    """Settle, and wait until the broker has said what became of it."""
    delivery.update(outcome)
    connection.wait(lambda: delivery.remote_state != 0, timeout=10)
    delivery.settle()
    receiver.close()


def test_an_abandoned_message_takes_the_changes_of_its_properties(
    broker: BrokerProcess, connection: Any
) -> None:
    send(broker, b"x", {"a": "1", "b": "2"})
    receiver, delivery = receive(connection)
    delivery.local.failed = True
    delivery.local.annotations = {proton.symbol("b"): "changed", proton.symbol("tries"): 1}
    settle(connection, receiver, delivery, proton.Delivery.MODIFIED)
    (message,) = take(broker)
    assert message.application_properties == {b"a": b"1", b"b": b"changed", b"tries": 1}
    assert (list(message.body), message.delivery_count) == ([b"x"], 1)


def test_a_rejected_message_is_a_dead_letter_with_its_properties(
    broker: BrokerProcess, connection: Any
) -> None:
    send(broker, b"x", {"a": "1"})
    receiver, delivery = receive(connection)
    info: Any = {proton.symbol("DeadLetterReason"): "why", proton.symbol("more"): "told"}
    delivery.local.condition = proton.Condition("com.microsoft:dead-letter", "because", info)
    settle(connection, receiver, delivery, proton.Delivery.REJECTED)
    (dead,) = take(broker, ServiceBusSubQueue.DEAD_LETTER)
    assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("why", "because")
    assert dead.application_properties[b"more"] == b"told"


def test_a_released_message_was_not_delivered(broker: BrokerProcess, connection: Any) -> None:
    send(broker, b"x")
    for _ in range(12):
        receiver, delivery = receive(connection)
        settle(connection, receiver, delivery, proton.Delivery.RELEASED)
    (message,) = take(broker)
    assert message.delivery_count == 0


def test_more_than_256_kb_is_refused_whoever_sends_it(broker: BrokerProcess, connection: Any) -> None:
    sender = connection.create_sender("q")
    with pytest.raises(proton.utils.SendException) as refused:
        sender.send(proton.Message(body=b"x" * 300_000, inferred=True))
    assert refused.value.state == proton.Delivery.REJECTED
    sender.send(proton.Message(body=b"x", inferred=True))
    assert len(take(broker)) == 1


def test_what_is_no_message_is_refused(broker: BrokerProcess, connection: Any) -> None:
    sender = connection.create_sender("q")
    sender.link.delivery("1")
    sender.link.stream(b"nonsense")
    sender.link.advance()
    delivery = sender.link.unsettled  # one, until the broker answers
    assert delivery == 1
    sender.send(proton.Message(body=b"x", inferred=True))
    assert [list(message.body) for message in take(broker)] == [[b"x"]]


def until_it_fails(act: Callable[[], None]) -> Iterator[None]:
    with contextlib.suppress(ServiceBusError):
        for _ in range(20):
            act()
            yield
    with warnings.catch_warnings():
        # The client drops the socket of a connection that broke without closing it.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_where_the_disk_is_full_nothing_that_was_accepted_is_lost(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    """The broker ends and, started again, has exactly what it confirmed."""
    send(broker, b"first")
    limit = (tmp_path / "broker" / "service-bus.db-wal").stat().st_size + 500_000
    resource.prlimit(broker.process_id, resource.RLIMIT_FSIZE, (limit, limit))
    accepted = 1 + sum(1 for _ in until_it_fails(lambda: send(broker, b"x" * 100_000)))
    assert broker.wait() == 1
    assert 1 < accepted < 20
    broker.start()
    assert len(take(broker)) == accepted
    send(broker, b"last")
    assert len(take(broker)) == 1
