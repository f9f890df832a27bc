"""(g) What sharing saves: a population of learners, and what their roadmaps and lessons cost.

Beside it the way without shared curricula: every roadmap planned anew, lessons found by their titles alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Spread
from bench.population_subjects import GOALS
from bench.progress import say
from bench.results import Measurement, Row
from shared.clients import Clients
from shared.llm.usage import DayUsage, ProviderUsage
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.library import CurriculumVersion, LessonHead, LessonVersion
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Roadmap
from shared.models.source_cache import SourceCache
from shared.models.specification import CurriculumSpecification
from shared.models.status import GenerationStatus
from shared.planning.subject import interpret_goal
from shared.services.lesson_generation import LessonGeneration
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from shared.settings import PROVIDER_DEFAULTS, load_settings
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.wikipedia_server import WikipediaServer

LEARNERS = 10_000
DRIVEN = 200
LESSONS_READ = 2
MODULES = 8
ZIPF_EXPONENT = 1.0
SEED = 5
LEVELS = {SkillLevel.BEGINNER: 60, SkillLevel.INTERMEDIATE: 30, SkillLevel.ADVANCED: 10}
STYLES = {
    LearningStyle.HANDS_ON: 35,
    LearningStyle.MIXED: 30,
    LearningStyle.VIDEO: 20,
    LearningStyle.READING: 15,
}
PRICED_AS = "deepseek"
METHOD = (
    f"{LEARNERS:,} learners; Zipf's distribution (exponent {ZIPF_EXPONENT:g}) over {len(GOALS)} phrasings "
    f"of 60 subjects, all in English; levels {'/'.join(map(str, LEVELS.values()))} %, styles "
    f"{'/'.join(map(str, STYLES.values()))} %; each reads the first lesson of the first "
    f"{LESSONS_READ} modules. All goals go through the app's interpretation and keys. The first {DRIVEN} "
    "learners go through the app's services, "
    "orchestrators and activities too, against a fake provider and a fake Wikipedia at the wire; what a "
    "skeleton and a lesson cost there prices what the keys of all predict, and the prediction is checked on "
    "those. The other way plans every roadmap anew and finds lessons by title, number and style; how often "
    "its planner repeats a title is unknown, so both ends are told: always, and never."
)


@dataclass(frozen=True, slots=True)
class Person:
    """What one learner asks for."""

    goal: str
    level: SkillLevel
    style: LearningStyle

    @property
    def curriculum(self) -> CurriculumSpecification:
        """The curriculum that the app takes the goal to mean."""
        goal = interpret_goal(self.goal)
        return CurriculumSpecification(
            subject=goal.subject, focus=goal.focus, level=self.level, language=goal.language
        )


@dataclass(frozen=True, slots=True)
class Demand:
    """What a population asks for, and what of it is there when a cache holds all that was asked before."""

    roadmaps: int
    lessons: int
    curricula_missed: int
    lessons_missed: int
    titles_missed: int
    """Lessons that a cache keyed by title, number and style does not hold, if titles repeat themselves."""
    mistaken: int
    """Lessons that such a cache serves although they were written for another level, focus or language."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What one skeleton and one lesson cost where they were really written."""

    skeleton_tokens: float
    lesson_tokens: float
    skeleton_usd: float
    lesson_usd: float
    skeleton_calls: float
    lesson_calls: float


@dataclass(frozen=True, slots=True)
class Driven:
    """What was counted when learners went through the whole app."""

    prices: Prices
    curricula: int
    curriculum_hits: int
    lessons: int
    lesson_hits: int
    source_answers: int
    source_hits: int


def drawn(count: int, seed: int = SEED) -> list[Person]:
    """Draw learners; which phrasing is how popular is drawn first, so that subjects mix."""
    dice = random.Random(seed)
    ranked = dice.sample(GOALS, len(GOALS))
    weights = [1 / rank**ZIPF_EXPONENT for rank in range(1, len(ranked) + 1)]
    goals = dice.choices(ranked, weights, k=count)
    levels = dice.choices(list(LEVELS), list(LEVELS.values()), k=count)
    styles = dice.choices(list(STYLES), list(STYLES.values()), k=count)
    return [Person(*fields) for fields in zip(goals, levels, styles, strict=True)]


