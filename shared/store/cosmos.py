"""The document store on Azure Cosmos DB for NoSQL.

The SDK's own retries are switched off, as cosmos_retry has them all: those of throttling, of connections
and, with endpoint discovery, those across regions. Without discovery every request goes to the account's
global endpoint, which follows a failover by DNS. One thing the SDK still repeats (three times, half a second
apart) is reading the account's properties when the client is opened. Beneath the SDK, aiohttp sends a GET,
PUT or DELETE once more when a pooled connection turns out to be dead; those are harmless twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from shared.errors import NotFound, StoreUnavailable
from shared.store import continuation as tokens
from shared.store import limits
from shared.store.containers import all_containers, container_named
from shared.store.contract import (
    BatchOperation,
    Condition,
    Create,
    Document,
    JsonValue,
    Page,
    Patch,
    PatchOperation,
    Replace,
)
from shared.store.cosmos_query import Parameters, QueryBuilder, filter_predicate
from shared.store.cosmos_retry import (
    RetryPolicy,
    batch_is_repeatable,
    call_with_retries,
    patch_is_repeatable,
)
from shared.store.cosmos_session import remember_batch

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.cosmos.aio import ContainerProxy, CosmosClient

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 10.0

_PATCH_NAMES = {"set": "set", "remove": "remove", "increment": "incr", "append": "add"}
_Result = TypeVar("_Result")


class CosmosDocumentStore:
    """DocumentStore on one database of a Cosmos DB account, with Session consistency.

    The client is created at first use, on the event loop that the store then belongs to. `credential_factory`
    makes an Entra credential, which the store closes with the client; a `key` is for emulators.
    """

    def __init__(
        self,
        endpoint: str,
        database: str,
        *,
        key: str | None = None,
        credential_factory: Callable[[], AsyncTokenCredential] | None = None,
        retry_policy: RetryPolicy | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        if (key is None) == (credential_factory is None):
            raise ValueError("a Cosmos DB store needs either a key or a credential factory")
        self._endpoint = endpoint
        self._database = database
        self._key = key
        self._credential_factory = credential_factory
        self._retry_policy = retry_policy or RetryPolicy()
        self._read_timeout_s = read_timeout_s
        self._credential: AsyncTokenCredential | None = None
        self._client: CosmosClient | None = None
        self._containers: dict[str, ContainerProxy] = {}
        self._properties: dict[str, Mapping[str, Any]] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    async def create(self, container: str, document: Document) -> Document:
        """See DocumentStore."""
        _, document_id, stored = limits.check_document(container_named(container), document)

        async def call(proxy: ContainerProxy) -> Mapping[str, Any]:
            return await proxy.create_item(stored)

        return _document(await self._request(container, f"create {document_id!r}", call))

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        """See DocumentStore."""
        limits.check_partition(partition, container_named(container))
        limits.check_id(document_id)

        async def call(proxy: ContainerProxy) -> Mapping[str, Any]:
            return await proxy.read_item(document_id, partition)

        return _document(await self._request(container, f"read {document_id!r}", call))

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """See DocumentStore."""
        _, document_id, stored = limits.check_document(container_named(container), document)

        async def call(proxy: ContainerProxy) -> Mapping[str, Any]:
            return await proxy.replace_item(document_id, stored, **_if_match(etag))

        return _document(await self._request(container, f"replace {document_id!r}", call))

    async def patch(
        self,
        container: str,
        partition: str,
        document_id: str,
        operations: Sequence[PatchOperation],
        conditions: Sequence[Condition] = (),
    ) -> Document:
        """See DocumentStore."""
        target = container_named(container)
        limits.check_partition(partition, target)
        limits.check_id(document_id)
        limits.check_patch(target, operations, conditions)
        changes = [_patch_operation(operation) for operation in operations]

        async def call(proxy: ContainerProxy) -> Mapping[str, Any]:
            return await proxy.patch_item(
                document_id, partition, changes, filter_predicate=filter_predicate(conditions)
            )

        return _document(
            await self._request(
                container, f"patch {document_id!r}", call, harmless=patch_is_repeatable(operations)
            )
        )

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """See DocumentStore."""
        limits.check_partition(partition, container_named(container))
        limits.check_id(document_id)

        async def call(proxy: ContainerProxy) -> None:
            await proxy.delete_item(document_id, partition, **_if_match(etag))

        await self._request(container, f"delete {document_id!r}", call)

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """See DocumentStore."""
        limits.check_batch(container_named(container), partition, operations)

        async def call(proxy: ContainerProxy) -> Sequence[Mapping[str, Any]]:
            # Made anew for each try, as the SDK takes the options out of the operations.
            requests = [_batch_operation(operation) for operation in operations]
            results = await proxy.execute_item_batch(requests, partition)
            remember_batch(proxy, self._properties[container], results)
            return results

        results = await self._request(
            container, f"batch of {len(operations)}", call, harmless=batch_is_repeatable(operations)
        )
        return [
            _document(result["resourceBody"]) if result.get("resourceBody") else None for result in results
        ]

    async def query(
        self,
        container: str,
        partition: str,
        equals: Mapping[str, JsonValue],
        *,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """See DocumentStore."""
        limits.check_partition(partition, container_named(container))
        return await self._page(
            container, partition, equals, order_by, continuation, descending=descending, limit=limit
        )

    async def query_across(
        self,
        container: str,
        document_type: str,
        equals: Mapping[str, JsonValue],
        *,
        updated_before: str | None = None,
        limit: int = 100,
    ) -> list[Document]:
        """See DocumentStore."""
        limits.check_query(container_named(container), {**equals, "type": document_type}, None, limit)
        builder = QueryBuilder()
        builder.add_equality("type", document_type)
        for name, value in equals.items():
            builder.add_equality(name, value)
        if updated_before is not None:
            builder.add_less_than("updated_at", updated_before)
        return await self._select(container, builder.build(), limit, None)

    async def page_across(
        self,
        container: str,
        document_type: str,
        equals: Mapping[str, JsonValue],
        *,
        order_by: str,
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """See DocumentStore."""
        wanted = {**equals, "type": document_type}
        return await self._page(
            container, None, wanted, order_by, continuation, descending=descending, limit=limit
        )

    async def missing_containers(self) -> list[str]:
        """See DocumentStore; a container once found is not asked for again by other methods, but by this."""
        missing = []
        for name in all_containers():
            try:
                await self._find_container(name)
            except NotFound:
                missing.append(name)
        return missing

    async def close(self) -> None:
        """See DocumentStore."""
        async with self._opening:
            self._closed = True
            self._containers.clear()
            client, self._client = self._client, None
            if client is not None:
                await self._release(client)

    async def _release(self, client: CosmosClient) -> None:
        await client.close()
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()

    async def _page(
        self,
        container: str,
        partition: str | None,
        equals: Mapping[str, JsonValue],
        order_by: str | None,
        continuation: str | None,
        *,
        descending: bool,
        limit: int,
    ) -> Page:
        """Return a page of one partition, or of all of them."""
        limits.check_query(container_named(container), equals, order_by, limit)
        query = tokens.fingerprint(container, partition, equals, order_by, descending=descending)
        after = tokens.decode(query, continuation, ordered=order_by is not None) if continuation else None
        builder = QueryBuilder()
        for name, value in equals.items():
            builder.add_equality(name, value)
        builder.add_order(order_by, descending=descending, after=after)
        # One more than asked for tells whether there is another page.
        found = await self._select(container, builder.build(), limit + 1, partition)
        return tokens.page_of(query, found, order_by, limit)

    async def _select(
        self, container: str, statement: tuple[str, Parameters], limit: int, partition: str | None
    ) -> list[Document]:
        query, parameters = statement
        where: dict[str, Any] = {} if partition is None else {"partition_key": partition}

        async def call(proxy: ContainerProxy) -> list[Document]:
            found: list[Document] = []
            async for item in proxy.query_items(query, parameters=parameters, max_item_count=limit, **where):
                found.append(_document(item))
                if len(found) == limit:
                    break
            return found

        return await self._request(container, "query", call)

    async def _request(
        self,
        container: str,
        what: str,
        call: Callable[[ContainerProxy], Awaitable[_Result]],
        *,
        harmless: bool = True,
    ) -> _Result:
        proxy = self._containers.get(container)
        if proxy is None:
            try:
                proxy = await self._find_container(container)
            except NotFound as error:
                raise StoreUnavailable(f"container {container} does not exist in {self._database}") from error
        found = proxy
        return await call_with_retries(
            lambda: call(found), self._retry_policy, what=f"{what} in {container}", harmless=harmless
        )

    async def _find_container(self, name: str) -> ContainerProxy:
        """Read a container's properties, which the SDK needs before any other request anyway.

        Doing it here tells a missing container from a missing document: both are 404.
        """
        client = await self._open()
        proxy = client.get_database_client(self._database).get_container_client(name)
        self._properties[name] = await call_with_retries(
            proxy.read, self._retry_policy, what=f"find container {name}", harmless=True
        )
        self._containers[name] = proxy
        return proxy

    async def _open(self) -> CosmosClient:
        async with self._opening:
            if self._closed:
                raise StoreUnavailable("the document store is closed")
            if self._client is None:
                client = self._make_client()
                try:
                    # Session tokens are kept only by a client that has been entered.
                    await call_with_retries(
                        client.__aenter__, RetryPolicy(tries=1), what="open the account", harmless=True
                    )
                except BaseException:
                    await self._release(client)
                    raise
                self._client = client
            return self._client

    def _make_client(self) -> CosmosClient:
        from azure.cosmos.aio import CosmosClient

        if self._credential_factory is not None:
            self._credential = self._credential_factory()
        return CosmosClient(
            self._endpoint,
            self._credential or self._key or "",
            consistency_level="Session",
            enable_endpoint_discovery=False,
            connection_timeout=CONNECT_TIMEOUT_S,
            read_timeout=self._read_timeout_s,
            retry_total=0,
            retry_connect=0,
            retry_read=0,
            retry_status=0,
            retry_throttle_total=-1,  # 0 would mean "not given", which is 9
        )


def _if_match(etag: str | None) -> dict[str, Any]:
    """Return the SDK's arguments for 'only if the document still has this ETag', none without one."""
    from azure.core import MatchConditions

    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _patch_operation(operation: PatchOperation) -> dict[str, JsonValue]:
    path = f"{operation.path}/-" if operation.kind == "append" else operation.path
    request = {"op": _PATCH_NAMES[operation.kind], "path": path}
    return request if operation.kind == "remove" else {**request, "value": operation.value}


def _batch_operation(operation: BatchOperation) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    match operation:
        case Create(document):
            return "create", (limits.without_system_fields(document),), {}
        case Replace(document, etag):
            return (
                "replace",
                (document["id"], limits.without_system_fields(document)),
                {"if_match_etag": etag},
            )
        case Patch(document_id, operations, conditions):
            options = {"filter_predicate": filter_predicate(conditions)} if conditions else {}
            return "patch", (document_id, [_patch_operation(change) for change in operations]), options
    return "delete", (operation.id,), {"if_match_etag": operation.etag} if operation.etag else {}


def _document(item: Mapping[str, Any]) -> Document:
    return {**limits.without_system_fields(dict(item)), "_etag": item["_etag"]}
