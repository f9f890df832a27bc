"""Every error this app raises on purpose.

SkillSyncError
├── Problem                 a request that cannot be served; becomes an RFC 9457 problem document
├── ConfigurationError      a missing or wrong setting; stops the start with one line
├── ReplyError              a model's reply does not hold what was asked for
├── QueueUnavailable        Service Bus is away, or will not take anything at the moment
├── MessageRefused          Service Bus will never take this message
├── PoisonedMessage         a message of the queue that cannot be obeyed; its Poison document says why
└── StoreError              the document store said no
    ├── Conflict            create: the id exists already
    ├── NotFound            the document does not exist (or has expired)
    ├── PreconditionFailed  the ETag or the condition of a write no longer holds
    ├── InvalidOperation    a request outside the store's limits; a defect of the caller
    │   └── InvalidContinuation  a list's continuation is none, or belongs to another list
    └── StoreUnavailable    throttled, timed out or unreachable after the adapter's own retries
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus


class SkillSyncError(Exception):
    """Base of all errors of this app."""


class ConfigurationError(SkillSyncError):
    """A setting is missing or wrong; the text is one line that names it."""


class ReplyError(SkillSyncError):
    """A model's reply does not hold what was asked for; `errors` says why, in words the model can act on."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class QueueUnavailable(SkillSyncError):
    """Service Bus could not be reached, or the queue or topic is missing, full or closed to us."""


class MessageRefused(SkillSyncError):
    """Service Bus will not take this message, however often it is sent."""


class PoisonedMessage(SkillSyncError):
    """A message that cannot be obeyed; raised so that the broker delivers it again, and dead-letters it."""


class StoreError(SkillSyncError):
    """The document store refused or failed an operation."""


class Conflict(StoreError):
    """A document with this id exists already in its partition."""


class NotFound(StoreError):
    """No such document in this partition, or its time to live has passed."""


class PreconditionFailed(StoreError):
    """The document has changed since it was read, or the condition of a patch does not hold."""


class InvalidOperation(StoreError):
    """The operation is outside the store's limits (batch size, partition, patch operations)."""


class InvalidContinuation(InvalidOperation):
    """The continuation was not given out for this very query."""


class StoreUnavailable(StoreError):
    """The store could not be reached, or throttled for longer than the adapter retries."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field of a request: its dotted path and what is wrong with it."""

    field: str
    message: str
    code: str = "invalid"


@dataclass(slots=True)
class Problem(SkillSyncError):
    """A request that cannot be served: status, stable code, a text for a person, the bad fields."""

    status: HTTPStatus
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status.value} {self.code}: {self.detail}"
