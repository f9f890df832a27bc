"""Documents for tests of the store."""

from __future__ import annotations

from shared.store.contract import Document, JsonValue

CREATED = "2026-11-20T10:00:00Z"


def learning(document_id: str, user_id: str = "ada", **fields: JsonValue) -> Document:
    """Return a document for the container `learning`."""
    return {
        "id": document_id,
        "user_id": user_id,
        "type": "lesson",
        "schema_version": 1,
        "created_at": CREATED,
        "updated_at": CREATED,
        **fields,
    }


def content(document: Document) -> Document:
    """Return a document without its ETag."""
    return {name: value for name, value in document.items() if name != "_etag"}
