"""Objectives: each one asked for is taught in the body and asked for in the quiz."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding, nothing, share, shortened
from shared.lessons.gates.texts import body_text
from shared.models.content import LessonContent
from shared.models.specification import normalise
from shared.text.stems import search_tokens

_ENOUGH = 0.5
# Words with which objectives begin and which say nothing of their matter.
_VERB_TABLE = """
    explain understand describe use using apply identify recognise recognize know learn write create build
    compare define name show handle list discuss analyse analyze evaluate choose read tell implement
    erklären verstehen beschreiben anwenden nennen erkennen schreiben verwenden vergleichen können
    expliquer comprendre décrire utiliser appliquer identifier écrire comparer
    explicar comprender entender describir usar utilizar aplicar identificar escribir comparar
"""
_VERBS = frozenset(search_tokens(_VERB_TABLE))
_PREFIX = 6
"""Words are compared by so many letters, since endings differ in languages without a stemmer here."""


def measure_taught(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the objectives of which at least half the words stand in concepts and sections."""
    objectives = assignment.specification.objectives
    words = _prefixes(body_text(content))
    missed = [objective for objective in objectives if not _covers(words, objective)]
    figure = share(len(objectives) - len(missed), len(objectives))
    reason = f"{len(objectives) - len(missed)} of {len(objectives)} objectives are taught."
    objections = tuple(f"no section teaches the objective “{shortened(one)}”" for one in missed)
    return Finding(figure, not missed, reason, objections if figure < _ENOUGH else ())


def measure_asked(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the objectives that a question names or speaks of."""
    if not content.quiz:
        return nothing("The lesson holds no quiz.")
    objectives = assignment.specification.objectives
    named = {normalise(question.objective) for question in content.quiz}
    texts = [
        _prefixes(" ".join([question.question, *question.options, question.explanation]))
        for question in content.quiz
    ]
    asked = [
        objective
        for objective in objectives
        if normalise(objective) in named or any(_covers(words, objective) for words in texts)
    ]
    figure = share(len(asked), len(objectives))
    reason = f"{len(asked)} of {len(objectives)} objectives are asked for in the quiz."
    return Finding(figure, figure >= _ENOUGH, reason)


def _covers(words: frozenset[str], objective: str) -> bool:
    tokens = search_tokens(objective)
    own = [token for token in tokens if token not in _VERBS] or tokens
    found = sum(token[:_PREFIX] in words for token in own)
    return share(found, len(own)) >= _ENOUGH


def _prefixes(text: str) -> frozenset[str]:
    return frozenset(token[:_PREFIX] for token in search_tokens(text))
