"""Which excerpts answer which objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.lessons.composer.concepts import read_definition
from shared.lessons.composer.material import Excerpt, clean_line, is_worth_showing
from shared.lessons.composer.styles import Proportions
from shared.lessons.phrases import primary_language
from shared.models.specification import LessonSpecification, normalise
from shared.text.bm25 import Bm25
from shared.text.queries import query_of
from shared.text.stems import search_tokens

_TITLE_WEIGHT = 0.35
# What else a section takes in must match its objective at least this well, measured by its best match.
_WORTH_ADDING = 0.45
_LAST_RESORT = 0.2
# How far a section reads on from a match: what follows goes on with the same thought.
_READ_ON = 4
_INTRODUCTION = 1.25
# Research ranks the pages: what a later page says must match so much better to be quoted.
_PER_PAGE = 0.1
_LAST_PAGE = 0.5
# An excerpt that matches so much less than the best one gives the lesson no concept and no exercise.
_RELEVANT = 0.3
_RIVAL = 1.5
_FEW_WORDS = 2
_FEW_PARTS = 3
_FEW_EXAMPLES = 2
_LEAST_WORDS = 85
_SUBSTANTIAL = 50
# Below this a section reads on under other headings rather than end.
_THIN = 75


@dataclass(frozen=True)
class Part:
    """One section to write: the objective that it answers ("" for none) and its excerpts, best first."""

    objective: str
    query: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    shows_code: bool = False

    @property
    def words(self) -> int:
        """How many words it could show."""
        return sum(excerpt.words for excerpt in self.excerpts)

    @property
    def heading(self) -> str:
        """What the section is called where it answers no objective: as its source calls it."""
        return self.objective or self.excerpts[0].heading or self.excerpts[0].title


@dataclass(frozen=True)
class Plan:
    """Title, objectives, the sections to write, and the excerpts that matter to the lesson, best first.

    `related` excerpts match less; they serve where those that matter hold no example or concept.
    """

    objectives: tuple[str, ...]
    parts: tuple[Part, ...]
    ranked: tuple[Excerpt, ...]
    related: tuple[Excerpt, ...] = ()
    title: str = ""

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The objectives that no part answers."""
        covered = {part.objective for part in self.parts}
        return tuple(objective for objective in self.objectives if objective not in covered)

    @property
    def taught(self) -> tuple[Excerpt, ...]:
        """What the sections quote, in their order."""
        return tuple(excerpt for part in self.parts for excerpt in part.excerpts)

    def is_near(self, excerpt: Excerpt) -> bool:
        """Tell whether an excerpt stands on a page that the lesson quotes, or speaks of what it is about."""
        if any(excerpt.source.id == one.source.id for one in self.taught):
            return True
        wanted = [token for objective in self.objectives for token in query_of(objective)]
        return is_close(excerpt, query_of(self.title), wanted)

    def with_parts(self, parts: Sequence[Part]) -> Plan:
        """Return the plan with further parts."""
        return replace(self, parts=(*self.parts, *parts))

    def narrowed_to(self, parts: Sequence[Part]) -> Plan:
        """Return the plan with only some of its parts."""
        return replace(self, parts=tuple(parts))


def objectives_of(specification: LessonSpecification) -> tuple[str, ...]:
    """Return the objectives as clean lines without repetitions; the title where there is none."""
    lines = [clean_line(text, 400) for text in (*specification.objectives, specification.title)]
    distinct = {normalise(line): line for line in reversed(lines[:-1]) if line}
    return tuple(reversed(distinct.values())) or tuple(line for line in lines[-1:] if line)


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
    dealer = _Dealer(excerpts, proportions)
    parts = dealer.deal(scores)
    quoted = {excerpt.source.id for part in parts for excerpt in part.excerpts}
    ranked = _rank(scores, about, excerpts, quoted)
    wanted = query_of(" ".join((specification.title, *objectives)))
    known = set(map(id, ranked))
    related = tuple(one for one in _rank(scores, about, excerpts, set()) if id(one) not in known)
    substantial = sum(part.words >= _SUBSTANTIAL for part in parts)
    plan = Plan(objectives, tuple(parts), ranked, related, specification.title)
    near = [excerpt for excerpt in (*ranked, *related) if plan.is_near(excerpt)]
    near.sort(key=lambda excerpt: excerpt.source.id not in quoted)
    plan = plan.with_parts(dealer.more(near, wanted, _FEW_PARTS - substantial))
    return plan.with_parts(dealer.examples(plan, near, wanted))


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
        score *= max(_LAST_PAGE, 1 - _PER_PAGE * excerpts[number].rank)
        scores.append(score if own[number] > 0 and excerpts[number].is_quotable else 0.0)
    return scores


def _introduces(excerpt: Excerpt, wanted: set[str]) -> bool:
    """Tell whether an excerpt begins by saying what something is that the objective names."""
    if not excerpt.sentences:
        return False
    definition = read_definition(excerpt.sentences[0], primary_language(excerpt.source.language))
    return definition is not None and bool(wanted.intersection(search_tokens(definition.term)))


def _earliness(excerpts: Sequence[Excerpt]) -> list[float]:
    """Return a factor that falls from 1 with an excerpt's place on its page: first things come first."""
    places: dict[str, int] = {}
    factors: list[float] = []
    for excerpt in excerpts:
        place = places.get(excerpt.source.id, 0)
        places[excerpt.source.id] = place + 1
        factors.append(1 - 0.03 * min(place, 8))
    return factors


