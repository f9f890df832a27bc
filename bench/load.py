"""(j) What the app does under load: thousands of messages and hundreds of roadmaps at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import httpx

from bench.figures import ModelSeconds, Spread, percentile
from bench.learner import Learner, http_client
from bench.memory import MemorySampler
from bench.processes import app_host, model_provider
from bench.progress import say
from bench.results import Measurement, Row
from bench.status_reads import StatusReads
from shared.models.messages import lesson_message
from tests.support.local_host import LocalHost

MODEL = ModelSeconds(plan=2.0, outline=1.5, lesson=4.0)
PROCESSES = 2
SUBJECTS = 25
LEARNERS_PER_SUBJECT = 4
LESSONS_EACH = 20
MESSAGES = SUBJECTS * LEARNERS_PER_SUBJECT * LESSONS_EACH
ROADMAPS = 200
READS_PER_SECOND = 10
LIMIT_READ_MS = 100.0
LIMIT_MEGABYTES = 512.0
PATIENCE_SECONDS = 900.0
LOOK_SECONDS = 0.5
MESSAGES_PER_SEND = 100
METHOD = (
    f"{MESSAGES:,} messages on the embedded broker (each of {SUBJECTS * LEARNERS_PER_SUBJECT} learners asks "
    f"for {LESSONS_EACH} lessons of a roadmap; {SUBJECTS * LESSONS_EACH} of the lessons differ) and "
    f"{ROADMAPS} roadmaps of 8 modules with a focus of their own, all at once, on {PROCESSES} app processes; "
    f"a model provider in a process of its own takes {MODEL.plan:g} s for a plan, {MODEL.outline:g} s for an "
    f"outline, {MODEL.lesson:g} s for a lesson. Meanwhile {READS_PER_SECOND} statuses a second are read, "
    "those of roadmaps and of lessons, each begun in its time however long others take. Judged: what has not "
    "ended, the reads, and the most that any process held in memory. 'Before' and 'after' are the memory "
    "before the load and five seconds after its end."
)


@dataclass(frozen=True, slots=True)
class Asker:
    """A learner with a roadmap, who has lessons written by message."""

    name: str
    roadmap_id: str
    lesson_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Load:
    """What was seen."""

    seconds: float
    unfinished: int
    reads_ms: Sequence[float]
    memory: dict[str, list[float]]
    before: dict[str, float]


def measure() -> Measurement:
    """Run the load once: it takes some minutes."""
    say(f"load: {MESSAGES:,} messages and {ROADMAPS} roadmaps at once")
    with model_provider(MODEL) as provider, app_host(provider, workers=PROCESSES) as host:
        load = asyncio.run(_Loading(host).run())
        calls = sum(provider.calls().values())
    say(f"load: ended after {load.seconds:.0f} s, {calls} model calls")
    reads = Spread(percentile(load.reads_ms, 50), min(load.reads_ms), max(load.reads_ms), len(load.reads_ms))
    p95 = Spread(percentile(load.reads_ms, 95), reads.low, reads.high, reads.samples)
    most = max(max(samples) for samples in load.memory.values())
    return Measurement(
        "Load: messages and roadmaps at once",
        METHOD,
        [
            _row("not ended", load.unfinished, "things", 0.0),
            _row("  until all had ended", load.seconds, "s"),
            _row("  model calls", calls, "calls"),
            Row("status read, p95", p95, "ms", LIMIT_READ_MS),
            Row("  p50", reads, "ms"),
            _row("most memory of a process", most, "MB", LIMIT_MEGABYTES),
            *_memory_rows(load),
        ],
    )


def _row(what: str, value: float, unit: str, limit: float | None = None) -> Row:
    return Row(what, Spread.of([value]), unit, limit)


def _memory_rows(load: Load) -> list[Row]:
    rows = []
    for part, samples in sorted(load.memory.items()):
        rows.append(_row(f"  {part}: before", load.before[part], "MB"))
        rows.append(_row("    most", max(samples), "MB"))
        rows.append(_row("    after", samples[-1], "MB"))
    return rows


def _statuses(askers: Sequence[Asker]) -> list[tuple[str, str]]:
    """Return what is read meanwhile: each learner's roadmap, and a lesson that is being waited for."""
    return [
        (asker.name, path)
        for number, asker in enumerate(askers)
        for path in (
            f"/api/roadmaps/{asker.roadmap_id}/status",
            f"/api/lessons/{asker.lesson_ids[number % LESSONS_EACH]}/status",
        )
    ]


