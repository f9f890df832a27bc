"""The quiz: questions whose key is a verbatim span of its source and whose distractors its passage lacks."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from shared.lessons.composer.cloze import cloze_questions
from shared.lessons.composer.concepts import Concept, find_concepts
from shared.lessons.composer.matching import Plan
from shared.lessons.composer.material import Excerpt
from shared.lessons.composer.meanings import meaning_questions
from shared.lessons.composer.outputs import output_questions, outputs_of
from shared.lessons.composer.question import Candidate
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.terms import count_terms
from shared.lessons.phrases import Phrases, primary_language
from shared.models.content import QuizQuestion
from shared.models.specification import normalise
from shared.text.stems import search_tokens

_PER_EXCERPT = 2
_POOL = 60
# A quiz of one kind of question is answered by its pattern.
_PER_KIND = {"_what_it_means": 2, "_which_it_is": 2, "output": 3}


def write_quiz(
    plan: Plan, excerpts: Sequence[Excerpt], concepts: Sequence[Concept], phrases: Phrases, limit: int
) -> list[QuizQuestion]:
    """Write at most `limit` questions on the lesson's excerpts, no key, sentence or stem asked twice.

    Distractors are drawn from all of the brief's `excerpts`.
    """
    chosen = _choose(list(_candidates(plan.taught, plan, excerpts, concepts, phrases)), limit)
    if len(chosen) < limit:
        # Then on what the quoted pages say besides: the lesson names them, and the answers quote them.
        quoted = {excerpt.source.id for excerpt in plan.taught}
        more = [excerpt for excerpt in plan.ranked if excerpt.source.id in quoted]
        wider = list(dict.fromkeys((*plan.taught, *more)))
        chosen = _choose(list(_candidates(wider, plan, excerpts, concepts, phrases)), limit)
    positions = _positions([candidate.question for candidate in chosen])
    return [_question(candidate, position) for candidate, position in zip(chosen, positions, strict=True)]


def _candidates(
    asked: Sequence[Excerpt],
    plan: Plan,
    excerpts: Sequence[Excerpt],
    concepts: Sequence[Concept],
    phrases: Phrases,
) -> Iterator[Candidate]:
    """Give every question that the openly licensed among the `asked` excerpts allow."""
    objectives = {id(excerpt): part.objective for part in plan.parts for excerpt in part.excerpts}
    taught = [
        excerpt for excerpt in asked if may_quote_at_length(excerpt.source) and not excerpt.is_mere_example
    ]
    everything = [excerpt for excerpt in excerpts if may_quote_at_length(excerpt.source)]
    terms = [concept.term for concept in concepts]
    language = primary_language(taught[0].source.language) if taught else phrases.language
    pool = count_terms(everything, language, terms)
    central = {token for text in (*terms, *plan.objectives) for token in search_tokens(text)}
    central.update(token for excerpt in taught for token in search_tokens(excerpt.title))
    outputs = outputs_of([example for excerpt in everything for example in excerpt.examples])
    meanings = find_concepts(everything, sorted(central), _POOL)
    lesson_meanings = find_concepts(taught, sorted(central), _POOL)
    yield from meaning_questions([*concepts, *lesson_meanings], meanings, objectives, phrases)
    for excerpt in taught:
        objective = objectives.get(id(excerpt), "")
        yield from output_questions(excerpt, objective, outputs, phrases)
        yield from cloze_questions(excerpt, objective, pool, terms, central, phrases)


def _choose(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Choose the best questions: one per sentence and key, few per excerpt and kind, objectives in turn."""
    chosen = _within(candidates, limit, _PER_EXCERPT, _PER_KIND)
    # Where a few passages carry the lesson, they are asked more often rather than too little.
    return chosen if len(chosen) >= limit else _within(candidates, limit, 2 * _PER_EXCERPT, {})


def _within(
    candidates: Sequence[Candidate], limit: int, per_excerpt: int, per_kind: Mapping[str, int]
) -> list[Candidate]:
    chosen: list[Candidate] = []
    seen: set[str] = set()
    counts: Counter[object] = Counter()
    left = sorted(candidates, key=lambda candidate: -candidate.score)
    while left and len(chosen) < limit:
        best = max(left, key=lambda candidate: (-counts[candidate.objective], candidate.score))
        left.remove(best)
        identities = {best.about, best.sentence, normalise(best.key), normalise(best.question)}
        is_full = counts[best.kind] >= per_kind.get(best.kind, limit)
        if identities & seen or is_full or counts[id(best.excerpt)] >= per_excerpt:
            continue
        if any(best.sentence in known or known in best.sentence for known in seen if len(known) > 40):
            continue
        seen |= identities
        counts.update([best.objective, best.kind, id(best.excerpt)])
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


def _question(candidate: Candidate, position: int) -> QuizQuestion:
    options = list(candidate.distractors)
    options.insert(position, candidate.key)
    return QuizQuestion(
        question=candidate.question,
        options=options,
        answer_index=position,
        explanation=candidate.explanation,
        objective=candidate.objective,
    )
