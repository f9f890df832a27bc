"""The app's queue and topic on the embedded broker, and what a test looks at there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue

from tests.support.local_host import ROOT

QUEUE, TOPIC, SUBSCRIPTION = "lesson-generation", "learning-events", "all"


def app_entities(**changes: object) -> dict[str, Any]:
    """Return the entities of the app's own file; `changes` are properties of the queue."""
    document: dict[str, Any] = json.loads((ROOT / "service-bus.json").read_text(encoding="utf-8"))
    [namespace] = document["UserConfig"]["Namespaces"]
    namespace["Queues"][0]["Properties"] |= changes
    return document


class Namespace:
    """What is in queue and topic, asked with the real client; every call has a connection of its own."""

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string

    @contextmanager
    def _client(self) -> Iterator[ServiceBusClient]:
        with ServiceBusClient.from_connection_string(self._connection_string) as client:
            yield client

    def send(self, body: Any, message_id: str, **properties: Any) -> None:
        """Send a message to the queue; bytes as they are, anything else as JSON."""
        self.send_all({message_id: body}, **properties)

    def send_all(self, bodies: Mapping[str, Any], **properties: Any) -> None:
        """Send messages by their ids, over one connection."""
        with self._client() as client, client.get_queue_sender(QUEUE) as sender:
            for message_id, body in bodies.items():
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                sender.send_messages(ServiceBusMessage(raw, message_id=message_id, **properties))

    def queued(self) -> list[Any]:
        """Return what is in the queue."""
        with self._client() as client, client.get_queue_receiver(QUEUE) as receiver:
            return list(receiver.peek_messages(250, sequence_number=1))

    def dead(self) -> list[Any]:
        """Return the dead letters of the queue."""
        dead_letters = ServiceBusSubQueue.DEAD_LETTER
        with self._client() as client, client.get_queue_receiver(QUEUE, sub_queue=dead_letters) as receiver:
            return list(receiver.peek_messages(250, sequence_number=1))

    def events(self) -> list[dict[str, Any]]:
        """Return all events of the topic, oldest first."""
        return [json.loads(str(message)) for message in self.event_messages()]

    def event_messages(self) -> list[Any]:
        """Return all events as messages."""
        with (
            self._client() as client,
            client.get_subscription_receiver(TOPIC, SUBSCRIPTION) as receiver,
        ):
            found: list[Any] = []
            first = 1
            while page := receiver.peek_messages(250, sequence_number=first):
                found += page
                first = (page[-1].sequence_number or 0) + 1
            return found

    def dead_letter(self, count: int, reason: str = "tests") -> None:
        """Put the first messages of the queue aside, as a consumer may."""
        with self._client() as client, client.get_queue_receiver(QUEUE) as receiver:
            while count:
                for message in receiver.receive_messages(count, max_wait_time=5):
                    receiver.dead_letter_message(message, reason=reason, error_description="by a test")
                    count -= 1

    def take(self, count: int) -> list[Any]:
        """Receive and complete messages of the queue."""
        found: list[Any] = []
        with self._client() as client, client.get_queue_receiver(QUEUE) as receiver:
            while len(found) < count and (
                messages := receiver.receive_messages(count - len(found), max_wait_time=5)
            ):
                for message in messages:
                    receiver.complete_message(message)
                found += messages
        return found


def until(holds: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait until something is true; returns it."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
    return found


def ids(messages: Iterable[Any]) -> list[str]:
    """Return the ids of messages."""
    return [str(message.message_id) for message in messages]


def broker_folder(folder: Path) -> Path:
    """Return where a broker of a test keeps its messages."""
    return folder / "broker"
