"""What the Outbox holds is sent at once or by the sweep, at least once, and one message blocks no other."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared import clients as clients_module
from shared.clients import Clients
from shared.errors import QueueUnavailable
from shared.messaging.outbox import OutboxSender
from shared.messaging.service_bus import Message, ServiceBus
from shared.models.document import now
from shared.models.outbox import Destination, Outbox
from shared.models.roadmap import Profile
from shared.services.outbox import OutboxSweep
from shared.services.readiness import QueueCheck, readiness
from shared.settings import Settings, load_settings
from shared.store.documents import creation
from tests.support.app import app_settings
from tests.support.broker import BrokerProcess, entities, need_broker, queue, topic
from tests.support.connection_cutter import ConnectionCutter
from tests.support.processes import one_process
from tests.support.service_bus import QUEUE, TOPIC, Namespace, broker_folder, ids
from tests.support.store_file import stored_documents

need_broker()

pytestmark = pytest.mark.usefixtures("broken_connections_collected")
# Whoever is canceled, or out of time, while the SDK opens a connection leaves it to the garbage collector.
ABANDONING = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <(function (StreamWriter|_SelectorTransport).__del__|socket.socket)"
    ":pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def settings(tmp_path: Path, broker: BrokerProcess) -> Settings:
    return load_settings(app_settings(tmp_path, ServiceBusConnection=broker.connection_string))


@pytest.fixture
async def clients(settings: Settings) -> AsyncIterator[Clients]:
    async with one_process(settings) as clients:
        clients._service_bus = ServiceBus(settings, answer_seconds=3.0)
        yield clients


def message(number: int, destination: Destination = Destination.EVENTS, **fields: Any) -> Outbox:
    return Outbox(
        id=f"event-{number}",
        user_id="ada",
        destination=destination,
        message_id=f"m-{number}",
        subject="skillsync.lesson.completed",
        content_type="application/cloudevents+json",
        content={"number": number},
        sequence=number,
        **fields,
    )


async def store(clients: Clients, *messages: Outbox) -> None:
    """Store messages as a service does: in a batch with what they tell of."""
    for start in range(0, len(messages), 50):
        some = messages[start : start + 50]
        profile = Profile(id=f"profile-{some[0].id}", user_id="ada")
        await clients.documents.batch(Profile, "ada", [creation(profile), *map(creation, some)])


def left(folder: Path) -> list[dict[str, Any]]:
    return stored_documents(folder / "skillsync.db", "Outbox")


async def until_sent(folder: Path, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while left(folder):
        assert time.monotonic() < deadline, left(folder)
        await asyncio.sleep(0.05)


async def looked_at(look: Any) -> Any:
    """Ask the broker from a thread: the test's client blocks."""
    return await asyncio.to_thread(look)


