"""What a Service Bus message brings along, as the extension hands it to the Python worker.

Source: azure-sdk-for-net Microsoft.Azure.WebJobs.Extensions.ServiceBus ServiceBusTriggerBindingStrategy, and
the SDK's azure/functions/servicebus.py, which tells one message from many by `UserProperties` and its array.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from devhost.engine.invocation import Invocation


def message_invocation(
    function: str,
    messages: Sequence[tuple[bytes, Mapping[str, Any]]],
    reason: str,
    *,
    many: bool,
    binary: bool,
) -> Invocation:
    """The invocation for one message, or for a batch; each message is its body and its metadata."""
    if many:
        names = sorted({name for _, metadata in messages for name in metadata})
        arrays = {f"{name}Array": [metadata.get(name) for _, metadata in messages] for name in names}
        return Invocation(
            function,
            "collection_bytes" if binary else "collection_string",
            b"".join(body for body, _ in messages),
            reason,
            metadata=arrays,
            lengths=tuple(len(body) for body, _ in messages),
        )
    body, metadata = messages[0]
    return Invocation(function, "bytes" if binary else "string", body, reason, metadata=metadata)


def manual_message(function: str, value: object, reason: str, *, many: bool) -> Invocation:
    """The invocation for a message that an operator gives by hand; what is not text is sent as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    now = datetime.now(UTC)
    metadata = {
        "MessageId": uuid.uuid4().hex,
        "SequenceNumber": 0,
        "DeliveryCount": 1,
        "EnqueuedTimeUtc": _without_zone(now),
        "ExpiresAtUtc": _without_zone(now + timedelta(days=14)),
        "UserProperties": {},
        "ApplicationProperties": {},
    }
    return message_invocation(function, [(text.encode(), metadata)], reason, many=many, binary=False)


def message_metadata(message: Any) -> dict[str, Any]:
    """The trigger metadata of a received message; what the message does not carry is left out.

    The extension hands over these properties and no other: a function never sees the time to live, nor until
    when the message is locked.
    """
    properties = {_text(k): _plain(v) for k, v in (message.application_properties or {}).items()}
    fields = {
        "MessageId": message.message_id,
        "SequenceNumber": message.sequence_number,
        "DeliveryCount": (message.delivery_count or 0)
        + 1,  # the extension counts this delivery, AMQP does not
        "EnqueuedTimeUtc": _without_zone(message.enqueued_time_utc),
        "EnqueuedTime": _moment(message.enqueued_time_utc),
        "ExpiresAtUtc": _without_zone(message.expires_at_utc),
        "ExpiresAt": _moment(message.expires_at_utc),
        "LockToken": str(message.lock_token) if message.lock_token else None,
        "ContentType": message.content_type,
        "CorrelationId": message.correlation_id,
        "Label": message.subject,
        "Subject": message.subject,
        "To": message.to,
        "ReplyTo": message.reply_to,
        "ReplyToSessionId": message.reply_to_session_id,
        "SessionId": message.session_id,
        "PartitionKey": message.partition_key,
        "DeadLetterSource": message.dead_letter_source,
    }
    present = {name: value for name, value in fields.items() if value is not None}
    return present | {"UserProperties": properties, "ApplicationProperties": properties}


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def _without_zone(moment: datetime | None) -> str | None:
    """A .NET DateTime of no kind: UTC that does not say so."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _plain(value: object) -> object:
    """An application property as JSON can carry it."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return _moment(value) if isinstance(value, datetime) else _text(value)
