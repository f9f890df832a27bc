"""Instances in SQLite: what survives a restart of the engine.

Events are appended, never rewritten, so that the cost of a turn does not grow with the history. Outstanding
activities and timers are not stored: they follow from the history.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import OrchestrationInstance

from devhost.durable.wire import moment_of, text_of

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS instances (id TEXT PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS history (
    instance_id TEXT, position INTEGER, event BLOB NOT NULL, PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox (
    instance_id TEXT, position INTEGER, event BLOB NOT NULL, PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;
"""


@dataclass
class _Saved:
    """What the database already holds of an instance; events are compared by identity."""

    history_length: int = 0
    last_of_history: pb.HistoryEvent | None = None
    inbox: list[pb.HistoryEvent] = field(default_factory=list)
    inbox_start: int = 0


class InstanceStore:
    """The instances of one task hub; not thread-safe, the engine's lock guards it."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._saved: dict[str, _Saved] = {}

    def close(self) -> None:
        """Close the database; the instances stay in it."""
        self._database.close()

    def save(self, changed: dict[str, OrchestrationInstance | None]) -> None:
        """Write the changed instances in one transaction; None deletes an instance."""
        self._database.execute("BEGIN")
        try:
            for instance_id, instance in changed.items():
                if instance is None:
                    self._delete(instance_id)
                else:
                    self._write(instance)
        except BaseException:
            self._database.execute("ROLLBACK")
            for instance_id in changed:
                self._saved.pop(instance_id, None)  # unknown now: written whole the next time
            raise
        self._database.execute("COMMIT")

    def load(self) -> Iterator[OrchestrationInstance]:
        """Read every instance, its undelivered events in `pending_events`."""
        for instance_id, state in self._database.execute("SELECT id, state FROM instances").fetchall():
            history, inbox = self._events("history", instance_id), self._events("inbox", instance_id)
            start = self._database.execute(
                "SELECT min(position) FROM inbox WHERE instance_id = ?", (instance_id,)
            ).fetchone()[0]
            self._saved[instance_id] = _Saved(
                len(history), history[-1] if history else None, list(inbox), start or 0
            )
            yield _restore(pb.OrchestrationState.FromString(state), history, inbox)

    def _events(self, box: str, instance_id: str) -> list[pb.HistoryEvent]:
        query = f"SELECT event FROM {box} WHERE instance_id = ? ORDER BY position"  # noqa: S608 - a fixed table name
        return [pb.HistoryEvent.FromString(row[0]) for row in self._database.execute(query, (instance_id,))]

    def _delete(self, instance_id: str) -> None:
        self._saved.pop(instance_id, None)
        self._database.execute("DELETE FROM instances WHERE id = ?", (instance_id,))
        self._database.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
        self._database.execute("DELETE FROM inbox WHERE instance_id = ?", (instance_id,))

    def _write(self, instance: OrchestrationInstance) -> None:
        if instance.instance_id not in self._saved:
            self._delete(instance.instance_id)
        saved = self._saved.setdefault(instance.instance_id, _Saved())
        self._database.execute(
            "INSERT INTO instances VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
            (instance.instance_id, _state(instance).SerializeToString()),
        )
        self._write_history(instance, saved)
        self._write_inbox(instance, saved)

    def _write_history(self, instance: OrchestrationInstance, saved: _Saved) -> None:
        history, length = instance.history, saved.history_length
        if length and (len(history) < length or history[length - 1] is not saved.last_of_history):
            # A new execution, or a rewound one: it shares nothing with what is stored.
            self._database.execute("DELETE FROM history WHERE instance_id = ?", (instance.instance_id,))
            length = 0
        self._insert("history", instance.instance_id, length, history[length:])
        saved.history_length = len(history)
        saved.last_of_history = history[-1] if history else None

    def _write_inbox(self, instance: OrchestrationInstance, saved: _Saved) -> None:
        inbox = [*instance.dispatched_events, *instance.pending_events]
        gone = next(
            (n for n, event in enumerate(saved.inbox) if inbox and event is inbox[0]), len(saved.inbox)
        )
        kept = saved.inbox[gone:]
        if len(kept) > len(inbox) or any(a is not b for a, b in zip(kept, inbox, strict=False)):
            gone, kept = len(saved.inbox), []
        if gone:
            self._database.execute(
                "DELETE FROM inbox WHERE instance_id = ? AND position < ?",
                (instance.instance_id, saved.inbox_start + gone),
            )
        saved.inbox_start += gone
        self._insert("inbox", instance.instance_id, saved.inbox_start + len(kept), inbox[len(kept) :])
        saved.inbox = inbox

    def _insert(self, box: str, instance_id: str, start: int, events: list[pb.HistoryEvent]) -> None:
        self._database.executemany(
            f"INSERT INTO {box} VALUES (?, ?, ?)",  # noqa: S608 - a fixed table name
            [
                (instance_id, position, event.SerializeToString())
                for position, event in enumerate(events, start)
            ],
        )


def _state(instance: OrchestrationInstance) -> pb.OrchestrationState:
    """Return all but the events; name, input and version are in the start event."""
    state = pb.OrchestrationState(
        instanceId=instance.instance_id,
        orchestrationStatus=instance.status,
        createdTimestamp=helpers.new_timestamp(instance.created_at),
        lastUpdatedTimestamp=helpers.new_timestamp(instance.last_updated_at),
        failureDetails=instance.failure_details,
    )
    if instance.completed_at is not None:
        state.completedTimestamp.CopyFrom(helpers.new_timestamp(instance.completed_at))
    if instance.output is not None:
        state.output.value = instance.output
    if instance.custom_status is not None:
        state.customStatus.value = instance.custom_status
    return state


def _restore(
    state: pb.OrchestrationState, history: list[pb.HistoryEvent], inbox: list[pb.HistoryEvent]
) -> OrchestrationInstance:
    started = next(
        event.executionStarted for event in [*history, *inbox] if event.HasField("executionStarted")
    )
    return OrchestrationInstance(
        instance_id=state.instanceId,
        name=started.name,
        status=state.orchestrationStatus,
        version=text_of(started, "version"),
        input=text_of(started, "input"),
        output=text_of(state, "output"),
        custom_status=text_of(state, "customStatus"),
        created_at=moment_of(state.createdTimestamp),
        last_updated_at=moment_of(state.lastUpdatedTimestamp),
        completed_at=moment_of(state.completedTimestamp) if state.HasField("completedTimestamp") else None,
        failure_details=state.failureDetails if state.HasField("failureDetails") else None,
        history=history,
        pending_events=inbox,
    )
