"""Receiving as the extension does: how many at once, how long locked, and what a death in between does."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from tests.support.broker import entities, need_broker, queue
from tests.support.local_host import ROOT, LocalHost

need_broker()

APP = ROOT / "tests" / "devhost" / "apps" / "queue"


class Host:
    """The app on a host, with a lock duration of the test's choice."""

    def __init__(self, host: LocalHost, file: Path) -> None:
        self.host, self._file = host, file

    def send(self, *messages: tuple[str, float]) -> None:
        with (
            ServiceBusClient.from_connection_string(self.host.service_bus()) as client,
            client.get_queue_sender("work") as sender,
        ):
            sender.send_messages(
                [ServiceBusMessage(str(seconds), message_id=name) for name, seconds in messages]
            )

    def left(self) -> list[str | None]:
        with (
            ServiceBusClient.from_connection_string(self.host.service_bus()) as client,
            client.get_queue_receiver("work") as receiver,
        ):
            return [message.message_id for message in receiver.peek_messages(50, sequence_number=1)]

    def notes(self, event: str = "") -> list[dict[str, Any]]:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        notes = [json.loads(line) for line in lines]
        return [note for note in notes if event in {"", note["event"]}]

    def wait_for(self, event: str, count: int, seconds: float = 40.0) -> list[dict[str, Any]]:
        self.until(lambda: len(self.notes(event)) >= count, f"{count} {event}", seconds)
        return self.notes(event)

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {what}; {self.notes()}"
            time.sleep(0.05)


@contextmanager
def running(folder: Path, lock: str, **env: str) -> Iterator[Host]:
    file = folder / "bus.json"
    file.write_text(json.dumps(entities(queue("work", LockDuration=lock))))
    settings = {"NOTES": str(folder / "notes")}
    with LocalHost(APP, settings=settings, env=env, data=folder / "data", service_bus=file) as host:
        yield Host(host, folder / "notes")


def test_no_more_than_max_concurrent_calls_at_once(tmp_path: Path) -> None:
    with running(tmp_path, "PT1M") as app:
        app.send(*((f"m{number}", 0.5) for number in range(6)))
        app.wait_for("ended", 6)
        busy, most = 0, 0
        for note in app.notes():
            busy += 1 if note["event"] == "begun" else -1
            most = max(most, busy)
        assert most == 2
        app.until(lambda: app.left() == [], "the end of all messages")


def test_a_lock_is_renewed_as_long_as_the_function_runs(tmp_path: Path) -> None:
    with running(tmp_path, "PT5S") as app:
        app.send(("long", 9))
        app.wait_for("ended", 1)
        app.until(lambda: app.left() == [], "the end of the message")
        assert [note["deliveries"] for note in app.notes("begun")] == [1]


def test_a_lock_is_not_renewed_beyond_the_limit(tmp_path: Path) -> None:
    limit = {"AzureFunctionsJobHost__extensions__serviceBus__maxAutoLockRenewalDuration": "00:00:00"}
    with running(tmp_path, "PT2S", **limit) as app:
        app.send(("long", 4))
        assert [note["deliveries"] for note in app.wait_for("begun", 2)] == [1, 2]
        app.wait_for("ended", 1)
        app.host.wait_for_log("message long of 'work' could not be settled")


def test_a_dead_app_process_gives_its_message_back_at_once(tmp_path: Path) -> None:
    with running(tmp_path, "PT5M") as app:
        app.send(("x", 2))
        (first,) = app.wait_for("begun", 1)
        os.kill(first["process"], signal.SIGKILL)
        _, second = app.wait_for("begun", 2)
        assert second["deliveries"] == 2
        app.wait_for("ended", 1)
        app.until(lambda: app.left() == [], "the end of the message")


def test_a_dead_engine_leaves_its_message_locked(tmp_path: Path) -> None:
    with running(tmp_path, "PT5S") as app:
        app.send(("x", 2))
        app.wait_for("begun", 1)
        engine = app.host.engine_process_id()
        assert engine is not None
        os.kill(engine, signal.SIGKILL)
        killed = time.monotonic()
        _, second = app.wait_for("begun", 2)
        assert second["deliveries"] == 2
        assert time.monotonic() - killed > 2, "the lock had to run out first"
        app.until(lambda: app.left() == [], "the end of the message")


@pytest.mark.slow
def test_messages_outlive_brokers_that_die_again_and_again(tmp_path: Path) -> None:
    with running(tmp_path, "PT1M") as app:
        names = [f"m{number}" for number in range(40)]
        app.send(*((name, 0.1) for name in names))
        for _ in range(3):
            time.sleep(0.7)
            victim = app.host.broker_process_id()
            assert victim is not None
            os.kill(victim, signal.SIGKILL)
            app.until(lambda: app.host.broker_process_id() not in {None, victim}, "the next broker")  # noqa: B023
        app.until(lambda: {note["id"] for note in app.notes("ended")} == set(names), "every message")
        app.until(lambda: app.left() == [], "the end of all messages")
