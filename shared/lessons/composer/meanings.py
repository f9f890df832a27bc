"""Questions on meanings: what a term means, and which term a definition is of.

All options are word for word what the sources say, each of another term, so that a wrong option is a true
sentence about something else.
"""

from __future__ import annotations

import re
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
    """Return what a definition says of its term, verbatim; "" where it says too little or names the term."""
    text = concept.meaning
    tokens = set(search_tokens(text))
    if ELLIPSIS in text or len(text) > _MOST_CHARACTERS or word_count(text) < _FEWEST_WORDS:
        return ""
    return "" if concept.tokens & tokens else text


def _what_it_means(
    concept: Concept, pool: Sequence[Concept], phrases: Phrases
) -> tuple[str, str, tuple[str, ...]] | None:
    """Ask what a term means; the options are what the sources say of this term and of three others."""
    key = meaning_of(concept)
    if not key:
        return None
    passage = passage_of(concept.excerpt)
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
            and not concept.tokens & (other.tokens | set(search_tokens(text)))
            and not _says_the_same(text, key)
        ):
            fitting.setdefault(normalise(other.term), text)
    ranked = nearest(list(dict.fromkeys(fitting.values())), key)
    # Options that begin alike are told apart by what they say.
    chosen = sorted(ranked, key=lambda text: text.split()[0] != key.split()[0])[:3]
    if len(chosen) < 3 or len(key) > max(map(len, chosen)) * 1.35:
        return None
    shown = f"{concept.term} {concept.verb}" if concept.verb else concept.term
    return phrases("quiz_meaning", term=shown, title=concept.excerpt.title), key, tuple(chosen)


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
    if own & set(search_tokens(text)):
        return None
    others = [
        other.term
        for other in pool
        if other.is_code
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
    return phrases("quiz_which", sentence=text, title=concept.excerpt.title), key, tuple(chosen)


def _parts(term: str) -> set[str]:
    return {token for part in re.split(r"[._()]+", term) for token in search_tokens(part)}


def _says_the_same(first: str, second: str) -> bool:
    """Tell whether two meanings share most of their words, so that both could be right."""
    one, other = set(search_tokens(first)), set(search_tokens(second))
    return bool(one | other) and len(one & other) / len(one | other) >= 0.45
