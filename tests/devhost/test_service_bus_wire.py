"""A queue trigger over AMQP: received, run, settled."""

import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.local_host import LocalHost
from tests.support.tools import need

need("python-qpid-proton", found=importlib.util.find_spec("proton") is not None)

from tests.support.service_bus_broker import ServiceBusBroker  # noqa: E402 - it needs proton

APP = Path(__file__).parent / "apps" / "basics"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_messages_are_run_and_settled(tmp_path: Path) -> None:
    settings = {"STARTUP_SCHEDULE": "0 0 5 * * *", "QUEUE": "lessons", "NOTES": str(tmp_path / "notes")}
    with ServiceBusBroker() as broker:
        env = {"ServiceBusConnection": broker.connection_string}
        with LocalHost(APP, settings=settings, env=env) as host:
            assert "not started" not in "\n".join(host.output)
            broker.send(b"hello", "m-1", kind="lesson")
            broker.send(b"poison", "m-2")
            until(lambda: ("m-2", "completed") in broker.settled)
            until(lambda: ("m-1", "completed") in broker.settled)
            assert host.stop() == 0
    assert [outcome for name, outcome in broker.settled if name == "m-1"] == ["completed"]
    refused = [outcome for name, outcome in broker.settled if name == "m-2"]
    assert refused == ["abandoned", "abandoned", "completed"]
    notes = [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]
    received = [note for note in notes if note["function"] == "on_message"]
    assert [n["delivery_count"] for n in received if n["message_id"] == "m-2"] == [1, 2, 3]
    assert next(n["properties"] for n in received if n["message_id"] == "m-1") == {"kind": "lesson"}


def test_a_running_message_is_completed_before_the_host_ends(tmp_path: Path) -> None:
    settings = {"STARTUP_SCHEDULE": "0 0 5 * * *", "QUEUE": "lessons", "NOTES": str(tmp_path / "notes")}
    with ServiceBusBroker() as broker:
        with LocalHost(
            APP, settings=settings, env={"ServiceBusConnection": broker.connection_string}
        ) as host:
            broker.send(b"slow", "m-1")
            until(lambda: (tmp_path / "notes").exists() and "slow" in (tmp_path / "notes").read_text())
            assert host.stop() == 0
        until(lambda: bool(broker.settled))
        assert broker.settled == [("m-1", "completed")]
