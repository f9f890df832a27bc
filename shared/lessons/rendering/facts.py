"""What a rendered lesson says of itself besides its body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.lessons.phrases import Phrases
from shared.models.content import LessonContent
from shared.models.library import LessonVersion


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """Which version this is, in which language, and who wrote it when."""

    version: str
    language: str
    tier: str
    ai_provider: str
    generated_at: datetime

    @classmethod
    def of(cls, version: LessonVersion) -> VersionFacts:
        """Return the facts of a stored version."""
        metadata = version.generation_metadata
        return cls(
            version.version,
            metadata.language,
            version.tier.value,
            metadata.ai_provider,
            metadata.generated_at,
        )


def facts_line(facts: VersionFacts, content: LessonContent) -> list[str]:
    """Return the facts for people, each a short text in the lesson's language."""
    phrases = Phrases.of(facts.language)
    return [
        phrases("label_minutes", minutes=content.reading_minutes),
        phrases(f"written_{facts.tier}", provider=facts.ai_provider),
        phrases("label_version", version=facts.version),
        f"{facts.generated_at:%Y-%m-%d}",
    ]
