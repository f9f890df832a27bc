"""Dead letters: listed with the app's own reasons, put back under new ids, nothing lost half-way."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.messaging.dead_letters import DeadLetterQueue
from shared.models.dead_letters import RedriveRequest, RedriveResult
from shared.models.poison import Poison
from shared.models.validation import validated
from shared.services.dead_letters import DeadLetters
from shared.settings import load_settings
from tests.support.app import app_settings
from tests.support.broker import BrokerProcess, need_broker
from tests.support.local_host import ROOT
from tests.support.service_bus import Namespace, app_entities, broker_folder, ids

need_broker()

pytestmark = pytest.mark.usefixtures("broken_connections_collected")


LOCK_SECONDS = 10


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    with BrokerProcess(broker_folder(tmp_path), app_entities(LockDuration=f"PT{LOCK_SECONDS}S")) as broker:
        yield broker


@pytest.fixture
async def clients(tmp_path: Path, broker: BrokerProcess) -> AsyncIterator[Clients]:
    settings = load_settings(app_settings(tmp_path, ServiceBusConnection=broker.connection_string))
    clients = Clients(settings)
    yield clients
    await clients.close()


def fill(namespace: Namespace, count: int, **properties: Any) -> None:
    """Put messages among the dead letters."""
    namespace.send_all({f"m-{number}": {"number": number} for number in range(count)}, **properties)
    namespace.dead_letter(count)


async def numbers(letters: DeadLetters) -> list[int]:
    return [one.sequence_number for one in (await letters.page(100, None)).items]


async def redrive(letters: DeadLetters, *sequence_numbers: int) -> RedriveResult:
    wish = {"sequence_numbers": list(sequence_numbers)} if sequence_numbers else {"all": True}
    return await letters.redrive(validated(RedriveRequest, wish))


async def test_they_are_listed_page_by_page_with_the_reasons_of_both(
    clients: Clients, namespace: Namespace
) -> None:
    await asyncio.to_thread(fill, namespace, 5, correlation_id="c-1")
    key = Poison.key_of("m-3")
    poison = Poison(id=Poison.ID, key=key, reason="invalid_request", field="kind", detail="must be ...")
    await clients.documents.create(poison)
    letters = DeadLetters(clients)
    first = await letters.page(3, None)
    second = await letters.page(3, first.continuation)
    assert (len(first.items), len(second.items), second.continuation) == (3, 2, None)
    items = [*first.items, *second.items]
    assert [one.message_id for one in items] == [f"m-{number}" for number in range(5)]
    assert {(one.reason, one.description, one.correlation_id) for one in items} == {
        ("tests", "by a test", "c-1")
    }
    assert [one.poison is not None for one in items] == [False, False, False, True, False]
    assert items[3].poison is not None
    assert (items[3].poison.reason, items[3].poison.field) == ("invalid_request", "kind")
    assert await numbers(letters) == await numbers(letters), "looking takes nothing away"


async def test_one_is_shown_with_what_was_sent(clients: Clients, namespace: Namespace) -> None:
    await asyncio.to_thread(fill, namespace, 2)
    letters = DeadLetters(clients)
    [_, second] = await numbers(letters)
    assert json.loads((await letters.view(second)).body) == {"number": 1}
    for absent in (second + 1, 0, -5):
        with pytest.raises(Problem, match="not_found"):
            await letters.view(absent)


async def test_asking_for_what_is_not_there_touches_none_that_is(
    clients: Clients, namespace: Namespace
) -> None:
    await asyncio.to_thread(fill, namespace, 2)
    letters = DeadLetters(clients)
    before = (await letters.page(100, None)).items
    result = await redrive(letters, 999_999)
    assert (result.redriven, result.not_found, result.more) == ([], [999_999], True)
    assert (await letters.page(100, None)).items == before


async def test_they_are_put_back_under_new_ids_inside_the_duplicate_window(
    clients: Clients, namespace: Namespace
) -> None:
    """Under its old id the broker would accept the message and drop it."""
    await asyncio.to_thread(
        fill,
        namespace,
        3,
        content_type="application/json",
        subject="lesson",
        correlation_id="c-1",
        application_properties={"origin": "tests", "n": 1},
    )
    letters = DeadLetters(clients)
    there = await numbers(letters)
    result = await redrive(letters, there[2], there[0], 999_999)
    assert [(one.sequence_number, one.message_id) for one in result.redriven] == [
        (there[2], f"m-2:r{there[2]}"),
        (there[0], f"m-0:r{there[0]}"),
    ]
    assert (result.not_found, result.more) == ([999_999], True)
    back = await asyncio.to_thread(namespace.queued)
    assert sorted(ids(back)) == [f"m-0:r{there[0]}", f"m-2:r{there[2]}"]
    for message in back:
        assert (message.content_type, message.subject, message.correlation_id) == (
            "application/json",
            "lesson",
            "c-1",
        )
        assert message.application_properties == {b"origin": b"tests", b"n": 1}
    assert await numbers(letters) == [there[1]]
    everything = await redrive(letters)
    assert (len(everything.redriven), everything.more) == (1, False)
    assert (await redrive(letters)).redriven == []


async def test_one_that_fails_again_is_put_back_again(clients: Clients, namespace: Namespace) -> None:
    await asyncio.to_thread(fill, namespace, 1)
    letters = DeadLetters(clients)
    for _ in range(2):
        [number] = await numbers(letters)
        result = await redrive(letters, number)
        assert [one.message_id for one in result.redriven] == [f"m-0:r{number}"]
        await asyncio.to_thread(namespace.dead_letter, 1)


async def test_dying_between_the_two_steps_loses_nothing_and_doubles_nothing(
    clients: Clients, namespace: Namespace, broker: BrokerProcess, tmp_path: Path
) -> None:
    """A process is killed after it has sent the copy and before it removes the dead letter."""
    await asyncio.to_thread(fill, namespace, 3)
    letters = DeadLetters(clients)
    there = await numbers(letters)
    script = f"""