async def swept(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> int:
    """Sweep as if everything were old enough."""
    monkeypatch.setattr("shared.services.outbox.PATIENCE", now() - now())
    return await OutboxSweep(clients).sweep()


async def test_what_is_stored_is_sent_at_once_and_removed(
    clients: Clients, namespace: Namespace, tmp_path: Path
) -> None:
    await store(clients, *(message(number, correlation_id="c-1") for number in range(40)))
    await until_sent(tmp_path)
    sent = await looked_at(namespace.event_messages)
    assert ids(sent) == [f"m-{number}" for number in range(40)]
    assert {str(one.content_type) for one in sent} == {"application/cloudevents+json"}
    assert {str(one.subject) for one in sent} == {"skillsync.lesson.completed"}
    assert {one.correlation_id for one in sent} == {"c-1"}
    assert [one.application_properties[b"sequence"] for one in sent] == list(range(40))


async def test_nobody_waits_for_the_broker(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stores something goes on while it is sent, however long that takes."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        asked.set()
        await answer.wait()

    monkeypatch.setattr(clients.service_bus, "send", slow)
    async with asyncio.timeout(30):
        await store(clients, message(1), message(2))
        await asked.wait()
        await store(clients, message(3))
    assert len(left(tmp_path)) == 3
    answer.set()
    await until_sent(tmp_path)


async def test_messages_for_the_queue_go_to_the_queue(
    clients: Clients, namespace: Namespace, tmp_path: Path
) -> None:
    await store(clients, message(1, Destination.QUEUE), message(2), message(3, Destination.QUEUE))
    await until_sent(tmp_path)
    assert ids(await looked_at(namespace.queued)) == ["m-1", "m-3"]
    assert ids(await looked_at(namespace.event_messages)) == ["m-2"]


async def test_a_broker_that_was_away_gets_everything_once_it_is_back(
    clients: Clients,
    broker: BrokerProcess,
    namespace: Namespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker.go_away()
    await store(clients, *(message(number) for number in range(230)))
    assert await swept(clients, monkeypatch) == 0
    assert len(left(tmp_path)) == 230
    broker.come_back()
    assert await swept(clients, monkeypatch) == 230
    assert left(tmp_path) == []
    sent = await looked_at(namespace.event_messages)
    assert sorted(ids(sent)) == sorted(f"m-{number}" for number in range(230))


async def test_after_a_failure_this_process_leaves_it_to_the_sweep_for_a_while(
    clients: Clients, broker: BrokerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [0.0]
    assert clients.service_bus is not None
    sender = OutboxSender(clients.service_bus, clients.remove_sent, clock=lambda: moment[0])
    clients._outbox = sender
    broker.go_away()
    await store(clients, message(1))
    assert sender._task is not None
    await sender._task
    broker.come_back()
    await store(clients, message(2))
    await sender.drain()
    assert len(left(tmp_path)) == 2
    moment[0] = 31.0
    await store(clients, message(3))
    await sender.drain()
    assert [one["id"] for one in left(tmp_path)] == ["event-1", "event-2"]
    assert await swept(clients, monkeypatch) == 2


async def test_what_was_sent_and_not_removed_is_sent_again_under_the_same_id(
    clients: Clients, namespace: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the two: inside the window the broker drops the second."""
    clients._outbox = None
    clients.documents.outbox = lambda _: None
    await store(clients, message(1))
    assert clients.service_bus is not None

    async def die(_: Outbox) -> None:
        raise asyncio.CancelledError

    dying = OutboxSender(clients.service_bus, die)
    dying.add(message(1))
    assert dying._task is not None
    await asyncio.wait({dying._task})
    assert len(left(tmp_path)) == 1
    assert await swept(clients, monkeypatch) == 1
    assert ids(await looked_at(namespace.event_messages)) == ["m-1"]


async def test_a_message_that_the_broker_refuses_blocks_no_other(
    clients: Clients, namespace: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients.documents.outbox = lambda _: None
    large = message(500).model_copy(update={"content": {"text": "x" * 1_200_000}})
    await store(clients, large, *(message(number) for number in range(30)))
    assert await swept(clients, monkeypatch) == 30
    [refused] = left(tmp_path)
    assert (refused["id"], refused["failures"] >= 1) == ("event-500", True)
    await store(clients, message(501))
    assert await swept(clients, monkeypatch) == 1
    assert len(await looked_at(namespace.event_messages)) == 31


async def test_a_missing_topic_does_not_keep_the_queue_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BrokerProcess(broker_folder(tmp_path), entities(queue(QUEUE))) as broker:
        settings = load_settings(app_settings(tmp_path, ServiceBusConnection=broker.connection_string))
        clients = Clients(settings)
        clients.documents.outbox = lambda _: None
        await store(clients, message(1), message(2, Destination.QUEUE))
        assert await swept(clients, monkeypatch) == 1
        assert [one["id"] for one in left(tmp_path)] == ["event-1"]
        found = await readiness(clients)
        assert (found.checks["queue"], found.checks["events"], found.ready) == ("ok", "unavailable", True)
        await clients.close()


async def test_what_was_left_is_sent_in_the_order_of_its_sequences(
    clients: Clients, broker: BrokerProcess, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than go in one send, stored by several processes in any order."""
    broker.go_away()
    numbers = [*range(119, 59, -1), *range(60)]
    await store(clients, *(message(number) for number in numbers))
    with pytest.raises(QueueUnavailable):
        await clients.service_bus.send(Destination.EVENTS, [Message("m", "s", {})])  # type: ignore[union-attr] # it is set
    broker.come_back()
    assert await swept(clients, monkeypatch) == 120
    arrived = [one["number"] for one in await looked_at(namespace.events)]
    assert arrived == sorted(arrived)


async def test_closing_leaves_no_connection(tmp_path: Path, broker: BrokerProcess) -> None:
    with ConnectionCutter(broker.port) as cutter:
        text = broker.connection_string.replace(str(broker.port), str(cutter.port))
        service_bus = ServiceBus(load_settings(app_settings(tmp_path, ServiceBusConnection=text)))
        for destination in Destination:
            await service_bus.send(destination, [Message("m-1", "skillsync.lesson.completed", {})])
        assert cutter.connections == len(Destination)
        await service_bus.close()
        deadline = time.monotonic() + 10
        while cutter.connections:
            assert time.monotonic() < deadline, cutter.connections
            await asyncio.sleep(0.05)


async def test_without_its_queue_the_app_is_not_ready(tmp_path: Path) -> None:
    with BrokerProcess(broker_folder(tmp_path), entities(topics=[topic(TOPIC)])) as broker:
        settings = load_settings(app_settings(tmp_path, ServiceBusConnection=broker.connection_string))
        clients = Clients(settings)
        found = await readiness(clients)
        assert (found.checks["queue"], found.ready) == ("unavailable", False)
        await clients.close()


@ABANDONING
async def test_a_broker_that_accepts_and_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = (
            f"Endpoint=sb://127.0.0.1:{silent.getsockname()[1]};SharedAccessKeyName=test;"
            "SharedAccessKey=dGVzdA==;UseDevelopmentEmulator=true;"
        )
        settings = load_settings(app_settings(tmp_path, ServiceBusConnection=connection))
        bus = ServiceBus(settings, answer_seconds=1.0)
        began = time.monotonic()
        with pytest.raises(QueueUnavailable):
            await bus.send(Destination.QUEUE, [Message("m-1", "lesson", {})])
        with pytest.raises(QueueUnavailable):
            await bus.check(1.0)
        await bus.close()
        assert time.monotonic() - began < 15


async def test_the_check_is_believed_for_some_seconds(clients: Clients, broker: BrokerProcess) -> None:
    check = clients.kept(QueueCheck)
    assert await check.result() == "ok"
    broker.go_away()
    assert await check.result() == "ok"
    check._asked_at -= 60
    assert (await check.result()).startswith("unavailable")
    broker.come_back()


@ABANDONING
def test_what_waits_is_sent_before_the_process_ends(
    settings: Settings, namespace: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker cancels the tasks of its loop: the sending one too."""
    monkeypatch.setattr("shared.clients.get_settings", lambda: settings)

    async def serve() -> None:
        await store(clients_module.get_clients(), *(message(number) for number in range(120)))

    asyncio.run(serve())
    assert left(tmp_path) == []
    assert len(namespace.event_messages()) == 120
