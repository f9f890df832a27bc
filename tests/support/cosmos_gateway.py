"""A scripted Cosmos DB account at the wire: it records what it is asked, and fails as the test says.

It holds documents in memory and does what create, read, replace, patch, delete and batch requests say,
without conditions other than If-Match: enough to see what a lost answer leaves behind. Semantics are the
emulator's part (tests/support/cosmos_emulator.py).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from shared.store.containers import all_containers
from shared.store.contract import Document
from tests.support.cosmos_faults import Answer, Fault, Silence, fail

_DATABASE_RID = "AAAAAA=="
_COLLECTION_RID = "AAAAAAAAAAA="
_SELF = f"dbs/{_DATABASE_RID}/colls/{_COLLECTION_RID}/docs/AAAAAAAAAAABAAAAAAAAAA==/"
_WHOLE_RANGE = {"id": "0", "minInclusive": "", "maxExclusive": "FF", "parents": []}


@dataclass(frozen=True)
class Recorded:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    at: float


class CosmosGateway:
    """The account: `faults` are used up by requests for documents, one each; without one all goes well."""

    def __init__(self) -> None:
        self.url = ""
        self.faults: deque[Fault] = deque()
        self.container_faults: deque[Answer] = deque()
        self.containers = set(all_containers())
        self.documents: dict[str, Document] = {}
        self.requests: list[Recorded] = []
        self.silent = asyncio.Event()
        self._etags = itertools.count(1)

    @property
    def document_requests(self) -> list[Recorded]:
        """The requests for documents, in order."""
        return [request for request in self.requests if "/docs" in request.path]

    @asynccontextmanager
    async def run(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[CosmosGateway]:
        """Serve on a free port of the loopback interface."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text) if text else None
        now = asyncio.get_running_loop().time()
        path = request.path.rstrip("/")
        self.requests.append(Recorded(request.method, path, dict(request.headers), body, now))
        if not path:
            return _account(self.url)
        if path.endswith("/pkranges"):
            if "If-None-Match" in request.headers:
                return web.Response(status=304, headers={"ETag": '"1"'})
            ranges = {"PartitionKeyRanges": [_WHOLE_RANGE], "_count": 1}
            return web.json_response(ranges, headers={"ETag": '"1"'})
        if "/docs" not in path:
            return self._container(path.rsplit("/", 1)[-1])
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, Silence):
            self.silent.set()
        response = self._carry_out(request, body) if fault is None or fault.after else None
        return response if fault is None and response is not None else await fail(request, fault)

    def _container(self, name: str) -> web.Response:
        if self.container_faults:
            fault = self.container_faults.popleft()
            return web.json_response({"code": "scripted"}, status=fault.status, headers=fault.headers)
        if name not in self.containers:
            return web.json_response({"code": "NotFound"}, status=404)
        definition = all_containers()[name].definition
        resource = {
            "_rid": _COLLECTION_RID,
            "_self": f"dbs/{_DATABASE_RID}/colls/{_COLLECTION_RID}/",
            "_etag": "e",
        }
        return web.json_response({**definition, **resource})

    def _carry_out(self, request: web.Request, body: Any) -> web.Response:
        collection, _, document_id = request.path.strip("/").partition("/docs")
        document_id = document_id.strip("/")
        if request.headers.get("x-ms-cosmos-is-batch-request"):
            return self._batch(body)
        if request.headers.get("x-ms-documentdb-isquery"):
            found = list(self.documents.values())
            return web.json_response({"Documents": found, "_count": len(found)})
        status, document = self._apply(
            request.method, document_id or body["id"], body, request.headers.get("If-Match")
        )
        headers = {
            "x-ms-session-token": f"0:1#{len(self.requests)}#1=1",
            "x-ms-alt-content-path": collection,
            "x-ms-documentdb-partitionkeyrangeid": "0",
        }
        return web.json_response(document, status=status, headers=headers)

    def _apply(self, method: str, document_id: str, body: Any, if_match: str | None) -> tuple[int, Any]:
        current = self.documents.get(document_id)
        if method == "POST":
            return (409, {}) if current else (201, self._store(body))
        if current is None:
            return 404, {}
        if if_match is not None and if_match != current["_etag"]:
            return 412, {}
        if method in {"PUT", "PATCH"}:
            return 200, self._store(body if method == "PUT" else _patched(current, body["operations"]))
        if method == "DELETE":
            del self.documents[document_id]
            return 204, None
        return 200, current

    def _batch(self, operations: list[dict[str, Any]]) -> web.Response:
        before = dict(self.documents)
        methods = {"Create": "POST", "Replace": "PUT", "Patch": "PATCH", "Delete": "DELETE"}
        results = []
        for operation in operations:
            body = operation.get("resourceBody", {})
            document_id = operation.get("id") or body["id"]
            status, document = self._apply(
                methods[operation["operationType"]], document_id, body, operation.get("ifMatch")
            )
            results.append({"statusCode": status, "resourceBody": document})
            if status >= 400:
                self.documents = before
                return web.json_response([{"statusCode": status}], status=207)
        return web.json_response(results)

    def _store(self, document: Document) -> Document:
        stored = {**document, "_etag": f'"{next(self._etags)}"', "_self": _SELF, "_ts": 1}
        self.documents[document["id"]] = stored
        return stored


def _patched(document: Document, operations: list[dict[str, Any]]) -> Document:
    changed = dict(document)
    for operation in operations:
        name = operation["path"].removeprefix("/")
        value = operation.get("value")
        changed[name] = changed.get(name, 0) + value if operation["op"] == "incr" else value
    return changed


def _account(url: str) -> web.Response:
    location = [{"name": "Here", "databaseAccountEndpoint": url}]
    account = {
        "id": "account",
        "_self": "",
        "writableLocations": location,
        "readableLocations": location,
        "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
    }
    return web.json_response(account)
