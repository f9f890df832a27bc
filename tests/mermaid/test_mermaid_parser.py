"""What the small grammar writes, Mermaid's own parser reads; what it refuses or changes is really unfit."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from shared.lessons.composer import compose
from shared.lessons.mermaid import canonical
from tests.mermaid.corpus import BROKEN, HOSTILE, SOUND
from tests.support.lesson_briefs import PLANTS, PYTHON_LESSONS, python_brief, specification
from tests.support.npm import NpmUnavailable, ensure_installed
from tests.support.tools import need

FOLDER = Path(__file__).parent
_BRACKETS = "[{}] ({}) {{{}}} (({})) ([{}]) [[{}]] [({})] {{{{{}}}}} >{}] [/{}/]"
_SHAPES = tuple(_BRACKETS.split())
_ARROWS = ("-->", "---", "-.->", "==>", "<-->", "--x", "--o", "===", "-.-", "-- {} -->", "-->|{}|")
_NAMES = ("A", "b1", "end", "node-1", "x", "o2", "größe", "Click", "default", "c.d")
Parse = Callable[[Sequence[str]], list[str | None]]
_PIECES = (
    *("list[0]", "a & b", 'say "hi"', "{x: 1}", "(maybe)", "x --> y", "50 %", "end", "graph", "a;b", "#35;"),
    *(
        "C#",
        "C++",
        "日本語",
        "naïve",
        "Größe",
        "1. one",
        "- item",
        "a|b",
        "`code`",
        "<int>",
        "a/b",
        "~",
        "$x$",
    ),
    *(
        "click",
        "subgraph",
        "::",
        "@",
        "=",
        "\\n",
        "…",
        "“q”",
        "*b*",
        "__init__",
        "o",
        "x",
        "->>",
        "Note over",
    ),
)


@pytest.fixture(scope="module")
def parse() -> Parse:
    try:
        ensure_installed(FOLDER)
    except NpmUnavailable as reason:
        need("the Mermaid parser", False, str(reason))

    def run(diagrams: Sequence[str]) -> list[str | None]:
        done = subprocess.run(
            ["node", "parse.mjs"],
            cwd=FOLDER,
            input=json.dumps(list(diagrams)),
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        verdicts: list[str | None] = json.loads(done.stdout)
        assert len(verdicts) == len(diagrams)
        return verdicts

    return run


def _sequence(chance: random.Random, words: Sequence[str]) -> str:
    first, second = chance.choice(("A", "Web Server", "end", "日本")), chance.choice(("B", "x", "DB-1"))
    arrow = chance.choice(("->>", "-->>", "->", "-->", "-x", "--x", "-)", "--)"))
    lines = [
        "sequenceDiagram",
        f"  participant {first} as {words[0]}",
        f"  {first}{arrow}{second}: {words[1]}",
        f"  Note over {first},{second}: {words[2]}",
        f"  loop {words[3]}",
        f"    {second}->>{first}: ok",
        "  end",
    ]
    return "\n".join(lines)


def _flowchart(chance: random.Random, words: Sequence[str]) -> str:
    names = chance.sample(_NAMES, k=3)
    nodes = [
        name + chance.choice(_SHAPES).format(f'"{word}"') for name, word in zip(names, words[:3], strict=True)
    ]
    first, second = (chance.choice(_ARROWS).format(f'"{word}"') for word in words[3:5])
    lines = [
        f"flowchart {chance.choice(('TD', 'LR', 'BT'))}",
        f"  {nodes[0]} {first} {nodes[1]}",
        f"  subgraph {words[0]}",
        f"    {names[1]} {second} {nodes[2]}",
        "  end",
        f"  {names[0]} & {names[1]} --> {names[2]}",
    ]
    return "\n".join(lines)


def generated(count: int) -> list[str]:
    """Diagrams of every shape and arrow with labels of awkward pieces."""
    chance = random.Random(20)
    found: list[str] = []
    for number in range(count):
        words = [
            " ".join(chance.choices(_PIECES, k=chance.randint(1, 3))).replace('"', "'") for _ in range(5)
        ]
        found.append((_flowchart if number % 4 else _sequence)(chance, words))
    return found


def test_everything_that_is_written_parses(parse: Parse) -> None:
    composed = [
        diagram.mermaid
        for lesson in PYTHON_LESSONS.values()
        for diagram in compose(lesson, python_brief(lesson)).diagrams
    ]
    composed += [diagram.mermaid for diagram in compose(specification(), PLANTS).diagrams]
    assert composed
    many = generated(400)
    written = [(raw, canonical(raw)) for raw in (*SOUND, *HOSTILE, *composed, *many)]
    accepted = [(raw, text) for raw, text in written if text is not None]
    refused = {
        raw: verdict
        for (raw, text), verdict in zip(accepted, parse([text for _, text in accepted]), strict=True)
        if verdict is not None
    }
    assert refused == {}
    assert sum(canonical(raw) is not None for raw in many) >= 0.9 * len(many)


def test_sound_diagrams_survive(parse: Parse) -> None:
    assert parse(SOUND) == [None] * len(SOUND)
    assert [raw for raw in SOUND if canonical(raw) is None] == []


def test_what_mermaid_cannot_parse_is_mended_or_dropped(parse: Parse) -> None:
    assert None not in parse(BROKEN)
    mended = [text for raw in BROKEN if (text := canonical(raw)) is not None]
    assert parse(mended) == [None] * len(mended)
    assert 0 < len(mended) < len(BROKEN)
