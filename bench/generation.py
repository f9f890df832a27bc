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
PROCESSES = 2
LIMIT_ONE = 1.10
LIMIT_MANY = 1.25
METHOD = (
    f"8 modules; a model provider in a process of its own takes {MODEL.plan:g} s for a plan, "
    f"{MODEL.outline:g} s for an outline, {MODEL.lesson:g} s for a lesson. Judged: from the first POST until "
    "the last document says completed (its updated_at), over the critical path. 'Seen' is when a client's "
    "long poll came back. Nothing is cached: every learner has a focus of their own. One app process, except "
    "where more are named."
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
    with model_provider(MODEL) as provider:
        with app_host(provider) as host:
            say("first roadmap and lesson after the start")
            first = await _wave(host.url, "first", 1)
            ones, manys = [], []
            for repetition in range(1, REPETITIONS + 1):
                say(f"one learner, {repetition} of {REPETITIONS}")
                ones.append(await _wave(host.url, f"one-{repetition}", 1))
                say(f"{MANY} learners at once, {repetition} of {REPETITIONS}")
                manys.append(await _wave(host.url, f"many-{repetition}", MANY))
        with app_host(provider, workers=PROCESSES) as host:
            say(f"{MANY} learners at once on {PROCESSES} app processes")
            await _wave(host.url, "first", 2 * PROCESSES)
            scaled = [await _wave(host.url, f"scaled-{number}", MANY) for number in range(2)]
    rows = [
        *_rows(
            "skeleton",
            MODEL.skeleton_path,
            first.skeletons,
            [wave.skeletons for wave in ones],
            [wave.skeletons for wave in manys],
            [wave.skeletons for wave in scaled],
        ),
        *_rows(
            "lesson",
            MODEL.lesson_path,
            first.lessons,
            [wave.lessons for wave in ones],
            [wave.lessons for wave in manys],
            [wave.lessons for wave in scaled],
        ),
    ]
    return Measurement("Generation over its critical path", METHOD, rows)


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


def _rows(
    what: str,
    path: float,
    first: Runs,
    ones: Sequence[Runs],
    manys: Sequence[Runs],
    scaled: Sequence[Runs],
) -> list[Row]:
    each = [run.seconds / path for runs in manys for run in runs]
    return [
        *_judged(f"{what}, one", path, ones, LIMIT_ONE),
        Row("  first after the start", Spread.of(_walls(path, [first])), "×"),
        *_judged(f"{what}, {MANY} at once", path, manys, LIMIT_MANY),
        Row("  each by itself", Spread.of(each), "×"),
        Row(f"  on {PROCESSES} app processes", Spread.of(_walls(path, scaled)), "×"),
    ]


def _judged(what: str, path: float, waves: Sequence[Runs], limit: float) -> list[Row]:
    seen = [run.seconds_until_seen for runs in waves for run in runs]
    return [Row(what, Spread.of(_walls(path, waves)), "×", limit), Row("  seen", Spread.of(seen), "s")]


def _walls(path: float, waves: Sequence[Runs]) -> list[float]:
    return [wall_seconds(runs) / path for runs in waves]
