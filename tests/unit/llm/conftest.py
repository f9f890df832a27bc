"""What these tests share: a client, a store, a ledger, a fake provider at the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shared.llm.ledger import CallLedger
from shared.settings import ProviderSettings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
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
            **given,
        }
        return ProviderSettings.model_validate(values)

    return build
