"""What a gate is: a pure function of a body and of what was asked for, with a figure and a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from shared.models.content import LessonContent
from shared.models.curriculum import Tier
from shared.models.research import Brief
from shared.models.specification import LessonSpecification

Unit = Literal["share", "count", "score"]


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another lesson of the same module: its title and the text of its sections."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a body was asked to be: the specification, the sources, who writes, and the lessons beside it."""

    specification: LessonSpecification
    brief: Brief
    tier: Tier
    siblings: tuple[Sibling, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate measured.

    `reason` is for learners and operators. `objections`, in words that a writer can act on, refuse the body.
    `figure` is None where there was nothing to measure.
    """

    figure: float | None
    passed: bool
    reason: str
    objections: tuple[str, ...] = field(default=())


Measure = Callable[[LessonContent, Assignment], Finding]
Mend = Callable[[LessonContent, Assignment], LessonContent]


def leave(content: LessonContent, _: Assignment) -> LessonContent:
    """Mend nothing: for gates that can only judge."""
    return content


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of the pipeline.

    `mend` returns a body that it would itself leave alone, or raises NothingLeft. `binds_quotations` says
    that its objections refuse a composed body too, which cannot be asked to be written otherwise.
    """

    name: str
    unit: Unit
    measure: Measure
    mend: Mend = leave
    binds_quotations: bool = False


def nothing(reason: str) -> Finding:
    """Say that there was nothing to measure."""
    return Finding(figure=None, passed=True, reason=reason)


def share(part: int, whole: int) -> float:
    """Return a share rounded to three places; the share of nothing is 1."""
    return round(part / whole, 3) if whole else 1.0


def shortened(text: str, limit: int = 80) -> str:
    """Return the beginning of a text on one line, for a reason or an objection."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
