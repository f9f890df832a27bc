"""The auditor: pure functions over all that is known at the end of a run, which name what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.faults.audit import (
    batches,
    calls,
    events,
    leftovers,
    library,
    messages,
    removals,
    requests,
    roadmaps,
)
from tests.faults.evidence import Evidence

Rule = Callable[[Evidence], Iterator[str]]

RULES: tuple[Rule, ...] = (
    *requests.RULES,
    *messages.RULES,
    *leftovers.RULES,
    *roadmaps.RULES,
    *library.RULES,
    *calls.RULES,
    *events.RULES,
    *batches.RULES,
    *removals.RULES,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be; `rule` is the name of the function that found it."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def audit(evidence: Evidence) -> list[Violation]:
    """Return everything that is wrong."""
    return [Violation(rule.__name__, what) for rule in RULES for what in rule(evidence)]
