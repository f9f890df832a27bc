"""What is known of a learner: level, hours, style, language."""

from __future__ import annotations

from enum import StrEnum


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
