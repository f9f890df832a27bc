"""Sending the golden replies through parsing and gates, and counting what passes before and after."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.errors import ReplyError
from shared.lessons.gates import Assignment, Sibling, apply_gates
from shared.lessons.gates.pipeline import GATES
from shared.lessons.prompts import LessonDraft
from shared.llm.replies import parse_reply
from shared.models.curriculum import Tier
from shared.models.quality import Quality
from shared.models.research import Brief, Passage, Source
from shared.models.specification import CurriculumSpecification, LessonSpecification

FOLDER = Path(__file__).parent
BASELINE = FOLDER / "baseline.json"
BLOG = (
    "A loop that you leave early is a promise to your reader that the rest of the list does not matter any "
    "more, and a reader who trusts that promise will not look at the remaining items, so be sure before you "
    "write break there."
)
"""What the third source says; it may only be quoted briefly."""
REPLY = "reply"
ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Golden:
    """One reply: its name, its fault in words, the gates that must refuse it, what was asked, the text."""

    name: str
    fault: str
    refused_by: tuple[str, ...]
    specification: LessonSpecification
    siblings: tuple[Sibling, ...]
    reply: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one reply: valid as plain JSON, which gates it passed as it came, who refused it."""

    golden: Golden
    valid_as_sent: bool
    passed_as_sent: frozenset[str]
    quality: Quality | None
    refused_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of the replies that a gate could measure passed it as they came, and after mending."""

    measured: int
    before: int
    after: int


def golden_set() -> list[Golden]:
    """Return all replies in their order."""
    return [_golden(path) for path in sorted((FOLDER / "replies").glob("*.json"))]


def outcomes() -> list[Outcome]:
    """Send every reply through the parser and the gates."""
    return [_outcome(golden) for golden in golden_set()]


def rates(found: list[Outcome]) -> dict[str, Rate]:
    """Return the rate of each gate, of the parser (`reply`) and of acceptance as a whole."""
    parsed = [outcome for outcome in found if outcome.quality is not None]
    table = {REPLY: Rate(len(found), sum(outcome.valid_as_sent for outcome in found), len(parsed))}
    measured, before, after = Counter[str](), Counter[str](), Counter[str]()
    for outcome in parsed:
        for figure in outcome.quality.measured if outcome.quality else ():
            measured[figure.gate] += 1
            before[figure.gate] += figure.gate in outcome.passed_as_sent
            after[figure.gate] += figure.passed
    table |= {gate.name: Rate(measured[gate.name], before[gate.name], after[gate.name]) for gate in GATES}
    clean = sum(
        outcome.valid_as_sent
        and not outcome.refused_by
        and outcome.passed_as_sent.issuperset(figure.gate for figure in (outcome.quality or Quality()).gates)
        for outcome in found
    )
    table[ACCEPTED] = Rate(len(found), clean, sum(not outcome.refused_by for outcome in found))
    return table


def baseline() -> dict[str, Rate]:
    """Return the committed rates."""
    stored: dict[str, dict[str, int]] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return {name: Rate(**fields) for name, fields in stored.items()}


def fallen(found: dict[str, Rate], committed: dict[str, Rate]) -> list[str]:
    """Say which gate lets less through mended, or measures less, than what is committed; empty if none."""
    lines = [f"{name} is no longer measured" for name in committed if name not in found]
    lines += [f"{name} is not in the baseline" for name in found if name not in committed]
    for name in found.keys() & committed.keys():
        now, then = found[name], committed[name]
        if now.after < then.after or now.measured < then.measured:
            lines.append(f"{name} fell from {then.after}/{then.measured} to {now.after}/{now.measured}")
    return sorted(lines)


def _golden(path: Path) -> Golden:
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if stored["synthetic"] is not True:
        raise ValueError(f"{path.name}: a golden reply must say that it is synthetic")
    asked = stored["specification"]
    curriculum = CurriculumSpecification(
        subject=asked["subject"], level=asked["level"], language=asked["language"]
    )
    specification = LessonSpecification(
        curriculum=curriculum,
        module_title=asked["module"],
        title=asked["title"],
        objectives=asked["objectives"],
        style=asked["style"],
    )
    siblings = tuple(Sibling(title, text) for title, text in stored.get("siblings", {}).items())
    return Golden(
        path.stem, stored["fault"], tuple(stored["refused_by"]), specification, siblings, stored["reply"]
    )


def _outcome(golden: Golden) -> Outcome:
    try:
        draft = parse_reply(golden.reply, LessonDraft)
    except ReplyError:
        return Outcome(golden, False, frozenset(), None, (REPLY,))
    brief = _brief()
    assignment = Assignment(golden.specification, brief, Tier.MODEL, golden.siblings)
    content = draft.to_content(golden.specification, brief)
    passed = frozenset(gate.name for gate in GATES if gate.measure(content, assignment).passed)
    judged = apply_gates(content, assignment)
    refusing = tuple(
        gate.name
        for gate in GATES
        if judged.objections and gate.measure(judged.content, assignment).objections
    )
    return Outcome(golden, _is_valid_as_sent(golden.reply), passed, judged.quality, refusing)


def _is_valid_as_sent(reply: str) -> bool:
    try:
        LessonDraft.model_validate_json(reply)
    except ValidationError:
        return False
    return True


def _brief() -> Brief:
    def source(number: int, url: str, text: str = "A passage.", *, is_open: bool = True) -> Source:
        return Source(
            id=f"s{number}",
            origin="documentation",
            title=f"Page {number}",
            author="Its authors",
            url=url,
            licence="CC BY 4.0" if is_open else "all rights reserved",
            licence_url="https://creativecommons.org/licenses/by/4.0/" if is_open else "",
            open_licence=is_open,
            retrieved_at=datetime(2026, 1, 2, tzinfo=UTC),
            passages=[Passage(text=text)],
        )

    sources = [
        source(1, "https://docs.example/page"),
        source(2, "https://docs.example/other"),
        source(3, "https://blog.example/post", BLOG, is_open=False),
    ]
    return Brief(sources=sources, reports=[])
