"""A cloze quiz: the key is a verbatim span of its source, its distractors do not occur in that passage.

Distractors are terms of the same kind and shape from other passages, so that neither form nor length gives
the key away (item-writing guidelines: Haladyna, Downing and Rodriguez, 2002).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.lessons.composer.concepts import Concept, read_definition
from shared.lessons.composer.matching import Plan
from shared.lessons.composer.material import Excerpt, Sentence
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.readable import ELLIPSIS, stands_alone, word_count
from shared.lessons.composer.terms import Term, count_terms, terms_of
from shared.lessons.phrases import Phrases, primary_language
from shared.models.content import QuizQuestion
from shared.models.specification import normalise
from shared.text.tokens import tokenise

BLANK = "_____"
_PER_EXCERPT = 2
_VAGUE_TABLE = """
    rest end case way value name number result first last order time example kind type part form place
    point thing
    same other list item whole purpose effect fact sense use user means reason role self
    teil ende fall weise wert zahl ergebnis art form stelle punkt grund jahr
    partie fin valeur nombre façon type forme caso parte forma valor tipo modo
"""
_VAGUE = frozenset(_VAGUE_TABLE.split()) - {"list"}


@dataclass(frozen=True, slots=True)
class _Item:
    excerpt: Excerpt
    sentence: Sentence
    key: Term
    distractors: tuple[str, ...]
    objective: str
    score: float


def write_quiz(
    plan: Plan, excerpts: Sequence[Excerpt], concepts: Sequence[Concept], phrases: Phrases, limit: int
) -> list[QuizQuestion]:
    """Write at most `limit` questions on the lesson's excerpts, no key, sentence or stem asked twice.

    Distractors are drawn from all of the brief's `excerpts`.
    """
    taught = {id(excerpt): part.objective for part in plan.parts for excerpt in part.excerpts}
    open_excerpts = [excerpt for excerpt in plan.ranked if may_quote_at_length(excerpt.source)]
    pool_excerpts = [excerpt for excerpt in excerpts if may_quote_at_length(excerpt.source)]
    concept_terms = [concept.term for concept in concepts]
    language = primary_language(open_excerpts[0].source.language)
    pool = count_terms(pool_excerpts, language, concept_terms)
    central = {token for text in (*concept_terms, *plan.objectives) for token in tokenise(text)}
    central.update(token for excerpt in open_excerpts for token in tokenise(excerpt.title))
    items = [
        item
        for excerpt in open_excerpts
        if id(excerpt) in taught
        for sentence in excerpt.sentences
        for item in _items(excerpt, sentence, pool, concept_terms, taught[id(excerpt)])
        if _is_worth_asking(item.key, pool, central)
    ]
    chosen = _choose(items, limit)
    positions = _positions([item.sentence.text for item in chosen])
    return [_question(item, position, phrases) for item, position in zip(chosen, positions, strict=True)]


def _items(
    excerpt: Excerpt, sentence: Sentence, pool: dict[Term, int], concepts: Sequence[str], objective: str
) -> list[_Item]:
    """Return a question for each term of a sentence that has three fitting distractors."""
    text = sentence.text
    if not stands_alone(text) or text.endswith(":") or ELLIPSIS in text or not 8 <= word_count(text) <= 40:
        return []
    language = primary_language(excerpt.source.language)
    wanted = set(tokenise(objective))
    is_definition = read_definition(sentence, language) is not None
    items: list[_Item] = []
    for key in terms_of(text, language, concepts):
        stem = make_stem(text, key.text)
        if not stem:
            continue
        distractors = choose_distractors(key, excerpt, pool, stem)
        if len(distractors) == 3:
            relevance = len(wanted.intersection(tokenise(text))) / (1 + len(wanted))
            score = key.weight + 2 * relevance + is_definition + 0.2 * bool(wanted & set(tokenise(key.text)))
            items.append(_Item(excerpt, sentence, key, distractors, objective, score))
    return items


def _is_worth_asking(key: Term, pool: dict[Term, int], central: set[str]) -> bool:
    """Tell whether a term is one of the lesson's; a common noun is only where it matters to it."""
    if key.kind not in {"noun", "identifier"}:
        return True
    return normalise(key.text) not in _VAGUE and (
        bool(central.intersection(tokenise(key.text))) or pool[key] >= 4
    )


