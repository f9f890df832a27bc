"""What a namespace holds: its queues, topics and subscriptions, with the properties that a broker acts on."""

from dataclasses import dataclass
from datetime import timedelta

MAX_MESSAGE_BYTES = 256 * 1024
_DEAD_LETTERS = "$deadletterqueue"


@dataclass(frozen=True)
class QueueProperties:
    """A queue's or a subscription's; the defaults are Azure's. A time to live of None means none."""

    lock_duration: timedelta = timedelta(minutes=1)
    max_delivery_count: int = 10
    default_time_to_live: timedelta | None = None
    dead_letters_expired: bool = False


@dataclass(frozen=True)
class Queue:
    """A queue; a `duplicate_window` of None means that duplicates are not detected."""

    name: str
    properties: QueueProperties = QueueProperties()
    duplicate_window: timedelta | None = None


@dataclass(frozen=True)
class Subscription:
    """A subscription, which gets a copy of every message of its topic."""

    name: str
    properties: QueueProperties = QueueProperties()


@dataclass(frozen=True)
class Topic:
    """A topic with its subscriptions; its time to live bounds theirs."""

    name: str
    subscriptions: tuple[Subscription, ...] = ()
    default_time_to_live: timedelta | None = None
    duplicate_window: timedelta | None = None


@dataclass(frozen=True)
class Entities:
    """All queues and topics of a namespace."""

    queues: tuple[Queue, ...] = ()
    topics: tuple[Topic, ...] = ()


def subscription_path(topic: str, subscription: str) -> str:
    """The address of a subscription."""
    return f"{topic}/subscriptions/{subscription}"


def dead_letter_path(path: str) -> str:
    """The address of the dead-letter queue of a queue or subscription."""
    return f"{path}/{_DEAD_LETTERS}"
