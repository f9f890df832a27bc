"""The settings choose the store; containers.json has the shape that infrastructure code takes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.errors import InvalidOperation
from shared.store.containers import all_containers, container_named
from shared.store.cosmos import CosmosDocumentStore
from shared.store.factory import open_store
from shared.store.sqlite import SqliteDocumentStore
from tests.support.cosmos_emulator import EMULATOR_KEY
from tests.support.cosmos_gateway import CosmosGateway
from tests.support.documents import learning


@dataclass(frozen=True)
class Settings:
    sqlite_path: Path
    cosmos_endpoint: str | None = None
    cosmos_database: str = "skillsync"
    cosmos_key: SecretStr | None = None
    azure_client_id: str | None = None


async def test_without_an_endpoint_the_embedded_store(tmp_path: Path) -> None:
    store = open_store(Settings(tmp_path / "x.db"))
    assert isinstance(store, SqliteDocumentStore)
    await store.create("learning", learning("one"))
    assert (tmp_path / "x.db").exists()
    await store.close()


async def test_with_an_endpoint_and_a_key_an_emulator(tmp_path: Path) -> None:
    async with CosmosGateway().run() as gateway:
        settings = Settings(tmp_path / "x.db", gateway.url, "lessons", SecretStr(EMULATOR_KEY))
        store = open_store(settings)
        assert isinstance(store, CosmosDocumentStore)
        assert gateway.requests == []
        await store.create("learning", learning("one"))
        await store.close()
        assert gateway.document_requests[0].path == "/dbs/lessons/colls/learning/docs"
    assert not (tmp_path / "x.db").exists()


async def test_with_an_endpoint_alone_the_apps_identity(tmp_path: Path) -> None:
    store = open_store(Settings(tmp_path / "x.db", "https://account.example", azure_client_id="client"))
    assert isinstance(store, CosmosDocumentStore)
    assert store._credential_factory is not None
    credential = store._credential_factory()
    assert type(credential).__name__ == "DefaultAzureCredential"
    await credential.close()
    await store.close()


def test_the_embedded_store_loads_no_azure_package() -> None:
    """Cold start is a feature: the SDKs are imported only where they are used."""
    program = (
        "import sys, pathlib, types; import shared.store.factory as f;"
        "f.open_store(types.SimpleNamespace(cosmos_endpoint=None, sqlite_path=pathlib.Path('x')));"
        "import shared.store.cosmos;"
        "print([m for m in sys.modules if m.split('.')[0] in ('azure', 'aiohttp')])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_containers_have_the_shape_of_the_resource() -> None:
    assert {name: container.partition_key for name, container in all_containers().items()} == {
        "learning": "user_id",
        "library": "key",
        "operations": "key",
    }
    for container in all_containers().values():
        definition = container.definition
        assert set(definition) == {"id", "partitionKey", "defaultTtl", "indexingPolicy"}
        assert definition["partitionKey"] == {
            "paths": [f"/{container.partition_key}"],
            "kind": "Hash",
            "version": 2,
        }
        # -1: documents live for ever unless they say otherwise; without it their `ttl` would be ignored.
        assert definition["defaultTtl"] == -1
        policy = definition["indexingPolicy"]
        excluded = {part["path"] for part in policy["excludedPaths"]}
        assert "/content/*" in excluded
        assert policy["includedPaths"] == [{"path": "/*"}]
        assert {"created_at", "updated_at"} <= container.sortable_fields
        indexed = {part["path"] for index in policy["compositeIndexes"] for part in index}
        assert not indexed & {path.removesuffix("/*").removesuffix("/?") for path in excluded}
    library = all_containers()["library"].definition["indexingPolicy"]["excludedPaths"]
    assert {"path": "/generation_metadata/prompt/?"} in library
    assert {"path": "/generation_metadata/system_prompt/?"} in library


def test_an_unknown_container_is_refused_by_name() -> None:
    with pytest.raises(InvalidOperation, match="'lessons'"):
        container_named("lessons")
