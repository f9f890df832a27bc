"""docs/operations.md: whatever bounds something stands in one of its tables, with its default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.services.batch_advance import RESENT_AFTER
from shared.settings import PROVIDER_FIELDS, SOURCE_FIELDS, Settings

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line
    for line in (ROOT / "docs/operations.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|")
]
NUMBERS = {
    field.alias: field.default
    for field in Settings.model_fields.values()
    if field.alias and isinstance(field.default, int | float) and not isinstance(field.default, bool)
}


def row_of(setting: str) -> str:
    """Return the row whose first column names a setting."""
    [row] = [row for row in ROWS if f"`{setting}`" in row.split("|")[1]]
    return row


@pytest.mark.parametrize("setting", sorted(NUMBERS))
def test_a_setting_stands_there_with_its_default(setting: str) -> None:
    row = row_of(setting)
    _, names, defaults, *_ = row.split("|")
    place = [name.strip(" `") for name in names.split(",")].index(setting)
    assert float(defaults.split(",")[place]) == NUMBERS[setting]


def test_every_other_setting_stands_there_too() -> None:
    text = "\n".join(ROWS)
    names = [field.alias for field in Settings.model_fields.values() if field.alias]
    short = [
        f"__{name.split('__')[1]}" if name.startswith("ServiceBusConnection__") else name for name in names
    ]
    short += [f"__{suffix}" for suffix in (*PROVIDER_FIELDS, *SOURCE_FIELDS)]
    assert [name for name in short if name not in text] == []


def bounds_of(host: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in host.items():
        if isinstance(value, dict):
            yield from bounds_of(value)
        elif name.startswith("max") or name in ("functionTimeout", "prefetchCount"):
            yield name, value


def said(value: Any) -> str:
    """Return a value of host.json as the guide says it."""
    spans = {"00:05:30": "5:30", "00:10:00": "10 min", "00:00:02": "2 s"}
    return spans.get(str(value), str(value))


def test_every_bound_of_the_host_stands_there_with_its_value() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    found = [(name, value) for name, value in bounds_of(host) if name != "maxAge"]
    assert len(found) >= 6
    for name, value in found:
        assert any(f"`{name}` {said(value)}" in row or f".{name}` {said(value)}" in row for row in ROWS), name


def test_every_bound_of_the_queue_stands_there_with_its_value() -> None:
    document = json.loads((ROOT / "service-bus.json").read_text(encoding="utf-8"))
    [namespace] = document["UserConfig"]["Namespaces"]
    for entity in (*namespace["Queues"], *namespace["Topics"]):
        for name, value in entity["Properties"].items():
            written = value if isinstance(value, str) else json.dumps(value)
            assert f"`{name}` `{written}`" in row_of(name)
    window = namespace["Queues"][0]["Properties"]["DuplicateDetectionHistoryTimeWindow"]
    assert f"PT{int(RESENT_AFTER.total_seconds() / 60)}M" == "PT30M", "the guide says 30 minutes"
    assert int(window.removeprefix("PT").removesuffix("M")) * 60 < RESENT_AFTER.total_seconds()
