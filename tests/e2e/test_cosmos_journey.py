"""The same journey with documents in Cosmos DB: the real client, over the wire, against an emulator."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.app import app_host
from tests.support.cosmos_emulator import EMULATOR_KEY, CosmosEmulator
from tests.support.learner import Learner, first_lesson
from tests.support.npm import NpmUnavailable
from tests.support.tools import need


@pytest.fixture(scope="module")
def emulator() -> Iterator[CosmosEmulator]:
    emulator = CosmosEmulator()
    try:
        emulator.__enter__()
    except NpmUnavailable as reason:
        need(f"Cosmos DB emulator: {reason}", found=False)
    yield emulator
    emulator.__exit__(None, None, None)


def test_goal_to_lesson_on_cosmos(tmp_path: Path, emulator: CosmosEmulator) -> None:
    database = f"journey-{uuid.uuid4().hex}"
    asyncio.run(emulator.create_database(database))
    cosmos = {"COSMOS_ENDPOINT": emulator.url, "COSMOS_DATABASE": database, "COSMOS_KEY": EMULATOR_KEY}
    with (
        app_host(tmp_path, settings=cosmos) as host,
        Learner(host.url, "ada") as ada,
        Learner(host.url, "grace") as grace,
    ):
        assert ada.http.get("/ready").json()["checks"]["store"] == "ok"
        roadmap = ada.roadmap()
        assert roadmap["status"] == "completed", roadmap["message"]
        lesson_id = first_lesson(roadmap)["id"]
        assert ada.generate(lesson_id).status_code == 202
        lesson = ada.await_lesson(lesson_id)
        assert lesson["generation_status"] == "completed", lesson["generation_error"]
        assert lesson["source_attribution"]

        again = grace.generate(first_lesson(grace.roadmap())["id"])
        assert (again.status_code, again.json()["was_cached"]) == (200, True)
        assert ada.status(roadmap["roadmap_id"])["progress"]["lessons_completed"] == 1
        assert grace.http.get(f"/lessons/{lesson_id}").status_code == 404
        assert not (tmp_path / "skillsync.db").exists()


def test_readiness_names_a_missing_container(tmp_path: Path, emulator: CosmosEmulator) -> None:
    database = f"journey-{uuid.uuid4().hex}"
    asyncio.run(emulator.create_database(database, ["learning", "operations"]))
    cosmos = {"COSMOS_ENDPOINT": emulator.url, "COSMOS_DATABASE": database, "COSMOS_KEY": EMULATOR_KEY}
    with app_host(tmp_path, settings=cosmos) as host, Learner(host.url, "ada") as ada:
        ready = ada.http.get("/ready")
        assert ready.status_code == 503
        assert ready.json()["checks"]["store"] == "missing containers: library"
