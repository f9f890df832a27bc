"""The broker's messages in SQLite.

The file is in WAL mode with `synchronous = NORMAL`: what was committed outlives the process, however that
ends; only the loss of the machine's power may take the last moments back.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devhost.broker.message import DeadLetter, Message, MessageState

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS messages (
    path TEXT, sequence_number INTEGER, message_id TEXT, enqueued_at REAL NOT NULL, time_to_live REAL,
    scheduled_for REAL, state INTEGER NOT NULL, deliveries INTEGER NOT NULL,
    reason TEXT, description TEXT, source TEXT, payload BLOB NOT NULL,
    PRIMARY KEY (path, sequence_number)
);
CREATE TABLE IF NOT EXISTS sequences (path TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known_ids (
    path TEXT, message_id TEXT, until REAL NOT NULL, PRIMARY KEY (path, message_id)
) WITHOUT ROWID;
"""
_COLUMNS = (
    "sequence_number, message_id, enqueued_at, time_to_live, scheduled_for, state, deliveries, "
    "reason, description, source"
)


class MessageStore:
    """The journal of all queues of a namespace, in one file."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; the messages stay in it."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written in the block is kept together, also when the block raises: the queues in memory
        have changed as far as it came. A failure of the disk itself (sqlite3.Error) must end the process,
        which then starts again from what was kept."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._database.execute("COMMIT")

    # What is read at start

    def messages(self, path: str) -> list[Message]:
        """The messages of a queue."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE path = ? ORDER BY sequence_number",  # noqa: S608 - fixed names
            (path,),
        )
        return [_message(row) for row in rows]

    def last_sequence_number(self, path: str) -> int:
        """The last number that a queue gave away."""
        row = self._database.execute("SELECT last FROM sequences WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else 0

    def known_ids(self, path: str) -> list[tuple[str, float]]:
        """The ids remembered for an entity, and until when."""
        return self._database.execute(
            "SELECT message_id, until FROM known_ids WHERE path = ?", (path,)
        ).fetchall()

    # The journal

    def add(self, path: str, message: Message, payload: bytes) -> None:
        """Keep a new message."""
        self._database.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?)",
            (
                path,
                message.sequence_number,
                message.message_id,
                message.enqueued_at,
                message.time_to_live,
                message.scheduled_for,
                int(message.state),
                message.deliveries,
                payload,
            ),
        )
        self._database.execute(
            "INSERT INTO sequences VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET last = excluded.last",
            (path, message.sequence_number),
        )

    def update(self, path: str, message: Message) -> None:
        """Keep what has changed about a message."""
        self._database.execute(
            "UPDATE messages SET state = ?, deliveries = ? WHERE path = ? AND sequence_number = ?",
            (int(message.state), message.deliveries, path, message.sequence_number),
        )

    def replace_payload(self, path: str, sequence_number: int, payload: bytes) -> None:
        """Give a message another content."""
        self._database.execute(
            "UPDATE messages SET payload = ? WHERE path = ? AND sequence_number = ?",
            (payload, path, sequence_number),
        )

    def move(self, path: str, message: Message, target: str) -> None:
        """Keep a message, with its content, in another queue from now on."""
        cause = message.dead_letter
        self._database.execute(
            "UPDATE messages SET path = ?, state = ?, deliveries = ?, reason = ?, description = ?, "
            "source = ? WHERE path = ? AND sequence_number = ?",
            (
                target,
                int(message.state),
                message.deliveries,
                cause and cause.reason,
                cause and cause.description,
                cause and cause.source,
                path,
                message.sequence_number,
            ),
        )

    def remove(self, path: str, sequence_number: int) -> None:
        """Forget a message."""
        self._database.execute(
            "DELETE FROM messages WHERE path = ? AND sequence_number = ?", (path, sequence_number)
        )

    def payload(self, path: str, sequence_number: int) -> bytes:
        """A message's content."""
        row = self._database.execute(
            "SELECT payload FROM messages WHERE path = ? AND sequence_number = ?", (path, sequence_number)
        ).fetchone()
        return bytes(row[0])

    def remember(self, path: str, message_id: str, until: float) -> None:
        """Keep the id of a message that was accepted, for the detection of duplicates."""
        self._database.execute(
            "INSERT INTO known_ids VALUES (?, ?, ?) "
            "ON CONFLICT (path, message_id) DO UPDATE SET until = excluded.until",
            (path, message_id, until),
        )

    def forget_until(self, path: str, moment: float) -> None:
        """Drop the ids that were to be remembered until `moment` at the most."""
        self._database.execute("DELETE FROM known_ids WHERE path = ? AND until <= ?", (path, moment))


def _message(row: tuple[Any, ...]) -> Message:
    number, message_id, enqueued_at, time_to_live, scheduled_for, state, deliveries, *cause = row
    reason, description, source = cause
    return Message(
        sequence_number=number,
        message_id=message_id,
        enqueued_at=enqueued_at,
        time_to_live=time_to_live,
        scheduled_for=scheduled_for,
        state=MessageState(state),
        deliveries=deliveries,
        dead_letter=DeadLetter(reason, description, source) if source else None,
    )
