"""What a Service Bus message is for a function: from the received message through the SDK's own converter."""

from datetime import UTC, datetime, timedelta
from typing import Any

from azure.servicebus import ServiceBusMessage

from devhost.app.converters import decode, metadata_datum, trigger_datum
from devhost.channel import Message
from devhost.engine.invocation import Invocation
from devhost.service_bus.connection import connection_string, has_connection, namespace
from devhost.service_bus.metadata import manual_message, message_invocation, message_metadata


class Received:
    """The attributes of a ServiceBusReceivedMessage that a broker fills."""

    def __init__(self, body: bytes, **fields: object) -> None:
        sent = ServiceBusMessage(body)
        self.body = [body]
        now = datetime(2026, 11, 20, 10, tzinfo=UTC)
        for name in ("subject", "to", "reply_to", "reply_to_session_id", "session_id", "partition_key"):
            setattr(self, name, getattr(sent, name))
        self.message_id, self.content_type, self.correlation_id = "m-1", "application/json", "c-1"
        self.sequence_number, self.enqueued_sequence_number, self.delivery_count = 7, 7, 1
        self.enqueued_time_utc, self.expires_at_utc = now, now + timedelta(days=2)
        self.locked_until_utc, self.lock_token = now + timedelta(minutes=5), "token"
        self.scheduled_enqueue_time_utc, self.time_to_live = None, timedelta(hours=2)
        self.dead_letter_reason = self.dead_letter_error_description = self.dead_letter_source = None
        self.application_properties: dict[Any, Any] | None = {b"kind": b"lesson", "n": 1, "at": now}
        self.__dict__.update(fields)


def seen_by_the_function(invocation: Invocation) -> Any:
    message = Message("invoke", invocation.fields(), invocation.payload)
    metadata = {name: metadata_datum(value) for name, value in message["metadata"].items()}
    return decode("serviceBusTrigger", trigger_datum(message), metadata)


def test_one_message() -> None:
    body = '{"id": "ä"}'.encode()
    metadata = message_metadata(Received(body))
    message = seen_by_the_function(message_invocation("f", [(body, metadata)], "r", many=False, binary=False))
    assert message.get_body() == body
    assert (message.message_id, message.correlation_id, message.content_type) == (
        "m-1",
        "c-1",
        "application/json",
    )
    assert message.delivery_count == 2  # AMQP counts the earlier deliveries, the extension this one too
    assert message.sequence_number == 7
    assert message.application_properties == {"kind": "lesson", "n": 1, "at": "2026-11-20T10:00:00.000000Z"}
    assert message.user_properties == message.application_properties
    # The extension hands over UTC without a zone, and so the SDK does.
    assert message.enqueued_time_utc == datetime(2026, 11, 20, 10)  # noqa: DTZ001
    assert message.expires_at_utc == datetime(2026, 11, 22, 10)  # noqa: DTZ001
    assert message.session_id is None


def test_what_the_extension_does_not_hand_over_is_not_seen() -> None:
    """Days to live are more than the SDK could read, and no message could be received."""
    metadata = message_metadata(Received(b"{}", time_to_live=timedelta(days=2), dead_letter_reason="why"))
    message = seen_by_the_function(
        message_invocation("f", [(b"{}", metadata)], "r", many=False, binary=False)
    )
    assert (message.time_to_live, message.locked_until, message.dead_letter_reason) == (None, None, None)


def test_a_binary_body_stays_as_it_is() -> None:
    body = b"\x00\xff"
    metadata = message_metadata(Received(body, application_properties=None))
    message = seen_by_the_function(message_invocation("f", [(body, metadata)], "r", many=False, binary=True))
    assert message.get_body() == body
    assert message.application_properties == {}


def test_a_batch() -> None:
    bodies = [b"one", b"", "drei ä".encode()]
    messages = [(body, message_metadata(Received(body, message_id=str(n)))) for n, body in enumerate(bodies)]
    batch = seen_by_the_function(message_invocation("f", messages, "r", many=True, binary=False))
    assert [message.get_body() for message in batch] == bodies
    assert [message.message_id for message in batch] == ["0", "1", "2"]
    assert batch[0].application_properties["kind"] == "lesson"


def test_a_message_given_by_hand() -> None:
    message = seen_by_the_function(manual_message("f", {"a": 1}, "r", many=False))
    assert message.get_body() == b'{"a": 1}'
    assert message.delivery_count == 1
    batch = seen_by_the_function(manual_message("f", "text", "r", many=True))
    assert [message.get_body() for message in batch] == [b"text"]


def test_where_a_connection_is_found() -> None:
    assert not has_connection("Bus", {})
    assert not has_connection("Bus", {"Bus": ""})
    assert connection_string("Bus", {"Bus": "Endpoint=x"}) == "Endpoint=x"
    assert connection_string("Bus", {"AzureWebJobsBus": "Endpoint=y", "Bus": "Endpoint=x"}) == "Endpoint=y"
    assert namespace("Bus", {"Bus__fullyQualifiedNamespace": "n.example"}) == "n.example"
    assert has_connection("Bus", {"Bus__fullyQualifiedNamespace": "n.example"})
