"""The file that declares queues and topics: what it means, and what is wrong with it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.broker.entities import Entities, Queue, QueueProperties, Subscription, Topic
from devhost.broker.entities_file import EntitiesFileError, default_entities, load_entities
from devhost.broker.iso_duration import parse_iso_duration
from tests.support.broker import entities, queue, topic
from tests.support.local_host import ROOT


def load(tmp_path: Path, document: object) -> Entities:
    file = tmp_path / "bus.json"
    file.write_text(json.dumps(document))
    return load_entities(file)


def test_what_the_official_emulator_ships_as_its_example_is_understood(tmp_path: Path) -> None:
    """Its shape, with the properties that are not emulated switched off."""
    properties = {
        "DeadLetteringOnMessageExpiration": True,
        "DefaultMessageTimeToLive": "PT1H",
        "LockDuration": "PT1M",
        "MaxDeliveryCount": 3,
        "ForwardDeadLetteredMessagesTo": "",
        "ForwardTo": "",
        "RequiresSession": False,
    }
    duplicates = {"DuplicateDetectionHistoryTimeWindow": "PT20S", "RequiresDuplicateDetection": True}
    rule = {"Name": "all", "Properties": {"FilterType": "Sql", "SqlFilter": {"SqlExpression": "1=1"}}}
    subscription = {"Name": "sub", "Properties": properties, "Rules": [rule]}
    document = {
        "UserConfig": {
            "Namespaces": [
                {
                    "Name": "sbemulatorns",
                    "Queues": [{"Name": "queue.1", "Properties": {**properties, **duplicates}}],
                    "Topics": [
                        {
                            "Name": "topic.1",
                            "Properties": {"DefaultMessageTimeToLive": "PT1H", **duplicates},
                            "Subscriptions": [subscription],
                        }
                    ],
                }
            ],
            "Logging": {"Type": "File"},
        }
    }
    expected = QueueProperties(timedelta(minutes=1), 3, timedelta(hours=1), dead_letters_expired=True)
    window = timedelta(seconds=20)
    assert load(tmp_path, document) == Entities(
        (Queue("queue.1", expected, window),),
        (Topic("topic.1", (Subscription("sub", expected),), timedelta(hours=1), window),),
    )


def test_what_is_left_out_is_azures_default(tmp_path: Path) -> None:
    document = default_entities(["q", "q"], [("t", "a"), ("t", "b"), ("t", "a")])
    loaded = load(tmp_path, document)
    assert loaded.queues == (Queue("q", QueueProperties(timedelta(minutes=1), 10, None, False), None),)
    assert loaded.topics == (Topic("t", (Subscription("a"), Subscription("b"))),)


def test_the_greatest_time_span_of_net_is_for_ever(tmp_path: Path) -> None:
    (loaded,) = load(
        tmp_path, entities(queue("q", DefaultMessageTimeToLive="P10675199DT2H48M5.4775807S"))
    ).queues
    assert loaded.properties.default_time_to_live is None


QUEUE = "UserConfig.Namespaces[0].Queues[0]"
WRONG: list[tuple[Any, str]] = [
    ([], "the file must be an object"),
    ({"userConfig": {}}, "userConfig is not known"),
    ({"UserConfig": {"Namespaces": []}}, "UserConfig.Namespaces must be a list of exactly one namespace"),
    (entities({"Name": ""}), f"{QUEUE}.Name must be a name"),
    (entities({"Name": "/q"}), f"{QUEUE}.Name must be a name"),
    (entities({"Name": "q", "Propertys": {}}), f"{QUEUE}.Propertys is not known"),
    (entities(queue("q", LockTime="PT1M")), f"{QUEUE}.Properties.LockTime is not known"),
    (
        entities(queue("q", LockDuration="PT6M")),
        f"{QUEUE}.Properties.LockDuration must be an ISO 8601 duration",
    ),
    (entities(queue("q", LockDuration=60)), "from 1 second to 5 minutes, such as PT5M or P2D, not 60"),
    (
        entities(queue("q", MaxDeliveryCount=0)),
        "MaxDeliveryCount must be a whole number from 1 to 2000, not 0",
    ),
    (entities(queue("q", MaxDeliveryCount=True)), "MaxDeliveryCount must be"),
    (entities(queue("q", RequiresSession=True)), "RequiresSession must be absent, empty or false: it is not"),
    (
        entities(queue("q", ForwardTo="other")),
        'ForwardTo must be absent, empty or false: it is not emulated, not "o',
    ),
    (
        entities(queue("q", RequiresDuplicateDetection="yes")),
        "RequiresDuplicateDetection must be true or false",
    ),
    (entities(queue("q", DuplicateDetectionHistoryTimeWindow="P8D")), "from 20 seconds to 7 days"),
    (entities(queue("q", DefaultMessageTimeToLive="P1M")), "from 1 second to for ever"),
    (entities(queue("q"), queue("Q")), "UserConfig.Namespaces[0]: the name 'Q' is given twice"),
    (entities(queue("q"), topics=[topic("q")]), "the name 'q' is given twice"),
    (entities(topics=[topic("t", "s", "S")]), "Topics[0]: the name 'S' is given twice"),
    (entities(topics=[topic("t", LockDuration="PT1M")]), "Topics[0].Properties.LockDuration is not known"),
    (
        entities(
            topics=[
                {
                    "Name": "t",
                    "Subscriptions": [
                        {"Name": "s", "Rules": [{"Name": "r", "Properties": {"FilterType": "Correlation"}}]}
                    ],
                }
            ]
        ),
        "Subscriptions[0].Rules[0].Properties must be the filter of all messages",
    ),
]


@pytest.mark.parametrize(("document", "words"), WRONG, ids=[words[-30:] for _, words in WRONG])
def test_what_is_wrong_is_named(document: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(EntitiesFileError) as raised:
        load(tmp_path, document)
    assert words in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "bus.json"))


def test_a_file_that_is_not_json_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "bus.json").write_text("{")
    with pytest.raises(EntitiesFileError, match="not valid JSON"):
        load_entities(tmp_path / "bus.json")
    with pytest.raises(EntitiesFileError, match="cannot be read: No such file"):
        load_entities(tmp_path / "other.json")


def test_the_apps_own_file() -> None:
    loaded = load_entities(ROOT / "service-bus.json")
    (lessons,) = loaded.queues
    assert lessons == Queue(
        "lesson-generation",
        QueueProperties(timedelta(minutes=5), 10, timedelta(days=2), dead_letters_expired=True),
        duplicate_window=timedelta(minutes=10),
    )
    (events,) = loaded.topics
    assert (events.name, events.duplicate_window) == ("learning-events", timedelta(minutes=10))
    assert [each.name for each in events.subscriptions] == ["all"]


@given(
    st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999)
)  # fmt: skip
def test_durations_are_read_as_they_are_written(
    days: int, hours: int, minutes: int, seconds: int, thousandths: int
) -> None:
    text = f"P{days}DT{hours}H{minutes}M{seconds}.{thousandths:03d}S"
    whole = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert parse_iso_duration(text) == whole + timedelta(milliseconds=thousandths)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("P1W", timedelta(weeks=1)),
        ("PT90M", timedelta(minutes=90)),
        ("PT0.5S", timedelta(seconds=0.5)),
        ("P2D", timedelta(days=2)),
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert parse_iso_duration(text) == span


@given(st.text("P0123456789DTHMSWY.-", max_size=8))
def test_what_is_no_duration_is_a_value_error(text: str) -> None:
    try:
        span = parse_iso_duration(text)
    except ValueError:
        return
    assert span >= timedelta()
    assert text.startswith("P")
    assert text[-1] in "DTHMSW"
    assert text not in {"P", "PT"}
