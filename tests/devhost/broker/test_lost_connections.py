"""A trigger whose connection to the broker is lost at the wire: what was under way comes again, soon."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from tests.support.broker import BrokerProcess, entities, need_broker, queue
from tests.support.connection_cutter import ConnectionCutter
from tests.support.local_host import ROOT, LocalHost

need_broker()

APP = ROOT / "tests" / "devhost" / "apps" / "queue"
LOCK_SECONDS = 20


class Bus:
    """The broker and the way to it; the test itself speaks to the broker directly."""

    def __init__(self, broker: BrokerProcess, cutter: ConnectionCutter, notes: Path) -> None:
        self._direct, self._notes = broker.connection_string, notes
        self.cutter = cutter

    def send(self, name: str, seconds: float) -> None:
        with (
            ServiceBusClient.from_connection_string(self._direct) as client,
            client.get_queue_sender("work") as sender,
        ):
            sender.send_messages(ServiceBusMessage(str(seconds), message_id=name))

    def left(self) -> int:
        with (
            ServiceBusClient.from_connection_string(self._direct) as client,
            client.get_queue_receiver("work") as receiver,
        ):
            return len(receiver.peek_messages(50, sequence_number=1))

    def notes(self, event: str) -> list[dict[str, Any]]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [note for line in lines if (note := json.loads(line))["event"] == event]

    def until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {what}"
            time.sleep(0.05)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    work = queue("work", LockDuration=f"PT{LOCK_SECONDS}S", MaxDeliveryCount=20)
    with BrokerProcess(tmp_path / "broker", entities(work)) as broker:
        port = int(broker.connection_string.split("127.0.0.1:")[1].split(";")[0])
        with ConnectionCutter(port) as cutter:
            through = broker.connection_string.replace(f":{port};", f":{cutter.port};")
            env = {
                "NOTES": str(tmp_path / "notes"),
                "ServiceBusConnection": through,
                "AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": "16",
            }
            with LocalHost(APP, env=env, data=tmp_path / "data"):
                yield Bus(broker, cutter, tmp_path / "notes")


def test_a_function_that_ends_while_the_broker_is_away_completes_its_message_afterwards(bus: Bus) -> None:
    bus.send("x", 1)
    bus.until(lambda: bool(bus.notes("begun")), "the delivery", 20)
    bus.cutter.leave()
    bus.until(lambda: bool(bus.notes("ended")), "the end of the function", 20)
    time.sleep(2)
    bus.cutter.come_back()
    bus.until(lambda: bus.left() == 0, "the end of the message", 30)
    assert len(bus.notes("begun")) == 1


def test_messages_outlast_any_number_of_lost_connections(bus: Bus) -> None:
    names = [f"m{number}" for number in range(20)]
    for name in names:
        bus.send(name, 0.5)
        time.sleep(0.1)
        bus.cutter.cut()
    bus.until(lambda: bus.left() == 0, "the end of all messages", 2 * LOCK_SECONDS + 20)
    assert {note["id"] for note in bus.notes("ended")} == set(names)
