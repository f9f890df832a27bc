"""Events are stored in the batch that they tell of; a broker that is away costs nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.models.document import now
from shared.models.library import LessonHead
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Roadmap
from shared.models.status import GenerationStatus
from shared.models.versions import RegenerationRequest
from shared.planning.standalone import standalone_specification
from shared.services.ending import fail_head
from shared.services.generations import begin_generation
from shared.services.lessons import Lessons
from shared.services.outbox import OutboxSweep
from shared.services.reconciliation import Reconciler
from shared.services.regeneration import LessonRegeneration
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.standalone import StandaloneLessons
from shared.services.versions import Versions
from shared.settings import load_settings
from tests.support.app import app_settings
from tests.support.flow import Flow
from tests.support.processes import one_process
from tests.support.store_file import stored_documents

REQUEST = RoadmapRequest.from_json(
    {"goal": "Learn Python", "skill_level": "beginner", "weekly_hours": 5.0, "learning_style": "mixed"}
)
TOPIC = standalone_specification("Python", "Dictionaries")


@pytest.fixture
def nobody() -> Iterator[str]:
    """A connection string to a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield (
            f"Endpoint=sb://127.0.0.1:{taken.getsockname()[1]};SharedAccessKeyName=test;"
            "SharedAccessKey=dGVzdA==;UseDevelopmentEmulator=true;"
        )


@pytest.fixture
async def clients(tmp_path: Path, nobody: str) -> AsyncIterator[Clients]:
    """A process whose broker is away."""
    settings = load_settings(app_settings(tmp_path, ServiceBusConnection=nobody))
    async with one_process(settings.model_copy(update={"reconcile_after_seconds": 0})) as clients:
        yield clients


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Clients]:
    """A process without a broker."""
    async with one_process(load_settings(app_settings(tmp_path))) as clients:
        yield clients


def outbox(folder: Path) -> list[dict[str, Any]]:
    return sorted(stored_documents(folder / "skillsync.db", "Outbox"), key=lambda one: str(one["sequence"]))


async def test_a_completed_roadmap_tells_of_itself(clients: Clients, tmp_path: Path) -> None:
    flow = Flow([clients])
    created = await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    await flow.run_all()
    roadmap = await clients.documents.read(Roadmap, "ada", created.id)
    [stored] = outbox(tmp_path)
    assert stored["id"] == f"event-{roadmap.id}-{roadmap.revision}"
    assert (stored["user_id"], stored["destination"], stored["sequence"]) == (
        "ada",
        "events",
        roadmap.revision,
    )
    event = stored["content"]
    assert event["specversion"] == "1.0"
    assert event["id"] == stored["message_id"]
    assert event["type"] == stored["subject"] == "skillsync.roadmap.completed"
    assert event["subject"] == f"roadmaps/{roadmap.id}"
    assert int(event["sequence"]) == roadmap.revision
    assert event["data"] == {
        "user_id": "ada",
        "roadmap_id": roadmap.id,
        "status": "completed",
        "sequence": roadmap.revision,
        "attempt": 1,
        "modules_total": len(roadmap.modules),
        "modules_failed": 0,
        "error": None,
    }


async def test_a_roadmap_that_was_given_up_tells_why(clients: Clients, tmp_path: Path) -> None:
    flow = Flow([clients])
    await RoadmapCreation(clients, flow.orchestrations).create("ada", REQUEST, None)
    for _ in range(4):
        flow.started.clear()
        await Reconciler(clients, flow.orchestrations).sweep()
    [event] = [one["content"] for one in outbox(tmp_path)]
    assert (event["type"], event["data"]["error"]) == ("skillsync.roadmap.failed", "infrastructure")


