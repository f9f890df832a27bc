"""(f) Many learners who want one lesson: how often the model is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.figures import ModelSeconds, Spread
from bench.learner import Learner, http_client
from bench.processes import Provider, app_host, model_provider
from bench.progress import say
from bench.results import Measurement, Row

LEARNERS = 200
WAVE = 10
MODEL = ModelSeconds(plan=0.5, outline=0.5, lesson=4.0)
METHOD = (
    f"{LEARNERS} learners have the same roadmap (from the curriculum cache but for the first) and ask "
    f"for its first lesson at the same time; the model takes {MODEL.lesson:g} s. Judged: calls of the "
    "model for that lesson."
)


def measure() -> Measurement:
    """Run the measurement."""
    with model_provider(MODEL) as provider, app_host(provider) as host:
        return asyncio.run(_measure(host.url, provider))


async def _measure(url: str, provider: Provider) -> Measurement:
    async with http_client(url) as client:
        learners = [Learner(client, f"bench-shared-{number}") for number in range(LEARNERS)]
        lessons = [await _first_lesson(learners[0])]
        for start in range(1, LEARNERS, WAVE):
            say(f"roadmaps of learners {start} to {min(start + WAVE, LEARNERS) - 1}")
            lessons += await asyncio.gather(*map(_first_lesson, learners[start : start + WAVE]))
        say(f"{LEARNERS} learners ask for one lesson")
        waits = await asyncio.gather(*map(_waited, learners, lessons))
    calls = provider.calls()
    rows = [
        Row("model calls for the lesson", Spread.of([calls["lesson"]]), "calls", 1.0),
        Row("  model calls for the roadmaps", Spread.of([calls["plan"] + calls["outline"]]), "calls"),
        _seconds(waits),
    ]
    return Measurement(f"{LEARNERS} learners, one lesson", METHOD, rows)


async def _first_lesson(learner: Learner) -> str:
    roadmap = await learner.create_roadmap("Python")
    return (await learner.lesson_ids(roadmap.id))[0]


async def _waited(learner: Learner, lesson_id: str) -> float:
    run = await learner.generate_lesson(lesson_id)
    return run.seconds_until_seen


def _seconds(waits: Sequence[float]) -> Row:
    return Row("  from asking to seeing it", Spread.of(waits), "s")
