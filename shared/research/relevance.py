"""Which titles answer a question: a cheap look before anything is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.research.protocol import Question
from shared.text.queries import query_of
from shared.text.stems import search_tokens

T = TypeVar("T")

# Names of constructs to a programmer, yet words of any sentence: alone they match nothing.
_COMMON_WORDS_TABLE = """
for while if else in is and or not with as from the a an of to do by on at how what when
"""
_COMMON_WORDS = frozenset(search_tokens(_COMMON_WORDS_TABLE)) | frozenset(_COMMON_WORDS_TABLE.split())
_COMMON_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words that a lesson is about: of its title, and those that only its objectives add."""

    title: frozenset[str]
    objectives: frozenset[str]

    @classmethod
    def of(cls, question: Question) -> Wanted:
        """Return what a question wants; the subject's own name decides only where there is nothing else."""
        subject = frozenset(search_tokens(f"{question.subject} {question.focus}"))
        title = frozenset(query_of(question.lesson_title))
        objectives = frozenset(word for text in question.objectives for word in query_of(text))
        return cls((title - subject) or title, objectives - subject - title)

    def share(self, text: str) -> tuple[float, int]:
        """Return how much of what is wanted a text has, 0 for none, and how many words the text has.

        A word of the lesson's title counts twice as much as one of its objectives.
        """
        words = frozenset(search_tokens(text))
        found = words & (self.title | self.objectives)
        if found <= _COMMON_WORDS and not self.title <= _COMMON_WORDS:
            return 0.0, len(words)
        weights = (
            (2.0 if word in self.title else 1.0) * (_COMMON_WEIGHT if word in _COMMON_WORDS else 1.0)
            for word in found
        )
        return sum(weights), len(words)


def best_titled(question: Question, titled: Sequence[tuple[str, T]], limit: int) -> list[T]:
    """Return what the titles that share most words with the question name, best first.

    Of two titles that share the same, the shorter one says more of it.
    """
    wanted = Wanted.of(question)
    scored: list[tuple[float, int]] = []
    for position, (text, _) in enumerate(titled):
        share, length = wanted.share(text)
        if share:
            scored.append((-share / (4 + length), position))
    return [titled[position][1] for _, position in sorted(scored)[:limit]]
