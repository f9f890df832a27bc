"""What these tests share: a client, a store, a ledger, a fake provider at the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shared.llm.admission import Admission
from shared.llm.ledger import CallLedger
from shared.llm.limiter import Limiter
from shared.llm.structured import Line
from shared.llm.usage import Budgets
from shared.settings import UNLIMITED, ProviderSettings, load_settings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.app import app_settings
from tests.support.model_provider import ModelProvider

KEY = "sk-test-4711-secret"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    store = SqliteDocumentStore(tmp_path / "documents.db")
    yield Documents(store)
    await store.close()


@pytest.fixture
def ledger(documents: Documents) -> CallLedger:
    return CallLedger(documents)


@pytest.fixture
def line(client: httpx.AsyncClient, documents: Documents, tmp_path: Path) -> Line:
    budgets = Budgets(documents, load_settings(app_settings(tmp_path)))
    return Line(client, CallLedger(documents), Admission(Limiter(documents), budgets, "ada"))


@pytest.fixture
def model_provider() -> Iterator[ModelProvider]:
    with ModelProvider() as provider:
        yield provider


@pytest.fixture
def settings_for() -> Callable[..., ProviderSettings]:
    def build(base_url: str, **given: object) -> ProviderSettings:
        values = {
            "name": "fake",
            "base_url": base_url,
            "model": "fake-model",
            "api_key": SecretStr(KEY),
            "price_in": 1.0,
            "price_out": 2.0,
            "timeout_seconds": 20.0,
            **UNLIMITED,
            **given,
        }
        return ProviderSettings.model_validate(values)

    return build