def _claimed(score: float, number: int, others: Sequence[Sequence[float]]) -> float:
    """Return a match's score, halved where another objective matches that excerpt far better."""
    rival = max((column[number] for column in others), default=0.0)
    return score / 2 if rival > _RIVAL * score else score


def is_close(excerpt: Excerpt, title: Sequence[str], query: Sequence[str]) -> bool:
    """Tell whether an excerpt is about what the lesson is called after; one word of the lesson's is chance.

    What it is about say its page's title and its heading; of a mere example, what its code does.
    """
    wanted = {*title, *query}
    about = excerpt.tokens if excerpt.is_mere_example else search_tokens(f"{excerpt.title} {excerpt.heading}")
    is_named = not set(title).isdisjoint(about)
    return is_named and len(wanted.intersection(excerpt.tokens)) >= min(_FEW_WORDS, len(wanted))


class _Dealer:
    """Deals excerpts to sections, each at most once, until each section has enough to read."""

    def __init__(self, excerpts: Sequence[Excerpt], proportions: Proportions) -> None:
        self._excerpts = excerpts
        self._enough = proportions.section_words
        self._taken: set[int] = set()

    def deal(self, scores: dict[str, list[float]]) -> list[Part]:
        """Give each objective its best match first, so that none takes another's; then let each read on."""
        chosen: dict[str, list[int]] = {}
        for objective, own in scores.items():
            others = [column for name, column in scores.items() if name != objective]
            best = self._best(
                [_claimed(score, number, others) for number, score in enumerate(own)], least=0.0
            )
            if best is not None:
                self._taken.add(best)
                chosen[objective] = [best]
        for objective, numbers in chosen.items():
            self._fill(numbers, scores[objective])
        return [
            Part(objective, query_of(objective), tuple(self._excerpts[number] for number in numbers))
            for objective, numbers in chosen.items()
        ]

    def more(self, ranked: Sequence[Excerpt], query: Sequence[str], count: int) -> list[Part]:
        """Return further sections of what matters and has not been quoted, named as their sources name it."""
        parts: list[Part] = []
        for excerpt in ranked:
            number = self._excerpts.index(excerpt)
            if len(parts) >= count:
                break
            if number in self._taken or not excerpt.is_quotable:
                continue
            self._taken.add(number)
            numbers = [number]
            self._fill(numbers, [0.0] * len(self._excerpts))
            if self._words(numbers) >= _LEAST_WORDS:
                parts.append(Part("", tuple(query), tuple(self._excerpts[number] for number in numbers)))
        return parts

    def examples(self, plan: Plan, near: Sequence[Excerpt], query: Sequence[str]) -> list[Part]:
        """Return a section of examples where the others show few."""
        shown = sum(bool(excerpt.examples) for excerpt in plan.taught)
        free = [
            excerpt
            for excerpt in near
            if excerpt.examples
            and excerpt.is_quotable
            and self._excerpts.index(excerpt) not in self._taken
            and any(is_worth_showing(example) for example in excerpt.examples)
        ]
        chosen = free[: _FEW_EXAMPLES + 1 - shown] if shown < _FEW_EXAMPLES else []
        return [Part("", tuple(query), tuple(chosen), shows_code=True)] if chosen else []

    def _best(self, scores: Sequence[float], least: float) -> int | None:
        free = (n for n, score in enumerate(scores) if score > least and n not in self._taken)
        return max(free, key=lambda number: (scores[number], -number), default=None)

    def _fill(self, numbers: list[int], scores: Sequence[float]) -> None:
        """Read on from the matches, and take further matches, until the section has words enough.

        A section of too few words to teach anything also takes in weaker matches and what stands beside.
        """
        while (words := self._words(numbers)) < self._enough:
            weak = words < _THIN
            following = self._following(numbers, scores, any_heading=False)
            if following is None:
                following = self._best(scores, least=_WORTH_ADDING * max(scores))
            if following is None and weak:
                following = self._following(numbers, scores, any_heading=True)
            if following is None and weak:
                following = self._best(scores, least=_LAST_RESORT * max(scores))
            if following is None:
                return
            self._taken.add(following)
            numbers.append(following)

    def _following(self, numbers: Sequence[int], scores: Sequence[float], *, any_heading: bool) -> int | None:
        """Return what stands next after one of the excerpts on its page under its heading.

        With `any_heading` also under another, and then, where nothing follows, before it; but an entry of a
        glossary explains another name, and has to match the objective itself.
        """
        for number in numbers:
            first = self._excerpts[number]
            if self._opens(number - 1, first):
                return number - 1
            after = range(number + 1, min(number + 1 + _READ_ON, len(self._excerpts)))
            before = range(number - 1, max(number - 1 - _READ_ON, -1), -1) if any_heading else range(0)
            for other in (*after, *before):
                second = self._excerpts[other]
                if second.source.id != first.source.id:
                    continue
                fits = not second.is_entry or scores[other] > 0
                same = second.heading == first.heading or (any_heading and fits)
                is_free: bool = other not in self._taken and second.is_quotable
                if same and is_free:
                    return int(other)
        return None

    def _opens(self, number: int, following: Excerpt) -> bool:
        """Tell whether an excerpt stands before another under its heading and says what that is about."""
        if number < 0 or number in self._taken:
            return False
        excerpt = self._excerpts[number]
        is_before = excerpt.source.id == following.source.id and excerpt.heading == following.heading
        return is_before and excerpt.is_quotable and _introduces(excerpt, set(search_tokens(excerpt.heading)))

    def _words(self, numbers: Sequence[int]) -> int:
        return sum(min(self._excerpts[number].words, self._enough) for number in numbers)
