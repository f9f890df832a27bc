"""Each fault at the wire by itself: what a learner meets while it lasts, and that all ends well after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.weather import STORM, outage, storm
from tests.support.app import app_host, with_provider
from tests.support.cosmos_proxy import CosmosProxy, calm
from tests.support.learner import GOAL, Learner, first_lesson
from tests.support.model_provider import ModelProvider
from tests.support.small_disk import CannotMount, SmallDisk
from tests.support.store_file import stored_documents
from tests.support.tools import need


@pytest.fixture
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(outline_seconds=0.2, lesson_seconds=0.2, modules=6) as provider:
        yield provider


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "disk")
    try:
        disk.__enter__()
    except CannotMount as reason:
        need("a disk that can be filled", False, str(reason))
    yield disk
    disk.__exit__()


def persisting(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Repeat what trouble refused: the adapter itself does not repeat an increment whose answer was lost."""
    while (answer := ask()).status_code == 503:
        time.sleep(0.1)
    return answer


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_storm_at_the_store_costs_repeats_and_nothing_else(
    tmp_path: Path, cosmos: dict[str, str], proxy: CosmosProxy, provider: ModelProvider
) -> None:
    settings = {**with_provider(provider), **cosmos}
    with app_host(tmp_path, settings=settings) as host, Learner(host.url, "ada", patient=True) as ada:
        proxy.weather = storm(seed=7)
        created = persisting(lambda: ada.http.post("/roadmaps", json={**GOAL, "goal": "Beekeeping"}))
        roadmap = ada.await_roadmap(created.json()["roadmap_id"], seconds=90)
        assert roadmap["status"] == "completed", roadmap["message"]
        assert [module["status"] for module in roadmap["modules"]] == ["completed"] * 6
        lesson_id = first_lesson(roadmap)["id"]
        assert persisting(lambda: ada.generate(lesson_id)).status_code == 202
        lesson = ada.await_lesson(lesson_id, seconds=90)
        assert lesson["generation_status"] == "completed", lesson["generation_error"]
        assert lesson["version"] == "1.0"
        while set(proxy.faults) != set(STORM):  # soon every fault has been met
            ada.status(roadmap["roadmap_id"])
            persisting(lambda: ada.generate(lesson_id))
        proxy.weather = calm
        progress = ada.status(roadmap["roadmap_id"])["progress"]
        assert (progress["modules_completed"], progress["lessons_completed"]) == (6, 1)


@pytest.mark.slow
def test_work_waits_for_a_store_that_is_away(
    tmp_path: Path, cosmos: dict[str, str], proxy: CosmosProxy, provider: ModelProvider
) -> None:
    settings = {**with_provider(provider), **cosmos}
    with app_host(tmp_path, settings=settings) as host, Learner(host.url, "ada", patient=True) as ada:
        roadmap_id = ada.create(goal="Beekeeping")
        while "outline" not in {received.step for received in provider.requests}:
            time.sleep(0.02)
        proxy.weather = outage
        refused = ada.http.get(f"/roadmaps/{roadmap_id}/status")
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        time.sleep(5)
        proxy.weather = calm
        roadmap = ada.await_roadmap(roadmap_id)
        assert roadmap["status"] == "completed", roadmap["message"]
        assert [module["status"] for module in roadmap["modules"]] == ["completed"] * 6


@pytest.mark.slow
def test_a_full_disk_refuses_and_recovers(
    tmp_path: Path, small_disk: SmallDisk, provider: ModelProvider
) -> None:
    store = small_disk.folder / "skillsync.db"
    settings = {**with_provider(provider), "SQLITE_PATH": str(store)}
    with app_host(tmp_path, settings=settings) as host, Learner(host.url, "ada", patient=True) as ada:
        roadmap_id = ada.create(goal="Beekeeping")
        while "outline" not in {received.step for received in provider.requests}:
            time.sleep(0.02)
        small_disk.fill()
        refused = ada.http.post("/roadmaps", json={**GOAL, "goal": "Sailing"})
        while refused.status_code != 503:  # until the journal's last free page is used up
            small_disk.fill()
            refused = ada.http.post("/roadmaps", json={**GOAL, "goal": "Sailing"})
        assert refused.json()["code"] == "store_unavailable"
        stored = {document["id"] for document in stored_documents(store, "Roadmap")}
        assert ada.http.get(f"/roadmaps/{roadmap_id}/status").status_code == 200, "reading needs no room"
        time.sleep(3)
        small_disk.release()
        roadmap = ada.await_roadmap(roadmap_id)
        assert roadmap["status"] == "completed", roadmap["message"]
        assert [module["status"] for module in roadmap["modules"]] == ["completed"] * 6
        assert {document["id"] for document in stored_documents(store, "Roadmap")} == stored