def demanded(people: Sequence[Person]) -> Demand:
    """Count what these people ask for and what is new of it, by key and by title."""
    curricula: set[str] = set()
    lessons: set[tuple[str, int, str]] = set()
    titles: dict[tuple[str, int, str], str] = {}
    mistaken = 0
    for person in people:
        curriculum = person.curriculum
        curricula.add(curriculum.key)
        for number in range(LESSONS_READ):
            lessons.add((curriculum.key, number, person.style.value))
            # A title names its subject at best: level, focus and language are not in it.
            title = (curriculum.subject.casefold(), number, person.style.value)
            mistaken += titles.setdefault(title, curriculum.key) != curriculum.key
    read = len(people) * LESSONS_READ
    return Demand(len(people), read, len(curricula), len(lessons), len(titles), mistaken)


def measure() -> Measurement:
    """Run the measurement."""
    people = drawn(LEARNERS)
    say(f"{LEARNERS:,} goals")
    demand = demanded(people)
    driven = asyncio.run(_drive(people[:DRIVEN]))
    return Measurement("What sharing saves", METHOD, rows(demand, driven, demanded(people[:DRIVEN])))


def rows(demand: Demand, driven: Driven, predicted: Demand) -> list[Row]:
    """Return the figures of both ways; the first three set what was counted beside the prediction."""
    prices = driven.prices
    sources = driven.source_answers + driven.source_hits
    return [
        _row("curricula counted over predicted", driven.curricula / predicted.curricula_missed, "×", 1.0),
        _row("lessons counted over predicted", driven.lessons / predicted.lessons_missed, "×", 1.0),
        _row("hits counted over predicted", _hits_over_predicted(driven, predicted), "×"),
        _row("curriculum cache: hits", _percent(demand.curricula_missed, demand.roadmaps), "%"),
        _row("lesson cache: hits", _percent(demand.lessons_missed, demand.lessons), "%"),
        _row(f"source cache: hits (first {DRIVEN} learners)", _percent(driven.source_answers, sources), "%"),
        *_costs("shared by key", demand.curricula_missed, demand.lessons_missed, demand, prices),
        *_costs("planned anew, titles repeat", demand.roadmaps, demand.titles_missed, demand, prices),
        _row("  lessons that were written for another key", 100 * demand.mistaken / demand.lessons, "%"),
        *_costs("planned anew, titles never repeat", demand.roadmaps, demand.lessons, demand, prices),
    ]


def _hits_over_predicted(driven: Driven, predicted: Demand) -> float:
    hits = predicted.roadmaps - predicted.curricula_missed + predicted.lessons - predicted.lessons_missed
    return (driven.curriculum_hits + driven.lesson_hits) / hits


def _costs(way: str, skeletons: int, lessons: int, demand: Demand, prices: Prices) -> list[Row]:
    """Return what a way costs for 1,000 learners."""
    per_thousand = 1000 / demand.roadmaps
    calls = skeletons * prices.skeleton_calls + lessons * prices.lesson_calls
    tokens = skeletons * prices.skeleton_tokens + lessons * prices.lesson_tokens
    usd = skeletons * prices.skeleton_usd + lessons * prices.lesson_usd
    return [
        _row(f"{way}: model calls per 1,000 learners", calls * per_thousand, "calls"),
        _row("  million tokens", tokens * per_thousand / 1e6, "M"),
        _row("  USD at the first provider's prices", usd * per_thousand, "USD"),
    ]


def _row(what: str, value: float, unit: str, limit: float | None = None) -> Row:
    return Row(what, Spread.of([value]), unit, limit)


def _percent(missed: int, asked: int) -> float:
    return 100 * (1 - missed / asked) if asked else 0.0


