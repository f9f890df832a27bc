"""“Why this lesson” stands at the end of every rendering, short and in the lesson's language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.lessons.gates import apply_gates
from shared.lessons.rendering import VersionFacts, to_html, to_markdown, to_terminal
from shared.lessons.rendering.facts import why_lines
from shared.models.library import SourceAttribution
from tests.support.gate_bodies import FOUND, assignment, body

SOURCES = [
    SourceAttribution(**source.model_dump(exclude={"passages", "open_licence"})) for source in FOUND.sources
]
JUDGED = apply_gates(body(), assignment())
WRITTEN = datetime(2026, 3, 4, tzinfo=UTC)


def facts(language: str = "en", cost_usd: float = 0.0012) -> VersionFacts:
    return VersionFacts("1.0", language, "model", "Groq", WRITTEN, cost_usd, ("DeepSeek",), JUDGED.quality)


def test_it_says_who_from_what_at_which_cost_and_how_good() -> None:
    assert why_lines(facts(), SOURCES) == [
        "Written by a language model (Groq) from the sources below",
        "1 sources from 1 sites",
        "Cost of writing it: $0.0012",
        "Tried before, without success: DeepSeek",
        f"{len(JUDGED.quality.measured) - 1} of {len(JUDGED.quality.measured)} checks passed",
        "Below the mark: share of practice",
    ]
    assert "Writing it cost nothing" in why_lines(facts(cost_usd=0.0), SOURCES)


@pytest.mark.parametrize(
    ("language", "heading", "mark"),
    [("en", "Why this lesson", "share of practice"), ("de", "Warum diese Lektion", "Anteil der Übung")],
)
def test_it_stands_at_the_end_of_every_rendering(language: str, heading: str, mark: str) -> None:
    arguments = ("Loops", JUDGED.content, facts(language), SOURCES)
    for text in (to_markdown(*arguments), to_html(*arguments), to_terminal(*arguments)):
        assert text.index(heading) > text.index("good.example")
        assert mark in text[text.index(heading) :]


def test_a_version_that_no_gate_has_measured_says_nothing() -> None:
    unmeasured = VersionFacts("1.0", "en", "model", "Groq", WRITTEN)
    assert why_lines(unmeasured, SOURCES) == []
    assert "Why this lesson" not in to_markdown("Loops", JUDGED.content, unmeasured, SOURCES)
