"""What the errors of azure-cosmos mean: for the caller, and for a retry."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

from shared.errors import (
    Conflict,
    InvalidOperation,
    NotFound,
    PreconditionFailed,
    StoreError,
    StoreUnavailable,
)

# Sub-statuses of 404, https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
READ_SESSION_NOT_AVAILABLE = 1002
OWNER_RESOURCE_NOT_FOUND = 1003

RETRY_WITH = 449
"""Cosmos DB's own status: two writes met on one document; the request did nothing and may be repeated."""

RETRY_AFTER_HEADER = "x-ms-retry-after-ms"
_LONGEST_DETAIL = 300

_REFUSED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, RETRY_WITH})
_UNCERTAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GONE, HTTPStatus.SERVICE_UNAVAILABLE})


class Repetition(Enum):
    """Whether a failed request may be sent again."""

    NEVER = "the answer would be the same"
    ALWAYS = "the request certainly did nothing"
    IF_HARMLESS = "the request may have been carried out before the answer got lost"


def repetition(error: Exception) -> Repetition:
    """Classify an error that azure-cosmos raised."""
    from aiohttp import ClientConnectorError
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceRequestTimeoutError,
    )

    if isinstance(error, ClientAuthenticationError):
        return Repetition.NEVER
    if isinstance(error, HttpResponseError):
        return _repetition_of_status(error)
    if isinstance(error, ServiceRequestTimeoutError):
        return Repetition.ALWAYS
    if isinstance(error, ServiceRequestError):
        # The name promises that nothing was sent; it also covers a server that hung up after the request.
        unsent = isinstance(error.inner_exception, ClientConnectorError)
        return Repetition.ALWAYS if unsent else Repetition.IF_HARMLESS
    return Repetition.IF_HARMLESS


def retry_after_s(error: Exception) -> float:
    """Return the wait in seconds that the service asks for, 0.0 when it asks for none."""
    headers = getattr(error, "headers", None) or {}
    try:
        return max(0.0, float(headers.get(RETRY_AFTER_HEADER, 0)) / 1000)
    except ValueError:
        return 0.0


def translate(error: Exception, what: str) -> StoreError:
    """Return the app's error for one of azure-cosmos; `what` says what was tried, in a few words."""
    status = getattr(error, "status_code", None)
    if status == HTTPStatus.NOT_FOUND and _sub_status(error) == OWNER_RESOURCE_NOT_FOUND:
        return StoreUnavailable(f"{what}: the container does not exist")
    if status == HTTPStatus.NOT_FOUND and _sub_status(error) != READ_SESSION_NOT_AVAILABLE:
        return NotFound(f"{what}: not found")
    if status == HTTPStatus.CONFLICT:
        return Conflict(f"{what}: there is a document with this id already")
    if status == HTTPStatus.PRECONDITION_FAILED:
        return PreconditionFailed(f"{what}: the document has changed, or the condition does not hold")
    detail = " ".join(f"{status or 'no answer'}: {error}".split())[:_LONGEST_DETAIL]
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}:
        return InvalidOperation(f"{what}: {detail}")
    return StoreUnavailable(f"{what}: {detail}")


def _repetition_of_status(error: Exception) -> Repetition:
    status = getattr(error, "status_code", None)
    if status in _REFUSED:
        return Repetition.ALWAYS
    if status == HTTPStatus.NOT_FOUND and _sub_status(error) == READ_SESSION_NOT_AVAILABLE:
        return Repetition.ALWAYS
    # A success whose body broke off on the way arrives as an error, too.
    if status is None or status < HTTPStatus.MULTIPLE_CHOICES or status in _UNCERTAIN:
        return Repetition.IF_HARMLESS
    return Repetition.NEVER


def _sub_status(error: Exception) -> int | None:
    return getattr(error, "sub_status", None)
