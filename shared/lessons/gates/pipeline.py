"""The pipeline: every gate mends what it can, then every gate judges what is left."""

from __future__ import annotations

from dataclasses import dataclass

from shared.lessons.gates import (
    answer_positions,
    citations,
    code,
    diagrams,
    instructions,
    language,
    leaks,
    markup,
    objectives,
    proportions,
    quiz,
    quiz_writing,
    quotations,
    readability,
    repetition,
    schema,
    sources,
)
from shared.lessons.gates.gate import Assignment, Finding, Gate
from shared.lessons.gates.texts import NothingLeft
from shared.lessons.reading_time import reading_minutes
from shared.models.content import LessonContent
from shared.models.curriculum import Tier
from shared.models.quality import GateFigure, Quality

# In this order: what looks like thinking or markup goes before links are judged, parts go before parts are
# counted. `schema` comes last, since the others may leave too little.
GATES = (
    Gate("leaks", "count", leaks.measure, leaks.mend, binds_quotations=True),
    Gate("markup", "count", markup.measure, markup.mend),
    Gate("instructions", "count", instructions.measure, instructions.mend),
    Gate("diagrams", "share", diagrams.measure, diagrams.mend),
    Gate("citations", "share", citations.measure, citations.mend),
    Gate("sources", "share", sources.measure, sources.mend),
    Gate("quotations", "count", quotations.measure, binds_quotations=True),
    Gate("quiz", "share", quiz.measure, quiz.mend),
    Gate("answer_positions", "share", answer_positions.measure, answer_positions.mend),
    Gate("quiz_writing", "share", quiz_writing.measure),
    Gate("repetition", "share", repetition.measure_within, repetition.mend_within),
    Gate("code", "share", code.measure),
    Gate("objectives_taught", "share", objectives.measure_taught),
    Gate("objectives_asked", "share", objectives.measure_asked),
    Gate("proportions", "share", proportions.measure),
    Gate("siblings", "share", repetition.measure_siblings),
    Gate("language", "share", language.measure),
    Gate("readability", "score", readability.measure),
    Gate("schema", "share", schema.measure, binds_quotations=True),
)
_MOST_ROUNDS = 4
"""Removing one thing can uncover another; a body that is still changing after so many rounds is refused."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A mended body, its figures, and why it may not be stored (no objections: it may)."""

    content: LessonContent
    quality: Quality
    objections: tuple[str, ...]


def apply_gates(content: LessonContent, assignment: Assignment) -> Judged:
    """Mend a body and judge it; the same body and assignment always give the same answer.

    Applied to its own result it changes nothing.
    """
    before = [gate.measure(content, assignment) for gate in GATES]
    try:
        mended = _mended(content, assignment)
    except NothingLeft as error:
        figures = [_figure(gate, found, found) for gate, found in zip(GATES, before, strict=True)]
        return Judged(content, Quality(gates=figures), (str(error), *_objections(before, assignment)))
    after = before if mended == content else [gate.measure(mended, assignment) for gate in GATES]
    figures = [_figure(gate, *pair) for gate, *pair in zip(GATES, before, after, strict=True)]
    return Judged(mended, Quality(gates=figures), _objections(after, assignment))


def _mended(content: LessonContent, assignment: Assignment) -> LessonContent:
    """Apply all mends until none changes anything; raises NothingLeft."""
    for _ in range(_MOST_ROUNDS):
        mended = content
        for gate in GATES:
            mended = gate.mend(mended, assignment)
        mended = mended.model_copy(update={"reading_minutes": reading_minutes(mended)})
        if mended == content:
            return mended
        content = mended
    raise NothingLeft("The body hides something within something else, again and again.")


def _objections(findings: list[Finding], assignment: Assignment) -> tuple[str, ...]:
    is_asked = assignment.tier is Tier.MODEL
    return tuple(
        objection
        for gate, finding in zip(GATES, findings, strict=True)
        if is_asked or gate.binds_quotations
        for objection in finding.objections
    )


def _figure(gate: Gate, before: Finding, after: Finding) -> GateFigure:
    return GateFigure(
        gate=gate.name,
        unit=gate.unit,
        found=before.figure,
        figure=after.figure,
        passed=after.passed,
        reason=after.reason,
    )
