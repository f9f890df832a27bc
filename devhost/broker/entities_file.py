"""The file that declares a namespace's entities, in the shape of the official Service Bus emulator's
Config.json, with the limits of Azure."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from devhost.broker.entities import Entities, Queue, QueueProperties, Subscription, Topic
from devhost.broker.iso_duration import parse_iso_duration
from devhost.errors import HostError

ENTITIES_FILE = "service-bus.json"
_TIME_TO_LIVE = "DefaultMessageTimeToLive"
_DETECTS, _WINDOW = "RequiresDuplicateDetection", "DuplicateDetectionHistoryTimeWindow"
_LOCK, _MAX_DELIVERIES = "LockDuration", "MaxDeliveryCount"
_BURIES_EXPIRED, _SESSIONS = "DeadLetteringOnMessageExpiration", "RequiresSession"
_FORWARDS = ("ForwardTo", "ForwardDeadLetteredMessagesTo")
_QUEUE = frozenset({_TIME_TO_LIVE, _LOCK, _MAX_DELIVERIES, _BURIES_EXPIRED, _SESSIONS, *_FORWARDS})
_DUPLICATES = frozenset({_DETECTS, _WINDOW})

_DAY = timedelta(days=1)
# Azure writes its greatest time span where a message lives for ever.
_FOR_EVER = timedelta(days=10_675_199)


class EntitiesFileError(HostError):
    """The entities file is wrong; the message names the file and the field."""


def load_entities(file: Path) -> Entities:
    """Read the file; raises EntitiesFileError."""
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise EntitiesFileError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise EntitiesFileError(f"{file}: not valid JSON: {error}") from error
    root = _Section(file, "", document)
    root.allow({"UserConfig"})
    config = root.section("UserConfig")
    config.allow({"Namespaces", "Logging"})
    namespaces = config.sections("Namespaces")
    if len(namespaces) != 1:
        raise config.wrong("Namespaces", "a list of exactly one namespace")
    namespace = namespaces[0]
    namespace.allow({"Name", "Queues", "Topics"})
    queues = tuple(_queue(section) for section in namespace.sections("Queues"))
    topics = tuple(_topic(section) for section in namespace.sections("Topics"))
    _check_names(namespace, [queue.name for queue in queues] + [topic.name for topic in topics])
    return Entities(queues, topics)


def default_entities(queues: Iterable[str], subscriptions: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The document that declares some queues and (topic, subscription) pairs with Azure's defaults."""
    topics: dict[str, dict[str, None]] = {}
    for topic, subscription in subscriptions:
        topics.setdefault(topic, {})[subscription] = None
    namespace = {
        "Name": "local",
        "Queues": [{"Name": name} for name in dict.fromkeys(queues)],
        "Topics": [
            {"Name": name, "Subscriptions": [{"Name": each} for each in subscribed]}
            for name, subscribed in topics.items()
        ],
    }
    return {"UserConfig": {"Namespaces": [namespace]}}


class _Section:
    """One object of the file, which knows its place for error messages."""

    def __init__(self, file: Path, path: str, values: object) -> None:
        self._file, self._path = file, path
        if not isinstance(values, dict):
            raise EntitiesFileError(f"{file}: {path or 'the file'} must be an object")
        self._values = cast("dict[str, Any]", values)

    def wrong(self, name: str, expected: str) -> EntitiesFileError:
        place = f"{self._path}.{name}" if self._path else name
        given = json.dumps(self._values[name]) if name in self._values else "absent"
        return EntitiesFileError(f"{self._file}: {place} must be {expected}, not {given}")

    def twice(self, name: str) -> EntitiesFileError:
        return EntitiesFileError(f"{self._file}: {self._path}: the name '{name}' is given twice")

    def allow(self, names: Iterable[str]) -> None:
        for name in self._values:
            if name not in set(names):
                place = f"{self._path}.{name}" if self._path else name
                raise EntitiesFileError(f"{self._file}: {place} is not known")

    def section(self, name: str) -> "_Section":
        place = f"{self._path}.{name}" if self._path else name
        return _Section(self._file, place, self._values.get(name, {}))

    def sections(self, name: str) -> list["_Section"]:
        values = self._values.get(name, [])
        if not isinstance(values, list):
            raise self.wrong(name, "a list")
        place = f"{self._path}.{name}" if self._path else name
        return [_Section(self._file, f"{place}[{number}]", value) for number, value in enumerate(values)]

    def name(self) -> str:
        value = self._values.get("Name")
        if not isinstance(value, str) or not value or len(value) > 260 or value != value.strip("/ "):
            raise self.wrong("Name", "a name of 1 to 260 characters without a slash or blank at its ends")
        return value

    def text(self, name: str) -> str:
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def refuse(self, names: Iterable[str]) -> None:
        for name in names:
            if self._values.get(name):
                raise self.wrong(name, "absent, empty or false: it is not emulated")

    def count(self, name: str, default: int, most: int) -> int:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise self.wrong(name, f"a whole number from 1 to {most}")
        return value

    def span(self, name: str, default: timedelta, least: timedelta, most: timedelta) -> timedelta:
        value = self._values.get(name)
        if value is None:
            return default
        expected = f"an ISO 8601 duration from {_describe(least)} to {_describe(most)}, such as PT5M or P2D"
        try:
            span = parse_iso_duration(value) if isinstance(value, str) else None
        except ValueError:
            span = None
        if span is None or not least <= span <= most:
            raise self.wrong(name, expected)
        return span


