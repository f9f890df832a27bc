"""The document store as the rest of the app sees it; both adapters pass one contract suite.

A document is a JSON object with `id`, the partition key its container names in containers.json, `type`,
`schema_version`, `created_at`, `updated_at`; read documents carry `_etag`. The semantics are those of Azure
Cosmos DB for NoSQL, limits included, so that what works on the embedded store works there too:

- a batch holds 1 to 100 operations on one container and one partition and at most 2 MB, all or nothing;
- a patch holds 1 to 10 operations and never touches `id` or the partition key;
- a document is at most 2 MB;
- `ttl` (seconds, a positive integer, counted from the last write) makes a document vanish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

JsonValue = Any
Document = dict[str, JsonValue]

MAX_BATCH_OPERATIONS = 100
MAX_BATCH_BYTES = 2 * 1024 * 1024
MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
MAX_PATCH_OPERATIONS = 10


@dataclass(frozen=True, slots=True)
class PatchOperation:
    """One change of a patch; `path` is a JSON pointer such as `/progress/lessons_completed`.

    `set` creates or overwrites, `remove` needs the path to exist, `increment` adds a number (a missing field
    counts as 0), `append` adds to the end of an existing array.
    """

    kind: Literal["set", "remove", "increment", "append"]
    path: str
    value: JsonValue = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for a patch: `path` (a JSON pointer) compared with `value`.

    A missing path satisfies only `!=` and `missing`; values of another type never satisfy an ordering.
    """

    path: str
    comparison: Literal["=", "!=", "<", "<=", ">", ">=", "missing", "present"]
    value: JsonValue = None


@dataclass(frozen=True, slots=True)
class Create:
    """Batch operation: fails with Conflict when the id exists."""

    document: Document


@dataclass(frozen=True, slots=True)
class Replace:
    """Batch operation: fails with PreconditionFailed when the ETag has changed."""

    document: Document
    etag: str


@dataclass(frozen=True, slots=True)
class Patch:
    """Batch operation: fails with PreconditionFailed when a condition does not hold."""

    id: str
    operations: Sequence[PatchOperation]
    conditions: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Batch operation: fails with NotFound when there is nothing to delete."""

    id: str
    etag: str | None = None


BatchOperation = Create | Replace | Patch | Delete


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents and, when there are more, the token that continues after them."""

    items: list[Document]
    continuation: str | None


class DocumentStore(Protocol):
    """One store of documents in the containers of containers.json.

    Every method may raise StoreUnavailable, after the adapter's own bounded retries of 429, 449, 503 and lost
    connections. A retried write whose first try did happen is recognised by the caller's ETags and ids, so
    methods may answer Conflict, NotFound or PreconditionFailed after a success that got lost on the way.
    """

    async def create(self, container: str, document: Document) -> Document:
        """Store a new document and return it with its `_etag`; raises Conflict."""
        ...

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        """Return one document by its ids (a point read); raises NotFound."""
        ...

    async def replace(self, container: str, document: Document, etag: str) -> Document:
        """Overwrite a document that still has this ETag; raises NotFound, PreconditionFailed."""
        ...

    async def patch(
        self,
        container: str,
        partition: str,
        document_id: str,
        operations: Sequence[PatchOperation],
        conditions: Sequence[Condition] = (),
    ) -> Document:
        """Change parts of a document when all conditions hold; raises NotFound, PreconditionFailed.

        A patch without conditions always applies and is atomic, so concurrent increments all count. One whose
        answer got lost is repeated only when it sets values; otherwise StoreUnavailable leaves its fate open.
        """
        ...

    async def delete(self, container: str, partition: str, document_id: str, etag: str | None = None) -> None:
        """Remove a document; raises NotFound, PreconditionFailed."""
        ...

    async def batch(
        self, container: str, partition: str, operations: Sequence[BatchOperation]
    ) -> list[Document | None]:
        """Apply all operations or none, and return the written documents (None for a delete) in order.

        Raises the error of the first operation that failed, or InvalidOperation for a batch outside the
        limits or with a document of another partition.
        """
        ...

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
        """Return documents of one partition whose fields equal the given values.

        Fields are top-level names or `generation_metadata.<name>`; `order_by` is one for which
        containers.json has a composite index, ties broken by `id`, and needs `type` among the equalities.
        Documents in which it is neither a number nor a string are left out. Without `order_by` the order is
        that of ids. An invalid continuation raises InvalidOperation.
        """
        ...

    async def query_across(
        self,
        container: str,
        document_type: str,
        equals: Mapping[str, JsonValue],
        *,
        updated_before: str | None = None,
        limit: int = 100,
    ) -> list[Document]:
        """Return at most `limit` documents of a type from all partitions, in no particular order.

        For sweeps and operators' lists; `updated_before` compares `updated_at` (UTC ISO 8601).
        """
        ...

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
        """Return documents of a type from all partitions, in an order and page by page, as `query` does.

        For lists that operators leaf through: every partition is asked for each page. Documents that have the
        same value of `order_by` and the same id in two partitions may be left out at the end of a page.
        """
        ...

    async def missing_containers(self) -> list[str]:
        """Return the names of containers of containers.json that do not exist; for readiness checks."""
        ...

    async def close(self) -> None:
        """Release connections; the store cannot be used afterwards."""
        ...
