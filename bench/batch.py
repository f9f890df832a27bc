"""(h) What a learner waits for a lesson while the lessons of batches wait as well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import ModelSeconds, Spread, percentile
from bench.learner import Learner, Run, http_client
from bench.processes import Provider, environment, model_provider
from bench.progress import say
from bench.results import Measurement, Row
from tests.support.local_host import ROOT, LocalHost

LESSONS_WAITING = 500
LESSONS_OF_A_ROADMAP = 24
ASKED = 20
PACE_SECONDS = 3.0
LIMIT = 100
AT_ONCE = 10
MODEL = ModelSeconds(plan=0.2, outline=0.2, lesson=2.0)
METHOD = (
    f"A provider that takes {LIMIT} requests in any 60 s and {MODEL.lesson:g} s for a lesson; two app "
    f"processes. A learner asks for a lesson every {PACE_SECONDS:g} s, {ASKED} times: first with nobody "
    f"else, then while {LESSONS_WAITING} lessons of batches wait. Judged: the 95th percentile, from the "
    "request until the lesson is stored, with batches over without; and the most requests that arrived at "
    "the provider in any 60 s over its limit."
)


def measure() -> Measurement:
    """Make the roadmaps without a limit, then measure with one."""
    with TemporaryDirectory(prefix="bench-batch-") as name, model_provider(MODEL) as provider:
        folder = Path(name)
        with _host(folder, provider, {}) as host:
            idle, busy, batches = asyncio.run(_roadmaps(host.url))
        limits = {"LLM__BENCH__REQUESTS_PER_MINUTE": str(LIMIT)}
        with _host(folder, provider, limits) as host:
            began = time.time()
            found = asyncio.run(_measure(host.url, provider, idle, busy, batches))
            fullest = _fullest([at for at in provider.arrivals() if at > began])
    limit = Row("most in any 60 s over the limit", Spread.of([fullest / LIMIT]), "×", 1.0)
    return Measurement(f"A learner beside {LESSONS_WAITING} lessons of batches", METHOD, [*found, limit])


@contextmanager
def _host(folder: Path, provider: Provider, settings: dict[str, str]) -> Iterator[LocalHost]:
    surroundings = environment(folder, provider.base_url) | settings
    with LocalHost(ROOT, env=surroundings, data=folder / "host", workers=2) as host:
        yield host


# A learner and one of their roadmaps.
Owned = tuple[str, str]


async def _roadmaps(url: str) -> tuple[list[Owned], list[Owned], list[Owned]]:
    """Make the roadmaps of those who ask alone, of those who ask beside batches, and of the batches."""
    batches = -(-LESSONS_WAITING // LESSONS_OF_A_ROADMAP)
    names = [f"bench-{kind}-{number}" for kind in ("idle", "busy") for number in range(ASKED)]
    names += [f"bench-batch-{number}" for number in range(batches)]
    made: list[Owned] = []
    async with http_client(url) as client:
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            say(f"roadmaps {start + 1} to {start + len(some)} of {len(names)}")
            runs = await asyncio.gather(
                *(Learner(client, name).create_roadmap("Python", name) for name in some)
            )
            made += [(name, run.id) for name, run in zip(some, runs, strict=True)]
    return made[:ASKED], made[ASKED : 2 * ASKED], made[2 * ASKED :]


async def _measure(
    url: str, provider: Provider, idle: Sequence[Owned], busy: Sequence[Owned], batches: Sequence[Owned]
) -> list[Row]:
    async with http_client(url) as client:
        first = [await _first_lesson(Learner(client, name), roadmap_id) for name, roadmap_id in idle]
        second = [await _first_lesson(Learner(client, name), roadmap_id) for name, roadmap_id in busy]
        say(f"{ASKED} lessons, nobody else")
        alone = await _asked([Learner(client, name) for name, _ in idle], first)
        say(f"batches of {LESSONS_WAITING} lessons begin")
        learners = [Learner(client, name) for name, _ in batches]
        queued = [
            await learner.generate_modules(roadmap_id)
            for learner, (_, roadmap_id) in zip(learners, batches, strict=True)
        ]
        await asyncio.sleep(30)  # until the window is as full as batches may make it
        before = provider.calls()["lesson"]
        say(f"{ASKED} lessons, with batches waiting")
        beside = await _asked([Learner(client, name) for name, _ in busy], second)
        written = provider.calls()["lesson"] - before - ASKED
        waiting = sum(
            [
                await learner.lessons_waiting(roadmap_id)
                for learner, (_, roadmap_id) in zip(learners, batches, strict=True)
            ]
        )
    return [
        Row("95th percentile over that without", Spread.of([_p95(beside) / _p95(alone)]), "×", 1.5),
        Row("  without batches", Spread.of([run.seconds for run in alone]), "s"),
        Row("  without, 95th percentile", Spread.of([_p95(alone)]), "s"),
        Row("  with batches", Spread.of([run.seconds for run in beside]), "s"),
        Row("  with, 95th percentile", Spread.of([_p95(beside)]), "s"),
        Row("  lessons in batches", Spread.of([sum(queued)]), "lessons"),
        Row("  calls for batches meanwhile", Spread.of([written]), "calls"),
        Row("  lessons that still wait then", Spread.of([waiting]), "lessons"),
    ]


async def _first_lesson(learner: Learner, roadmap_id: str) -> str:
    return (await learner.lesson_ids(roadmap_id))[0]


async def _asked(learners: Sequence[Learner], lesson_ids: Sequence[str]) -> list[Run]:
    """Let learners ask at the pace, whether or not the one before has got an answer."""

    async def after(seconds: float, learner: Learner, lesson_id: str) -> Run:
        await asyncio.sleep(seconds)
        return await learner.generate_lesson(lesson_id)

    return await asyncio.gather(
        *(
            after(number * PACE_SECONDS, learner, lesson_id)
            for number, (learner, lesson_id) in enumerate(zip(learners, lesson_ids, strict=True))
        )
    )


def _p95(runs: Sequence[Run]) -> float:
    return percentile([run.seconds for run in runs], 95)


def _fullest(arrivals: Sequence[float]) -> int:
    """Return the most requests of any 60 s, of those that came under the limit."""
    return max((sum(end - 60 < at <= end for at in arrivals) for end in arrivals), default=0)
