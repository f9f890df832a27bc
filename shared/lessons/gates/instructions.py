"""Instructions: sentences that speak to a language model instead of to the learner."""

from __future__ import annotations

import re

from shared.lessons.gates.gate import Assignment, Finding
from shared.lessons.gates.texts import drop_matching, prose_of, written
from shared.models.content import LessonContent
from shared.security.addressed import speaks_to_a_model

_ABOUT_MODELS = re.compile(
    r"\b(?:prompts?|jailbreaks?|llms?|language models?|chatbots?|red team\w*)\b",
    re.IGNORECASE,
)


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Count the texts that match; a lesson on language models may quote such sentences."""
    if is_about_models(assignment):
        return Finding(
            0.0, True, "The lesson's subject is language models; their instructions may be quoted."
        )
    found = sum(
        speaks_to_a_model(paragraph) for _, text in written(content) for paragraph in _paragraphs(text)
    )
    reason = (
        f"{found} sentences speak to a language model." if found else "Nothing speaks to a language model."
    )
    return Finding(
        float(found), not found, reason, ("leave out what speaks to a language model",) * bool(found)
    )


def mend(content: LessonContent, assignment: Assignment) -> LessonContent:
    """Drop the sentences, whole paragraphs in sections, that speak to a language model."""
    return (
        content if is_about_models(assignment) else drop_matching(content, speaks_to_a_model, code_too=True)
    )


def is_about_models(assignment: Assignment) -> bool:
    """Tell whether the lesson asked for is about language models or about attacking them."""
    specification = assignment.specification
    asked = [specification.curriculum.subject, specification.curriculum.focus, specification.module_title]
    return bool(_ABOUT_MODELS.search(" ".join([*asked, specification.title, *specification.objectives])))


def _paragraphs(text: str) -> list[str]:
    return [*prose_of(text), *text.split("\n\n")[:1]]
