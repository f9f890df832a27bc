"""Comparing English words by their stems, so that "iterate", "iterating" and "iteration" are found together.

A light stemmer after Porter (1980): a few endings, one pass, no exceptions. Odd results ("valu") do no harm,
since both sides of every comparison are stemmed; words of other scripts and names of code stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from shared.text.tokens import tokenise

_ENDINGS = (
    *(
        "ations",
        "ation",
        "ators",
        "ator",
        "ating",
        "ated",
        "ables",
        "able",
        "ible",
        "ments",
        "ment",
        "itional",
    ),
    *(
        "itions",
        "ition",
        "isons",
        "ison",
        "ional",
        "ions",
        "ion",
        "ally",
        "ing",
        "ers",
        "er",
        "ed",
        "al",
        "ly",
    ),
    *("ate", "e"),
)
_LEAST_STEM = 4
_VOWELS = frozenset("aeiouy")


@lru_cache(maxsize=16_384)
def stem(token: str) -> str:
    """Return the stem of a token as `tokenise` gives it."""
    if len(token) <= _LEAST_STEM or not (token.isascii() and token.isalpha()):
        return token
    for ending in _ENDINGS:
        left = token[: -len(ending)]
        least = _LEAST_STEM if len(ending) > 1 else _LEAST_STEM - 1
        if token.endswith(ending) and len(left) >= least:
            doubled = (
                len(left) > _LEAST_STEM and left[-1] == left[-2] and left[-1] not in _VOWELS | {"s", "l"}
            )
            return left[:-1] if doubled else left
    return token


def stems(tokens: Iterable[str]) -> list[str]:
    """Return the stems of tokens in their order."""
    return [stem(token) for token in tokens]


def search_tokens(text: str) -> list[str]:
    """Return what a text is found by: the stems of its tokens."""
    return list(_search_tokens(text))


# Composing a lesson asks for the same passages' tokens hundreds of times.
@lru_cache(maxsize=2_048)
def _search_tokens(text: str) -> tuple[str, ...]:
    return tuple(stems(tokenise(text)))
