"""Service Bus in a run: the embedded broker, a proxy that loses connections, a sender and a subscriber."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import ServiceBusError

from tests.faults.evidence import DeadLetter, Event
from tests.support.broker import BrokerProcess
from tests.support.connection_cutter import ConnectionCutter
from tests.support.function_table import ROOT

QUEUE, TOPIC, SUBSCRIPTION = "lesson-generation", "learning-events", "all"
LOCK_DURATION = "PT5S"
PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class BusUnderTest:
    """One empty namespace with the app's own entities."""

    def __init__(self, folder: Path) -> None:
        self._broker = BrokerProcess(folder / "broker", _entities())
        self._direct = self._broker.connection_string
        port = int(self._direct.split("127.0.0.1:", 1)[1].split(";", 1)[0])
        self._cutter = ConnectionCutter(port)
        self.settings: dict[str, str] = {}
        self._events: list[Event] = []
        self._over = threading.Event()
        self._subscriber = threading.Thread(target=self._subscribe, name="subscriber", daemon=True)

    def __enter__(self) -> Self:
        self._broker.start()
        self._cutter.__enter__()
        through = self._direct.replace(
            self._direct.split(";", 1)[0], f"Endpoint=sb://127.0.0.1:{self._cutter.port}"
        )
        self.settings = {"ServiceBusConnection": through}
        self._subscriber.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._subscriber.join()
        self._cutter.__exit__()
        self._broker.__exit__(None, None, None)

    # ------------------------------------------------------------------ what breaks
    def breakage(self, kind: str) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return what begins and what ends a breakage."""
        if kind == "kill broker":
            return self._kill, _nothing
        if kind == "connections cut":
            return lambda: _discard(self._cutter.cut()), _nothing
        return lambda: _discard(self._cutter.leave()), self._cutter.come_back

    def _kill(self) -> None:
        self._broker.kill()
        self._broker.start()

    # ------------------------------------------------------------------ what other back ends do
    def send(self, body: bytes, message_id: str, correlation_id: str) -> None:
        """Send a message until the broker has taken it; a repeat has the same id."""

        def attempt(client: ServiceBusClient) -> None:
            with client.get_queue_sender(QUEUE) as sender:
                sender.send_messages(
                    ServiceBusMessage(body, message_id=message_id, correlation_id=correlation_id)
                )

        self._persist(attempt)

    def events(self) -> list[Event]:
        """Return every event that the subscriber has received when none is left, repeats included."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while self._peek(lambda client: client.get_subscription_receiver(TOPIC, SUBSCRIPTION)):
            if time.monotonic() > give_up_at:
                break
            time.sleep(_PAUSE_SECONDS)
        return list(self._events)

    def waiting(self) -> int:
        """Return how many messages of the queue wait or are being handled."""
        return len(self._peek(lambda client: client.get_queue_receiver(QUEUE)))

    def dead_letters(self) -> list[DeadLetter]:
        """Return the queue's dead letters."""
        return [
            DeadLetter(
                str(message.message_id), str(message.dead_letter_reason), json.loads(str(message))["user_id"]
            )
            for message in self._peek(
                lambda client: client.get_queue_receiver(QUEUE, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
            )
        ]

    def _peek(self, open_receiver: Callable[[ServiceBusClient], ServiceBusReceiver]) -> list[Any]:
        found: list[Any] = []

        def attempt(client: ServiceBusClient) -> None:
            found.clear()
            with open_receiver(client) as receiver:
                while page := receiver.peek_messages(
                    100, sequence_number=found[-1].sequence_number + 1 if found else 0
                ):
                    found.extend(page)

        self._persist(attempt)
        return found

    def _persist(self, attempt: Callable[[ServiceBusClient], None]) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with ServiceBusClient.from_connection_string(self._direct, retry_total=0) as client:
                    return attempt(client)
            except ServiceBusError:
                if time.monotonic() > give_up_at:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def _subscribe(self) -> None:
        while not self._over.is_set():
            try:
                with (
                    ServiceBusClient.from_connection_string(self._direct, retry_total=0) as client,
                    client.get_subscription_receiver(
                        TOPIC, SUBSCRIPTION, receive_mode=ServiceBusReceiveMode.PEEK_LOCK
                    ) as receiver,
                ):
                    self._receive(receiver)
            except ServiceBusError:
                time.sleep(_PAUSE_SECONDS)

    def _receive(self, receiver: Any) -> None:
        while not self._over.is_set():
            for message in receiver.receive_messages(50, max_wait_time=0.5):
                # What was received and not completed comes again: its id is the same.
                self._events.append(Event(str(message.message_id), json.loads(str(message))))
                receiver.complete_message(message)


def _entities() -> dict[str, Any]:
    """Return the app's own entities; what is locked when a connection is lost comes back within seconds."""
    document: dict[str, Any] = json.loads((ROOT / "service-bus.json").read_text(encoding="utf-8"))
    [queue] = document["UserConfig"]["Namespaces"][0]["Queues"]
    queue["Properties"]["LockDuration"] = LOCK_DURATION
    return document


def _discard(_: int) -> None:
    """What a cut answers is for nobody here."""


def _nothing() -> None:
    """What ends by itself."""