def make_stem(sentence: str, key: str) -> str:
    """Return the sentence with the key blanked wherever it stands; "" where the rest still tells the key."""
    pattern = re.compile(rf"`{re.escape(key)}`|(?<!\w){re.escape(key)}(?!\w)", re.IGNORECASE)
    if _is_wide(key):
        pattern = re.compile(re.escape(key))
    stem, count = pattern.subn(BLANK, sentence)
    if not 1 <= count <= 2 or set(tokenise(key)) & set(tokenise(stem.replace(BLANK, " "))):
        return ""
    return stem


def _is_wide(text: str) -> bool:
    return any(ord(character) >= 0x2E80 for character in text)


def choose_distractors(key: Term, excerpt: Excerpt, pool: dict[Term, int], stem: str) -> tuple[str, ...]:
    """Return three terms of the key's kind and shape that occur nowhere in the passage (fewer: none fit)."""
    passage = normalise(f"{excerpt.heading} {excerpt.text}")
    present = set(tokenise(passage))
    before = stem.split(BLANK, 1)[0].rstrip('"“`*').split()
    article = before[-1].casefold() if before and before[-1].casefold() in {"a", "an"} else ""
    chosen: dict[str, str] = {normalise(key.text): ""}
    roots = [set(tokenise(key.text))]
    fitting = [term for term in pool if term.shape == key.shape and _similar_length(term.text, key.text)]
    for term in sorted(
        fitting, key=lambda term: (-min(pool[term], 3), abs(len(term.text) - len(key.text)), term.text)
    ):
        name, tokens = normalise(term.text), set(tokenise(term.text))
        occurs = name in passage or (bool(tokens) and tokens <= present)
        if occurs or name in chosen or any(tokens & root for root in roots):
            continue
        if article and (term.text[0].lower() in "aeiou") != (key.text[0].lower() in "aeiou"):
            continue
        chosen[name] = term.text
        roots.append(tokens)
        if len(chosen) == 4:
            break
    return tuple(text for text in chosen.values() if text)


def _similar_length(first: str, second: str) -> bool:
    shorter, longer = sorted((len(first), len(second)))
    return longer <= max(2 * shorter, shorter + 5)


def _choose(items: Sequence[_Item], limit: int) -> list[_Item]:
    """Choose the best questions, one per sentence and key, few per excerpt, every objective in its turn."""
    chosen: list[_Item] = []
    keys: set[str] = set()
    stems: set[str] = set()
    per_excerpt: dict[int, int] = {}
    per_objective: dict[str, int] = {}
    left = list(items)
    while left and len(chosen) < limit:
        best = max(left, key=lambda item: (-per_objective.get(item.objective, 0), item.score))
        left.remove(best)
        key, stem, place = normalise(best.key.text), normalise(best.sentence.text), id(best.excerpt)
        if key in keys or stem in stems or per_excerpt.get(place, 0) >= _PER_EXCERPT:
            continue
        keys.add(key)
        stems.add(stem)
        per_excerpt[place] = per_excerpt.get(place, 0) + 1
        per_objective[best.objective] = per_objective.get(best.objective, 0) + 1
        chosen.append(best)
    return chosen


def _positions(stems: Sequence[str]) -> list[int]:
    """Spread the keys: each four questions use each place once, in an order that only the stems decide."""
    digest = hashlib.sha256("\n".join(stems).encode("utf-8", "replace")).digest()
    positions: list[int] = []
    for block in range(-(-len(stems) // 4)):
        order = sorted(range(4), key=lambda place: digest[(block * 4 + place) % len(digest)] * 4 + place)
        positions.extend(order)
    return positions[: len(stems)]


def _question(item: _Item, position: int, phrases: Phrases) -> QuizQuestion:
    options = list(item.distractors)
    options.insert(position, item.key.text)
    stem = make_stem(item.sentence.text, item.key.text)
    gives_away = set(tokenise(item.key.text)) & set(tokenise(item.excerpt.title))
    return QuizQuestion(
        question=phrases("quiz_question_plain", stem=stem)
        if gives_away
        else phrases("quiz_question", title=item.excerpt.title, stem=stem),
        options=options,
        answer_index=position,
        explanation=phrases("quiz_explanation", sentence=item.sentence.text, title=item.excerpt.title),
        objective=item.objective,
    )