class _Loading:
    """One run against a host."""

    def __init__(self, host: LocalHost) -> None:
        self._host = host
        self._sampler = MemorySampler(host)

    async def run(self) -> Load:
        async with http_client(self._host.url) as client:
            askers = await self._prepared(client)
            say("load: prepared")
            self._sampler.take()
            before = {part: samples[-1] for part, samples in self._sampler.samples.items()}
            reads = StatusReads(self._host.url, _statuses(askers), READS_PER_SECOND)
            sampling = asyncio.create_task(self._sampler.run())
            began = time.monotonic()
            created = asyncio.create_task(self._create_roadmaps(client))
            await self._send(askers)
            roadmaps = await created
            say(f"load: all is asked for after {time.monotonic() - began:.0f} s")
            unfinished = await self._until_ended(client, askers, roadmaps, began)
            seconds = time.monotonic() - began
            reads_ms = await asyncio.to_thread(reads.stop)
            await asyncio.sleep(5)
            self._sampler.take()
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
        return Load(seconds, unfinished, reads_ms, self._sampler.samples, before)

    # ------------------------------------------------------------------ before
    async def _prepared(self, client: httpx.AsyncClient) -> list[Asker]:
        """Create the roadmaps whose lessons are asked for; the first of a subject plans it for the others."""
        names = [[f"asker-{s}-{n}" for n in range(LEARNERS_PER_SUBJECT)] for s in range(SUBJECTS)]
        askers: list[Asker] = []
        for round_ in zip(*names, strict=True):
            askers += await asyncio.gather(
                *(self._asker(client, name, f"Subject {s}") for s, name in enumerate(round_))
            )
        return askers

    @staticmethod
    async def _asker(client: httpx.AsyncClient, name: str, subject: str) -> Asker:
        learner = Learner(client, name)
        run = await learner.create_roadmap(subject)
        return Asker(name, run.id, (await learner.lesson_ids(run.id))[:LESSONS_EACH])

    # ------------------------------------------------------------------ the load
    async def _create_roadmaps(self, client: httpx.AsyncClient) -> list[tuple[str, str]]:
        """Ask for all roadmaps at once; returns who asked for which."""

        async def create(number: int) -> tuple[str, str]:
            name = f"planner-{number}"
            answer = await client.post(
                "/api/roadmaps",
                json={
                    "goal": "Learn it",
                    "subject": "Gardening",
                    "focus": f"focus {number}",
                    "skill_level": "beginner",
                    "weekly_hours": 5,
                    "learning_style": "reading",
                },
                headers={"X-User-Id": name},
            )
            roadmap_id: str = answer.raise_for_status().json()["roadmap_id"]
            return name, roadmap_id

        return list(await asyncio.gather(*map(create, range(ROADMAPS))))

    async def _send(self, askers: Sequence[Asker]) -> None:
        """Send all messages, those of different learners mixed."""
        from azure.servicebus import ServiceBusMessage
        from azure.servicebus.aio import ServiceBusClient

        bodies = [
            lesson_message(asker.name, asker.lesson_ids[number])
            for number in range(LESSONS_EACH)
            for asker in askers
        ]
        async with (
            ServiceBusClient.from_connection_string(self._host.service_bus()) as client,
            client.get_queue_sender("lesson-generation") as sender,
        ):
            for start in range(0, len(bodies), MESSAGES_PER_SEND):
                await sender.send_messages(
                    [
                        ServiceBusMessage(json.dumps(body), message_id=f"{body['lesson_id']}:1")
                        for body in bodies[start : start + MESSAGES_PER_SEND]
                    ]
                )

    async def _until_ended(
        self,
        client: httpx.AsyncClient,
        askers: Sequence[Asker],
        roadmaps: Sequence[tuple[str, str]],
        began: float,
    ) -> int:
        """Wait for one thing after the other, so that waiting is no load; returns how much has not ended."""
        left = 0
        for name, roadmap_id in roadmaps:
            left += await self._left(partial(self._unplanned, client, name, roadmap_id), began)
        say(f"load: all but {left} roadmaps have ended after {time.monotonic() - began:.0f} s")
        for asker in askers:
            left += await self._left(partial(self._unwritten, client, asker), began)
        return left

    @staticmethod
    async def _left(count: Callable[[], Awaitable[int]], began: float) -> int:
        """Count until nothing is left or patience is over."""
        left = await count()
        while left and time.monotonic() - began < PATIENCE_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            left = await count()
        return left

    @staticmethod
    async def _unplanned(client: httpx.AsyncClient, name: str, roadmap_id: str) -> int:
        status = (await client.get(f"/api/roadmaps/{roadmap_id}/status", headers={"X-User-Id": name})).json()
        return int(status["status"] not in ("completed", "failed", "canceled"))

    @staticmethod
    async def _unwritten(client: httpx.AsyncClient, asker: Asker) -> int:
        path = f"/api/roadmaps/{asker.roadmap_id}/status"
        progress = (await client.get(path, headers={"X-User-Id": asker.name})).json()["progress"]
        ended: int = progress["lessons_completed"] + progress["lessons_failed"]
        return LESSONS_EACH - ended
