"""Cloze questions: a sentence of the source with one of its terms left out.

Distractors are terms of the same kind and shape, so that neither form nor length gives the key away
(item-writing guidelines: Haladyna, Downing and Rodriguez, 2002).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shared.lessons.composer.concepts import read_definition
from shared.lessons.composer.material import Excerpt, Sentence
from shared.lessons.composer.question import Candidate, is_similar_length, occurs, passage_of
from shared.lessons.composer.readable import ELLIPSIS, stands_alone, word_count
from shared.lessons.composer.terms import WELL_KNOWN, Term, terms_of
from shared.lessons.phrases import Phrases, primary_language
from shared.models.specification import normalise
from shared.text.queries import query_of
from shared.text.stems import search_tokens

BLANK = "_____"
_VAGUE_TABLE = """
    rest end case way value name number result first last order time example kind type part form place
    point thing rule argument object item expression operation operand statement target
    same other list whole purpose effect fact sense use user means reason role self
    teil ende fall weise wert zahl ergebnis art form stelle punkt grund jahr
    partie fin valeur nombre façon type forme caso parte forma valor tipo modo
"""
_VAGUE = frozenset(_VAGUE_TABLE.split())
_CENTRAL_COUNT = 4
_MUCH_CODE = 8
# A blank within a longer piece of code asks for a part of a name.
_split_code = re.compile(rf"`[^`]*{BLANK}[^`]*`")


def cloze_questions(
    excerpt: Excerpt,
    objective: str,
    pool: dict[Term, int],
    concepts: Sequence[str],
    central: set[str],
    phrases: Phrases,
) -> Iterator[Candidate]:
    """Give a question for each term of the excerpt's sentences that has three fitting distractors."""
    language = primary_language(excerpt.source.language)
    wanted = set(query_of(objective))
    for sentence in excerpt.sentences:
        if not _can_be_asked(sentence):
            continue
        defines = read_definition(sentence, language) is not None
        relevance = len(wanted.intersection(sentence.tokens)) / (1 + len(wanted))
        for key in terms_of(sentence.text, language, concepts):
            stem = make_stem(sentence.text, key.text, is_keyword=key.kind == "keyword")
            if not stem or not _is_worth_asking(key, pool, central):
                continue
            distractors = choose_distractors(key, excerpt, pool, stem)
            if len(distractors) == 3:
                own = 0.4 * bool(wanted.intersection(search_tokens(key.text)))
                yield Candidate(
                    kind="cloze",
                    question=_text(stem, key, excerpt, phrases),
                    key=key.text,
                    distractors=distractors,
                    explanation=phrases("quiz_explanation", sentence=sentence.text, title=excerpt.title),
                    about=normalise(key.text),
                    sentence=normalise(sentence.text),
                    excerpt=excerpt,
                    objective=objective,
                    score=key.weight + 2 * relevance + defines + own,
                )


def _can_be_asked(sentence: Sentence) -> bool:
    text = sentence.text
    return (
        stands_alone(text) and not text.endswith(":") and ELLIPSIS not in text and 7 <= word_count(text) <= 45
    )


def _text(stem: str, key: Term, excerpt: Excerpt, phrases: Phrases) -> str:
    gives_away = set(search_tokens(key.text)) & set(search_tokens(excerpt.title))
    if gives_away:
        return phrases("quiz_question_plain", stem=stem)
    return phrases("quiz_question", title=excerpt.title, stem=stem)


def _is_worth_asking(key: Term, pool: dict[Term, int], central: set[str]) -> bool:
    """Tell whether a term is one of the lesson's; a common noun is only where it matters to it."""
    if key.kind == "phrase":
        return key in pool
    if key.kind == "name" and _is_technical(pool):
        return False
    if key.kind not in {"noun", "identifier"}:
        return True
    if normalise(key.text) in _VAGUE:
        return False
    return bool(central.intersection(search_tokens(key.text))) or (
        key.kind == "noun" and pool.get(key, 0) >= _CENTRAL_COUNT
    )


def _is_technical(pool: dict[Term, int]) -> bool:
    """Tell whether the sources speak of code: there, a capital marks a class, not a person or a place."""
    return sum(term.kind in {"call", "dunder", "keyword", "identifier"} for term in pool) >= _MUCH_CODE


def make_stem(sentence: str, key: str, *, is_keyword: bool = False) -> str:
    """Return the sentence with the key blanked wherever it stands; "" where the rest still tells the key.

    A keyword is only blanked as code: "for" is a word of English, too.
    """
    pattern = re.compile(rf"`{re.escape(key)}`|(?<![\w.]){re.escape(key)}(?!\w)", re.IGNORECASE)
    if is_keyword:
        pattern = re.compile(rf"`{re.escape(key)}`")
    elif _is_wide(key):
        pattern = re.compile(re.escape(key))
    stem, count = pattern.subn(BLANK, sentence)
    if (
        _split_code.search(stem)
        or not 1 <= count <= 2
        or set(search_tokens(key)) & set(search_tokens(stem.replace(BLANK, " ")))
    ):
        return ""
    return stem


def _is_wide(text: str) -> bool:
    return any(ord(character) >= 0x2E80 for character in text)


def choose_distractors(key: Term, excerpt: Excerpt, pool: dict[Term, int], stem: str) -> tuple[str, ...]:
    """Return three terms of the key's kind and shape that occur nowhere in the passage (fewer: none fit).

    What the brief's other passages hold comes first, then well-known terms of the same kind.
    """
    passage = passage_of(excerpt)
    present = frozenset(search_tokens(passage))
    before = stem.split(BLANK, 1)[0].rstrip('"“`*').split()
    article = before[-1].casefold() if before and before[-1].casefold() in {"a", "an"} else ""
    chosen: dict[str, str] = {normalise(key.text): ""}
    roots = [set(search_tokens(key.text))]
    known = {term: 0 for group in WELL_KNOWN for term in group if key in group}
    counts = {**known, **pool}
    fitting = [
        term
        for term in counts
        if term.shape == key.shape and (is_similar_length(term.text, key.text) or term in known)
    ]
    for term in sorted(
        fitting,
        key=lambda term: (
            term not in known,
            -min(counts[term], 3),
            abs(len(term.text) - len(key.text)),
            term.text,
        ),
    ):
        name, tokens = normalise(term.text), set(search_tokens(term.text))
        if occurs(term.text, passage, present) or name in chosen or any(tokens & root for root in roots):
            continue
        if article and (term.text[0].lower() in "aeiou") != (key.text[0].lower() in "aeiou"):
            continue
        chosen[name] = term.text
        roots.append(tokens)
        if len(chosen) == 4:
            break
    return tuple(text for text in chosen.values() if text)
