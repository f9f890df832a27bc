"""Messages between their encoding and the broker's fields: nothing is lost, nothing breaks the broker."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from devhost.broker.message import DeadLetter, Message, MessageState
from tests.support.broker import need_broker

need_broker()

import proton  # noqa: E402 - not on every machine

from devhost.broker.codec import (  # noqa: E402 - it needs proton
    DecodeError,
    read_draft,
    sections,
    split_batch,
    with_properties,
    write_delivery,
)

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=5), st.binary(max_size=5)
)
PROPERTIES = st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
KEPT = Message(sequence_number=7, message_id="m", enqueued_at=1_700_000_000.5, deliveries=2)


def plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def encode(**fields: Any) -> bytes:
    return bytes(proton.Message(**fields).encode())


def decode(encoded: bytes) -> proton.Message:
    message = proton.Message()
    message.decode(encoded)
    return message


@given(
    body=st.binary(max_size=300),
    properties=PROPERTIES,
    subject=st.text(
        st.characters(exclude_characters="\0", codec="utf-8"), max_size=5
    ),  # proton.Message cuts there
    priority=st.integers(0, 9),
)
def test_a_delivery_carries_what_was_sent(
    body: bytes, properties: dict[str, Any], subject: str, priority: int
) -> None:
    sent = encode(body=body, inferred=True, id="m", properties=properties, subject=subject, priority=priority)
    assert read_draft(sent).message_id == "m"
    got = decode(write_delivery(KEPT, sent))
    assert (plain(got.body), got.id, got.subject or "", got.priority) == (body, "m", subject, priority)
    assert plain(got.properties or {}) == properties
    assert got.delivery_count == 2
    annotations: Any = got.annotations
    assert annotations[proton.symbol("x-opt-sequence-number")] == 7
    assert annotations[proton.symbol("x-opt-enqueued-time")] == 1_700_000_000_500


@given(properties=PROPERTIES, changes=st.dictionaries(st.text(max_size=5), SCALARS, min_size=1, max_size=3))
def test_application_properties_are_set_one_by_one(
    properties: dict[str, Any], changes: dict[str, Any]
) -> None:
    sent = encode(body=b"x", inferred=True, properties=properties)
    got = decode(with_properties(sent, changes))
    assert plain(got.properties) == properties | changes
    assert plain(got.body) == b"x"


def test_why_a_dead_letter_is_one_stands_in_its_properties() -> None:
    dead = Message(7, "m", 1.0, dead_letter=DeadLetter("why", None, "q"), state=MessageState.ACTIVE)
    got = decode(write_delivery(dead, encode(body=b"x", inferred=True, properties={"k": "v"})))
    annotations: Any = got.annotations
    assert annotations[proton.symbol("x-opt-deadletter-source")] == "q"
    assert got.properties == {"k": "v", "DeadLetterReason": "why"}


def test_time_to_live_schedule_and_ids_of_other_types() -> None:
    message = proton.Message(id=proton.ulong(12), ttl=2.5, body=b"x")
    message.annotations = {proton.symbol("x-opt-scheduled-enqueue-time"): proton.timestamp(1500)}
    draft = read_draft(bytes(message.encode()))
    assert (draft.message_id, draft.time_to_live, draft.scheduled_for) == ("12", 2.5, 1.5)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_a_batch_is_what_holds_nothing_but_messages(bodies: list[bytes]) -> None:
    messages = [encode(body=body, inferred=True) for body in bodies]
    parts = b"".join(sections(encode(body=message, inferred=True))[-1][1] for message in messages)
    assert split_batch(parts) == messages
    assert split_batch(messages[0]) == [messages[0]]  # its own body is no message


def encoded_value(value: Any) -> bytes:
    data = proton.Data()
    data.put_object(value)
    return bytes(data.encode())


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
).map(encoded_value)


@given(
    st.lists(st.sampled_from(list(range(0x6F, 0x7A))), max_size=3), st.one_of(VALUES, st.binary(max_size=40))
)
@example([0x70], b"\xc1\x01\x00")  # a map where a list belongs
@example([0x72], b"\x45")  # a list where a map belongs
@example([0x74], b"\x40")
def test_whatever_arrives_is_refused_or_can_be_delivered(codes: list[int], tail: bytes) -> None:
    encoded = b"".join(bytes([0, 0x53, code]) + tail for code in codes) + (b"" if codes else tail)
    try:
        drafts = [read_draft(message) for message in split_batch(encoded)]
    except DecodeError:
        return
    dead = Message(7, "m", 1.0, dead_letter=DeadLetter("why", "because", "q"))
    for draft in drafts:
        for kept in (KEPT, dead):
            sections(write_delivery(kept, draft.payload))
