"""Quiz writing: the flaws by which a question can be guessed or misread.

After the rules of Haladyna, Downing and Rodriguez (2002), Applied Measurement in Education 15.
"""

from __future__ import annotations

import re
from collections import Counter

from shared.lessons.gates.gate import Assignment, Finding, nothing, share
from shared.models.content import LessonContent, QuizQuestion

_CODE = re.compile(r"`[^`]*`|“[^”]*”|\"[^\"]*\"|„[^“”]*[“”]|«[^»]*»")
_NEGATIVE = re.compile(
    r"\b(?:NOT|EXCEPT|not true|is not|are not|does not|isn't|aren't|doesn't|incorrect|false"
    r"|nicht|kein(?:e|er|es)?|außer|falsch|ne [^.?]{1,40} pas|n'est pas|sauf|incorrecte"
    r"|no es|no son|excepto|falsa)\b"
)
_ALL_OR_NONE = re.compile(
    r"\b(?:all|none|both|neither) of (?:the above|these|them)\b|\ball the above\b"
    r"|\b(?:alle|keine) der (?:oben )?genannten\b|\b(?:toutes|aucune) (?:les|des|de ces) réponses\b"
    r"|\b(?:todas|ninguna) (?:de )?las anteriores\b",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(
    r"\b(?:always|never|must always|only ever|immer|niemals|nie|toujours|jamais|siempre|nunca)\b",
    re.IGNORECASE,
)
_ENOUGH = 0.5
_LONG = 1.5
_LEAST_LENGTH = 24


def measure(content: LessonContent, _: Assignment) -> Finding:
    """Give the share of the questions without a flaw; the reason counts each kind."""
    if not content.quiz:
        return nothing("The lesson holds no quiz.")
    found = [flaws_of(question) for question in content.quiz]
    kinds = Counter(flaw for flaws in found for flaw in flaws)
    figure = share(sum(not flaws for flaws in found), len(found))
    named = ", ".join(f"{number} {flaw}" for flaw, number in sorted(kinds.items()))
    reason = f"Flaws of the questions: {named}." if kinds else "No question gives its answer away."
    objections = (f"the questions give their answers away or mislead: {named}",) if figure < _ENOUGH else ()
    return Finding(figure, figure >= _ENOUGH, reason, objections)


def flaws_of(question: QuizQuestion) -> list[str]:
    """Name the flaws of one question; words in code and in quotations are not the question's own."""
    stem = _CODE.sub(" ", question.question)
    options = [_CODE.sub(" ", option) for option in question.options]
    key = question.answer_index
    others = [option for place, option in enumerate(question.options) if place != key]
    longest = max(map(len, others))
    length = len(question.options[key])
    checks = {
        "negative stem": _NEGATIVE.search(stem) is not None,
        "all or none of the above": any(_ALL_OR_NONE.search(option) for option in options),
        "longest option is the key": length >= _LEAST_LENGTH and length >= _LONG * longest,
        "absolute word in a wrong option": any(
            _ABSOLUTE.search(option) for place, option in enumerate(options) if place != key
        )
        and not _ABSOLUTE.search(options[key]),
    }
    return [flaw for flaw, is_there in checks.items() if is_there]