async def test_lessons_tell_of_each_end_in_order(clients: Clients, tmp_path: Path) -> None:
    flow = Flow([clients])
    lesson = await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    assert outbox(tmp_path) == [], "generating is no end"
    await flow.run_all()
    await StandaloneLessons(clients, flow.orchestrations).get_or_generate("grace", TOPIC)
    await Versions(clients).choose("ada", lesson.id, "1.0")
    mine = [one["content"] for one in outbox(tmp_path) if one["user_id"] == "ada"]
    [cached] = [one["content"] for one in outbox(tmp_path) if one["user_id"] == "grace"]
    [first] = mine
    assert (first["type"], first["data"]["version"], first["data"]["was_cached"]) == (
        "skillsync.lesson.completed",
        "1.0",
        False,
    )
    assert cached["data"]["was_cached"], "a lesson from the library has ended as well"
    assert first["data"].keys() == {
        "user_id", "lesson_id", "roadmap_id", "module_id", "status", "regeneration", "sequence", "attempt",
        "version", "was_cached", "error",
    }, "ids and figures, never a body"  # fmt: skip


async def test_a_regeneration_tells_of_its_end_too(clients: Clients, tmp_path: Path) -> None:
    flow = Flow([clients])
    lesson = await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    await flow.run_all()
    await LessonRegeneration(clients, flow.orchestrations).request("ada", lesson.id, RegenerationRequest())
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    flow.started.clear()
    await fail_head(clients.documents, head, "providers_failed")
    settled = await Lessons(clients).lesson("ada", lesson.id)
    assert settled.generation_status is GenerationStatus.COMPLETED
    events = [one["content"] for one in outbox(tmp_path)]
    assert [one["type"].rpartition(".")[2] for one in events] == ["completed", "failed"]
    data = events[-1]["data"]
    assert (data["regeneration"], data["status"], data["error"], data["version"]) == (
        True,
        "completed",
        "providers_failed",
        "1.0",
    )
    assert events[0]["sequence"] < events[1]["sequence"]
    assert events[0]["id"] != events[1]["id"]


async def test_a_failed_lesson_tells_why(clients: Clients, tmp_path: Path) -> None:
    flow = Flow([clients])
    lesson = await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    flow.started.clear()
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    await fail_head(clients.documents, head, "no_sources")
    await Lessons(clients).lesson("ada", lesson.id)
    await Lessons(clients).lesson("ada", lesson.id)
    [event] = [one["content"] for one in outbox(tmp_path)]
    assert (event["type"], event["data"]["error"]) == ("skillsync.lesson.failed", "no_sources")


async def test_without_a_broker_nothing_piles_up(alone: Clients, tmp_path: Path) -> None:
    flow = Flow([alone])
    await RoadmapCreation(alone, flow.orchestrations).create("ada", REQUEST, None)
    await StandaloneLessons(alone, flow.orchestrations).get_or_generate("ada", TOPIC)
    await flow.run_all()
    assert outbox(tmp_path) == []
    assert await OutboxSweep(alone).sweep() == 0


async def test_a_broker_that_is_away_costs_nothing_of_what_happened(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow([clients])
    await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    await flow.run_all()
    await StandaloneLessons(clients, flow.orchestrations).get_or_generate("grace", TOPIC)
    monkeypatch.setattr("shared.services.outbox.PATIENCE", now() - now())
    assert await OutboxSweep(clients).sweep() == 0
    assert {one["user_id"] for one in outbox(tmp_path)} == {"ada", "grace"}
    assert all(one["failures"] == 0 for one in outbox(tmp_path)), "it is not the messages' fault"


async def test_an_end_that_lost_its_race_tells_nothing(clients: Clients, tmp_path: Path) -> None:
    flow = Flow([clients])
    lesson = await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    flow.started.clear()
    head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
    failed = await fail_head(clients.documents, head, "no_sources")
    await asyncio.gather(*(Lessons(clients).lesson("ada", lesson.id) for _ in range(5)))
    assert len(outbox(tmp_path)) == 1
    await begin_generation(clients.documents, failed, failed.cause)
    assert len(outbox(tmp_path)) == 1
