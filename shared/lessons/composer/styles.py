"""How much of what a lesson holds, by the learner's preferred format."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.learner import LearningStyle


@dataclass(frozen=True, slots=True)
class Proportions:
    """Bounds of one style: words per section, concepts, exercises by kind."""

    section_words: int
    concepts: int
    predict: int
    complete: int
    modify: int
    arrange: int
    explain: int
    questions: int
    practice: int
    """The least tasks on code; the learner's own programs fill up what examples do not give."""

    @property
    def exercises(self) -> int:
        """The most exercises of all kinds together."""
        return self.predict + self.complete + self.modify + self.arrange + self.explain

    @property
    def code_exercises(self) -> int:
        """So many exercises on code are enough, whatever their kinds."""
        return self.predict + self.complete


_MIXED = Proportions(
    section_words=150,
    concepts=8,
    predict=2,
    complete=1,
    modify=1,
    arrange=1,
    explain=1,
    questions=6,
    practice=2,
)
_STYLES = {
    LearningStyle.MIXED: _MIXED,
    LearningStyle.VIDEO: _MIXED,
    LearningStyle.READING: Proportions(
        section_words=260,
        concepts=9,
        predict=1,
        complete=1,
        modify=0,
        arrange=0,
        explain=1,
        questions=6,
        practice=1,
    ),
    LearningStyle.HANDS_ON: Proportions(
        section_words=120,
        concepts=6,
        predict=2,
        complete=2,
        modify=1,
        arrange=1,
        explain=1,
        questions=5,
        practice=3,
    ),
}


def proportions_of(style: LearningStyle) -> Proportions:
    """Return the bounds of a style."""
    return _STYLES[style]
