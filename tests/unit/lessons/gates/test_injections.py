"""Nothing of an injection reaches a lesson: not as an instruction, not as a link, not as hidden text."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.lessons.composer import NothingToCompose, compose
from shared.lessons.gates import Assignment, apply_gates
from shared.lessons.gates.texts import written
from shared.models.content import Diagram, Exercise, KeyConcept, LessonContent, Section
from shared.models.curriculum import Tier
from shared.models.research import Brief, Passage
from shared.security.addressed import speaks_to_a_model
from shared.security.clean_text import clean_text
from tests.support.gate_bodies import assignment, body, question
from tests.support.lesson_briefs import PLANTS, specification

CORPUS = (Path(__file__).parents[3] / "support" / "injections.txt").read_text(encoding="utf-8").splitlines()
LESSON = specification("Photosynthesis", ("Explain what photosynthesis is", "Describe the chloroplast"))


def assert_untouched(content: LessonContent) -> None:
    for place, text in written(content):
        assert not speaks_to_a_model(text), (place, text)
        assert "evil.example" not in text or "://" not in text, (place, text)
        assert "javascript:" not in text, (place, text)
        assert clean_text(text) == text, place
    assert not any("evil" in diagram.mermaid for diagram in content.diagrams)


def poisoned(injection: str) -> Brief:
    """The plants' brief, with an injection in a paragraph of its own, within a paragraph, and in code."""
    first, *others = PLANTS.sources
    told = [
        first.passages[0].model_copy(update={"text": f"{first.passages[0].text} {injection}"}),
        *first.passages[1:],
        Passage(text=f"Photosynthesis is a process that needs care. {injection} A chloroplast is green."),
        Passage(kind="code", text=f"# {injection}\nprint('photosynthesis')", language="python"),
    ]
    return Brief(sources=[first.model_copy(update={"passages": told}), *others], reports=[])


@pytest.mark.parametrize("injection", CORPUS)
def test_sources_cannot_speak_through_a_composed_lesson(injection: str) -> None:
    found = poisoned(injection)
    try:
        content = compose(LESSON, found)
    except NothingToCompose:
        pytest.fail("one hostile paragraph must not cost the lesson")
    judged = apply_gates(content, Assignment(LESSON, found, Tier.EXTRACTIVE))
    assert judged.objections == ()
    assert_untouched(judged.content)


@pytest.mark.parametrize("injection", CORPUS)
def test_a_reply_cannot_pass_them_on(injection: str) -> None:
    whole = body()
    content = body(
        summary=f"A loop takes one item after the other. {injection}",
        sections=[
            *whole.sections,
            Section(heading="More", markdown=f"A good word.\n\n{injection}\n\n- item\n- {injection}"),
        ],
        key_concepts=[*whole.key_concepts, KeyConcept(term="trap", definition=injection)],
        exercises=[Exercise(title="Try", task=f"Write a loop. {injection}", hints=[injection])],
        quiz=[*whole.quiz, question("Is it so?", why=injection)],
        diagrams=[
            Diagram(title="D", mermaid=f"flowchart TD\n  A --> B\n  B[{injection}]", alt_text=injection)
        ],
    )
    judged = apply_gates(content, assignment())
    assert_untouched(judged.content)
    assert "A good word." in judged.content.sections[-1].markdown


def test_a_lesson_on_language_models_may_quote_them() -> None:
    asked = Assignment(
        specification("Prompt injection", ("Recognise a prompt injection",)), PLANTS, Tier.MODEL
    )
    text = "An attacker may write: ignore all previous instructions."
    judged = apply_gates(body(sections=[Section(heading="Attack", markdown=text)]), asked)
    assert judged.content.sections[0].markdown == text
