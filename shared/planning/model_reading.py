"""What a model read out of a goal, made fit to be shared: validated, normalised and without the learner.

The model has seen the learner's own words, and its answer becomes part of what everybody shares. So nothing
that the goal or the industry says of a person passes, whatever the model wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from shared.lessons.prompts.drafts import InterpretationDraft
from shared.models.specification import normalise
from shared.planning.goals.names import canonical_name
from shared.planning.goals.privacy import industry_words, mentions, personal_words
from shared.planning.goals.text import plain
from shared.planning.subject import GoalInterpretation, interpret_focus, interpret_subject

MAX_ALTERNATIVES = 4


def interpretation_of(
    draft: InterpretationDraft, goal: str, industry: str, local: GoalInterpretation
) -> GoalInterpretation:
    """Return a model's reading of a goal; the local one where the model's cannot be shared."""
    private = _private_words(goal, industry)
    subject = _shareable(draft.subject, private)
    if subject is None:
        return local
    focus = interpret_focus(draft.focus, goal)
    others = (_shareable(text, private) for text in draft.alternatives)
    return GoalInterpretation(
        subject=subject,
        normalised_subject=normalise(subject),
        focus="" if mentions(focus, private) or normalise(subject) == focus else focus,
        language=draft.language,
        alternatives=_different(others, subject),
    )


def _private_words(goal: str, industry: str) -> frozenset[str]:
    """Return the words that stay the learner's own.

    A word of the industry is free where the goal uses it too, and not of a person.
    """
    text = plain(goal)
    personal = personal_words(text).words
    open_words = frozenset(re.findall(r"\w+", normalise(text))) - personal
    return personal | (industry_words(industry) - open_words)


def _shareable(text: str, private: frozenset[str]) -> str | None:
    """Return a subject as it is shared; None for one that names nothing, or something of the learner."""
    try:
        subject = interpret_subject(text).subject
    except ValueError:
        return None
    if canonical_name(subject) is None and mentions(subject, private):
        return None
    return subject


def _different(subjects: Iterable[str | None], taken: str) -> tuple[str, ...]:
    """Return the subjects other than the one taken, each once."""
    by_key = {normalise(subject): subject for subject in subjects if subject is not None}
    by_key.pop(normalise(taken), None)
    return tuple(by_key.values())[:MAX_ALTERNATIVES]
