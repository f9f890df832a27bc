"""The prompt of a lesson: its specification, and the brief's sources as data."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from shared.lessons.prompts.drafts import LessonDraft
from shared.lessons.prompts.filling import LEVELS, as_data, fill
from shared.lessons.prompts.languages import language_in_words
from shared.lessons.prompts.prompt import Prompt
from shared.lessons.prompts.sources import MAX_SOURCE_BYTES, MAX_SOURCES, sources_as_data
from shared.lessons.prompts.styles import STYLES
from shared.models.research import Brief
from shared.models.specification import LessonSpecification

LESSON_VERSION = "lesson-1"
MAX_TOKENS = 12_000
LEAST_TOKENS = 3_500
"""A short lesson still needs about this much; a reply that ends at its limit is thrown away."""
LEAST_SOURCE_BYTES = 300
"""Less of each source than two or three sentences would make the sources an ornament."""
TEMPERATURE = 0.4


def lesson_prompt(
    specification: LessonSpecification, brief: Brief, *, source_bytes: int = MAX_SOURCE_BYTES
) -> Prompt[LessonDraft]:
    """Ask for a lesson's body; `source_bytes` bounds what is shown of each source.

    The marker around the sources differs each time, so that no page can be written to close it.
    """
    marker = secrets.token_hex(16)
    curriculum = specification.curriculum
    data = {
        "subject": curriculum.subject,
        "focus": curriculum.focus,
        "level": curriculum.level.value,
        "language": curriculum.language,
        "module": specification.module_title,
        "lesson": specification.title,
        "objectives": specification.objectives,
        "style": specification.style.value,
    }
    language = language_in_words(curriculum.language)
    return Prompt(
        system=fill("lesson.system", marker=marker, style=STYLES[specification.style], language=language),
        user=fill(
            "lesson.user",
            specification=as_data(data),
            level=LEVELS[curriculum.level],
            sources=sources_as_data(brief.sources, marker, source_bytes),
            source_ids=", ".join(source.id for source in brief.sources[:MAX_SOURCES]) or "none",
            language=language,
        ),
        version=LESSON_VERSION,
        schema_model=LessonDraft,
        schema_name="lesson",
        temperature=TEMPERATURE,
        max_tokens=MAX_TOKENS,
        least_tokens=LEAST_TOKENS,
        shorter=_shorter(specification, brief, source_bytes),
    )


def _shorter(
    specification: LessonSpecification, brief: Brief, source_bytes: int
) -> Callable[[], Prompt[LessonDraft]] | None:
    """Return what asks the same with two thirds of each source, as long as enough is left of them."""
    fewer = source_bytes * 2 // 3
    if fewer < LEAST_SOURCE_BYTES or not brief.sources:
        return None
    return lambda: lesson_prompt(specification, brief, source_bytes=fewer)
