"""(d) How the orchestration of a roadmap grows with its modules."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable

import httpx

from bench.figures import Spread, growth
from bench.learner import Learner, http_client
from bench.processes import INSTANT, Provider, app_host, model_provider
from bench.progress import say
from bench.replay_cost import ReplayCost, replay_cost, roadmap_handle
from bench.results import Measurement, Row
from tests.support.local_host import LocalHost

SIZES = (4, 8, 16, 24)
REPETITIONS = 5
METHOD = (
    "History and CPU: the SDK's replay on its own, outlines coming back one by one (a turn for each). Wall: "
    f"POST until completed on the local host with a provider that answers at once. {REPETITIONS} times each. "
    "'Each further module' compares neighbouring sizes: the closer its values, the more linear the growth."
)


def measure() -> Measurement:
    """Run the measurement."""
    say(f"replay of the orchestrator with {', '.join(map(str, SIZES))} modules")
    handle = roadmap_handle()
    replay_cost(handle, SIZES[0])  # imports and caches of the SDK
    costs = {size: [replay_cost(handle, size) for _ in range(REPETITIONS)] for size in SIZES}
    walls, shown = asyncio.run(_on_the_host())
    return Measurement("Orchestration of a roadmap by its modules", METHOD, _rows(costs, walls, shown))


async def _on_the_host() -> tuple[dict[int, list[float]], dict[int, int]]:
    """Return the wall milliseconds of real roadmaps, and how many entries the management API shows."""
    walls: dict[int, list[float]] = {size: [] for size in SIZES}
    shown: dict[int, int] = {}
    with model_provider(INSTANT) as provider, app_host(provider) as host:
        async with http_client(host.url) as client:
            await Learner(client, "bench-first").create_roadmap("Python", "bench first")
            for repetition in range(1, REPETITIONS + 1):
                say(f"roadmaps of {', '.join(map(str, SIZES))} modules, {repetition} of {REPETITIONS}")
                for size in SIZES:
                    seconds, shown[size] = await _roadmap(client, provider, host, size, repetition)
                    walls[size].append(1000 * seconds)
    return walls, shown


async def _roadmap(
    client: httpx.AsyncClient, provider: Provider, host: LocalHost, size: int, repetition: int
) -> tuple[float, int]:
    learner = Learner(client, f"bench-{size}-{repetition}")
    # The plan's rule goes by subject: a subject for each size, a focus for each repetition.
    subject = f"Pottery {size}"
    provider.plan_modules(subject, size)
    run = await learner.create_roadmap(subject, f"bench {repetition}")
    found = len((await learner.roadmap(run.id))["modules"])
    if found != size:
        raise RuntimeError(f"the roadmap has {found} modules, not {size}")
    status = await client.get(
        f"/runtime/webhooks/durabletask/instances/roadmap-{run.id}-1",
        params={"showHistory": "true", "code": host.keys()["systemKeys"]["durabletask_extension"]},
    )
    return run.seconds, len(status.raise_for_status().json()["historyEvents"])


def _rows(
    costs: dict[int, list[ReplayCost]], walls: dict[int, list[float]], shown: dict[int, int]
) -> list[Row]:
    rows = []
    for size in SIZES:
        named = f"{size} modules"
        last = costs[size][-1]
        rows += [
            Row(f"{named}, history", Spread.of([last.events]), "events"),
            Row("  shown by the management API", Spread.of([shown[size]]), "events"),
            Row("  turns", Spread.of([last.turns]), "turns"),
            Row("  CPU, all turns", Spread.of([cost.all_turns_ms for cost in costs[size]]), "ms"),
            Row("  CPU, longest turn", Spread.of([cost.longest_turn_ms for cost in costs[size]]), "ms"),
            Row("  wall, on the host", Spread.of(walls[size]), "ms"),
        ]

    def each_further(what: str, unit: str, value_of: Callable[[int], float]) -> Row:
        per_module = growth({size: value_of(size) for size in SIZES})
        return Row(f"  {what}", Spread.of(per_module), unit)

    def cpu(size: int, field: str) -> float:
        return statistics.median(float(getattr(cost, field)) for cost in costs[size])

    rows += [
        Row(
            "each further module", Spread.of(growth({s: float(costs[s][0].events) for s in SIZES})), "events"
        ),
        each_further("CPU, all turns", "ms", lambda size: cpu(size, "all_turns_ms")),
        each_further("CPU, longest turn", "ms", lambda size: cpu(size, "longest_turn_ms")),
        each_further("wall, on the host", "ms", lambda size: statistics.median(walls[size])),
    ]
    return rows
