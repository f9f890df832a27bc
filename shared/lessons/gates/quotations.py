"""Quotations: of a source that is not openly licensed a lesson holds at most 25 words, whoever wrote it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from shared.lessons.gates.gate import Assignment, Finding, nothing, shortened
from shared.lessons.gates.texts import written
from shared.models.content import LessonContent
from shared.models.research import Source
from shared.text.tokens import UNSPACED

MOST_WORDS = 25
"""What may be quoted of any source."""
_COPIED = 12
"""So many words in a row are a quotation and no coincidence."""
# Scripts that put no spaces between words: two signs count as one word.
_SIGNS_PER_WORD = 2
_word = re.compile(f"(?P<sign>[{UNSPACED}])|[^\\W{UNSPACED}]+")


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the most words that the lesson holds of one source that may not be quoted at length."""
    closed = [source for source in assignment.brief.sources if not source.open_licence]
    if not closed:
        return nothing("Every source may be quoted at length.")
    texts = [_words(text) for text in _texts(content)]
    free = {run for source in assignment.brief.sources if source.open_licence for run in _runs_of(source)}
    copied = [(_copied(_runs_of(source) - free, texts), source.title) for source in closed]
    most, title = max(copied)
    reason = f"At most {most:g} words stand word for word in a source that may only be quoted briefly."
    objection = (
        f"{most:g} words are those of “{shortened(title)}”, of which at most {MOST_WORDS} may be quoted; "
        "say it in your own words"
    )
    return Finding(most, most <= MOST_WORDS, reason, (objection,) if most > MOST_WORDS else ())


def _texts(content: LessonContent) -> Iterator[str]:
    yield from (text for _, text in written(content))
    for exercise in content.exercises:
        yield exercise.starter_code
        yield exercise.solution


def _words(text: str) -> list[str]:
    """Return what is compared: words without their case, single signs where words are not spaced."""
    return [match.group() for match in _word.finditer(unicodedata.normalize("NFKC", text).casefold())]


def _is_sign(word: str) -> bool:
    match = _word.match(word)
    return match is not None and match["sign"] is not None


def _runs_of(source: Source) -> set[tuple[str, ...]]:
    return {run for passage in source.passages for _, run in _runs(_words(passage.text))}


def _copied(known: set[tuple[str, ...]], texts: Sequence[Sequence[str]]) -> float:
    """Return how many words of the texts stand in known runs; what is quoted again counts once."""
    counted: set[tuple[str, ...]] = set()
    total = 0.0
    for words in texts:
        end = 0
        for start, run in _runs(words):
            if run in known and run not in counted:
                counted.add(run)
                new = words[max(start, end) : start + len(run)]
                total += sum(1 / _SIGNS_PER_WORD if _is_sign(word) else 1.0 for word in new)
                end = start + len(run)
    return total


def _runs(words: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Give, for each word, where it stands and the words from it on that make a quotation."""
    for start, first in enumerate(words):
        length = _COPIED * _SIGNS_PER_WORD if _is_sign(first) else _COPIED
        if start + length <= len(words):
            yield start, tuple(words[start : start + length])
