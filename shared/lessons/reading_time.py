"""How long a lesson takes to read."""

from __future__ import annotations

from shared.models.content import LessonContent

WORDS_PER_MINUTE = 200


def reading_minutes(content: LessonContent) -> int:
    """Return whole minutes for the lesson's text (200 words a minute), at least 1; practice not counted."""
    texts = [content.summary, *content.objectives]
    texts += [f"{concept.term} {concept.definition}" for concept in content.key_concepts]
    texts += [f"{section.heading} {section.markdown}" for section in content.sections]
    words = sum(len(text.split()) for text in texts)
    return min(600, max(1, round(words / WORDS_PER_MINUTE)))
