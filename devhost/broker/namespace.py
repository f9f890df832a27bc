"""A namespace: its entities by their addresses, each with what a restart has left of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TypeVar

from devhost.broker.entities import (
    Entities,
    QueueProperties,
    Topic,
    dead_letter_path,
    subscription_path,
)
from devhost.broker.entrance import Entrance, KnownIds, TopicEntrance
from devhost.broker.queue import MessageQueue
from devhost.broker.store import MessageStore

_Entity = TypeVar("_Entity", Entrance, MessageQueue)


class EntityNotFoundError(Exception):
    """Nothing can be sent to, or received from, an address; the message says so in the service's words."""


class Namespace:
    """All entities over one store; addresses know no case."""

    def __init__(self, entities: Entities, store: MessageStore, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        self._all: list[MessageQueue] = []
        self._entrances: dict[str, Entrance] = {}
        self._queues: dict[str, MessageQueue] = {}
        with store.transaction():
            for queue in entities.queues:
                messages = self._open(queue.name, queue.properties)
                self._entrances[queue.name.lower()] = Entrance(
                    messages, self._known_ids(queue.name, queue.duplicate_window)
                )
            for topic in entities.topics:
                self._open_topic(topic)

    def _open_topic(self, topic: Topic) -> None:
        subscriptions = {
            each.name: self._open(subscription_path(topic.name, each.name), each.properties)
            for each in topic.subscriptions
        }
        known = self._known_ids(topic.name, topic.duplicate_window)
        entrance = TopicEntrance(topic, subscriptions, known, self._store)
        self._restore(entrance.queue)
        self._entrances[topic.name.lower()] = entrance

    def _open(self, path: str, properties: QueueProperties) -> MessageQueue:
        dead_letters = MessageQueue(dead_letter_path(path), properties, self._store, None)
        queue = MessageQueue(path, properties, self._store, dead_letters)
        for each in (dead_letters, queue):
            self._restore(each)
            self._queues[each.path.lower()] = each
        return queue

    def _restore(self, queue: MessageQueue) -> None:
        self._all.append(queue)
        queue.restore(self._store.messages(queue.path), self._store.last_sequence_number(queue.path))

    def _known_ids(self, path: str, window: timedelta | None) -> KnownIds | None:
        if window is None:
            return None
        known = KnownIds(path, window.total_seconds(), self._store)
        known.restore(self._store.known_ids(path))
        return known

    def entrance(self, address: str) -> Entrance:
        """Where messages to `address` go; raises EntityNotFoundError."""
        return _find(self._entrances, address)

    def queue(self, address: str) -> MessageQueue:
        """What is received from at `address`; raises EntityNotFoundError."""
        return _find(self._queues, address)

    def transaction(self) -> AbstractContextManager[None]:
        """What changes in the block is on disk when it ends."""
        return self._store.transaction()

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self._clock()

    def advance(self) -> None:
        """Do what has become due in every queue."""
        now = self.now()
        moment = self.next_moment
        if moment is not None and moment <= now:
            with self._store.transaction():
                for queue in self._all:
                    queue.advance(now)

    @property
    def next_moment(self) -> float | None:
        """When `advance` may have something to do next."""
        moments = [moment for queue in self._all if (moment := queue.next_moment) is not None]
        return min(moments, default=None)


def _find(entities: dict[str, _Entity], address: str) -> _Entity:
    entity = entities.get(address.lower())
    if entity is None:
        raise EntityNotFoundError(f"The messaging entity '{address}' could not be found.")
    return entity
