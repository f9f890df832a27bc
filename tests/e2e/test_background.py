"""A lesson that nobody waits for steps aside, and is written at once when its learner opens it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.llm.limiter import Limiter
from shared.settings import load_settings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.app import app_host, app_settings, with_provider
from tests.support.broker import need_broker
from tests.support.learner import Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.service_bus import Namespace, until
from tests.support.store_file import stored_documents

need_broker()

LIMIT, SHARE = 30, 21


@pytest.fixture
def settings(provider: ModelProvider) -> dict[str, str]:
    return {**with_provider(provider), "LLM__FAKE__REQUESTS_PER_MINUTE": str(LIMIT)}


@pytest.fixture
def host(tmp_path: Path, settings: dict[str, str]) -> Iterator[LocalHost]:
    with app_host(tmp_path, settings=settings) as host:
        yield host


async def use_up_the_share(folder: Path, settings: dict[str, str]) -> None:
    """Let other learners' requests leave no room to the background."""
    store = SqliteDocumentStore(folder / "skillsync.db")
    [provider] = load_settings(app_settings(folder, **settings)).providers
    limiter = Limiter(Documents(store))
    while len((await limiter.state(provider)).window.reservations) < SHARE:
        await limiter.enter(provider, 10)
    await store.close()


def test_a_lesson_of_the_background_is_woken_when_its_learner_opens_it(
    host: LocalHost, tmp_path: Path, settings: dict[str, str], provider: ModelProvider
) -> None:
    with Learner(host.url, f"learner-{uuid.uuid4()}") as ada:
        lesson = first_lesson(ada.roadmap())
        asyncio.run(use_up_the_share(tmp_path, settings))
        message = {"schema_version": 1, "kind": "lesson", "user_id": ada.user_id, "lesson_id": lesson["id"]}
        Namespace(host.service_bus()).send(message, str(uuid.uuid4()))
        until(
            lambda: [
                head
                for head in stored_documents(tmp_path / "skillsync.db", "LessonHead")
                if head["sources_found"]
            ],
            "the lesson's sources",
        )
        time.sleep(2)
        assert ada.lesson(lesson["id"])["generation_status"] == "generating"
        assert provider.calls().get("lesson", 0) == 0, "there is no room for what nobody waits for"

        began = time.monotonic()
        assert ada.generate(lesson["id"]).status_code == 202
        written = ada.await_lesson(lesson["id"], seconds=40)
        assert (written["generation_status"], written["tier"]) == ("completed", "model")
        assert time.monotonic() - began < 20, "it did not sleep on until the window had room"
        assert provider.calls()["lesson"] == 1
