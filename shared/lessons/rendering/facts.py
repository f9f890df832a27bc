"""What a rendered lesson says of itself besides its body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from shared.lessons.phrases import Phrases
from shared.models.content import ShownContent
from shared.models.library import LessonVersion, SourceAttribution
from shared.models.quality import Quality


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """Which version this is, in which language, who wrote it when at what cost, and how it measured."""

    version: str
    language: str
    tier: str
    ai_provider: str
    generated_at: datetime
    cost_usd: float = 0.0
    fallbacks: tuple[str, ...] = ()
    quality: Quality = field(default_factory=Quality)

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
            metadata.cost_usd,
            tuple(fallback.provider for fallback in metadata.fallbacks),
            version.quality,
        )


def facts_line(facts: VersionFacts, content: ShownContent) -> list[str]:
    """Return the facts for people, each a short text in the lesson's language."""
    phrases = Phrases.of(facts.language)
    return [
        phrases("label_minutes", minutes=content.reading_minutes),
        phrases(f"written_{facts.tier}", provider=facts.ai_provider),
        phrases("label_version", version=facts.version),
        f"{facts.generated_at:%Y-%m-%d}",
    ]


def why_lines(facts: VersionFacts, attribution: Sequence[SourceAttribution]) -> list[str]:
    """Return "why this lesson" for people: who wrote it from what at which cost, and how it measured.

    Empty for a version that no gate has measured.
    """
    measured = facts.quality.measured
    if not measured:
        return []
    phrases = Phrases.of(facts.language)
    domains = {urlsplit(source.url).hostname for source in attribution} - {None}
    lines = [
        phrases(f"written_{facts.tier}", provider=facts.ai_provider),
        phrases("why_sources", sources=len(attribution), domains=len(domains)),
        phrases("why_cost", cost=f"{facts.cost_usd:.4f}") if facts.cost_usd else phrases("why_no_cost"),
    ]
    if facts.fallbacks:
        lines.append(phrases("why_fallbacks", names=", ".join(facts.fallbacks)))
    short = facts.quality.not_passed
    lines.append(phrases("why_passed", passed=len(measured) - len(short), measured=len(measured)))
    if short:
        named = ", ".join(phrases(f"gate_{figure.gate}") for figure in short)
        lines.append(phrases("why_not_passed", names=named))
    return lines
