"""The embedded broker under the host: when it is there, what it says, what a queue trigger gets from it."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue

from tests.support.broker import entities, need_broker, queue, topic
from tests.support.local_host import ROOT, LocalHost

need_broker()

APP = ROOT / "tests" / "devhost" / "apps" / "basics"
SETTINGS = {"STARTUP_SCHEDULE": "0 0 5 * * *", "QUEUE": "lessons"}


def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


class Notes:
    """What the app's functions wrote down."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def messages(self) -> list[dict[str, Any]]:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [note for line in lines if (note := json.loads(line))["function"] == "on_message"]

    def wait_for(self, body: str, deliveries: int = 1) -> list[dict[str, Any]]:
        until(lambda: len(self.of(body)) >= deliveries, f"{deliveries} deliveries of {body}")
        return self.of(body)

    def of(self, body: str) -> list[dict[str, Any]]:
        return [note for note in self.messages() if note["body"] == body]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LocalHost]:
    settings = {**SETTINGS, "NOTES": str(tmp_path / "notes")}
    with LocalHost(APP, settings=settings, data=tmp_path / "data") as running:
        yield running


def send(host: LocalHost, *messages: ServiceBusMessage, to: str = "lessons") -> None:
    with (
        ServiceBusClient.from_connection_string(host.service_bus()) as client,
        client.get_queue_sender(to) as sender,
    ):
        for message in messages:
            sender.send_messages(message)


def left(host: LocalHost, sub_queue: ServiceBusSubQueue | None = None) -> list[str]:
    with (
        ServiceBusClient.from_connection_string(host.service_bus()) as client,
        client.get_queue_receiver("lessons", sub_queue=sub_queue) as receiver,
    ):
        return [str(message) for message in receiver.peek_messages(10, sequence_number=1)]


def test_a_trigger_gets_its_messages_and_what_it_refuses_comes_again(host: LocalHost, notes: Notes) -> None:
    text = "\n".join(host.output)
    assert "not started" not in text
    assert "Service Bus: no service-bus.json, so the entities are what the triggers name" in text
    send(
        host,
        ServiceBusMessage("hello", message_id="m-1", application_properties={"kind": "lesson"}),
        ServiceBusMessage("poison", message_id="m-2"),
    )
    (hello,) = notes.wait_for("hello")
    assert (hello["message_id"], hello["properties"]) == ("m-1", {"kind": "lesson"})
    deliveries = notes.wait_for("poison", 3)
    assert [note["delivery_count"] for note in deliveries] == [1, 2, 3]
    until(lambda: left(host) == [], "the end of both messages")


def test_a_running_message_is_completed_before_the_host_ends(host: LocalHost, notes: Notes) -> None:
    send(host, ServiceBusMessage("slow"))
    notes.wait_for("slow")
    assert host.stop() == 0
    host.start()
    assert left(host) == []
    assert len(notes.of("slow")) == 1


def test_a_killed_broker_is_started_again_on_its_port_with_its_messages(
    host: LocalHost, notes: Notes
) -> None:
    victim = host.broker_process_id()
    assert victim is not None
    send(host, ServiceBusMessage("before"))
    notes.wait_for("before")
    until(lambda: left(host) == [], "its completion")
    os.kill(victim, signal.SIGKILL)
    send(host, ServiceBusMessage("after"))
    notes.wait_for("after")
    assert host.broker_process_id() not in {None, victim}
    assert len(notes.of("before")) == 1
    host.wait_for_log(f"broker (process {victim}) was ended by SIGKILL; starting it again")


def test_no_broker_where_a_namespace_is_set(tmp_path: Path) -> None:
    settings = {**SETTINGS, "NOTES": str(tmp_path / "notes"), "AzureWebJobs.on_message.Disabled": "true"}
    name = {"ServiceBusConnection__fullyQualifiedNamespace": "name.servicebus.windows.net"}
    with LocalHost(APP, settings={**settings, **name}) as running:
        assert running.broker_process_id() is None
        assert "Service Bus:" not in "\n".join(running.output)


