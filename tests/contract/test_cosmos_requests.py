"""What the Cosmos DB adapter sends, seen at the wire: for semantics that no emulator shows."""

from __future__ import annotations

import asyncio
import time
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.errors import StoreUnavailable
from shared.store.contract import Condition, Create, Delete, DocumentStore, Patch, PatchOperation, Replace
from shared.store.cosmos import CosmosDocumentStore
from tests.support.certificates import loopback_tls
from tests.support.cosmos_emulator import EMULATOR_KEY
from tests.support.cosmos_gateway import CosmosGateway
from tests.support.documents import learning


@pytest.fixture
async def gateway() -> AsyncIterator[CosmosGateway]:
    async with CosmosGateway().run() as running:
        yield running


@pytest.fixture
async def store(gateway: CosmosGateway) -> AsyncIterator[CosmosDocumentStore]:
    store = CosmosDocumentStore(gateway.url, "skillsync", key=EMULATOR_KEY)
    yield store
    await store.close()


async def test_time_to_live_is_sent_with_the_document(gateway: CosmosGateway, store: DocumentStore) -> None:
    created = await store.create("learning", learning("one", ttl=3600))
    await store.replace("learning", {**created, "ttl": 60}, created["_etag"])
    await store.patch("learning", "ada", "one", [PatchOperation("set", "/ttl", 5)])
    first, second, third = gateway.document_requests
    assert first.body["ttl"] == 3600
    assert second.body["ttl"] == 60
    assert third.body["operations"] == [{"op": "set", "path": "/ttl", "value": 5}]


async def test_etags_are_sent_as_conditions(gateway: CosmosGateway, store: DocumentStore) -> None:
    created = await store.create("learning", learning("one"))
    replaced = await store.replace("learning", created, created["_etag"])
    await store.delete("learning", "ada", "one", replaced["_etag"])
    _, replace, delete = gateway.document_requests
    assert replace.headers["If-Match"] == created["_etag"]
    assert "_etag" not in replace.body
    assert delete.headers["If-Match"] == replaced["_etag"]


async def test_a_patchs_condition_is_one_predicate(gateway: CosmosGateway, store: DocumentStore) -> None:
    await store.create("learning", learning("one"))
    await store.patch(
        "learning",
        "ada",
        "one",
        [
            PatchOperation("append", "/list", {"a": 1}),
            PatchOperation("increment", "/count", 2),
            PatchOperation("remove", "/old"),
        ],
        [
            Condition("/lease/token", "=", 7),
            Condition("/status", "!=", 'it\'s "ü"\\'),
            Condition("/expires_at", "<", "2026"),
            Condition("/order", "missing"),
        ],
    )
    assert gateway.document_requests[-1].body == {
        "operations": [
            {"op": "add", "path": "/list/-", "value": {"a": 1}},
            {"op": "incr", "path": "/count", "value": 2},
            {"op": "remove", "path": "/old"},
        ],
        "condition": (
            'from c where (c["lease"]["token"] = 7)'
            ' and (NOT IS_STRING(c["status"]) OR c["status"] != "it\'s \\"\\u00fc\\"\\\\")'
            ' and (IS_STRING(c["expires_at"]) AND c["expires_at"] < "2026")'
            ' and (NOT IS_DEFINED(c["order"]))'
        ),
    }


async def test_a_batch_is_one_atomic_request(gateway: CosmosGateway, store: DocumentStore) -> None:
    one = await store.create("learning", learning("one"))
    two = await store.create("learning", learning("two"))
    increment = [PatchOperation("increment", "/count", 1)]
    condition = [Condition("/status", "=", "generating")]
    await store.batch(
        "learning",
        "ada",
        [
            Create(learning("new")),
            Replace({**one, "title": "x"}, one["_etag"]),
            Patch("two", increment, condition),
            Delete("two", None),
            Delete("new", None),
        ],
    )
    request = gateway.document_requests[-1]
    assert request.headers["x-ms-cosmos-is-batch-request"] == "True"
    assert request.headers["x-ms-cosmos-batch-atomic"] == "True"
    assert request.headers["x-ms-documentdb-partitionkey"] == '["ada"]'
    assert request.body == [
        {"operationType": "Create", "resourceBody": learning("new")},
        {
            "operationType": "Replace",
            "id": "one",
            "resourceBody": learning("one", title="x"),
            "ifMatch": one["_etag"],
        },
        {
            "operationType": "Patch",
            "id": "two",
            "resourceBody": {
                "operations": [{"op": "incr", "path": "/count", "value": 1}],
                "condition": 'from c where (c["status"] = "generating")',
            },
        },
        {"operationType": "Delete", "id": "two"},
        {"operationType": "Delete", "id": "new"},
    ]
    assert two["id"] == "two"


