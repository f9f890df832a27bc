"""How much of what a lesson holds, by the learner's preferred format."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.learner import LearningStyle


@dataclass(frozen=True, slots=True)
class Proportions:
    """Bounds of one style: excerpts and words per section, excerpts in all, concepts, exercises by kind."""

    excerpts: int
    total_excerpts: int
    section_words: int
    concepts: int
    predict: int
    complete: int
    modify: int
    explain: int
    questions: int

    @property
    def exercises(self) -> int:
        """The most exercises of all kinds together."""
        return self.predict + self.complete + self.modify + self.explain


_MIXED = Proportions(
    excerpts=2,
    total_excerpts=6,
    section_words=260,
    concepts=7,
    predict=2,
    complete=1,
    modify=1,
    explain=1,
    questions=6,
)
_STYLES = {
    LearningStyle.MIXED: _MIXED,
    LearningStyle.VIDEO: _MIXED,
    LearningStyle.READING: Proportions(
        excerpts=3,
        total_excerpts=9,
        section_words=450,
        concepts=9,
        predict=1,
        complete=0,
        modify=0,
        explain=1,
        questions=6,
    ),
    LearningStyle.HANDS_ON: Proportions(
        excerpts=1,
        total_excerpts=4,
        section_words=150,
        concepts=4,
        predict=3,
        complete=3,
        modify=2,
        explain=1,
        questions=5,
    ),
}


def proportions_of(style: LearningStyle) -> Proportions:
    """Return the bounds of a style."""
    return _STYLES[style]
