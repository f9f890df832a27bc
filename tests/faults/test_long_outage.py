"""The broker is away for an hour: everybody works on, and every event arrives afterwards."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import app_host, with_provider
from tests.support.broker import BrokerProcess, need_broker
from tests.support.learner import Learner
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.service_bus import Namespace, app_entities, broker_folder, until
from tests.support.shifted_clock import ShiftedClock
from tests.support.store_file import stored_documents

need_broker()

STEPS, STEP_SECONDS = 6, 600
"""An hour. Each step is longer than the broker remembers the ids of messages."""


@dataclass
class World:
    """An app that runs, its clock, its broker, and every message that ever waited to be sent."""

    host: LocalHost
    clock: ShiftedClock
    broker: BrokerProcess
    provider: ModelProvider
    store: Path
    waited: dict[str, dict[str, Any]] = field(default_factory=dict)

    def outbox(self) -> list[dict[str, Any]]:
        found = stored_documents(self.store, "Outbox")
        for message in found:
            before = self.waited.setdefault(message["message_id"], message)
            assert (before["content"], before["sequence"]) == (message["content"], message["sequence"])
        return found

    def sweep(self) -> None:
        for timer in ("reconcile", "send_outbox"):
            self.host.run_timer(timer)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ShiftedClock(tmp_path / "app")
    with (
        ModelProvider(modules=1) as provider,
        BrokerProcess(broker_folder(tmp_path), app_entities()) as broker,
        app_host(
            tmp_path,
            app=clock.app,
            settings={**with_provider(provider), "ServiceBusConnection": broker.connection_string},
        ) as host,
    ):
        yield World(host, clock, broker, provider, tmp_path / "skillsync.db")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_all_that_happened_in_the_hour_is_told_after_it(world: World) -> None:
    with Learner(world.host.url, "ada", patient=True) as ada:
        before = ada.roadmap(goal="Beekeeping")
        namespace = Namespace(world.broker.connection_string)
        until(namespace.events, "the event of before")
        lesson_id = before["modules"][0]["lessons"][0]["id"]
        world.broker.go_away()

        for step in range(STEPS):
            began = time.monotonic()
            end_a_lesson(world, ada, lesson_id, fails=step == 0)
            ada.roadmap(goal=f"Falconry of {step} kinds", generate="first_lesson")
            assert time.monotonic() - began < 30, "nobody waits for the broker"
            waiting = {message["id"] for message in world.outbox()}
            world.clock.turn(STEP_SECONDS)
            world.sweep()
            left = world.outbox()
            assert waiting <= {message["id"] for message in left}, "nothing is given up"
            assert not any(message["failures"] for message in left), "it is not the messages' fault"
        assert len(world.waited) == STEPS * 3, "an end of the lesson, one of a roadmap, and a message each"

        world.broker.come_back()
        world.clock.turn(60)  # whoever has found it away tries again after half a minute
        until(lambda: all_sent(world), "everything is sent", 60)
        for roadmap in ada.http.get("/roadmaps", params={"limit": 50}).json()["items"]:
            if roadmap["roadmap_id"] != before["roadmap_id"]:
                [module] = ada.http.get(f"/roadmaps/{roadmap['roadmap_id']}").json()["modules"]
                first = module["lessons"][0]["id"]
                assert ada.await_lesson(first)["generation_status"] == "completed"
        world.clock.turn(60)
        until(lambda: all_sent(world), "the events of the first lessons are sent", 60)
    check_events(world, namespace)


def end_a_lesson(world: World, ada: Learner, lesson_id: str, *, fails: bool) -> None:
    """Bring a lesson to another end: failed, completed, or completed once more."""
    if fails:
        world.provider.script("503", step="lesson")
    if ada.http.get(f"/lessons/{lesson_id}/status").json()["generation_status"] == "completed":
        ada.http.post(f"/lessons/{lesson_id}/regenerate", json={"reason": "unclear"})
        until(
            lambda: not ada.http.get(f"/lessons/{lesson_id}/status").json()["regenerating"], "the new version"
        )
    else:
        assert ada.generate(lesson_id).status_code == 202
        ended = ada.await_lesson(lesson_id)
        assert ended["generation_status"] == ("failed" if fails else "completed")
    world.provider.reset()


def all_sent(world: World) -> bool:
    """Sweep; tells whether nothing waits to be sent any more."""
    world.sweep()
    return not world.outbox()


def check_events(world: World, namespace: Namespace) -> None:
    arrived: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in namespace.event_messages():
        event = json.loads(str(message))
        assert message.message_id == event["id"]
        if event["id"] in world.waited:
            assert event == world.waited[event["id"]]["content"]
        arrived[event["subject"]].append(event)
    told = {event["id"] for events in arrived.values() for event in events}
    assert {id_ for id_, one in world.waited.items() if one["destination"] == "events"} <= told
    states = {
        f"lessons/{one['id']}": one["generation_status"] for one in stored_documents(world.store, "Lesson")
    }
    for subject, events in arrived.items():
        # A new event may overtake those that wait for the sweep: the sequence says which is which.
        in_order = sorted({one["sequence"]: one for one in events}.items())
        assert len(in_order) == len({one["id"] for one in events}), subject
        assert [one["time"] for _, one in in_order] == sorted(one["time"] for _, one in in_order), subject
        newest = in_order[-1][1]["data"]["status"]
        assert newest == states.get(subject, "completed"), subject
    assert max(len(events) for events in arrived.values()) >= STEPS, "one lesson has ended again and again"
