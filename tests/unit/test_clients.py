"""The connections: made when first used, one set per event loop, closed when its tasks are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pytest_httpserver import HTTPServer

from shared.clients import Clients, get_clients
from shared.errors import StoreUnavailable
from shared.settings import get_settings, load_settings
from shared.store.contract import DocumentStore
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
    async def use() -> tuple[Clients, httpx.AsyncClient, DocumentStore]:
        clients = get_clients()
        assert get_clients() is clients
        assert clients.http is clients.http
        assert clients.documents is clients.documents
        assert await clients.documents.store.missing_containers() == []
        return clients, clients.http, clients.documents.store

    # asyncio.run cancels what is left on the loop, as the Functions worker does when it is told to stop.
    first, http, store = asyncio.run(use())
    assert http.is_closed
    assert first._documents is None
    with pytest.raises(StoreUnavailable, match="closed"):
        asyncio.run(store.read("learning", "ada", "anything"))
    second, *_ = asyncio.run(use())
    assert second is not first


async def test_the_client_says_who_is_asking(tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("")
    settings = load_settings(app_settings(tmp_path, RESEARCH_CONTACT="mailto:team@example.org"))
    clients = Clients(settings)
    await clients.http.get(httpserver.url_for("/"))
    await clients.close()
    agent = httpserver.log[0][0].headers["User-Agent"]
    assert agent.startswith("SkillSync/0.1 (lesson research for learners; mailto:team@example.org) httpx/")


async def test_a_redirect_is_not_followed_and_no_proxy_of_the_environment_is_used(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys stand in the headers: they go where the settings say, and nowhere else."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    httpserver.expect_request("/").respond_with_data(status=302, headers={"Location": "/elsewhere"})
    clients = Clients(load_settings(app_settings(tmp_path)))
    answer = await clients.http.get(httpserver.url_for("/"))
    await clients.close()
    assert answer.status_code == 302
    assert [request.path for request, _ in httpserver.log] == ["/"]
