"""The rules of a queue against a model of them that is too simple to be wrong, restarts included."""

import shutil
import tempfile
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from devhost.broker.entities import Entities, Queue, QueueProperties
from devhost.broker.message import Draft, MessageState
from devhost.broker.namespace import Namespace
from devhost.broker.queue import LockLostError, MessageNotFoundError, MessageQueue
from devhost.broker.store import MessageStore

LOCK, MAX_DELIVERIES, WINDOW = 60.0, 3, 30.0
ENTITIES = Entities(
    queues=(
        Queue(
            "q",
            QueueProperties(
                lock_duration=timedelta(seconds=LOCK),
                max_delivery_count=MAX_DELIVERIES,
                default_time_to_live=timedelta(seconds=500),
                dead_letters_expired=True,
            ),
            duplicate_window=timedelta(seconds=WINDOW),
        ),
    )
)


@dataclass(frozen=True)
class Expected:
    """A message as the model has it."""

    number: int
    body: bytes
    expires_after: float
    expires_at: float
    state: str = "active"
    due: float = 0.0
    deliveries: int = 0
    lock_until: float | None = None
    token: uuid.UUID | None = None
    reason: str = ""


Seen = tuple[int, bytes, int, str]


class QueueMachine(RuleBasedStateMachine):
    """Every call is made to the queue and to the model; after each, both must hold the same."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="queue-model-"))
        self.now, self.last = 1_000_000.0, 0
        self.model: dict[int, Expected] = {}
        self.dead: dict[int, Expected] = {}
        self.known: dict[str, float] = {}
        self.tokens: list[tuple[uuid.UUID, int]] = []
        self.open()

    def open(self) -> None:
        self.store = MessageStore(self.folder / "bus.db")
        self.namespace = Namespace(ENTITIES, self.store, lambda: self.now)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    @property
    def queue(self) -> MessageQueue:
        return self.namespace.queue("q")

    @property
    def dead_letters(self) -> MessageQueue:
        return self.namespace.queue("q/$DeadLetterQueue")

    # The model's own rules

    def expire(self) -> None:
        for message in sorted(self.model.values(), key=lambda each: (each.due, each.number)):
            if message.state == "scheduled":
                if message.due <= self.now:
                    del self.model[message.number]
                    self.add(message.body, message.expires_after)
            elif message.lock_until is None or message.lock_until <= self.now:
                self.fail(message) if message.lock_until is not None else self.give_back(message)

    def add(self, body: bytes, expires_after: float, due: float | None = None) -> None:
        self.last += 1
        state = "active" if due is None else "scheduled"
        self.model[self.last] = Expected(
            self.last, body, expires_after, self.now + expires_after, state, due or 0.0
        )

    def give_back(self, message: Expected) -> None:
        if message.expires_at <= self.now:
            self.bury(message, "TTLExpiredException")
        else:
            self.model[message.number] = replace(message, lock_until=None)

    def fail(self, message: Expected) -> None:
        if message.state == "active" and message.deliveries >= MAX_DELIVERIES:
            self.bury(message, "MaxDeliveryCountExceeded")
        else:
            self.give_back(message)

    def bury(self, message: Expected, reason: str) -> None:
        del self.model[message.number]
        self.dead[message.number] = replace(message, state="active", lock_until=None, reason=reason)

    def holds(self, token: uuid.UUID, number: int) -> bool:
        message = self.model.get(number)
        return message is not None and message.lock_until is not None and message.token == token

    # What can happen

    @rule(body=st.binary(max_size=4), live=st.sampled_from([5.0, 80.0, 2000.0]), id_=st.sampled_from("abc"))
    def send(self, body: bytes, live: float, id_: str) -> None:
        self.expire()
        with self.store.transaction():
            number = self.namespace.entrance("q").send(
                Draft(body, message_id=id_, time_to_live=live), self.now
            )
        if self.known.get(id_, 0) > self.now:
            assert number == 0
        else:
            self.known[id_] = self.now + WINDOW
            self.add(body, min(live, 500.0))
            assert number == self.last

    @rule(body=st.binary(max_size=4), delay=st.sampled_from([0.0, 10.0, 100.0]))
    def schedule(self, body: bytes, delay: float) -> None:
        due = self.now + delay
        with self.store.transaction():
            number = self.namespace.entrance("q").send(Draft(body, scheduled_for=due), self.now)
        self.add(body, 500.0, due if delay else None)
        assert number == self.last

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.last + 1))
        self.expire()
        expected = number in self.model and self.model[number].state == "scheduled"
        try:
            with self.store.transaction():
                self.namespace.entrance("q").cancel([number], self.now)
        except MessageNotFoundError:
            assert not expected
        else:
            assert expected
            del self.model[number]

    @rule()
    def receive(self) -> None:
        self.expire()
        free = [m for m in self.model.values() if m.state == "active" and m.lock_until is None]
        expected = min(free, key=lambda message: message.number, default=None)
        with self.store.transaction():
            message = self.queue.lock_next(self.now)
        assert (message and message.sequence_number) == (expected and expected.number)
        if message is not None and message.lock is not None and expected is not None:
            self.take(expected, message.lock.token)

    def take(self, message: Expected, token: uuid.UUID) -> None:
        self.tokens.append((token, message.number))
        self.model[message.number] = replace(
            message, lock_until=self.now + LOCK, token=token, deliveries=message.deliveries + 1
        )

    @rule(data=st.data())
    def receive_deferred(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.last + 1))
        self.expire()
        found = self.model.get(number)
        expected = found is not None and found.state == "deferred" and found.lock_until is None
        try:
            with self.store.transaction():
                (message,) = self.queue.lock_deferred([number], self.now)
        except MessageNotFoundError:
            assert not expected
        else:
            assert expected
            assert found is not None
            assert message.lock is not None
            self.take(found, message.lock.token)

    @rule(
        data=st.data(),
        how=st.sampled_from(["complete", "abandon", "release", "defer", "dead_letter", "renew"]),
    )
    def settle(self, data: st.DataObject, how: str) -> None:
        if not self.tokens:
            return
        token, number = data.draw(st.sampled_from(self.tokens))
        self.expire()
        expected = self.holds(token, number)
        try:
            with self.store.transaction():
                self.call(how, token)
        except LockLostError:
            assert not expected
            return
        assert expected
        message = self.model[number]
        if how == "complete":
            del self.model[number]
        elif how == "abandon":
            self.fail(message)
        elif how == "release":
            self.give_back(replace(message, deliveries=message.deliveries - 1))
        elif how == "defer":
            self.give_back(replace(message, state="deferred"))
        elif how == "dead_letter":
            self.bury(message, "said so")
        else:
            self.model[number] = replace(message, lock_until=self.now + LOCK)

    def call(self, how: str, token: uuid.UUID) -> None:
        if how == "dead_letter":
            self.queue.dead_letter(token, self.now, "said so", None)
        else:
            getattr(self.queue, how)(token, self.now)

    @rule()
    def complete_a_dead_letter(self) -> None:
        self.expire()
        with self.store.transaction():
            self.namespace.queue("q").advance(self.now)
            message = self.dead_letters.lock_next(self.now)
            assert (message and message.sequence_number) == min(self.dead, default=None)
            if message is not None and message.lock is not None:
                self.dead_letters.complete(message.lock.token, self.now)
                del self.dead[message.sequence_number]

    @rule(seconds=st.sampled_from([0.5, 4.0, 31.0, 61.0, 600.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def restart(self) -> None:
        """As after a kill -9: what was committed is there, locks are not."""
        self.store.close()
        self.open()
        for message in list(self.model.values()):
            if message.state == "active" and message.deliveries >= MAX_DELIVERIES:
                self.bury(message, "MaxDeliveryCountExceeded")
            else:
                self.model[message.number] = replace(message, lock_until=None)
        self.tokens.clear()

    @invariant()
    def both_hold_the_same(self) -> None:
        if not hasattr(self, "model"):
            return
        self.expire()
        with self.store.transaction():
            seen = [self.seen(self.queue, number) for number in self.numbers(self.queue)]
            dead = [self.seen(self.dead_letters, number) for number in self.numbers(self.dead_letters)]
        assert seen == [as_seen(self.model[number]) for number in sorted(self.model)]
        assert dead == [as_seen(self.dead[number]) for number in sorted(self.dead)]

    def numbers(self, queue: MessageQueue) -> list[int]:
        return [message.sequence_number for message in queue.peek(0, 1000, self.now)]

    def seen(self, queue: MessageQueue, number: int) -> Seen:
        (message,) = queue.peek(number, 1, self.now)
        state = (
            message.dead_letter.reason if message.dead_letter else MessageState(message.state).name.lower()
        )
        return number, queue.payload(message), message.failed_deliveries, state or ""


def as_seen(message: Expected) -> Seen:
    failed = message.deliveries - (message.lock_until is not None)
    return message.number, message.body, failed, message.reason or message.state


TestQueue = pytest.mark.timeout(300)(QueueMachine.TestCase)
TestQueue.settings = settings(max_examples=150, stateful_step_count=50)
