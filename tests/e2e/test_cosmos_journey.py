"""The same journey with documents in Cosmos DB: the real client, over the wire, against an emulator."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.app import app_host, with_provider
from tests.support.cosmos_emulator import EMULATOR_KEY, CosmosEmulator, needed_emulator
from tests.support.learner import Learner, first_lesson
from tests.support.model_provider import ModelProvider

ADMIN = {"X-User-Roles": "admin"}
TASK = {"subject": "Python"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[CosmosEmulator]:
    with needed_emulator() as emulator:
        yield emulator


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
        tasks = [ada.http.post("/lessons", json=TASK | {"topic": name}).json() for name in ("Sets", "Loops")]
        first = ada.http.get("/ops/tasks", headers=ADMIN, params={"limit": 1}).json()
        query = {"limit": 1, "continuation": first["continuation"]}
        second = ada.http.get("/ops/tasks", headers=ADMIN, params=query).json()
        listed = [one["task_id"] for one in (*first["items"], *second["items"])]
        assert listed == [task["task_id"] for task in tasks[::-1]]


def test_curation_and_progress_on_cosmos(tmp_path: Path, emulator: CosmosEmulator) -> None:
    database = f"journey-{uuid.uuid4().hex}"
    asyncio.run(emulator.create_database(database))
    cosmos = {"COSMOS_ENDPOINT": emulator.url, "COSMOS_DATABASE": database, "COSMOS_KEY": EMULATOR_KEY}
    with app_host(tmp_path, settings=cosmos) as host, Learner(host.url, "ada") as ada:
        lesson_id = first_lesson(ada.roadmap())["id"]
        ada.generate(lesson_id)
        lesson = ada.await_lesson(lesson_id)
        for value, votes in ((1, [1, 0]), (-1, [0, 1]), (-1, [0, 1]), (0, [0, 0]), (1, [1, 0])):
            voted = ada.http.post(f"/lessons/{lesson_id}/vote", json={"value": value})
            assert list(voted.json()["votes"].values()) == votes, voted.text

        done = {"state": "completed", "quiz_answers": [0] * len(lesson["content"]["quiz"])}
        for _ in range(2):
            scored = ada.http.put(f"/lessons/{lesson_id}/progress", json=done)
            assert scored.json()["progress"]["tries"] == 1, scored.text
        assert ada.http.get("/me/progress").json()["lessons_completed"] == 1
        assert ada.http.put("/me/profile", json={"time_commitment": "3-5"}).status_code == 200

        roles = {"X-User-Roles": "mentor,admin"}
        while not (waiting := ada.http.get("/library/lessons", headers=roles).json()["items"]):
            time.sleep(0.1)
        version = f"/library/lessons/{waiting[0]['lesson_key']}/versions/1.0"
        figures = ada.http.get(version, headers=roles).json()["figures"]
        assert (figures["shown"], figures["completions"], figures["quiz_tries"]) == (1, 1, 1)
        rejected = ada.http.post(f"{version}/review", headers=roles, json={"decision": "reject"})
        assert (rejected.status_code, rejected.json()["approval_status"]) == (200, "rejected")
        assert ada.lesson(lesson_id)["generation_status"] == "pending"
        assert ada.http.get("/library/lessons", headers=roles).json()["items"] == []
        metrics = ada.http.get("/ops/metrics", headers=roles).json()
        assert metrics["versions"]["by_tier"] == {"extractive": 1}


def test_cancel_delete_and_removal_on_cosmos(tmp_path: Path, emulator: CosmosEmulator) -> None:
    database = f"journey-{uuid.uuid4().hex}"
    asyncio.run(emulator.create_database(database))
    with ModelProvider(lesson_seconds=3.0, modules=2) as provider:
        settings = {
            **with_provider(provider),
            "COSMOS_ENDPOINT": emulator.url,
            "COSMOS_DATABASE": database,
            "COSMOS_KEY": EMULATOR_KEY,
            "REMOVAL_SETTLE_S": "1",
        }
        with (
            app_host(tmp_path, settings=settings) as host,
            Learner(host.url, "ada") as ada,
            Learner(host.url, "grace") as grace,
        ):
            mine, hers = ada.roadmap(), grace.roadmap()
            lesson_id, other_id = first_lesson(mine)["id"], first_lesson(hers)["id"]
            for learner, id_ in ((ada, lesson_id), (grace, other_id)):
                assert learner.generate(id_).status_code == 202
            canceled = ada.http.post(f"/roadmaps/{mine['roadmap_id']}/cancel")
            assert canceled.status_code == 202, canceled.text
            assert ada.lesson(lesson_id)["generation_status"] == "canceled"
            assert grace.await_lesson(other_id)["generation_status"] == "completed"

            second = ada.create(goal="Learn Chess")
            assert ada.http.delete(f"/roadmaps/{second}").status_code == 204
            assert ada.http.get(f"/roadmaps/{second}").status_code == 404
            assert ada.generate(lesson_id).json()["was_cached"]
            ada.http.post(f"/lessons/{lesson_id}/vote", json={"value": 1})
            exported = {item["type"] for item in ada.export(limit=3)}
            assert {"Roadmap", "Lesson", "Quota", "Vote", "Spending"} <= exported

            deadline = time.monotonic() + 60
            while (status := ada.http.delete("/me").json())["status"] != "completed":
                assert time.monotonic() < deadline, status
                time.sleep(0.5)
            assert ada.http.get("/me/export").json()["items"] == []
            assert grace.lesson(other_id)["votes"] == {"up": 0, "down": 0}
            assert ada.roadmap()["status"] == "completed", "who comes back begins anew"


def test_readiness_names_a_missing_container(tmp_path: Path, emulator: CosmosEmulator) -> None:
    database = f"journey-{uuid.uuid4().hex}"
    asyncio.run(emulator.create_database(database, ["learning", "operations"]))
    cosmos = {"COSMOS_ENDPOINT": emulator.url, "COSMOS_DATABASE": database, "COSMOS_KEY": EMULATOR_KEY}
    with app_host(tmp_path, settings=cosmos) as host, Learner(host.url, "ada") as ada:
        ready = ada.http.get("/ready")
        assert ready.status_code == 503
        assert ready.json()["checks"]["store"] == "missing containers: library"
