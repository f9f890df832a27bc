"""Repetition: what a lesson says twice, and what it shares with the lessons beside it."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding, nothing, share, shortened
from shared.lessons.gates.texts import drop_paragraphs, prose_of, revised
from shared.models.content import LessonContent
from shared.text.tokens import tokenise

_SHINGLE = 6
"""Neighbouring words that are compared; Broder (1997), "On the resemblance and containment of documents"."""
_LEAST_SHINGLES = 20
_OWN_ENOUGH = 0.7
_OWN_TOO_LITTLE = 0.4
_LEAST_PARAGRAPH = 60


def sections_text(content: LessonContent) -> str:
    """Return the prose of a lesson's sections."""
    return "\n".join(text for section in content.sections for text in prose_of(section.markdown))


def measure_within(content: LessonContent, _: Assignment) -> Finding:
    """Give the share of the sections' runs of six words that stand only once."""
    runs = _runs(sections_text(content))
    if len(runs) < _LEAST_SHINGLES:
        return nothing("Too short to repeat itself.")
    figure = share(len(set(runs)), len(runs))
    reason = f"{1 - figure:.0%} of the text repeats what the lesson has said before."
    objections = ("the sections repeat each other; say each thing once",) if figure < _OWN_TOO_LITTLE else ()
    return Finding(figure, figure >= _OWN_ENOUGH, reason, objections)


def mend_within(content: LessonContent, _: Assignment) -> LessonContent:
    """Drop paragraphs that an earlier one of the lesson repeats word for word."""
    seen: frozenset[str] = frozenset()
    sections = []
    for section in content.sections:
        shorter = revised(section, markdown=_without(section.markdown, seen))
        seen |= {" ".join(text.split()) for text in prose_of(section.markdown)}
        # A section of which nothing else is left is not a repetition but another view of the same words.
        sections.append(shorter or section)
    return content.model_copy(update={"sections": sections})


def _without(markdown: str, seen: frozenset[str]) -> str:
    def is_repeated(paragraph: str) -> bool:
        form = " ".join(" ".join(prose_of(paragraph)).split())
        return len(form) >= _LEAST_PARAGRAPH and form in seen

    return drop_paragraphs(markdown, is_repeated)


def measure_siblings(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the text that no single sibling holds as well."""
    runs = set(_runs(sections_text(content)))
    if not assignment.siblings:
        return nothing("No other lesson of the module is written yet.")
    if len(runs) < _LEAST_SHINGLES:
        return nothing("Too short to be compared with its siblings.")
    shared = {
        sibling.title: share(len(runs.intersection(_runs(sibling.text))), len(runs))
        for sibling in assignment.siblings
    }
    closest = max(shared, key=lambda title: (shared[title], title))
    figure = round(1 - shared[closest], 3)
    reason = f"{shared[closest]:.0%} of the text stands in the lesson “{shortened(closest)}” too."
    objection = (
        f"the lesson repeats the lesson “{shortened(closest)}” of the same module; teach its own objectives"
    )
    return Finding(figure, figure >= _OWN_ENOUGH, reason, (objection,) if figure < _OWN_TOO_LITTLE else ())


def _runs(text: str) -> list[tuple[str, ...]]:
    tokens = tokenise(text)
    return [tuple(tokens[start : start + _SHINGLE]) for start in range(len(tokens) - _SHINGLE + 1)]
