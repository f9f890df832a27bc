"""The video of a lesson: what research found, and what is said where its captions could not be read."""

from __future__ import annotations

from shared.lessons.phrases import Phrases
from shared.models.content import LessonContent, Video
from shared.models.research import Brief
from shared.models.specification import LessonSpecification


def with_video(content: LessonContent, specification: LessonSpecification, brief: Brief) -> LessonContent:
    """Return the lesson with the brief's video, whoever wrote the rest; unchanged when there is none."""
    found = brief.video
    if found is None:
        return content
    phrases = Phrases.of(specification.curriculum.language)
    notes = [] if found.captions == "read" else [phrases(f"captions_{found.captions}")]
    video = Video(
        id=found.id,
        title=found.title[:500] or found.id,
        channel=found.channel[:500] or "YouTube",
        url=found.url,
        duration=found.duration,
        key_moments=found.key_moments,
        study_notes=notes,
    )
    return content.model_copy(update={"video": video})
