"""Answer positions: the right answer must not always stand in the same place."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter

from shared.lessons.gates.gate import Assignment, Finding, nothing, share
from shared.lessons.gates.quiz import NAMED_OPTION
from shared.models.content import LessonContent, QuizQuestion

_PLACES = 4
_LEAST_QUESTIONS = 3
_ENOUGH = 0.75
# An option that speaks of its neighbours must stay where it is.
_TIED = re.compile(
    r"\b(?:above|below|both|neither|(?:all|none) of (?:these|them))\b"
    r"|\b[A-D] (?:and|or|und|oder|et|ou|y|o) [A-D]\b"
    r"|\b(?:alle|keine[rs]?) (?:der )?(?:oben|genannten|antworten)|\b(?:toutes|aucune) (?:ces|des|de ces) "
    r"|\b(?:todas|ninguna de) las anteriores",
    re.IGNORECASE,
)


def measure(content: LessonContent, _: Assignment) -> Finding:
    """Give the share of the keys that stand within the fair count of their place."""
    count = len(content.quiz)
    if count < _LEAST_QUESTIONS:
        return nothing("Too few questions to speak of a spread.")
    fair = math.ceil(count / _PLACES)
    places = Counter(question.answer_index for question in content.quiz)
    figure = share(sum(min(number, fair) for number in places.values()), count)
    reason = f"The right answers stand in {len(places)} of {_PLACES} places, {max(places.values())} in one."
    return Finding(figure, figure >= _ENOUGH, reason)


def mend(content: LessonContent, assignment: Assignment) -> LessonContent:
    """Exchange keys with other options, in an order that only the questions determine.

    Nothing where the spread is good; questions whose options or explanation name places keep theirs.
    """
    if measure(content, assignment).passed:
        return content
    mended: list[QuizQuestion] = []
    for number, question in enumerate(content.quiz):
        first = content.quiz[number - number % _PLACES].question
        place = _order(first)[number % _PLACES]
        mended.append(question if _is_tied(question) else _moved(question, place))
    return content.model_copy(update={"quiz": mended})


def _is_tied(question: QuizQuestion) -> bool:
    named = NAMED_OPTION.search(question.explanation) or NAMED_OPTION.search(question.question)
    return bool(named) or any(_TIED.search(option) for option in question.options)


def _moved(question: QuizQuestion, place: int) -> QuizQuestion:
    options = list(question.options)
    key = question.answer_index
    options[key], options[place] = options[place], options[key]
    return question.model_copy(update={"options": options, "answer_index": place})


def _order(text: str) -> list[int]:
    """Return the four places in an order that looks random but is always the same for a text."""
    return sorted(
        range(_PLACES), key=lambda place: hashlib.sha256(f"{place}{text}".encode("utf-8", "replace")).digest()
    )
