"""A question before it is chosen, and what every wrong option must keep to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.lessons.composer.material import Excerpt
from shared.models.specification import normalise
from shared.text.stems import search_tokens


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that could be asked: its kind, its text, the key and three distractors.

    `about` names what it asks for (asked once in a quiz); `sentence` is the source's span that answers it.
    """

    kind: str
    question: str
    key: str
    distractors: tuple[str, ...]
    explanation: str
    about: str
    sentence: str
    excerpt: Excerpt
    objective: str
    score: float


def passage_of(excerpt: Excerpt) -> str:
    """Return all that an excerpt says, its code included, in comparable form."""
    codes = (example.code for example in excerpt.examples)
    return normalise(" ".join((excerpt.heading, excerpt.text, *codes)))


def occurs(option: str, passage: str, tokens: frozenset[str]) -> bool:
    """Tell whether an option stands in a passage, in these words or in these words' other forms."""
    own = set(search_tokens(option))
    return normalise(option) in passage or (bool(own) and own <= tokens)


def is_similar_length(first: str, second: str) -> bool:
    """Tell whether neither of two options sticks out by its length."""
    shorter, longer = sorted((len(first), len(second)))
    return longer <= max(2 * shorter, shorter + 5)


def nearest(options: Sequence[str], key: str) -> list[str]:
    """Return options by how near their length is to the key's, ties by their text."""
    return sorted(options, key=lambda option: (abs(len(option) - len(key)), option))