import asyncio, os, signal
from azure.servicebus.aio import ServiceBusReceiver
from shared.clients import Clients
from shared.models.dead_letters import RedriveRequest
from shared.services.dead_letters import DeadLetters
from shared.settings import load_settings

async def die(self, message):
    os.kill(os.getpid(), signal.SIGKILL)

ServiceBusReceiver.complete_message = die
clients = Clients(load_settings(dict(os.environ)))
asyncio.run(DeadLetters(clients).redrive(RedriveRequest(sequence_numbers={there})))
"""
    env = {**os.environ, **app_settings(tmp_path, ServiceBusConnection=broker.connection_string)}
    env.pop("CONTAINER_NAME", None)
    dying = [sys.executable, "-c", script]
    killed = await asyncio.to_thread(subprocess.run, dying, cwd=ROOT, env=env, timeout=60, check=False)
    assert killed.returncode == -9
    assert ids(await asyncio.to_thread(namespace.queued)) == [f"m-0:r{there[0]}"]
    assert await numbers(letters) == there, "the dead letter is still there"
    await asyncio.sleep(LOCK_SECONDS)  # its lock outlives the process that held it
    await redrive(letters)
    assert sorted(ids(await asyncio.to_thread(namespace.queued))) == sorted(
        f"m-{number}:r{sequence}" for number, sequence in enumerate(there)
    )
    assert await numbers(letters) == []


async def test_what_is_not_asked_for_is_left_as_it_was(clients: Clients, namespace: Namespace) -> None:
    await asyncio.to_thread(fill, namespace, 70)
    letters = DeadLetters(clients)
    there = await numbers(letters)
    redriven = await DeadLetterQueue(letters._queue._bus).redrive({there[65]})
    assert list(redriven) == [there[65]]
    assert await numbers(letters) == there[:65] + there[66:]


@pytest.mark.parametrize(
    "wish",
    [{}, {"all": True, "sequence_numbers": [1]}, {"all": "yes"}, {"sequence_numbers": [0]},
     {"sequence_numbers": list(range(1, 102))}, {"sequence_numbers": ["1"]}],
)  # fmt: skip
def test_a_wish_that_is_not_clear_is_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="invalid_request"):
        validated(RedriveRequest, wish)


async def test_without_a_queue_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="ServiceBusConnection"):
        DeadLetters(Clients(load_settings(app_settings(tmp_path))))


def run_command(tmp_path: Path, connection: str, *arguments: str) -> tuple[int, str]:
    settings = tmp_path / "command.settings.json"
    values = app_settings(tmp_path, ServiceBusConnection=connection)
    settings.write_text(json.dumps({"Values": values}))
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "examples.dead_letters", "--settings", str(settings), *arguments]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    return run.returncode, run.stdout + run.stderr


def test_an_operator_does_the_same_from_a_terminal(
    broker: BrokerProcess, namespace: Namespace, tmp_path: Path
) -> None:
    fill(namespace, 3)
    code, text = run_command(tmp_path, broker.connection_string, "list")
    assert (code, text.count("m-"), "3 dead letters" in text) == (0, 3, True)
    number = text.split()[0]
    code, text = run_command(tmp_path, broker.connection_string, "show", number)
    assert (code, '{"number": 0}' in text) == (0, True)
    code, text = run_command(tmp_path, broker.connection_string, "redrive", number, "999999")
    assert (code, f"m-0:r{number}" in text, "999999  was not there" in text) == (1, True, True)
    code, text = run_command(tmp_path, broker.connection_string, "redrive", "--all")
    assert (code, len(namespace.dead()), len(namespace.queued())) == (0, 0, 3)
    code, text = run_command(tmp_path, "", "list")
    assert (code, "ServiceBusConnection" in text) == (1, True)


async def test_only_those_that_are_named_are_discarded(clients: Clients, namespace: Namespace) -> None:
    await asyncio.to_thread(fill, namespace, 6)
    letters = DeadLetters(clients)
    first, second, third, *rest = await numbers(letters)
    assert clients.service_bus is not None
    queue = DeadLetterQueue(clients.service_bus)
    found = await queue.find(lambda letter: json.loads(letter.body)["number"] in (0, 2))
    assert found == [first, third]
    assert await queue.discard(frozenset(found)) == 2
    assert await numbers(letters) == [second, *rest]
    assert await queue.discard(frozenset(found)) == 0, "a repeat finds nothing"
    assert await numbers(letters) == [second, *rest], "the others are given back"


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_one_behind_more_than_a_thousand_is_reached(clients: Clients, namespace: Namespace) -> None:
    await asyncio.to_thread(fill, namespace, 1_100)
    assert clients.service_bus is not None
    queue = DeadLetterQueue(clients.service_bus)
    found = await queue.find(lambda letter: json.loads(letter.body)["number"] in (0, 1_050, 1_099))
    assert await queue.discard(frozenset(found)) == 3
    assert len(await queue.find(lambda _: True)) == 1_097
    assert await queue.discard(frozenset(await queue.find(lambda _: True))) == 1_097, "all are given back"


async def test_what_is_too_much_to_be_held_comes_back_by_itself(
    clients: Clients, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only as much is kept in memory as fits: the broker gives the rest back when its locks end."""
    await asyncio.to_thread(fill, namespace, 120)
    assert clients.service_bus is not None
    queue = DeadLetterQueue(clients.service_bus)
    there = await queue.find(lambda _: True)
    monkeypatch.setattr("shared.messaging.dead_letters.MOST_HELD_BYTES", 500)
    assert list(await queue.redrive({there[-1]})) == [there[-1]]
    assert await queue.find(lambda _: True) == there[:-1]
    given_back = await queue.discard(frozenset(there[:-1]))
    assert 0 < given_back < 60
    await asyncio.sleep(LOCK_SECONDS)
    assert await queue.discard(frozenset(there[:-1])) == 119 - given_back
