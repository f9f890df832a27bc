"""The connections: made when first used, one set per event loop, closed when its tasks are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from shared.clients import Clients, get_clients
from shared.settings import get_settings, load_settings
from tests.support.app import app_settings


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CONTAINER_NAME", raising=False)
    for name, value in app_settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("environment")
def test_one_set_for_each_loop_closed_at_its_end() -> None:
    async def use() -> tuple[Clients, object]:
        clients = get_clients()
        assert get_clients() is clients
        assert clients.http is clients.http
        assert clients.documents is clients.documents
        return clients, clients.http

    # asyncio.run cancels what is left on the loop, as the Functions worker does when it is told to stop.
    first, http = asyncio.run(use())
    assert http.is_closed  # type: ignore[attr-defined] # an httpx.AsyncClient
    assert first._documents is None
    second, _ = asyncio.run(use())
    assert second is not first


async def test_the_client_says_who_is_asking(tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("")
    settings = load_settings(app_settings(tmp_path, RESEARCH_CONTACT="mailto:team@example.org"))
    clients = Clients(settings)
    await clients.http.get(httpserver.url_for("/"))
    await clients.close()
    agent = httpserver.log[0][0].headers["User-Agent"]
    assert agent.startswith("SkillSync/0.1 (lesson research for learners; mailto:team@example.org) httpx/")