def test_no_broker_without_a_trigger_or_a_file(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import azure.functions as f\na = f.FunctionApp()\n")
    with LocalHost(app) as running:
        assert running.broker_process_id() is None


_TWO_TRIGGERS = """
import os
import azure.functions as f
app = f.FunctionApp()
assert os.environ["ServiceBusConnection"].startswith("Endpoint=sb://127.0.0.1:")

@app.service_bus_topic_trigger(
    arg_name="message", topic_name="news", subscription_name="mine", connection="ServiceBusConnection"
)
def on_news(message: f.ServiceBusMessage) -> None:
    raise RuntimeError(message.get_body().decode())

@app.service_bus_queue_trigger(arg_name="message", queue_name="far", connection="Elsewhere")
def on_far(message: f.ServiceBusMessage) -> None:
    pass
"""


def test_a_topic_trigger_and_the_files_entities(tmp_path: Path) -> None:
    """An exception abandons at once and the broker dead-letters: no delay, no reason of the host's own."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text(_TWO_TRIGGERS)
    document = entities(queue("extra"), topics=[topic("news", "mine", "others")])
    (app / "service-bus.json").write_text(json.dumps(document))
    with LocalHost(app) as running:
        text = "\n".join(running.output)
        assert "far  (not started: no Elsewhere)" in text
        assert "no service-bus.json" not in text
        with ServiceBusClient.from_connection_string(running.service_bus()) as client:
            with client.get_topic_sender("news") as sender:
                sender.send_messages(ServiceBusMessage("never"))
            begun = time.monotonic()
            dead = ServiceBusSubQueue.DEAD_LETTER
            with client.get_subscription_receiver("news", "mine", sub_queue=dead) as receiver:
                (message,) = receiver.receive_messages(1, max_wait_time=20)
                receiver.complete_message(message)
            assert time.monotonic() - begun < 10, "ten deliveries burn in seconds"
            assert str(message) == "never"
            assert message.dead_letter_reason == "MaxDeliveryCountExceeded"
            assert running.log().count("RuntimeError: never") == 10
            with client.get_subscription_receiver("news", "others") as receiver:
                assert len(receiver.peek_messages()) == 1
            with client.get_queue_sender("extra") as sender:
                sender.send_messages(ServiceBusMessage("x"))


def devhost(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "devhost", "--port", "0", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_wrong_file_is_one_line_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bus.json"
    file.write_text(json.dumps(entities(queue("q", LockDuration="PT6M"))))
    run = devhost("--app", str(APP), "--data", str(tmp_path / "data"), "--service-bus", str(file))
    assert run.returncode == 1
    assert "UserConfig.Namespaces[0].Queues[0].Properties.LockDuration must be" in run.stderr
    assert run.stderr.count("\n") == 1


def test_without_the_library_the_trigger_is_not_started_and_the_host_says_how(tmp_path: Path) -> None:
    """A module that hides proton stands for a machine that could not build it."""
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    finder = (
        "import importlib.machinery as m\nfound = m.PathFinder.find_spec\n"
        "def find(cls, name, path=None, target=None):\n"
        "    return None if name in ('proton', 'cproton') else found(name, path, target)\n"
        "m.PathFinder.find_spec = classmethod(find)\n"
    )
    (hiding / "sitecustomize.py").write_text(finder)
    settings = {**SETTINGS, "NOTES": str(tmp_path / "notes")}
    assert importlib.util.find_spec("proton") is not None
    with LocalHost(APP, settings=settings, env={"PYTHONPATH": str(hiding)}) as running:
        note = "(not started: no ServiceBusConnection (the embedded broker needs python-qpid-proton))"
        assert f"lessons  {note}" in "\n".join(running.output)
        assert running.broker_process_id() is None
        running.wait_for_log("no embedded Service Bus broker: pip install 'python-qpid-proton")
