"""Which excerpts answer which objective."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.lessons.composer.concepts import read_definition
from shared.lessons.composer.material import Excerpt, clean_line
from shared.lessons.composer.styles import Proportions
from shared.lessons.phrases import primary_language
from shared.models.specification import LessonSpecification, normalise
from shared.text.bm25 import Bm25
from shared.text.tokens import tokenise

# What a learner does with a thing tells nothing about which thing; these words would match any passage.
_OBJECTIVE_VERB_TABLE = """
    learn understand explain describe use using write create apply know identify recognise recognize define
    compare discuss demonstrate implement build make practise practice explore introduce name list state
    work able up down out off basic introduction example difference between simple first own
    correctly effectively
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
_TITLE_WEIGHT = 0.35
_WORTH_ADDING = 0.3
_NEIGHBOUR = 3
_INTRODUCTION = 1.25
# An excerpt that matches so much less than the best one gives the lesson no concept and no exercise.
_RELEVANT = 0.3
# How much more an excerpt is worth for each word of the objective that the ones before it do not hold.
_NEWS = 0.5


@dataclass(frozen=True)
class Part:
    """One section to write: the objective that it answers ("" for none) and its excerpts, best first."""

    objective: str
    query: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]


@dataclass(frozen=True)
class Plan:
    """The objectives, the sections to write, and the excerpts that matter to the lesson, best first."""

    objectives: tuple[str, ...]
    parts: tuple[Part, ...]
    ranked: tuple[Excerpt, ...]

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The objectives that no part answers."""
        covered = {part.objective for part in self.parts}
        return tuple(objective for objective in self.objectives if objective not in covered)

    def narrowed_to(self, parts: Sequence[Part]) -> Plan:
        """Return the plan with only some of its parts."""
        return replace(self, parts=tuple(parts))


# Words of English that are keywords too: only where the text names them as such are they what it is about.
_loose_keyword = re.compile(
    r"\b(?:and|or|with|for|in|from|as|is|not|if|while)\b"
    r"(?![`'\"”]? (?:statement|clause|loop|keyword|operator|expression|block)s?\b)(?![`'\"”])",
    re.IGNORECASE,
)


def objectives_of(specification: LessonSpecification) -> tuple[str, ...]:
    """Return the objectives as clean lines without repetitions; the title where there is none."""
    lines = [clean_line(text, 400) for text in (*specification.objectives, specification.title)]
    distinct = {normalise(line): line for line in reversed(lines[:-1]) if line}
    return tuple(reversed(distinct.values())) or tuple(line for line in lines[-1:] if line)


def query_of(text: str) -> tuple[str, ...]:
    """Return the tokens that an objective is looked up by; all of them where only verbs would be left out."""
    tokens = tokenise(_loose_keyword.sub(" ", text))
    return tuple(token for token in tokens if token not in _OBJECTIVE_VERBS) or tuple(tokens)


def make_plan(
    specification: LessonSpecification, excerpts: Sequence[Excerpt], proportions: Proportions
) -> Plan:
    """Give each objective the excerpts that match it best; no excerpt serves twice.

    Where the learner's language is not that of the sources, words cannot match; then the order of the brief,
    which research has ranked already, stands for relevance.
    """
    objectives = objectives_of(specification)
    index = Bm25([excerpt.tokens for excerpt in excerpts])
    about = index.scores(query_of(f"{specification.title} {specification.module_title}"))
    foreign = _is_foreign(specification, excerpts)
    scores = {
        objective: _scores(query_of(objective), index, about, excerpts, foreign=foreign)
        for objective in objectives
    }
    parts = _deal(objectives, scores, excerpts, proportions)
    ranked = _rank(
        scores, about, excerpts, {excerpt.source.id for part in parts for excerpt in part.excerpts}
    )
    if not parts:
        heads = [excerpt for excerpt in ranked if excerpt.is_quotable][: proportions.total_excerpts]
        parts = tuple(Part("", query_of(specification.title), (excerpt,)) for excerpt in heads)
    return Plan(objectives, parts, ranked)


def _is_foreign(specification: LessonSpecification, excerpts: Sequence[Excerpt]) -> bool:
    """Tell whether no source is in the lesson's language."""
    language = primary_language(specification.curriculum.language)
    return all(primary_language(excerpt.source.language) != language for excerpt in excerpts)


