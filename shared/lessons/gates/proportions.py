"""Style proportions: how much of the lesson is practice, against what the style asks for."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding
from shared.lessons.gates.texts import code_blocks
from shared.lessons.prompts.styles import PRACTICE_SHARES
from shared.models.content import LessonContent

_TOLERANCE = 0.25
_FAR_OFF = 0.5


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give 1 minus the distance between the practice in the lesson and the practice asked for."""
    style = assignment.specification.style
    wanted = PRACTICE_SHARES[style]
    practice = practice_share(content)
    distance = abs(practice - wanted)
    reason = (
        f"{practice:.0%} of the lesson is practice; the style “{style.value}” asks for about {wanted:.0%}."
    )
    objection = f"about {practice:.0%} of the lesson is practice, but {wanted:.0%} were asked for"
    return Finding(
        round(1 - distance, 3),
        distance <= _TOLERANCE,
        reason,
        (objection,) if distance > _FAR_OFF else (),
    )


def practice_share(content: LessonContent) -> float:
    """Return the share of code and exercises in the signs of a lesson; spaces are not counted.

    Signs, not words: code has few words, and some scripts put no spaces between theirs. The quiz counts for
    neither side: every style has one.
    """
    code = sum(_signs(block.code) for section in content.sections for block in code_blocks(section.markdown))
    explained = _signs(content.summary) + sum(_signs(section.markdown) for section in content.sections) - code
    explained += sum(_signs(concept.term) + _signs(concept.definition) for concept in content.key_concepts)
    exercises = sum(
        _signs("".join([one.title, one.task, one.starter_code, *one.hints, one.solution]))
        for one in content.exercises
    )
    practice = code + exercises
    return round(practice / max(practice + explained, 1), 3)


def _signs(text: str) -> int:
    return sum(not character.isspace() for character in text)