async def test_values_of_a_query_are_parameters(gateway: CosmosGateway, store: DocumentStore) -> None:
    hostile = '" OR true --'
    await store.query("learning", "ada", {"type": "lesson", "status": hostile}, order_by="order", limit=7)
    await store.query_across("learning", "lesson", {"status": hostile}, updated_before=hostile)
    within, across = (request for request in gateway.document_requests if "query" in (request.body or {}))
    assert hostile not in within.body["query"]
    assert hostile not in across.body["query"]
    assert within.body == {
        "query": (
            'SELECT * FROM c WHERE c["type"] = @p0 AND c["status"] = @p1'
            ' AND (IS_NUMBER(c["order"]) OR IS_STRING(c["order"]))'
            ' ORDER BY c["type"] ASC, c["order"] ASC, c["id"] ASC'
        ),
        "parameters": [{"name": "@p0", "value": "lesson"}, {"name": "@p1", "value": hostile}],
    }
    assert within.headers["x-ms-documentdb-partitionkey"] == '["ada"]'
    assert within.headers["x-ms-max-item-count"] == "8"
    assert across.body["parameters"][2]["value"] == hostile
    assert "x-ms-documentdb-partitionkey" not in across.headers


async def test_a_read_is_a_point_read_with_the_sessions_token(
    gateway: CosmosGateway, store: DocumentStore
) -> None:
    await store.create("learning", learning("a:b %2F ü"))
    await store.read("learning", "ada", "a:b %2F ü")
    create, read = gateway.document_requests
    assert read.headers["x-ms-session-token"].startswith("0:1#")
    assert read.method == "GET"
    assert read.path == "/dbs/skillsync/colls/learning/docs/a:b %2F ü"
    assert read.headers["x-ms-consistency-level"] == "Session"
    assert create.headers["x-ms-consistency-level"] == "Session"


async def test_nothing_is_ever_created_but_documents(gateway: CosmosGateway, store: DocumentStore) -> None:
    await store.missing_containers()
    await store.create("learning", learning("one"))
    await store.create("library", {"id": "two", "key": "k"})
    others = [request for request in gateway.requests if "/docs" not in request.path]
    assert {request.method for request in others} == {"GET"}


async def test_a_container_is_looked_up_once(gateway: CosmosGateway, store: DocumentStore) -> None:
    await asyncio.gather(*(store.create("learning", learning(str(number))) for number in range(5)))
    await store.read("learning", "ada", "1")
    accounts = [request for request in gateway.requests if not request.path]
    assert len(accounts) <= 2
    await store.read("learning", "ada", "2")
    assert gateway.requests[-2].path.endswith("/docs/1")


async def test_a_key_signs_and_is_not_sent(gateway: CosmosGateway, store: DocumentStore) -> None:
    await store.create("learning", learning("one"))
    for request in gateway.requests:
        authorization = urllib.parse.unquote(request.headers["Authorization"])
        assert authorization.startswith("type=master&ver=1.0&sig=")
        assert EMULATOR_KEY not in str(request)


class _Credential:
    """An Entra credential that hands out one token and tells whether it was closed."""

    def __init__(self) -> None:
        self.scopes: list[tuple[str, ...]] = []
        self.closed = False

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes.append(scopes)
        return AccessToken("entra-token", int(time.time()) + 3600)

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> _Credential:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def test_an_entra_identity_sends_its_token(tmp_path: Path) -> None:
    credential = _Credential()
    made: list[_Credential] = []

    def factory() -> _Credential:
        made.append(credential)
        return credential

    async with CosmosGateway().run(loopback_tls(tmp_path)) as gateway:
        store = CosmosDocumentStore(gateway.url, "skillsync", credential_factory=factory)
        assert made == []
        await store.create("learning", learning("one"))
        await store.close()
    authorization = urllib.parse.unquote(gateway.document_requests[0].headers["Authorization"])
    assert authorization == "type=aad&ver=1.0&sig=entra-token"
    assert made == [credential]
    assert credential.closed


async def test_an_identity_that_cannot_prove_itself(tmp_path: Path) -> None:
    class Unavailable(_Credential):
        async def get_token(self, *_: str, **__: Any) -> AccessToken:
            raise ClientAuthenticationError("no identity here")

    made: list[_Credential] = []

    def factory() -> _Credential:
        made.append(Unavailable())
        return made[-1]

    async with CosmosGateway().run(loopback_tls(tmp_path)) as gateway:
        store = CosmosDocumentStore(gateway.url, "skillsync", credential_factory=factory)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="no identity here"):
                await store.read("learning", "ada", "one")
        await store.close()
    assert len(made) == 2
    assert all(credential.closed for credential in made)


@pytest.mark.parametrize("both", [True, False])
def test_a_store_has_one_way_to_prove_itself(both: bool) -> None:
    with pytest.raises(ValueError, match="either a key or a credential"):
        CosmosDocumentStore(
            "https://x",
            "skillsync",
            key="k" if both else None,
            credential_factory=_Credential if both else None,
        )
