"""What an objective or a title asks for, once the words that say what a learner does with it are gone."""

from __future__ import annotations

import re

from shared.text.stems import stems
from shared.text.tokens import tokenise

# What a learner does with a thing tells nothing about which thing; these words would match any passage.
_OBJECTIVE_VERB_TABLE = """
    learn understand explain describe use using write create apply know identify recognise recognize define
    compare discuss demonstrate implement build make practise practice explore introduce name list state
    work able up down out off basic introduction example difference between simple first own
    statement statements correctly effectively together several another once time own look looking
    make tell happen happens
    lernen verstehen erklären beschreiben verwenden schreiben kennen anwenden benutzen nutzen
    comprendre expliquer décrire utiliser écrire connaître apprendre appliquer
    comprender explicar describir usar escribir conocer aprender aplicar
"""
_OBJECTIVE_VERBS = frozenset(
    token
    for word in _OBJECTIVE_VERB_TABLE.split()
    for token in tokenise(word)
    if word not in {"list", "name"}
)
# Words of English that are keywords too: only where the text names them as such are they what it is about.
_loose_keyword = re.compile(
    r"\b(?:and|or|with|for|in|from|as|is|not|if|while)\b"
    r"(?![`'\"”]? (?:statement|clause|loop|keyword|operator|expression|block)s?\b)(?![`'\"”])",
    re.IGNORECASE,
)


def query_of(text: str) -> tuple[str, ...]:
    """Return the tokens that an objective is looked up by; all of them where only verbs would be left out."""
    tokens = tokenise(_loose_keyword.sub(" ", text))
    return tuple(stems([token for token in tokens if token not in _OBJECTIVE_VERBS] or tokens))
