"""A queue's rules: order, locks, deliveries, expiry, schedules and dead letters.

Nothing here knows AMQP, a clock or a file: every call is told the time, and changes go to a journal. Rules as
Microsoft documents them ("Message transfers, locks, and settlement", "Message expiration", "Dead-letter
queues", "Message sequencing and timestamps").
"""

import heapq
import uuid
from collections.abc import Callable, Iterable, Sequence

from devhost.broker.entities import QueueProperties
from devhost.broker.journal import Journal
from devhost.broker.message import DeadLetter, Draft, Lock, Message, MessageState

EXPIRED = DeadLetter("TTLExpiredException", "The message expired and was dead lettered.", "")
_SPARE_MOMENTS = 1000
_TOO_MANY = "MaxDeliveryCountExceeded"


class LockLostError(Exception):
    """The lock has expired, was used up, or never was."""


class MessageNotFoundError(Exception):
    """No message with that sequence number is in the state that was asked for."""


class MessageQueue:
    """The messages of a queue, a subscription or a dead-letter queue.

    `dead_letters` is None for a dead-letter queue: from there nothing expires and nothing is moved on.
    `arrive` is where a scheduled message goes when it is due; it is this queue itself unless said otherwise.
    """

    def __init__(
        self,
        path: str,
        properties: QueueProperties,
        journal: Journal,
        dead_letters: "MessageQueue | None",
        arrive: Callable[[Draft, float], object] | None = None,
    ) -> None:
        self.path, self._properties, self._journal = path, properties, journal
        self._dead_letters = dead_letters
        self._arrive = arrive or self.enqueue
        self.last_sequence_number = 0
        self._messages: dict[int, Message] = {}
        self._locked: dict[uuid.UUID, Message] = {}
        self._available: list[int] = []
        # (moment, sequence number): when a message may have to change; what no longer holds is skipped.
        self._moments: list[tuple[float, int]] = []

    def restore(self, messages: Iterable[Message], last_sequence_number: int) -> None:
        """Take up what was kept on disk. Locks have lapsed with the process that gave them."""
        self.last_sequence_number = last_sequence_number
        for message in messages:
            self._take_up(message)
            if message.state is MessageState.ACTIVE and self._has_used_up(message):
                self._bury_used_up(message)

    def __len__(self) -> int:
        return len(self._messages)

    # Arrival

    def enqueue(self, draft: Draft, now: float) -> Message:
        """Take in a message; one that is scheduled for later waits."""
        self.last_sequence_number += 1
        later = draft.scheduled_for is not None and draft.scheduled_for > now
        message = Message(
            sequence_number=self.last_sequence_number,
            message_id=draft.message_id,
            enqueued_at=now,
            time_to_live=self.time_to_live(draft),
            scheduled_for=draft.scheduled_for,
            state=MessageState.SCHEDULED if later else MessageState.ACTIVE,
        )
        self._journal.add(self.path, message, draft.payload)
        self._take_up(message)
        return message

    def time_to_live(self, draft: Draft) -> float | None:
        """How long the message is to live: what its sender asks for, within what the queue allows."""
        default = self._properties.default_time_to_live
        bounds = [draft.time_to_live, default.total_seconds() if default else None]
        return min((bound for bound in bounds if bound is not None), default=None)

    def cancel_scheduled(self, sequence_numbers: Sequence[int], now: float) -> None:
        """Take back scheduled messages, all or none; raises MessageNotFoundError."""
        self.advance(now)
        for message in self._find(sequence_numbers, MessageState.SCHEDULED):
            self._remove(message)

    # Delivery

    @property
    def has_available(self) -> bool:
        """Whether there may be a message to deliver."""
        return bool(self._available)

    def lock_next(self, now: float) -> Message | None:
        """Lock the first available message for a receiver, if there is one."""
        message = self._next(now)
        if message is not None:
            self._lock(message, now)
        return message

    def take_next(self, now: float) -> tuple[Message, bytes] | None:
        """Remove the first available message, if there is one (receive and delete)."""
        message = self._next(now)
        if message is None:
            return None
        payload = self.payload(message)
        self._remove(message)
        return message, payload

    def lock_deferred(self, sequence_numbers: Sequence[int], now: float) -> list[Message]:
        """Lock deferred messages, all or none; raises MessageNotFoundError."""
        self.advance(now)
        messages = self._find(sequence_numbers, MessageState.DEFERRED)
        if any(message.lock for message in messages):
            raise MessageNotFoundError
        for message in messages:
            self._lock(message, now)
        return messages

    def peek(self, from_sequence_number: int, count: int, now: float) -> list[Message]:
        """Look at messages of any state, in order."""
        self.advance(now)
        numbers = sorted(number for number in self._messages if number >= from_sequence_number)
        return [self._messages[number] for number in numbers[:count]]

    def payload(self, message: Message) -> bytes:
        """The content of a message of this queue."""
        return self._journal.payload(self.path, message.sequence_number)

    def locked_payload(self, token: uuid.UUID) -> bytes:
        """The content of a message that is locked under `token`; raises LockLostError."""
        message = self._locked.get(token)
        if message is None:
            raise LockLostError
        return self.payload(message)

    # Settlement; each raises LockLostError when the lock no longer holds

    def complete(self, token: uuid.UUID, now: float) -> None:
        """Remove a message for good."""
        self._remove(self._unlock(token, now))

    def abandon(self, token: uuid.UUID, now: float, payload: bytes | None = None) -> None:
        """Give a message back after a failed delivery; `payload` is its new content, if that changes."""
        message = self._unlock(token, now, payload)
        self._fail(message, now)

    def release(self, token: uuid.UUID, now: float) -> None:
        """Give a message back as if it had not been delivered."""
        message = self._unlock(token, now)
        message.deliveries -= 1
        self._give_back(message, now)

    def defer(self, token: uuid.UUID, now: float, payload: bytes | None = None) -> None:
        """Set a message aside; from now on it is received by its sequence number only."""
        message = self._unlock(token, now, payload)
        message.state = MessageState.DEFERRED
        self._give_back(message, now)

    def dead_letter(
        self,
        token: uuid.UUID,
        now: float,
        reason: str | None,
        description: str | None,
        payload: bytes | None = None,
    ) -> None:
        """Move a message to the dead letters."""
        message = self._unlock(token, now, payload)
        if self._dead_letters is None:
            self._give_back(message, now)  # a dead letter cannot be dead-lettered again
        else:
            self._bury(message, reason, description)

    def renew(self, token: uuid.UUID, now: float) -> float:
        """Lock a message for another lock duration from now; until when."""
        self.advance(now)
        message = self._locked.get(token)
        if message is None:
            raise LockLostError
        return self._set_lock(message, token, now)

    # Time

    def advance(self, now: float) -> None:
        """Do what has become due: locks lapse, messages expire, scheduled ones arrive."""
        while self._moments and self._moments[0][0] <= now:
            _, number = heapq.heappop(self._moments)
            message = self._messages.get(number)
            if message is not None:
                self._do_what_is_due(message, now)

    @property
    def next_moment(self) -> float | None:
        """When `advance` may have something to do next."""
        return self._moments[0][0] if self._moments else None

    def _do_what_is_due(self, message: Message, now: float) -> None:
        if message.lock is not None:
            if message.lock.until <= now:
                del self._locked[message.lock.token]
                message.lock = None
                self._fail(message, now)
        elif message.state is MessageState.SCHEDULED:
            if (message.scheduled_for or 0) <= now:
                self._appear(message, now)
        elif self._is_expired(message, now):
            self._expire(message)

    def _appear(self, message: Message, now: float) -> None:
        """A scheduled message is due: it is enqueued as if sent now, under a new sequence number."""
        draft = Draft(self.payload(message), message.message_id, message.time_to_live, message.scheduled_for)
        self._remove(message)
        self._arrive(draft, now)

    # Inner workings

    def _take_up(self, message: Message) -> None:
        self._messages[message.sequence_number] = message
        if message.state is MessageState.SCHEDULED:
            self._remind(message.scheduled_for, message)
        else:
            self._remind(message.expires_at, message)
        if message.state is MessageState.ACTIVE:
            heapq.heappush(self._available, message.sequence_number)

    def _remind(self, moment: float | None, message: Message) -> None:
        if moment is None:
            return
        heapq.heappush(self._moments, (moment, message.sequence_number))
        if len(self._moments) > 4 * len(self._messages) + _SPARE_MOMENTS:
            # Most are about messages that are long gone.
            held = [(when, number) for when, number in self._moments if number in self._messages]
            self._moments = sorted(set(held))

    def _find(self, sequence_numbers: Sequence[int], state: MessageState) -> list[Message]:
        messages = [self._messages.get(number) for number in sequence_numbers]
        found = [message for message in messages if message is not None and message.state is state]
        if len(found) < len(messages):
            raise MessageNotFoundError
        return found

    def _next(self, now: float) -> Message | None:
        self.advance(now)
        while self._available:
            message = self._messages.get(heapq.heappop(self._available))
            if message is not None:
                return message
        return None

    def _lock(self, message: Message, now: float) -> None:
        message.deliveries += 1
        token = uuid.uuid4()
        self._locked[token] = message
        self._set_lock(message, token, now)
        self._journal.update(self.path, message)

    def _set_lock(self, message: Message, token: uuid.UUID, now: float) -> float:
        until = now + self._properties.lock_duration.total_seconds()
        message.lock = Lock(token, until)
        self._remind(until, message)
        return until

    def _unlock(self, token: uuid.UUID, now: float, payload: bytes | None = None) -> Message:
        self.advance(now)
        message = self._locked.pop(token, None)
        if message is None:
            raise LockLostError
        message.lock = None
        if payload is not None:
            self._journal.replace_payload(self.path, message.sequence_number, payload)
        return message

    def _fail(self, message: Message, now: float) -> None:
        """A delivery came to nothing."""
        if message.state is MessageState.ACTIVE and self._has_used_up(message):
            self._bury_used_up(message)
        else:
            self._give_back(message, now)

    def _has_used_up(self, message: Message) -> bool:
        return self._dead_letters is not None and message.deliveries >= self._properties.max_delivery_count

    def _give_back(self, message: Message, now: float) -> None:
        if self._is_expired(message, now):
            self._expire(message)
            return
        self._journal.update(self.path, message)
        self._remind(message.expires_at, message)
        if message.state is MessageState.ACTIVE:
            heapq.heappush(self._available, message.sequence_number)

    def _is_expired(self, message: Message, now: float) -> bool:
        return message.expires_at is not None and message.expires_at <= now

    def _expire(self, message: Message) -> None:
        if self._properties.dead_letters_expired:
            self._bury(message, EXPIRED.reason, EXPIRED.description)
        else:
            self._remove(message)

    def _bury_used_up(self, message: Message) -> None:
        count = self._properties.max_delivery_count
        self._bury(message, _TOO_MANY, f"Message could not be consumed after {count} delivery attempts.")

    def _bury(self, message: Message, reason: str | None, description: str | None) -> None:
        target = self._dead_letters
        if target is None:
            raise AssertionError("a dead-letter queue keeps its messages")
        del self._messages[message.sequence_number]
        message.dead_letter = DeadLetter(reason, description, self.path)
        message.state = MessageState.ACTIVE
        self._journal.move(self.path, message, target.path)
        target._take_up(message)  # noqa: SLF001 - of the same class

    def _remove(self, message: Message) -> None:
        del self._messages[message.sequence_number]
        self._journal.remove(self.path, message.sequence_number)
