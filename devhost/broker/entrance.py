"""Where messages are sent to: a queue, or a topic that gives a copy to each of its subscriptions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from devhost.broker.entities import QueueProperties, Topic
from devhost.broker.journal import Journal
from devhost.broker.message import Draft
from devhost.broker.queue import MessageQueue

DROPPED = 0


class KnownIds:
    """The ids of the messages that were accepted within the window of an entity's duplicate detection."""

    def __init__(self, path: str, window_seconds: float, journal: Journal) -> None:
        self._path, self._window, self._journal = path, window_seconds, journal
        self._until: dict[str, float] = {}  # in the order of their moments: every id is kept equally long

    def restore(self, ids: Iterable[tuple[str, float]]) -> None:
        """Take up what was kept on disk."""
        self._until = dict(sorted(ids, key=lambda item: item[1]))

    def accept(self, message_id: str, now: float) -> bool:
        """Whether the id is new; it is known from now on."""
        self._forget(now)
        if message_id in self._until:
            return False
        self._until[message_id] = now + self._window
        self._journal.remember(self._path, message_id, now + self._window)
        return True

    def _forget(self, now: float) -> None:
        outdated = []
        for message_id, until in self._until.items():
            if until > now:
                break
            outdated.append(message_id)
        for message_id in outdated:
            del self._until[message_id]
        if outdated:
            self._journal.forget_until(self._path, now)


class Entrance:
    """A queue's or topic's: drops duplicates, hands the rest to `queue`, which for a topic holds what is
    scheduled."""

    def __init__(self, queue: MessageQueue, known: KnownIds | None) -> None:
        self.queue, self._known = queue, known

    def send(self, draft: Draft, now: float) -> int:
        """Take in a message; its sequence number, or DROPPED for a duplicate."""
        if self._known and draft.message_id is not None and not self._known.accept(draft.message_id, now):
            return DROPPED
        return self._take_in(draft, now)

    def _take_in(self, draft: Draft, now: float) -> int:
        return self.queue.enqueue(draft, now).sequence_number

    def cancel(self, sequence_numbers: Sequence[int], now: float) -> None:
        """Take back scheduled messages, all or none; raises MessageNotFoundError."""
        self.queue.cancel_scheduled(sequence_numbers, now)


class TopicEntrance(Entrance):
    """A topic's: every subscription gets its copy, in the same moment."""

    def __init__(
        self,
        topic: Topic,
        subscriptions: Mapping[str, MessageQueue],
        known: KnownIds | None,
        journal: Journal,
    ) -> None:
        self._subscriptions = subscriptions
        properties = QueueProperties(default_time_to_live=topic.default_time_to_live)
        super().__init__(MessageQueue(topic.name, properties, journal, None, arrive=self._copy), known)

    def _take_in(self, draft: Draft, now: float) -> int:
        if draft.scheduled_for is not None and draft.scheduled_for > now:
            return super()._take_in(draft, now)
        self._copy(replace(draft, time_to_live=self.queue.time_to_live(draft)), now)
        return self.queue.last_sequence_number

    def _copy(self, draft: Draft, now: float) -> None:
        for subscription in self._subscriptions.values():
            subscription.enqueue(draft, now)
