"""(a) How much a skeleton and a lesson take over the time of the model calls that they must wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import ModelSeconds, Spread
from bench.learner import Learner, Run, http_client
from bench.processes import app_host, model_provider
from bench.progress import say
from bench.results import Measurement, Row

MODEL = ModelSeconds(plan=2.0, outline=1.5, lesson=4.0)
REPETITIONS = 3
MANY = 20
LIMIT_ONE = 1.10
LIMIT_MANY = 1.25
METHOD = (
    f"8 modules; a model provider in a process of its own takes {MODEL.plan:g} s for a plan, "
    f"{MODEL.outline:g} s for an outline, {MODEL.lesson:g} s for a lesson. Judged: from the first POST until "
    "the last document says completed (its updated_at), over the critical path. 'Seen' is when a client's "
    "long poll came back. Nothing is cached: every learner has a focus of their own."
)


Runs = Sequence[Run]


@dataclass(frozen=True, slots=True)
class _Wave:
    """Some learners at once: each creates a roadmap, then each has its first lesson written."""

    skeletons: Runs
    lessons: Runs


def measure() -> Measurement:
    """Run the measurement."""
    return asyncio.run(_measure())


async def _measure() -> Measurement:
    with model_provider(MODEL) as provider, app_host(provider) as host:
        say("first roadmap and lesson after the start")
        first = await _wave(host.url, "first", 1)
        ones, manys = [], []
        for repetition in range(1, REPETITIONS + 1):
            say(f"one learner, {repetition} of {REPETITIONS}")
            ones.append(await _wave(host.url, f"one-{repetition}", 1))
            say(f"{MANY} learners at once, {repetition} of {REPETITIONS}")
            manys.append(await _wave(host.url, f"many-{repetition}", MANY))
    skeletons = _rows(
        "skeleton",
        MODEL.skeleton_path,
        first.skeletons,
        [wave.skeletons for wave in ones],
        [wave.skeletons for wave in manys],
    )
    lessons = _rows(
        "lesson",
        MODEL.lesson_path,
        first.lessons,
        [wave.lessons for wave in ones],
        [wave.lessons for wave in manys],
    )
    return Measurement("Generation over its critical path", METHOD, [*skeletons, *lessons])


async def _wave(url: str, name: str, size: int) -> _Wave:
    async with http_client(url) as client:
        learners = [Learner(client, f"bench-{name}-{number}") for number in range(size)]
        skeletons = await asyncio.gather(
            *(
                learner.create_roadmap("Python", f"bench {name} {number}")
                for number, learner in enumerate(learners)
            )
        )
        lesson_ids = [
            (await learner.lesson_ids(run.id))[0] for learner, run in zip(learners, skeletons, strict=True)
        ]
        lessons = await asyncio.gather(
            *(
                learner.generate_lesson(lesson_id)
                for learner, lesson_id in zip(learners, lesson_ids, strict=True)
            )
        )
    return _Wave(skeletons, lessons)


def wall_seconds(runs: Runs) -> float:
    """Return how long runs that began together took: from the first request to the last end."""
    return max(run.ended for run in runs) - min(run.began for run in runs)


def _rows(what: str, path: float, first: Runs, ones: Sequence[Runs], manys: Sequence[Runs]) -> list[Row]:
    rows = [
        *_judged(f"{what}, one", path, ones, LIMIT_ONE),
        *_judged(f"{what}, {MANY} at once", path, manys, LIMIT_MANY),
    ]
    each = [run.seconds / path for runs in manys for run in runs]
    rows.insert(-1, Row("  each by itself", Spread.of(each), "×"))
    return [*rows, Row(f"{what}, first after the start", Spread.of([wall_seconds(first) / path]), "×")]


def _judged(what: str, path: float, waves: Sequence[Runs], limit: float) -> list[Row]:
    seen = [run.seconds_until_seen for runs in waves for run in runs]
    walls = [wall_seconds(runs) / path for runs in waves]
    return [Row(what, Spread.of(walls), "×", limit), Row("  seen", Spread.of(seen), "s")]
