"""What the fault tests close for the SDK hides no leak of our own."""

from __future__ import annotations

import gc
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError

from tests.support.broker import BrokerProcess, need_broker
from tests.support.connection_cutter import ConnectionCutter
from tests.support.sdk_sockets import closed_for_the_sdk
from tests.support.service_bus import QUEUE, app_entities, broker_folder

need_broker()


@pytest.fixture
def through_nothing(tmp_path: Path) -> Iterator[str]:
    """Return a connection string behind which every connection is reset."""
    broker = BrokerProcess(broker_folder(tmp_path), app_entities())
    port = broker.connection_string.split("127.0.0.1:")[1].split(";")[0]
    with broker, ConnectionCutter(int(port)) as cutter:
        cutter.leave()
        yield broker.connection_string.replace(port, str(cutter.port))


def leaked() -> list[str]:
    """Collect, and return what was collected open."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        gc.collect()
    return [str(one.message) for one in found if issubclass(one.category, ResourceWarning)]


def fail_to_send(connection_string: str) -> None:
    """Send as one should, and be cut off."""
    with (
        pytest.raises(ServiceBusError),
        ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client,
        client.get_queue_sender(QUEUE) as sender,
    ):
        sender.send_messages(ServiceBusMessage(b"{}"))


def leave_a_socket() -> None:
    class Holder:
        """Refers to itself, so that only the collector finds it."""

        def __init__(self) -> None:
            self.itself, self.socket = self, socket.socket()

    Holder()


def test_what_the_sdk_leaves_is_closed_and_what_we_leave_is_seen(through_nothing: str) -> None:
    leaked()
    with closed_for_the_sdk():
        fail_to_send(through_nothing)
        assert leaked() == []
        leave_a_socket()
        [ours] = leaked()
        assert ours.startswith("unclosed <socket.socket")
    assert leaked() == []
    fail_to_send(through_nothing)
    assert leaked() != [], "a newer SDK leaves nothing: this is needed no longer"
