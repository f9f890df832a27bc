"""Which titles answer a question: a cheap look before anything is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from shared.research.protocol import Question
from shared.text.queries import query_of
from shared.text.stems import search_tokens

T = TypeVar("T")


def asked_words(question: Question) -> set[str]:
    """Return the words that a lesson is about: of its title and objectives, without the subject's name."""
    subject = set(search_tokens(f"{question.subject} {question.focus}"))
    words = set(query_of(question.lesson_title))
    return (words - subject) or words


def best_titled(question: Question, titled: Sequence[tuple[str, T]], limit: int) -> list[T]:
    """Return what the titles that share most words with the question name, best first.

    A word of the lesson's title counts twice as much as one of its objectives; of two titles that share the
    same, the shorter one says more of it.
    """
    title = asked_words(question)
    objectives = {word for text in question.objectives for word in query_of(text)} - title
    scored = []
    for position, (text, item) in enumerate(titled):
        words = set(search_tokens(text))
        shared = 2 * len(words & title) + len(words & objectives)
        if shared:
            scored.append((-shared / (4 + len(words)), position, item))
    return [item for _, _, item in sorted(scored, key=lambda one: one[:2])[:limit]]
