"""Questions on meanings: what a term means, and which term a definition is of.

All options are word for word what the sources say, each of another term, so that a wrong option is a true
sentence about something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.lessons.composer.concepts import Concept
from shared.lessons.composer.question import Candidate, nearest, occurs, passage_of
from shared.lessons.composer.readable import ELLIPSIS, word_count
from shared.lessons.phrases import Phrases
from shared.models.specification import normalise
from shared.text.stems import search_tokens

_MOST_CHARACTERS = 240
_FEWEST_WORDS = 4
# A meaning that is so much longer or shorter than the others is guessed.
_LENGTHS = 1.7
_SHORTEST_NAME = 3


def meaning_questions(
    concepts: Sequence[Concept], pool: Sequence[Concept], objectives: dict[int, str], phrases: Phrases
) -> Iterator[Candidate]:
    """Give questions on the lesson's concepts.

    `pool` holds all concepts of the brief, `objectives` those of the excerpts by their identity.
    """
    for place, concept in enumerate(concepts):
        objective = objectives.get(id(concept.excerpt), "")
        worth = 3.6 - 0.15 * place + 0.5 * bool(objective)
        for make in (_what_it_means, _which_it_is):
            made = make(concept, pool, phrases)
            if made is None:
                continue
            question, key, distractors = made
            yield Candidate(
                kind=make.__name__,
                question=question,
                key=key,
                distractors=distractors,
                explanation=phrases("quiz_explanation", sentence=concept.quoted, title=concept.excerpt.title),
                about=normalise(concept.term),
                sentence=normalise(concept.quoted),
                excerpt=concept.excerpt,
                objective=objective,
                score=worth,
            )


def meaning_of(concept: Concept) -> str:
    """Return what a definition says of its term, verbatim; "" where it says too little or too much."""
    text = concept.meaning
    too_long = ELLIPSIS in text or len(text) > _MOST_CHARACTERS
    return "" if too_long or word_count(text) < _FEWEST_WORDS else text


def _what_it_means(
    concept: Concept, pool: Sequence[Concept], phrases: Phrases
) -> tuple[str, str, tuple[str, ...]] | None:
    """Ask what a term means; the options are what the sources say of this term and of three others."""
    key = meaning_of(concept)
    if not key:
        return None
    passage = passage_of(concept.excerpt)
    # A key that names its term is right only among options that name it too.
    named = _parts(concept.term) & set(search_tokens(key))
    if not named and _is_told(concept.term, key):
        return None
    fitting: dict[str, str] = {}
    for other in pool:
        text = meaning_of(other)
        shorter, longer = sorted((len(text), len(key)))
        if (
            text
            and other.verb == concept.verb
            and longer <= _LENGTHS * shorter
            and text[:1].isupper() == key[:1].isupper()
            and normalise(text) not in passage
            and _is_another_subject(other, concept)
            and _parts(concept.term) & set(search_tokens(text)) == named
            and not _says_the_same(text, key)
        ):
            fitting.setdefault(normalise(other.term), text)
    ranked = nearest(list(dict.fromkeys(fitting.values())), key)
    # Options that begin alike are told apart by what they say.
    chosen = sorted(ranked, key=lambda text: text.split()[0] != key.split()[0])[:3]
    if len(chosen) < 3 or len(key) > max(map(len, chosen)) * 1.35:
        return None
    title = concept.excerpt.title
    if concept.verb:
        return phrases("quiz_meaning", opening=concept.opening, title=title), key, tuple(chosen)
    return phrases("quiz_meaning_entry", term=concept.term, title=title), key, tuple(chosen)


def _which_it_is(
    concept: Concept, pool: Sequence[Concept], phrases: Phrases
) -> tuple[str, str, tuple[str, ...]] | None:
    """Ask which term a definition is of; only for names of code, which tell nothing by their grammar."""
    text = meaning_of(concept)
    if not text or not concept.is_code:
        return None
    passage = passage_of(concept.excerpt)
    present = frozenset(search_tokens(passage))
    own = _parts(concept.term)
    if len(concept.term.removesuffix("()")) < _SHORTEST_NAME or _is_told(concept.term, text):
        return None
    others = [
        other.term
        for other in pool
        if other.is_code
        and len(other.term.removesuffix("()")) >= _SHORTEST_NAME
        and other.term[:1].isupper() == concept.term[:1].isupper()
        and other.term.endswith("()") == concept.term.endswith("()")
        and other.term.count(".") == concept.term.count(".")
        and not occurs(other.term, passage, present)
        and not _says_the_same(meaning_of(other), text)
    ]
    distinct = list(
        {normalise(term): term for term in others if normalise(term) != normalise(concept.term)}.values()
    )
    same_owner = [term for term in distinct if term.partition(".")[0] == concept.term.partition(".")[0]]
    ranked = [*nearest(same_owner, concept.term), *nearest(distinct, concept.term)]
    chosen = list(dict.fromkeys(term.removesuffix("()") for term in ranked))[:3]
    if len(chosen) < 3:
        return None
    key = concept.term.removesuffix("()")
    title = concept.excerpt.title
    if own & set(search_tokens(title)) or normalise(key) in normalise(title):
        return phrases("quiz_which_plain", sentence=text), key, tuple(chosen)
    return phrases("quiz_which", sentence=text, title=title), key, tuple(chosen)


def _parts(term: str) -> set[str]:
    """Return the words of a term; of a dotted name only the last part's, since the others name its owner."""
    own = term.removesuffix("()").rpartition(".")[2]
    return {token for part in own.split("_") for token in search_tokens(part)}


def _is_another_subject(other: Concept, concept: Concept) -> bool:
    """Tell whether two terms cannot mean the same: names of code differ, terms of prose share no word."""
    if concept.is_code:
        return normalise(other.term) != normalise(concept.term)
    return not concept.tokens & other.tokens


def _is_told(term: str, text: str) -> bool:
    """Tell whether a definition holds a word of the name, or a longer word that begins so."""
    words = search_tokens(text)
    return any(
        word == part or (len(part) >= _SHORTEST_NAME and word.startswith(part))
        for part in _parts(term)
        for word in words
    )


def _says_the_same(first: str, second: str) -> bool:
    """Tell whether two meanings share most of their words, so that both could be right."""
    one, other = set(search_tokens(first)), set(search_tokens(second))
    return bool(one | other) and len(one & other) / len(one | other) >= 0.45