def _describe(span: timedelta) -> str:
    if span >= _FOR_EVER:
        return "for ever"
    seconds = int(span.total_seconds())
    units = ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))
    size, unit = next((size, unit) for size, unit in units if seconds % size == 0)
    number = seconds // size
    return f"{number} {unit if number > 1 else unit[:-1]}"


def _queue(section: _Section) -> Queue:
    section.allow({"Name", "Properties"})
    properties = section.section("Properties")
    properties.allow(_QUEUE | _DUPLICATES)
    return Queue(section.name(), _queue_properties(properties), _duplicate_window(properties))


def _queue_properties(section: _Section) -> QueueProperties:
    section.refuse((_SESSIONS, *_FORWARDS))
    default = QueueProperties()
    return QueueProperties(
        lock_duration=section.span(_LOCK, default.lock_duration, timedelta(seconds=1), timedelta(minutes=5)),
        max_delivery_count=section.count(_MAX_DELIVERIES, default.max_delivery_count, 2000),
        default_time_to_live=_time_to_live(section),
        dead_letters_expired=section.flag(_BURIES_EXPIRED),
    )


def _time_to_live(section: _Section) -> timedelta | None:
    span = section.span(_TIME_TO_LIVE, _FOR_EVER, timedelta(seconds=1), _FOR_EVER + _DAY)
    return None if span >= _FOR_EVER else span


def _duplicate_window(section: _Section) -> timedelta | None:
    window = section.span(_WINDOW, timedelta(minutes=10), timedelta(seconds=20), 7 * _DAY)
    return window if section.flag(_DETECTS) else None


def _topic(section: _Section) -> Topic:
    section.allow({"Name", "Properties", "Subscriptions"})
    properties = section.section("Properties")
    properties.allow({_TIME_TO_LIVE} | _DUPLICATES)
    subscriptions = tuple(_subscription(each) for each in section.sections("Subscriptions"))
    _check_names(section, [each.name for each in subscriptions])
    return Topic(section.name(), subscriptions, _time_to_live(properties), _duplicate_window(properties))


def _subscription(section: _Section) -> Subscription:
    section.allow({"Name", "Properties", "Rules"})
    for rule in section.sections("Rules"):
        _check_rule(rule)
    properties = section.section("Properties")
    properties.allow(_QUEUE)
    return Subscription(section.name(), _queue_properties(properties))


def _check_rule(rule: _Section) -> None:
    """Only the rule that every subscription has without any: all messages."""
    rule.allow({"Name", "Properties"})
    properties = rule.section("Properties")
    properties.allow({"FilterType", "SqlFilter"})
    expression = properties.section("SqlFilter").text("SqlExpression")
    if properties.text("FilterType") != "Sql" or expression.replace(" ", "") != "1=1":
        raise rule.wrong("Properties", 'the filter of all messages (Sql, "1=1"): others are not emulated')


def _check_names(section: _Section, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise section.twice(name)
        seen.add(name.lower())
