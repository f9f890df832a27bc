"""A deployment, and its roll-back, while roadmaps and lessons are being made: all of them end well.

`before_1_0/` holds the orchestrators of before there were versions, as they were.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devhost.durable.persistence import InstanceStore
from tests.support.app import app_host, with_provider
from tests.support.learner import Learner, first_lesson
from tests.support.local_host import ROOT, LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.replay import VERSION
from tests.support.store_file import stored_documents

BEFORE = Path(__file__).with_name("before_1_0")
PARTS = ("activities", "orchestrators", "shared", "triggers", "function_app.py", "host.json")


@pytest.fixture
def slow_provider() -> Iterator[ModelProvider]:
    """Slow enough for a host to be replaced in the middle of a call."""
    with ModelProvider(plan_seconds=1, outline_seconds=1, lesson_seconds=1) as provider:
        yield provider


@pytest.fixture
def older_app(tmp_path: Path) -> Path:
    """The app with the orchestrators, and the host.json, of before there were versions."""
    folder = tmp_path / "older"
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    # Over today's: those that came later stay, so that the app loads.
    shutil.copytree(BEFORE / "orchestrators", folder / "orchestrators", dirs_exist_ok=True)
    host: dict[str, Any] = json.loads((folder / "host.json").read_text(encoding="utf-8"))
    for name in ("defaultVersion", "versionMatchStrategy", "versionFailureStrategy"):
        del host["extensions"]["durableTask"][name]
    (folder / "host.json").write_text(json.dumps(host), encoding="utf-8")
    return folder


def versions(host: LocalHost) -> Counter[tuple[str, str]]:
    """Return how many instances of each orchestrator and version a stopped host has kept."""
    store = InstanceStore(host.data / "engine.db")
    try:
        return Counter((instance.name, instance.version or "") for instance in store.load())
    finally:
        store.close()


def wait_until(moment: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not moment():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_deployment_ends_what_the_code_before_began(
    tmp_path: Path, older_app: Path, slow_provider: ModelProvider
) -> None:
    settings = with_provider(slow_provider)

    def asked(step: str) -> bool:
        return any(received.step == step for received in slow_provider.requests)

    older = app_host(tmp_path, app=older_app, settings=settings)
    with older, Learner(older.url, "ada") as ada:
        lesson_id = first_lesson(ada.roadmap(goal="Beekeeping"))["id"]
        running = [ada.create(goal=subject) for subject in ("Sailing", "Knitting", "Falconry")]
        wait_until(lambda: asked("outline"), "outlines are being written")
        assert ada.generate(lesson_id).status_code == 202
        wait_until(lambda: asked("lesson"), "the lesson is being written")
        planned_last = ada.create(goal="Origami")
        assert older.stop() == 0
    assert versions(older) == {("roadmap_orchestrator", ""): 5, ("lesson_orchestrator", ""): 1}

    newer = app_host(tmp_path, settings=settings)
    with newer, Learner(newer.url, "ada") as ada:
        for roadmap_id in (*running, planned_last):
            roadmap = ada.await_roadmap(roadmap_id)
            assert roadmap["status"] == "completed", roadmap["message"]
            assert {module["status"] for module in roadmap["modules"]} == {"completed"}
        assert ada.await_lesson(lesson_id)["generation_status"] == "completed"
        assert ada.roadmap(goal="Juggling")["status"] == "completed"
        assert newer.stop() == 0
    assert versions(newer) == {
        ("roadmap_orchestrator", ""): 5,
        ("lesson_orchestrator", ""): 1,
        ("roadmap_orchestrator", VERSION): 1,
    }
    attempts = {document["attempt"] for document in stored_documents(tmp_path / "skillsync.db", "Roadmap")}
    assert attempts == {1}, "each ended in the attempt that the code before had begun"


@pytest.mark.slow
def test_a_roll_back_leaves_newer_work_alone_until_the_newer_code_is_back(
    tmp_path: Path, older_app: Path, slow_provider: ModelProvider
) -> None:
    settings = with_provider(slow_provider)
    newer = app_host(tmp_path, settings=settings)
    with newer, Learner(newer.url, "ada") as ada:
        roadmap_id = ada.create(goal="Beekeeping")
        wait_until(lambda: bool(slow_provider.requests), "the plan is being written")
        assert newer.stop() == 0

    older = app_host(tmp_path, app=older_app, settings=settings)
    with older, Learner(older.url, "ada") as ada:
        older.wait_for_log(f"is of version '{VERSION}' and waits for a host that may run it")
        assert ada.roadmap(goal="Sailing")["status"] == "completed", "what the older code starts, it ends"
        assert ada.status(roadmap_id)["status"] == "generating"
        assert older.stop() == 0

    again = app_host(tmp_path, settings=settings)
    with again, Learner(again.url, "ada") as ada:
        assert ada.await_roadmap(roadmap_id)["status"] == "completed"
