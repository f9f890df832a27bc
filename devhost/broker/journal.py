"""What queues write down while they change, so that a restart finds the same messages."""

from typing import Protocol

from devhost.broker.message import Message


class Journal(Protocol):
    """The disk, as a queue sees it; `path` is the queue's address."""

    def add(self, path: str, message: Message, payload: bytes) -> None:
        """Keep a new message."""

    def update(self, path: str, message: Message) -> None:
        """Keep what has changed about a message."""

    def replace_payload(self, path: str, sequence_number: int, payload: bytes) -> None:
        """Give a message another content."""

    def move(self, path: str, message: Message, target: str) -> None:
        """Keep a message, with its content, in another queue from now on."""

    def remove(self, path: str, sequence_number: int) -> None:
        """Forget a message."""

    def payload(self, path: str, sequence_number: int) -> bytes:
        """A message's content."""

    def remember(self, path: str, message_id: str, until: float) -> None:
        """Keep the id of a message that was accepted, for the detection of duplicates."""

    def forget_until(self, path: str, moment: float) -> None:
        """Drop the ids that were to be remembered until `moment` at the most."""
