"""The fields that define a shared thing; its key is a digest of them and nothing else.

Whatever is shared is a pure function of these fields: prompts and documents of the library are built from
them and from the brief, never from a learner's goal text, profile or id.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.models.base import Model
from shared.models.learner import LearningStyle, SkillLevel

LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


def normalise(text: str) -> str:
    """Return the comparable form of a text: NFKC, case folded, runs of white space as one space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Folding takes some signs apart; put together again, a normalised text stays as it is.
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _digest(fields: Sequence[object]) -> str:
    canonical = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class CurriculumSpecification(Model):
    """What defines a curriculum: the subject, what narrows it, the level and the language."""

    subject: str
    focus: str = ""
    level: SkillLevel
    language: LanguageTag

    @property
    def key(self) -> str:
        """SHA-256 in hex over the canonical JSON of the normalised fields."""
        return _digest(
            [normalise(self.subject), normalise(self.focus), self.level.value, self.language.lower()]
        )


class LessonSpecification(Model):
    """What defines a lesson: its curriculum, its place in it, its objectives and its style."""

    curriculum: CurriculumSpecification
    module_title: str
    title: str
    objectives: list[str] = Field(min_length=1, max_length=8)
    style: LearningStyle

    @property
    def key(self) -> str:
        """SHA-256 in hex over the canonical JSON of the normalised fields."""
        return _digest(
            [
                self.curriculum.key,
                normalise(self.module_title),
                normalise(self.title),
                [normalise(objective) for objective in self.objectives],
                self.style.value,
            ]
        )
