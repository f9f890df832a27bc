"""Session consistency at the wire: tokens with every answer, and point reads from a replica that is behind.

Every write has a number, the token that a client is given with an answer is the number of the newest write
that the answer knows of, and a read may be answered from any state that is not older than the reader's own
token. So clients see their own writes and never go back in time, and others' writes as late as this wants.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

SESSION_TOKEN = "x-ms-session-token"
LONGEST_BEHIND_SECONDS = 2.0
"""So far may a replica be behind."""
_MOST_VERSIONS = 8

Key = tuple[str, str]
"""The path of a document and its partition: an id is unique in its partition only."""


@dataclass(slots=True)
class _Version:
    """What a point read was answered; it was true until the write `until`."""

    status: int
    headers: dict[str, str]
    body: bytes
    until: int | None = None
    ended_at: float = 0.0


class Sessions:
    """The tokens of one account, and what its documents were a moment ago; for one event loop.

    Whoever calls forwards one request for documents at a time, so that numbers follow the order of writes.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._written = 0
        self._versions: dict[Key, list[_Version]] = defaultdict(list)

    def note(self, request: web.Request, body: bytes, answer: web.Response) -> None:
        """Take in an answer for documents, and give it its token."""
        if is_point_read(request):
            headers = {name: value for name, value in answer.headers.items() if name != SESSION_TOKEN}
            content = answer.body if isinstance(answer.body, bytes) else b""
            kept = self._versions[_key(request)]
            kept.append(_Version(answer.status, headers, content))
            del kept[:-_MOST_VERSIONS]
        elif not _is_query(request) and answer.status in (200, 201, 204):
            self._written += 1
            for key in _written_keys(request, body):
                self._end(key)
        _give_token(request, answer, self._written)

    def _end(self, key: Key) -> None:
        for version in self._versions[key]:
            if version.until is None:
                version.until, version.ended_at = self._written, self._clock()

    def older(self, request: web.Request) -> web.Response | None:
        """Return an older answer to a point read that the reader's session allows, or None."""
        seen = _seen(request)
        for version in self._versions[_key(request)]:
            is_recent = self._clock() - version.ended_at <= LONGEST_BEHIND_SECONDS
            if version.until is not None and version.until > seen and is_recent:
                answer = web.Response(status=version.status, headers=version.headers, body=version.body)
                _give_token(request, answer, max(seen, version.until - 1))
                return answer
        return None


def is_point_read(request: web.Request) -> bool:
    """Tell whether a request reads one document."""
    return request.method == "GET" and _document_id(request) != ""


def _is_query(request: web.Request) -> bool:
    return request.method == "GET" or "x-ms-documentdb-isquery" in request.headers


def _document_id(request: web.Request) -> str:
    return request.path.partition("/docs")[2].strip("/")


def _key(request: web.Request) -> Key:
    return _key_of(request, _document_id(request))


def _key_of(request: web.Request, document_id: str) -> Key:
    partition = request.headers.get("x-ms-documentdb-partitionkey", "")
    return f"{_collection(request)}/{document_id}", partition


def _collection(request: web.Request) -> str:
    return request.path.partition("/docs")[0].strip("/")


def _written_keys(request: web.Request, body: bytes) -> list[Key]:
    """Return which documents a successful write has changed."""
    if "x-ms-cosmos-is-batch-request" in request.headers:
        operations = json.loads(body)
        ids = [operation.get("id") or operation["resourceBody"]["id"] for operation in operations]
    else:
        ids = [_document_id(request) or json.loads(body)["id"]]
    return [_key_of(request, id_) for id_ in ids]


def _seen(request: web.Request) -> int:
    """Return the number of the newest write that the reader's session knows of."""
    token = request.headers.get(SESSION_TOKEN, "")
    return int(token.split("#")[1]) if "#" in token else 0


def _give_token(request: web.Request, answer: web.Response, number: int) -> None:
    answer.headers[SESSION_TOKEN] = f"0:1#{number}#1=1"
    answer.headers["x-ms-alt-content-path"] = _collection(request)
    answer.headers["x-ms-documentdb-partitionkeyrangeid"] = "0"
