"""Goals that are refused before anything is planned: few, plain, and only what means harm.

A short list on purpose: it holds what no teacher would plan, said outright. Everything else goes on to the
planner, which understands sentences and may refuse by itself. Defence, care, history, law and science of the
same things are subjects like any other.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

from shared.models.specification import normalise
from shared.planning.goals.text import plain

HELP = (
    "If you or someone near you may be in danger, please talk to someone now: your local emergency number, a "
    "crisis line or a doctor can help."
)
REFUSED = "This goal cannot be planned, because what it asks for harms people. Please choose another one."
REFUSED_AT_RISK = f"We cannot plan this goal, and we are glad that you wrote. {HELP}"


class Refusal(StrEnum):
    """Why a goal is refused: a person may be at risk, or it harms others."""

    AT_RISK = "at_risk"
    HARMFUL = "harmful"

    @property
    def message(self) -> str:
        """What the learner is told; help is offered where a person may be at risk."""
        return REFUSED_AT_RISK if self is Refusal.AT_RISK else REFUSED


@cache
def _patterns() -> dict[Refusal, re.Pattern[str]]:
    """Return the one pattern of each kind of refusal."""
    parts: dict[str, str] = {}
    sections: dict[Refusal, list[str]] = {kind: [] for kind in Refusal}
    into: list[str] = []
    for line in _lines():
        if line.startswith("["):
            into = sections[Refusal(line.strip("[]"))]
        elif definition := re.match(r"(@[A-Z]+@) = ", line):
            parts[definition[1]] = _filled(line[definition.end() :], parts)
        else:
            into.append(_filled(line, parts))
    return {kind: re.compile("|".join(f"(?:{one})" for one in several)) for kind, several in sections.items()}


def _lines() -> list[str]:
    """Return the table's lines without comments; an indented line belongs to the one before."""
    text = Path(__file__).with_name("refusals.txt").read_text(encoding="utf-8")
    whole = re.sub(r"\n {4}", "", text)
    return [line for line in whole.splitlines() if line and not line.startswith("#")]


def _filled(pattern: str, parts: dict[str, str]) -> str:
    return re.sub(r"@[A-Z]+@", lambda name: parts[name[0]], pattern)


def refusal_of(text: str) -> Refusal | None:
    """Return why a goal, subject or focus is plainly refused; None, as a rule."""
    goal = normalise(plain(text)).replace("’", "'")
    return next((kind for kind, pattern in _patterns().items() if pattern.search(goal)), None)
