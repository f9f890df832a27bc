"""What clients were promised: every answer that accepted something, as it came in."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Promise = Literal[
    "roadmap", "lesson", "regeneration", "retry", "cancellation", "stop", "deletion", "batch", "removal",
]  # fmt: skip
"""A cancellation is a lesson's, a stop a roadmap's, and a removal its learner's, whose id it has."""
OWN_DATA = "/me/export"
OF_ROADMAPS: tuple[Promise, ...] = ("roadmap", "retry", "stop", "deletion")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was answered with 200, 202 or 204."""

    promise: Promise
    learner: str
    id: str
    status: int
    key: str = ""
    """The Idempotency-Key, of a roadmap."""
    module_id: str = ""
    """What a batch is for."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a learner read at the very end; one who was removed reads what is left of them."""

    path: str
    learner: str
    status: int
    generation_status: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the broker has taken."""

    kind: Literal["roadmap", "lesson", "module", "bad"]
    learner: str
    message_id: str
    correlation_id: str
    subject_id: str = ""
    """The lesson or the module that it is about."""


class Journal:
    """Written by all clients at once."""

    def __init__(self) -> None:
        self._accepted: list[Accepted] = []
        self._sent: list[Sent] = []
        self._lock = threading.Lock()

    def add(self, accepted: Accepted) -> None:
        with self._lock:
            self._accepted.append(accepted)

    def add_sent(self, sent: Sent) -> None:
        with self._lock:
            self._sent.append(sent)

    @property
    def sent(self) -> tuple[Sent, ...]:
        with self._lock:
            return tuple(self._sent)

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        with self._lock:
            return tuple(self._accepted)
