"""Continuation tokens: the position after the last document of a page.

Both adapters page by key set (order value and id of the last document), not by offset, so that documents
which are written between two pages neither repeat nor hide others. The token also carries a fingerprint of
its query: a token of another query is refused instead of giving a page that makes no sense. It holds nothing
secret, and a forged one reaches nothing that its caller could not query anyway.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import InvalidContinuation, InvalidOperation
from shared.store.contract import Document, JsonValue, Page
from shared.store.limits import check_value, is_number


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended; `value` is the order field's value, None for a query in the order of ids."""

    value: str | float | None
    document_id: str


def fingerprint(
    container: str,
    partition: str | None,
    equals: Mapping[str, JsonValue],
    order_by: str | None,
    *,
    descending: bool,
) -> str:
    """Return a short digest that is the same for the same query only; no partition stands for all of them."""
    query = json.dumps([container, partition, sorted(equals.items()), order_by, descending])
    return hashlib.sha256(query.encode()).hexdigest()[:16]


def encode(query: str, position: Position) -> str:
    """Return the token for a position of the query with this fingerprint."""
    payload = json.dumps([query, position.value, position.document_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(payload.encode()).decode()


def decode(query: str, token: str, *, ordered: bool) -> Position:
    """Return the position of a token; raises InvalidContinuation unless it was made for this very query."""
    try:
        payload = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise InvalidContinuation("the continuation is not one of this store") from error
    match payload:
        case [str() as own, value, str() as document_id] if own == query:
            if (isinstance(value, str) or is_number(value)) if ordered else value is None:
                _check(value, document_id)
                return Position(value, document_id)
    raise InvalidContinuation("the continuation belongs to another query")


def _check(value: str | float | None, document_id: str) -> None:
    try:
        check_value(value, "continuation")
        check_value(document_id, "continuation")
    except InvalidOperation as error:
        raise InvalidContinuation(str(error)) from error


def page_of(query: str, found: list[Document], order_by: str | None, limit: int) -> Page:
    """Return the first `limit` of the documents found, with the token to go on when there are more."""
    if len(found) <= limit:
        return Page(found, None)
    items = found[:limit]
    value = None if order_by is None else items[-1][order_by]
    return Page(items, encode(query, Position(value, items[-1]["id"])))
