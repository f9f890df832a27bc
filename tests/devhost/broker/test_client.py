"""The broker as the unmodified synchronous client of Service Bus sees it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSubQueue,
)
from azure.servicebus.amqp import AmqpAnnotatedMessage
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageNotFoundError,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusError,
)

from tests.support.broker import BrokerProcess, entities, need_broker, queue, topic

need_broker()

QUEUES = (
    queue("plain"),
    queue("short-lock", LockDuration="PT1S", MaxDeliveryCount=2),
    queue("twice", MaxDeliveryCount=2),
    queue("once-each", RequiresDuplicateDetection=True, DuplicateDetectionHistoryTimeWindow="PT20S"),
    queue("expiring", DefaultMessageTimeToLive="PT1S", DeadLetteringOnMessageExpiration=True),
)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    document = entities(*QUEUES, topics=[topic("news", "first", "second", RequiresDuplicateDetection=True)])
    with BrokerProcess(tmp_path_factory.mktemp("broker"), document) as running:
        yield running


@pytest.fixture
def client(broker: BrokerProcess) -> Iterator[ServiceBusClient]:
    with ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0) as connected:
        yield connected


def send(client: ServiceBusClient, name: str, *messages: ServiceBusMessage) -> None:
    with client.get_queue_sender(name) as sender:
        for message in messages:
            sender.send_messages(message)


def receive(
    receiver: ServiceBusReceiver, count: int = 1, seconds: float = 5
) -> list[ServiceBusReceivedMessage]:
    messages: list[ServiceBusReceivedMessage] = []
    deadline = time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < deadline:
        messages += receiver.receive_messages(count - len(messages), max_wait_time=1)
    return messages


def drain(
    client: ServiceBusClient, name: str, sub_queue: ServiceBusSubQueue | None = None
) -> list[ServiceBusReceivedMessage]:
    """Take what is in a queue, without waiting for more."""
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with client.get_queue_receiver(name, receive_mode=mode, sub_queue=sub_queue) as receiver:
        return receiver.receive_messages(100, max_wait_time=0.4)


def text(message: ServiceBusReceivedMessage) -> str:
    return str(message)


def test_a_message_arrives_whole(client: ServiceBusClient) -> None:
    sent = ServiceBusMessage(
        b"body",
        message_id="m-1",
        correlation_id="c-1",
        subject="subject",
        content_type="application/json",
        reply_to="reply",
        to="somewhere",
        time_to_live=timedelta(minutes=2),
        application_properties={"text": "ä", "number": 7, "flag": True},
    )
    before = datetime.now(UTC).replace(microsecond=0)
    send(client, "plain", sent)
    with client.get_queue_receiver("plain") as receiver:
        (message,) = receive(receiver)
        assert message.locked_until_utc is not None
        assert timedelta(seconds=55) < message.locked_until_utc - datetime.now(UTC) <= timedelta(seconds=60)
        receiver.complete_message(message)
    assert list(message.body) == [b"body"]
    assert (message.message_id, message.correlation_id, message.subject) == ("m-1", "c-1", "subject")
    assert (message.content_type, message.reply_to, message.to) == ("application/json", "reply", "somewhere")
    assert message.application_properties == {b"text": "ä".encode(), b"number": 7, b"flag": True}
    assert message.delivery_count == 0
    assert message.enqueued_time_utc is not None
    assert before <= message.enqueued_time_utc <= datetime.now(UTC)
    assert message.expires_at_utc == message.enqueued_time_utc + timedelta(minutes=2)
    assert drain(client, "plain") == []


def test_a_body_of_several_parts_or_of_a_value_stays_what_it_is(client: ServiceBusClient) -> None:
    with client.get_queue_sender("plain") as sender:
        sender.send_messages(AmqpAnnotatedMessage(data_body=[b"one", b"two"]))
        sender.send_messages(AmqpAnnotatedMessage(value_body={"key": [1, "two"]}))
    parts, value = drain(client, "plain")
    assert list(parts.body) == [b"one", b"two"]
    assert value.body == {b"key": [1, b"two"]}


def test_a_batch_arrives_in_order(client: ServiceBusClient) -> None:
    with client.get_queue_sender("plain") as sender:
        batch = sender.create_message_batch()
        for number in range(50):
            batch.add_message(ServiceBusMessage(f"m{number}"))
        sender.send_messages(batch)
        sender.send_messages([ServiceBusMessage("alone")])
    messages = drain(client, "plain")
    assert [text(message) for message in messages] == [*(f"m{number}" for number in range(50)), "alone"]
    numbers = [message.sequence_number or 0 for message in messages]
    assert numbers == list(range(numbers[0], numbers[0] + 51))


def test_an_abandoned_message_comes_again_at_once_and_before_later_ones(client: ServiceBusClient) -> None:
    send(client, "plain", ServiceBusMessage("a"), ServiceBusMessage("b"))
    with client.get_queue_receiver("plain") as receiver:
        (first,) = receive(receiver)
        receiver.abandon_message(first)
        again, other = receive(receiver, 2)
        assert (text(again), again.delivery_count, text(other), other.delivery_count) == ("a", 1, "b", 0)
        assert again.lock_token != first.lock_token
        receiver.complete_message(again)
        receiver.complete_message(other)


def test_what_fails_too_often_is_dead_lettered_by_the_broker(client: ServiceBusClient) -> None:
    send(client, "twice", ServiceBusMessage("poison", message_id="p", application_properties={"k": "v"}))
    with client.get_queue_receiver("twice") as receiver:
        for _ in range(2):
            (message,) = receive(receiver)
            receiver.abandon_message(message)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
    with client.get_queue_receiver("twice", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        (dead,) = receive(receiver)
        assert (text(dead), dead.message_id) == ("poison", "p")
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"
        assert (
            dead.dead_letter_error_description == "Message could not be consumed after 2 delivery attempts."
        )
        assert dead.dead_letter_source == "twice"
        assert (dead.application_properties or {})[b"k"] == b"v"
        for _ in range(5):  # a dead letter has no limit of its own
            receiver.abandon_message(dead)
            (dead,) = receive(receiver)
        receiver.complete_message(dead)


def test_dead_lettering_with_reason_and_description(client: ServiceBusClient) -> None:
    send(client, "plain", ServiceBusMessage("bad"))
    with client.get_queue_receiver("plain") as receiver:
        (message,) = receive(receiver)
        receiver.dead_letter_message(message, reason="no JSON", error_description="line 1: ä")
    (dead,) = drain(client, "plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("no JSON", "line 1: ä")
    assert dead.sequence_number == message.sequence_number


def test_a_lapsed_lock_is_lost_and_its_message_comes_again(client: ServiceBusClient) -> None:
    send(client, "short-lock", ServiceBusMessage("slow"))
    with client.get_queue_receiver("short-lock") as receiver:
        (message,) = receive(receiver)
        until = receiver.renew_message_lock(message)
        assert until > datetime.now(UTC)
        time.sleep(1.2)
        with pytest.raises(MessageLockLostError):
            receiver.complete_message(message)
        with pytest.raises(MessageLockLostError):
            receiver.renew_message_lock(message)
        (again,) = receive(receiver)
        assert (text(again), again.delivery_count) == ("slow", 1)
        receiver.complete_message(again)
    assert drain(client, "short-lock") == []


def test_a_lock_that_lapsed_is_also_refused_by_the_broker(client: ServiceBusClient) -> None:
    """The client looks at its own clock first; what it asks is refused all the same."""
    send(client, "short-lock", ServiceBusMessage("slow"))
    with client.get_queue_receiver("short-lock") as receiver:
        (message,) = receive(receiver)
        time.sleep(1.2)
        with pytest.raises(MessageLockLostError):
            receiver._renew_locks(message.lock_token)  # type: ignore[arg-type]
        with pytest.raises(MessageLockLostError):
            receiver._settle_message_via_mgmt_link("completed", [message.lock_token])  # type: ignore[list-item]
        (again,) = receive(receiver)
        receiver.complete_message(again)


def test_a_message_that_is_locked_is_nobody_elses(client: ServiceBusClient, broker: BrokerProcess) -> None:
    send(client, "plain", ServiceBusMessage("mine"))
    with client.get_queue_receiver("plain") as receiver:
        (message,) = receive(receiver)
        with ServiceBusClient.from_connection_string(broker.connection_string) as other:
            assert drain(other, "plain") == []
        # The receiver goes without settling: the lock stays, as on the service.
    assert drain(client, "plain") == []
    with client.get_queue_receiver("plain") as receiver:
        (peeked,) = receiver.peek_messages()
        assert text(peeked) == "mine"
        receiver._settle_message_via_mgmt_link("completed", [message.lock_token])  # type: ignore[list-item]
        assert receiver.peek_messages() == []


def test_a_known_id_is_accepted_and_dropped(client: ServiceBusClient) -> None:
    send(client, "once-each", *(ServiceBusMessage("x", message_id="same") for _ in range(3)))
    send(client, "once-each", ServiceBusMessage("y", message_id="other"))
    with client.get_queue_sender("once-each") as sender:
        sender.send_messages(
            [ServiceBusMessage("z", message_id="same"), ServiceBusMessage("z", message_id="new")]
        )
    assert [message.message_id for message in drain(client, "once-each")] == ["same", "other", "new"]
    send(client, "once-each", ServiceBusMessage("x", message_id="same"))  # also when the first one is gone
    assert drain(client, "once-each") == []


def test_what_expires_is_dead_lettered_where_the_queue_says_so(client: ServiceBusClient) -> None:
    send(
        client,
        "expiring",
        ServiceBusMessage("stale"),
        ServiceBusMessage("short", time_to_live=timedelta(days=1)),
    )
    time.sleep(1.2)
    assert drain(client, "expiring") == []
    dead = drain(client, "expiring", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    assert [(text(message), message.dead_letter_reason) for message in dead] == [
        ("stale", "TTLExpiredException"),
        ("short", "TTLExpiredException"),
    ]
    send(client, "plain", ServiceBusMessage("stale", time_to_live=timedelta(seconds=1)))
    time.sleep(1.2)
    assert drain(client, "plain") == drain(client, "plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER) == []


def test_scheduled_messages(client: ServiceBusClient) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    with client.get_queue_sender("plain") as sender, client.get_queue_receiver("plain") as receiver:
        first, second = sender.schedule_messages([ServiceBusMessage("a"), ServiceBusMessage("b")], due)
        sender.cancel_scheduled_messages(first)
        with pytest.raises(MessageNotFoundError):
            sender.cancel_scheduled_messages(first)
        sender.send_messages(ServiceBusMessage("at once"))
        assert [text(message) for message in receiver.peek_messages(5, sequence_number=1)] == ["b", "at once"]
        (message,) = receive(receiver)
        assert text(message) == "at once"
        receiver.complete_message(message)
        (message,) = receive(receiver)
        assert text(message) == "b"
        assert datetime.now(UTC) >= due - timedelta(milliseconds=5)
        assert (message.sequence_number or 0) > second
        assert message.enqueued_time_utc is not None
        assert message.enqueued_time_utc >= due - timedelta(milliseconds=5)
        receiver.complete_message(message)


def test_deferred_messages(client: ServiceBusClient) -> None:
    send(client, "plain", ServiceBusMessage("later"))
    with client.get_queue_receiver("plain") as receiver:
        (message,) = receive(receiver)
        receiver.defer_message(message)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
        number = message.sequence_number or 0
        with pytest.raises(MessageNotFoundError):
            receiver.receive_deferred_messages([number, number + 100])
        (deferred,) = receiver.receive_deferred_messages(number)
        assert (text(deferred), deferred.delivery_count) == ("later", 1)
        receiver.complete_message(deferred)
        with pytest.raises(MessageNotFoundError):
            receiver.receive_deferred_messages(number)


def test_peeking_takes_nothing(client: ServiceBusClient) -> None:
    with client.get_queue_sender("plain") as sender:
        sender.send_messages([ServiceBusMessage(f"m{number}") for number in range(5)])
    with client.get_queue_receiver("plain") as receiver:
        first = receiver.peek_messages(2)
        rest = receiver.peek_messages(10)  # goes on where the last call ended
        assert [text(message) for message in [*first, *rest]] == ["m0", "m1", "m2", "m3", "m4"]
        assert receiver.peek_messages(10) == []
    assert len(drain(client, "plain")) == 5


def test_every_subscription_gets_its_copy(client: ServiceBusClient) -> None:
    with client.get_topic_sender("news") as sender:
        sender.send_messages(ServiceBusMessage("event", message_id="e-1"))
        sender.send_messages(ServiceBusMessage("event", message_id="e-1"))
        sender.schedule_messages(ServiceBusMessage("later"), datetime.now(UTC) + timedelta(seconds=1))
    with client.get_subscription_receiver("news", "first") as receiver:
        event, later = receive(receiver, 2)
        assert [text(event), text(later)] == ["event", "later"]
        receiver.dead_letter_message(event, reason="no")
        receiver.complete_message(later)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
    with client.get_subscription_receiver("news", "second") as receiver:
        event, later = receive(receiver, 2)
        assert [text(event), text(later)] == ["event", "later"]
        receiver.complete_message(event)
        receiver.complete_message(later)
    dead = ServiceBusSubQueue.DEAD_LETTER
    with client.get_subscription_receiver("NEWS", "First", sub_queue=dead) as receiver:
        (event,) = receive(receiver)
        assert event.dead_letter_reason == "no"
        receiver.complete_message(event)
    with client.get_subscription_receiver("news", "second", sub_queue=dead) as receiver:
        assert receiver.peek_messages() == []


def test_what_does_not_exist_is_not_found(client: ServiceBusClient) -> None:
    with pytest.raises(MessagingEntityNotFoundError), client.get_queue_receiver("nothing") as receiver:
        receiver.receive_messages(1, max_wait_time=1)
    with pytest.raises(MessagingEntityNotFoundError):
        send(client, "nothing", ServiceBusMessage("x"))
    with pytest.raises(ServiceBusError), client.get_subscription_receiver("news", "third") as receiver:
        receiver.receive_messages(1, max_wait_time=1)


def test_a_message_over_256_kb_is_refused(client: ServiceBusClient) -> None:
    with pytest.raises(MessageSizeExceededError):
        send(client, "plain", ServiceBusMessage(b"x" * 262_145))
    send(client, "plain", ServiceBusMessage(b"x" * 250_000))
    (message,) = drain(client, "plain")
    assert len(b"".join(message.body)) == 250_000


def test_sessions_are_not_there(client: ServiceBusClient) -> None:
    with (
        pytest.raises(ServiceBusError),
        client.get_queue_receiver("plain", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=2) as receiver,
    ):
        receiver.receive_messages(1)