def _rank(
    scores: dict[str, list[float]], about: Sequence[float], excerpts: Sequence[Excerpt], quoted: set[str]
) -> tuple[Excerpt, ...]:
    """Return the excerpts that matter, best first: near an objective's best one, or on a quoted page.

    Where no excerpt matches an objective, those that match the lesson's title.
    """
    total = [sum(column) for column in zip(*scores.values(), about, strict=True)]
    least = [_RELEVANT * max(own, default=0.0) for own in scores.values()]

    def matters(number: int) -> bool:
        is_near = any(own[number] > bound for own, bound in zip(scores.values(), least, strict=True))
        return total[number] > 0 and (is_near or not quoted or excerpts[number].source.id in quoted)

    chosen = filter(matters, range(len(excerpts)))
    order = sorted(chosen, key=lambda number: (-total[number], number))
    return tuple(excerpts[number] for number in order)


def _scores(
    query: Sequence[str], index: Bm25, about: Sequence[float], excerpts: Sequence[Excerpt], *, foreign: bool
) -> list[float]:
    """Score excerpts for one objective: its own words decide, the lesson's title tells like matches apart.

    An excerpt that holds every word of the objective counts double against one that repeats a single word.
    """
    own = index.scores(query)
    if foreign and not any(own):
        return [1 / (1 + number) if excerpt.is_quotable else 0.0 for number, excerpt in enumerate(excerpts)]
    wanted = set(query)
    scores: list[float] = []
    for number, early in enumerate(_earliness(excerpts)):
        share = len(wanted.intersection(excerpts[number].tokens)) / max(1, len(wanted))
        defines = _INTRODUCTION if _introduces(excerpts[number], wanted) else 1.0
        score = (own[number] * (0.5 + 0.5 * share) + _TITLE_WEIGHT * about[number]) * early * defines
        scores.append(score if own[number] > 0 and excerpts[number].is_quotable else 0.0)
    return scores


def _introduces(excerpt: Excerpt, wanted: set[str]) -> bool:
    """Tell whether an excerpt begins by saying what something is that the objective names."""
    if not excerpt.sentences:
        return False
    definition = read_definition(excerpt.sentences[0], primary_language(excerpt.source.language))
    return definition is not None and bool(wanted.intersection(tokenise(definition.term)))


def _earliness(excerpts: Sequence[Excerpt]) -> list[float]:
    """Return a factor that falls from 1 with an excerpt's place on its page: first things come first."""
    places: dict[str, int] = {}
    factors: list[float] = []
    for excerpt in excerpts:
        place = places.get(excerpt.source.id, 0)
        places[excerpt.source.id] = place + 1
        factors.append(1 - 0.03 * min(place, 8))
    return factors


def _deal(
    objectives: Sequence[str],
    scores: dict[str, list[float]],
    excerpts: Sequence[Excerpt],
    proportions: Proportions,
) -> tuple[Part, ...]:
    """Deal excerpts in rounds, so that no objective takes the best match of another before that one's turn.

    Where matches run out before the lesson is full, what stands next to a chosen excerpt follows it: it goes
    on with the same thought.
    """
    taken: set[int] = set()
    dealt: dict[str, list[int]] = {objective: [] for objective in objectives}
    for round_number in range(proportions.total_excerpts):
        for objective in objectives:
            own = scores[objective]
            free = [number for number in range(len(excerpts)) if number not in taken and own[number] > 0]
            said = {token for number in dealt[objective] for token in excerpts[number].tokens}
            lacking = set(query_of(objective)) - said
            gains = {
                number: own[number] * (1 + _NEWS * len(lacking.intersection(excerpts[number].tokens)))
                for number in free
            }
            best = max(free, key=lambda number: (gains[number], -number), default=None)
            is_full = round_number >= proportions.excerpts and len(taken) >= proportions.total_excerpts
            if best is None or is_full or (round_number and own[best] < _WORTH_ADDING * max(own)):
                continue
            taken.add(best)
            dealt[objective].append(best)
    _add_neighbours(dealt, taken, excerpts, proportions.total_excerpts)
    return tuple(
        Part(objective, query_of(objective), tuple(excerpts[number] for number in dealt[objective]))
        for objective in objectives
        if dealt[objective]
    )


def _add_neighbours(
    dealt: dict[str, list[int]], taken: set[int], excerpts: Sequence[Excerpt], total: int
) -> None:
    """Let excerpts of the same page join the nearest one before them, until there are `total`."""
    for distance in range(1, _NEIGHBOUR + 1):
        for numbers in dealt.values():
            for number in sorted(numbers):
                other = number + distance
                fits = other < len(excerpts) and excerpts[other].source.id == excerpts[number].source.id
                if len(taken) < total and fits and other not in taken and excerpts[other].is_quotable:
                    taken.add(other)
                    numbers.append(other)
