"""A message as the broker keeps it: everything about it but its content, which stays on disk."""

import uuid
from dataclasses import dataclass
from enum import IntEnum


class MessageState(IntEnum):
    """The states that a client is told, by the numbers it knows them by."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(frozen=True)
class Draft:
    """A message that a client sends; moments are seconds since the epoch, as everywhere in the broker."""

    payload: bytes
    message_id: str | None = None
    time_to_live: float | None = None
    scheduled_for: float | None = None


@dataclass(frozen=True)
class Lock:
    """Who may settle a message, and how long."""

    token: uuid.UUID
    until: float


@dataclass(frozen=True)
class DeadLetter:
    """Why a message lies among the dead letters, and where it comes from."""

    reason: str | None
    description: str | None
    source: str


@dataclass
class Message:
    """One message in one queue or subscription."""

    sequence_number: int
    message_id: str | None
    enqueued_at: float
    time_to_live: float | None = None
    scheduled_for: float | None = None
    state: MessageState = MessageState.ACTIVE
    deliveries: int = 0
    dead_letter: DeadLetter | None = None
    lock: Lock | None = None

    @property
    def expires_at(self) -> float | None:
        """When it expires; dead letters and what still waits for its time never do."""
        if self.time_to_live is None or self.dead_letter or self.state is MessageState.SCHEDULED:
            return None
        return self.enqueued_at + self.time_to_live

    @property
    def failed_deliveries(self) -> int:
        """The deliveries that came to nothing so far: all but the one that runs."""
        return self.deliveries - 1 if self.lock else self.deliveries
