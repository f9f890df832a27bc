"""(c) What a lesson that is written already costs over HTTP, beside a function that does nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

import httpx

from bench.figures import Spread, percentile
from bench.learner import Learner, http_client
from bench.processes import INSTANT, app_host, bare_host, model_provider
from bench.progress import say
from bench.results import Measurement, Row

ROUNDS = 3
LEARNERS_PER_ROUND = 4
SUBJECT = "Python"
FOCUS = "bench cache"
METHOD = (
    "Two local hosts with the same host.json side by side, one client, one request at a time, three kinds "
    "in turns: a bare function; GET of a completed lesson; POST /generate of a lesson that another learner's "
    f"request has written (it links the lesson, so it writes documents). {ROUNDS} rounds."
)


@dataclass(slots=True)
class _Round:
    """Milliseconds of each request of one round, by kind."""

    bare: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)


def measure() -> Measurement:
    """Run the measurement."""
    return asyncio.run(_measure())


async def _measure() -> Measurement:
    with (
        model_provider(INSTANT) as provider,
        app_host(provider) as host,
        bare_host() as bare,
    ):
        async with http_client(host.url) as app_client, http_client(bare.url) as bare_client:
            say("the lessons of one roadmap, which the others will share")
            author = Learner(app_client, "bench-author")
            written = await author.lesson_ids((await author.create_roadmap(SUBJECT, FOCUS)).id)
            await asyncio.gather(*(author.generate_lesson(lesson_id) for lesson_id in written))
            rounds = []
            for number in range(1, ROUNDS + 1):
                say(f"bare function, cached lesson, lesson from the library: {number} of {ROUNDS}")
                readers = [
                    Learner(app_client, f"bench-reader-{number}-{reader}")
                    for reader in range(LEARNERS_PER_ROUND)
                ]
                rounds.append(await _round(bare_client, readers))
    return Measurement("Cached lesson over a bare function", METHOD, _rows(rounds))


async def _round(bare: httpx.AsyncClient, learners: Sequence[Learner]) -> _Round:
    """Have every learner take every lesson from the library and read it."""
    found = _Round()
    for learner in learners:
        lesson_ids = await learner.lesson_ids((await learner.create_roadmap(SUBJECT, FOCUS)).id)
        for lesson_id in lesson_ids:
            found.bare.append(await _milliseconds(bare.get("/api/bare")))
            found.taken.append(await _milliseconds(learner.take_lesson(lesson_id)))
            found.read.append(await _milliseconds(learner.read_lesson(lesson_id)))
    return found


async def _milliseconds(request: Awaitable[object]) -> float:
    began = time.perf_counter()
    await request
    return 1000 * (time.perf_counter() - began)


def _rows(rounds: Sequence[_Round]) -> list[Row]:
    def row(what: str, percent: int, values: Sequence[Sequence[float]]) -> Row:
        return Row(f"{what}, p{percent}", Spread.of([percentile(each, percent) for each in values]), "ms")

    def ratio(what: str, values: Sequence[Sequence[float]]) -> Row:
        ratios = [
            percentile(each, 50) / percentile(round_.bare, 50)
            for each, round_ in zip(values, rounds, strict=True)
        ]
        return Row(what, Spread.of(ratios), "×")

    bare, read, taken = ([getattr(each, kind) for each in rounds] for kind in ("bare", "read", "taken"))
    return [
        row("bare function", 50, bare),
        row("bare function", 95, bare),
        row("GET /lessons/{id}", 50, read),
        row("GET /lessons/{id}", 95, read),
        ratio("  over the bare function, p50", read),
        row("POST /lessons/{id}/generate", 50, taken),
        row("POST /lessons/{id}/generate", 95, taken),
        ratio("  over the bare function, p50", taken),
    ]
