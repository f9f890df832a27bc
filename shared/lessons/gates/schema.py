"""Schema: whether the body is whole, with every part that a lesson needs."""

from __future__ import annotations

from pydantic import ValidationError

from shared.lessons.gates.gate import Assignment, Finding, share
from shared.models.content import LessonContent
from shared.models.curriculum import Tier

LEAST_SECTIONS = 2
LEAST_QUESTIONS = 3
"""What LessonDraft asks of a model; gates that drop parts must not leave less."""
_LEAST_COMPOSED = 1


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the parts that are there: validity, summary, concepts, sections, practice, quiz."""
    by_model = assignment.tier is Tier.MODEL
    least_sections = LEAST_SECTIONS if by_model else _LEAST_COMPOSED
    present = {
        "every field as the schema has it": _is_valid(content),
        "a summary": bool(content.summary.strip()),
        f"at least {least_sections} section(s)": len(content.sections) >= least_sections,
        "key concepts": bool(content.key_concepts) or not by_model,
        f"at least {LEAST_QUESTIONS} sound quiz questions": len(content.quiz) >= LEAST_QUESTIONS
        or not by_model,
    }
    missing = [name for name, is_there in present.items() if not is_there]
    reason = f"Missing: {', '.join(missing)}." if missing else "The lesson is whole."
    objections = tuple(f"the lesson needs {name}" for name in missing)
    return Finding(share(len(present) - len(missing), len(present)), not missing, reason, objections)


def _is_valid(content: LessonContent) -> bool:
    try:
        LessonContent.model_validate(content.model_dump())
    except ValidationError:
        return False
    return True
