"""Which excerpts answer which objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    work able basic introduction example difference between simple first own correctly effectively
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
    """The sections to write, the objectives that no source speaks of, and every excerpt by relevance."""

    objectives: tuple[str, ...]
    parts: tuple[Part, ...]
    uncovered: tuple[str, ...]
    ranked: tuple[Excerpt, ...]


def objectives_of(specification: LessonSpecification) -> tuple[str, ...]:
    """Return the objectives as clean lines without repetitions; the title where there is none."""
    lines = [clean_line(text, 400) for text in (*specification.objectives, specification.title)]
    distinct = {normalise(line): line for line in reversed(lines[:-1]) if line}
    return tuple(reversed(distinct.values())) or tuple(line for line in lines[-1:] if line)


def query_of(text: str) -> tuple[str, ...]:
    """Return the tokens that an objective is looked up by; all of them where only verbs would be left out."""
    tokens = tokenise(text)
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
    language = primary_language(specification.curriculum.language)
    foreign = bool(excerpts) and all(
        primary_language(excerpt.source.language) != language for excerpt in excerpts
    )
    scores = {
        objective: _scores(query_of(objective), index, about, excerpts, foreign=foreign)
        for objective in objectives
    }
    total = [sum(column) for column in zip(*scores.values(), about, strict=True)]
    order = sorted(range(len(excerpts)), key=lambda number: (-total[number], number))
    ranked = tuple(excerpts[number] for number in order if total[number] > 0 or foreign)
    parts = _deal(objectives, scores, excerpts, proportions)
    covered = {part.objective for part in parts}
    uncovered = tuple(objective for objective in objectives if objective not in covered)
    if not parts and ranked:
        heads = [excerpt for excerpt in ranked if excerpt.sentences][: proportions.total_excerpts]
        parts = tuple(Part("", query_of(specification.title), (excerpt,)) for excerpt in heads)
    return Plan(objectives, parts, uncovered, ranked)


def _scores(
    query: Sequence[str], index: Bm25, about: Sequence[float], excerpts: Sequence[Excerpt], *, foreign: bool
) -> list[float]:
    """Score excerpts for one objective: its own words decide, the lesson's title tells like matches apart.

    An excerpt that holds every word of the objective counts double against one that repeats a single word.
    """
    own = index.scores(query)
    if foreign and not any(own):
        return [1 / (1 + number) if excerpt.sentences else 0.0 for number, excerpt in enumerate(excerpts)]
    wanted = set(query)
    scores: list[float] = []
    for number, early in enumerate(_earliness(excerpts)):
        share = len(wanted.intersection(excerpts[number].tokens)) / max(1, len(wanted))
        score = (own[number] * (0.5 + 0.5 * share) + _TITLE_WEIGHT * about[number]) * early
        scores.append(score if own[number] > 0 and excerpts[number].sentences else 0.0)
    return scores


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
                if len(taken) < total and fits and other not in taken and excerpts[other].sentences:
                    taken.add(other)
                    numbers.append(other)
