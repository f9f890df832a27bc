"""Fake sources at the wire, and the app's sources that ask them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.research.network_source import NetworkSource
from shared.research.protocol import Question
from shared.research.sources import create_source
from shared.settings import Settings, load_settings
from tests.support.function_table import DEVELOPMENT
from tests.support.source_servers import SourceServers, settings_of

QUESTION = Question(
    subject="Go (programming language)",
    module_title="Control flow",
    lesson_title="For loops",
    objectives=("Explain the three parts of a for loop", "Write a while loop"),
)


@pytest.fixture
async def servers() -> AsyncIterator[SourceServers]:
    async with SourceServers() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, headers={"User-Agent": "SkillSync tests"}) as client:
        yield client


class Sources:
    """The app's sources, set up to ask the fakes."""

    def __init__(self, origin: str, http: httpx.AsyncClient) -> None:
        self.origin = origin
        self._http = http

    def settings(self, **changes: str) -> Settings:
        return load_settings({**DEVELOPMENT, **settings_of(self.origin), **changes})

    def make(self, name: str, **changes: str) -> NetworkSource:
        settings = self.settings(RESEARCH_SOURCES=name, **changes)
        [own] = settings.source_settings
        source = create_source(own, self._http)
        assert isinstance(source, NetworkSource)
        return source


@pytest.fixture
def sources(servers: SourceServers, http: httpx.AsyncClient) -> Sources:
    return Sources(servers.origin, http)
