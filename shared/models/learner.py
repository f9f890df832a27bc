"""What is known of a learner: the id, level, hours, style, language."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

MAX_USER_ID = 128


def is_user_id(text: str) -> bool:
    """Tell whether a text can name a learner: 1 to 128 printable characters, not only blanks."""
    return bool(text.strip()) and len(text) <= MAX_USER_ID and text.isprintable()


def _checked(text: str) -> str:
    if not is_user_id(text):
        raise ValueError(f"must be 1 to {MAX_USER_ID} printable characters")
    return text


UserId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_USER_ID), AfterValidator(_checked)]


class SkillLevel(StrEnum):
    """Where the learner stands in the subject."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class LearningStyle(StrEnum):
    """The preferred format of lessons; a preference, not a claim about how people learn."""

    HANDS_ON = "hands_on"
    VIDEO = "video"
    READING = "reading"
    MIXED = "mixed"
