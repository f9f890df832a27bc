"""Messages between their AMQP encoding and the broker's own fields.

A message is handled section by section (AMQP 1.0, part 3.2), so that what the broker has no business with
reaches the receiver byte for byte as it was sent.
"""

from collections.abc import Mapping
from typing import Any

from proton import Data, ProtonException, symbol, timestamp, uint, ulong

from devhost.broker.message import Draft, Message

_HEADER, _DELIVERY_ANNOTATIONS, _ANNOTATIONS = 0x70, 0x71, 0x72
_PROPERTIES, _APPLICATION_PROPERTIES, _DATA, _FOOTER = 0x73, 0x74, 0x75, 0x78
_SCHEDULED_FOR = symbol("x-opt-scheduled-enqueue-time")
_REASON, _DESCRIPTION = "DeadLetterReason", "DeadLetterErrorDescription"
_LONGEST_MILLISECONDS = 2**32 - 1


class DecodeError(ValueError):
    """What arrived is not an AMQP message."""


Section = tuple[int, bytes]


def sections(encoded: bytes) -> list[Section]:
    """Split a message into its sections, each with its code; raises DecodeError."""
    found: list[Section] = []
    data, position = Data(), 0
    while position < len(encoded):
        rest = encoded[position:]
        code = _code(rest)
        try:
            data.clear()
            length = data.decode(rest)
        except ProtonException as error:
            raise DecodeError(str(error)) from None
        found.append((code, rest[:length]))
        position += length
    return found


def _code(encoded: bytes) -> int:
    """The code of the section that begins here; the small form of its number is the only one in use."""
    if len(encoded) < 3 or encoded[:2] != b"\x00\x53" or not _HEADER <= encoded[2] <= _FOOTER:
        raise DecodeError("not a section of a message")
    return encoded[2]


def _value(section: bytes) -> Any:
    """What a section holds, as Python has it."""
    data = Data()
    data.decode(section)
    data.rewind()
    data.next()
    data.enter()
    data.next()
    data.next()
    return _owned(data.get_object())


def _owned(value: Any) -> Any:
    """A value that holds its own bytes: proton's are views into memory that goes with the decoder."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return {_owned(key): _owned(each) for key, each in value.items()}
    return [_owned(each) for each in value] if isinstance(value, list) else value


def _encode(code: int, value: Any) -> bytes:
    data = Data()
    data.put_described()
    data.enter()
    data.put_ulong(ulong(code))
    data.put_object(value)
    data.exit()
    return bytes(data.encode())


def split_batch(encoded: bytes) -> list[bytes]:
    """The messages of a batch, or the one message itself.

    A batch carries whole messages in its data sections. Its transfer says so by the message format, which
    proton does not pass on; so what consists of nothing but encoded messages is taken for one.
    """
    messages = [_bytes(section) for code, section in sections(encoded) if code == _DATA]
    if messages and all(_is_message(message) for message in messages):
        return messages
    return [encoded]


def _is_message(encoded: bytes) -> bool:
    try:
        return len(sections(encoded)) > 0
    except DecodeError:
        return False


def read_draft(encoded: bytes) -> Draft:
    """What the broker acts on in a message that is sent to it; raises DecodeError, also for what could not
    be read again when the message is delivered."""
    found = dict(sections(encoded))
    header, properties = _list(found.get(_HEADER)), _list(found.get(_PROPERTIES))
    annotations = _map(found.get(_ANNOTATIONS))
    _map(found.get(_APPLICATION_PROPERTIES))
    time_to_live = header[2] if len(header) > 2 else None
    message_id = properties[0] if properties else None
    scheduled_for = annotations.get(_SCHEDULED_FOR)
    return Draft(
        payload=encoded,
        message_id=None if message_id is None else _text(message_id),
        time_to_live=_seconds(time_to_live),
        scheduled_for=_seconds(scheduled_for),
    )


def _bytes(section: bytes) -> bytes:
    value = _value(section)
    if not isinstance(value, bytes):
        raise DecodeError("bytes were expected")
    return value


def _list(section: bytes | None) -> list[Any]:
    value = _value(section) if section else []
    if not isinstance(value, list):
        raise DecodeError("a list was expected")
    return value


def _map(section: bytes | None) -> dict[Any, Any]:
    value = _value(section) if section else {}
    if not isinstance(value, dict):
        raise DecodeError("a map was expected")
    return value


def _seconds(milliseconds: object) -> float | None:
    if milliseconds is None:
        return None
    if not isinstance(milliseconds, int):
        raise DecodeError("a number of milliseconds was expected")
    return milliseconds / 1000


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(int(value)) if isinstance(value, int) else str(value)


def write_delivery(message: Message, payload: bytes) -> bytes:
    """A message as a receiver gets it."""
    found = sections(payload)
    by_code = dict(found)
    head = _encode(_HEADER, _header(_list(by_code.get(_HEADER)), message))
    annotations = _encode(_ANNOTATIONS, _annotations(_map(by_code.get(_ANNOTATIONS)), message))
    body = b"".join(section for code, section in found if code >= _PROPERTIES)
    if message.dead_letter is None:
        return head + annotations + body
    causes = {_REASON: message.dead_letter.reason, _DESCRIPTION: message.dead_letter.description}
    given = {name: text for name, text in causes.items() if text is not None}
    return head + annotations + with_properties(body, given)


def _header(sent: list[Any], message: Message) -> list[Any]:
    durable, priority, _, first_acquirer, _ = (sent + [None] * 5)[:5]
    time_to_live = message.time_to_live
    milliseconds = None if time_to_live is None else min(int(time_to_live * 1000), _LONGEST_MILLISECONDS)
    return [
        durable,
        priority,
        None if milliseconds is None else uint(milliseconds),
        first_acquirer,
        uint(message.failed_deliveries),
    ]


def _annotations(sent: dict[Any, Any], message: Message) -> dict[Any, Any]:
    annotations = dict(sent)
    annotations[symbol("x-opt-enqueued-time")] = moment(message.enqueued_at)
    annotations[symbol("x-opt-sequence-number")] = message.sequence_number
    annotations[symbol("x-opt-enqueue-sequence-number")] = message.sequence_number
    annotations[symbol("x-opt-message-state")] = int(message.state)
    if message.lock is not None:
        annotations[symbol("x-opt-locked-until")] = moment(message.lock.until)
    if message.dead_letter is not None:
        annotations[symbol("x-opt-deadletter-source")] = message.dead_letter.source
    return annotations


def with_properties(encoded: bytes, properties: Mapping[str, Any]) -> bytes:
    """A message with some application properties set."""
    if not properties:
        return encoded
    found = sections(encoded)
    merged = _map(dict(found).get(_APPLICATION_PROPERTIES)) | dict(properties)
    changed = [section for section in found if section[0] != _APPLICATION_PROPERTIES]
    changed.append((_APPLICATION_PROPERTIES, _encode(_APPLICATION_PROPERTIES, merged)))
    return b"".join(section for _, section in sorted(changed, key=lambda section: section[0]))


def moment(seconds: float) -> timestamp:
    """A moment as AMQP carries it."""
    return timestamp(int(seconds * 1000))