async def _drive(people: Sequence[Person]) -> Driven:
    """Let people create their roadmaps and read their lessons, one after the other."""
    with (
        TemporaryDirectory() as folder,
        ModelProvider(modules=MODULES) as provider,
        WikipediaServer() as wiki,
    ):
        clients = Clients(load_settings(_settings(Path(folder), provider, wiki)))
        flow = Flow([clients])
        try:
            for number, person in enumerate(people):
                if number % 100 == 0:
                    say(f"learner {number} of {len(people)}")
                await _live(clients, flow, f"learner-{number}", person)
            return await _counted(clients, provider)
        finally:
            await clients.close()


def _settings(folder: Path, provider: ModelProvider, wiki: WikipediaServer) -> dict[str, str]:
    """Return settings under which nobody waits for a limit: cost is measured here, not pace."""
    prices = PROVIDER_DEFAULTS[PRICED_AS]
    return app_settings(
        folder,
        **{
            **with_provider(provider),
            "LLM__FAKE__PRICE_IN": str(prices["price_in"]),
            "LLM__FAKE__PRICE_OUT": str(prices["price_out"]),
            "LLM__FAKE__REQUESTS_PER_MINUTE": "1000000",
            "LLM__FAKE__REQUESTS_PER_DAY": "1000000",
            "LLM__FAKE__TOKENS_PER_MINUTE": "1000000000",
            "LLM_DAILY_BUDGET_USD": "1000",
            "LEARNER_DAILY_BUDGET_USD": "1000",
            "RESEARCH_SOURCES": "pydoc,wikipedia",
            "RESEARCH__WIKIPEDIA__BASE_URL": wiki.base_url,
        },
    )


async def _live(clients: Clients, flow: Flow, user_id: str, person: Person) -> None:
    request = RoadmapRequest(
        goal=person.goal, skill_level=person.level, learning_style=person.style, weekly_hours=5.0
    )
    created = await RoadmapCreation(clients, flow.orchestrations).create(user_id, request, None)
    await flow.run_all()
    roadmaps = Roadmaps(clients)
    roadmap: Roadmap = await roadmaps.roadmap(user_id, created.id)
    for module_id in roadmap.module_ids(GenerationStatus.COMPLETED)[:LESSONS_READ]:
        [lesson] = (await roadmaps.module_lessons(user_id, module_id, 1, None)).items
        await LessonGeneration(clients, flow.orchestrations).request(user_id, lesson.id)
        await flow.run_all()


async def _counted(clients: Clients, provider: ModelProvider) -> Driven:
    documents, calls = clients.documents, provider.calls()
    heads = await documents.query_across(LessonHead, {}, limit=10 * DRIVEN)
    versions = await documents.query_across(LessonVersion, {}, limit=10 * DRIVEN)
    curricula = await documents.query_across(CurriculumVersion, {}, limit=10 * DRIVEN)
    sources = await documents.query_across(SourceCache, {}, limit=100 * DRIVEN)
    used = await documents.read(ProviderUsage, DayUsage.today(), ProviderUsage.id_of("fake"))
    metadata = [version.generation_metadata for version in versions]
    lesson_tokens = sum(one.prompt_tokens + one.completion_tokens for one in metadata)
    lesson_usd = sum(one.cost_usd for one in metadata)
    all_tokens = used.prompt_tokens + used.completion_tokens
    prices = Prices(
        skeleton_tokens=(all_tokens - lesson_tokens) / len(curricula),
        lesson_tokens=lesson_tokens / len(versions),
        skeleton_usd=(used.cost_usd - lesson_usd) / len(curricula),
        lesson_usd=lesson_usd / len(versions),
        skeleton_calls=(sum(calls.values()) - calls["lesson"]) / len(curricula),
        lesson_calls=calls["lesson"] / len(versions),
    )
    return Driven(
        prices=prices,
        curricula=len(curricula),
        curriculum_hits=sum(one.hits for one in curricula),
        lessons=len(versions),
        lesson_hits=sum(head.hits for head in heads),
        source_answers=len(sources),
        source_hits=sum(one.hits for one in sources),
    )
