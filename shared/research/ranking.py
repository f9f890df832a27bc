"""Which passages of which pages answer a question best: BM25 over passages in their context.

The index is the project's own (`shared.text.bm25`): `rank-bm25` has had no release since 2022 and, like the
well-kept `bm25s`, brings NumPy, which would cost each cold start more than a few hundred passages ever can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.models.research import Passage
from shared.research.protocol import Question
from shared.text.bm25 import Bm25
from shared.text.constructs import constructs
from shared.text.queries import query_of
from shared.text.stems import search_tokens
from shared.text.tokens import tokenise

# What a lesson is called tells more than what it promises, and both more than where it stands.
TITLE_WEIGHT = 2.0
OBJECTIVES_WEIGHT = 1.0
MODULE_WEIGHT = 0.5

# Two passages are the same for a learner when so much of their words is the same.
NEAR_DUPLICATE = 0.8

# A page that answers this much less than the best page would lead the lesson astray; but one page alone makes
# a poor lesson.
PAGE_RELEVANCE = 0.35
LEAST_RELEVANCE = 0.1
FEW_PAGES = 4
MANY_PAGES = 5
MORE_EXAMPLES = 3

_FEW_PASSAGES = 2
_WORDS_OF_ANY_PAGE = frozenset(search_tokens("statement type object source code module"))

# The best code block is always wanted; any other must score at least this share of the best passage.
CODE_RELEVANCE = 0.25


def contexts(title: str, passages: Sequence[Passage]) -> list[list[str]]:
    """Return the tokens to index for each passage of a page: its own, its heading's and its page's title.

    Code says little of itself in words, so it is found through the paragraph that introduces it and through
    the names of the constructs in it.
    """
    title_tokens = search_tokens(title)
    documents: list[list[str]] = []
    for position, passage in enumerate(passages):
        words = search_tokens(f"{passage.heading}\n{passage.text}")
        if passage.kind == "code":
            before = passages[position - 1] if position else None
            introduction = before.text if before is not None and before.kind == "text" else ""
            # A name that is used often is not what an example is about.
            words = list(dict.fromkeys(words)) + search_tokens(f"{introduction}\n{constructs(passage.text)}")
        documents.append([*title_tokens, *words])
    return documents


def relevance(question: Question, index: Bm25) -> list[float]:
    """Return each indexed passage's score; 0 for what matches neither the title nor the objectives."""
    subject = set(search_tokens(f"{question.subject} {question.focus}"))
    title = set(query_of(question.lesson_title))
    objectives = {token for objective in question.objectives for token in query_of(objective)} - title
    # The subject's own name is everywhere; it decides only where there is nothing else to go by.
    title, objectives = (title - subject) or title, objectives - subject
    titles = index.scores(title)
    promises = index.scores(objectives)
    modules = index.scores(set(query_of(question.module_title)) - subject)
    return [
        TITLE_WEIGHT * first + OBJECTIVES_WEIGHT * second + MODULE_WEIGHT * third if first or second else 0.0
        for first, second, third in zip(titles, promises, modules, strict=True)
    ]


def page_score(question: Question, title: str, scores: Iterable[float]) -> float:
    """Return how well a page answers: its three best passages, so that long pages do not win by length.

    A page whose whole title is what the lesson is about counts up to double, unless it is a mere example.
    """
    scores = list(scores)
    asked = {token for text in (question.lesson_title, *question.objectives) for token in query_of(text)}
    named = set(search_tokens(title)) - _WORDS_OF_ANY_PAGE
    share = len(named & asked) / len(named) if named and len(scores) > _FEW_PASSAGES else 0.0
    return sum(sorted(scores, reverse=True)[:3]) * (1 + share)


def best_example(passages: Sequence[Passage], scores: Sequence[float]) -> float:
    """Return the score of a page's best code passage; 0 for a page without code."""
    return max(
        (score for passage, score in zip(passages, scores, strict=True) if passage.kind == "code"),
        default=0.0,
    )


def relevant(page_scores: Sequence[float], examples: Sequence[float]) -> list[int]:
    """Return the positions of the pages worth reading, best first: those not far behind the best.

    Where these are few, pages farther behind fill up to `FEW_PAGES`. Last come the pages that have the best
    code of those left out (`examples` holds each page's best): what is not shown is hard to learn.
    """
    ranked = sorted(
        (i for i, score in enumerate(page_scores) if score > 0), key=lambda i: (-page_scores[i], i)
    )
    if not ranked:
        return []
    best = page_scores[ranked[0]]
    chosen = [
        number
        for place, number in enumerate(ranked)
        if page_scores[number] >= (LEAST_RELEVANCE if place < FEW_PAGES else PAGE_RELEVANCE) * best
    ][:MANY_PAGES]
    others = [i for i in ranked if i not in chosen and examples[i] > 0]
    return [*chosen, *sorted(others, key=lambda i: (-examples[i], i))[:MORE_EXAMPLES]]


def select(passages: Sequence[Passage], scores: Sequence[float], limit: int) -> list[int]:
    """Return the positions of the at most `limit` passages that answer best, in the page's own order.

    Up to a third of them are code, each with the paragraph that introduces it: what is not shown with its
    example is hard to learn. The page's opening, which says what it is about, is among them, and the best
    passages come with what follows them, which goes on with the same thought. Ties go to what comes first.
    """
    ranked = sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: (-scores[i], i))
    if not ranked:
        return []
    floor = CODE_RELEVANCE * scores[ranked[0]]
    code = [i for i in ranked if passages[i].kind == "code"][: max(1, limit // 3)]
    code = [i for i in code if i == code[0] or scores[i] >= floor]
    followed = [
        i for best in ranked[: limit // 2 if limit > 2 else 0] for i in (best, best + 1) if i < len(passages)
    ]
    chosen: set[int] = set()
    for position in (ranked[0], *code, 0, *followed, *ranked):
        wanted = {position}
        if passages[position].kind == "code" and position and passages[position - 1].kind == "text":
            wanted.add(position - 1)
        if len(chosen | wanted) <= limit:
            chosen |= wanted
    return sorted(chosen)


class Duplicates:
    """Remembers passages and tells whether a new one says nearly the same as one of them."""

    def __init__(self) -> None:
        self._seen: list[frozenset[str]] = []

    def is_duplicate(self, passage: Passage) -> bool:
        """Tell whether the passage repeats an earlier one (Jaccard similarity of words); else remember it."""
        words = frozenset(tokenise(passage.text)) or frozenset(passage.text.split())
        if any(_similarity(words, other) >= NEAR_DUPLICATE for other in self._seen):
            return True
        self._seen.append(words)
        return False


def _similarity(first: frozenset[str], second: frozenset[str]) -> float:
    union = len(first | second)
    return len(first & second) / union if union else 1.0
