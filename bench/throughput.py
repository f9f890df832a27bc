"""(e) How many requests three limited providers serve for two instances, next to spacing in each instance."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import ModelSeconds, Spread
from bench.processes import Provider, model_provider
from bench.progress import say
from bench.results import Measurement, Row
from tests.support.local_host import ROOT

LIMITS = (20, 30, 10)
INSTANCES = 2
SECONDS = 70
MINUTE = 60.0
MODEL = ModelSeconds(plan=1.0, outline=1.0, lesson=1.0)
METHOD = (
    f"Three providers that take {LIMITS[0]}, {LIMITS[1]} and {LIMITS[2]} requests in any 60 s and answer "
    f"429 to more; {INSTANCES} processes with 60 requests under way each, for {SECONDS} s. Judged: the "
    "sum of the limits over what was answered within 60 s (0.95 of it is a ratio of 1.05), and the most "
    "that arrived at a provider in any 60 s over its limit. Beside it, at the same time on providers of "
    "their own: a chain that keeps a pause between requests in each instance and goes on to the next "
    "provider after a failure."
)


def measure() -> Measurement:
    """Run both ways at once: neither computes much, both wait for the minute to pass."""
    say(f"requests in 60 s against the providers' limits ({SECONDS} s)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-limits-")))
        providers = {
            way: [stack.enter_context(model_provider(MODEL, requests_per_minute=most)) for most in LIMITS]
            for way in ("shared", "spaced")
        }
        began = time.time()
        running = {
            way: [_instance(way, folder, providers[way]) for _ in range(INSTANCES)] for way in providers
        }
        answers = {
            way: [at for one in instances for at in _answers(one)] for way, instances in running.items()
        }
        fullest = [
            _most_in_a_minute(provider.arrivals()) / most
            for provider, most in zip(providers["shared"], LIMITS, strict=True)
        ]
        refused = sum(len(provider.arrivals()) for provider in providers["spaced"]) - len(answers["spaced"])
    served = {way: len([at for at in found if at - min(found) <= MINUTE]) for way, found in answers.items()}
    say(f"done after {time.time() - began:.0f} s")
    return Measurement(
        "Requests served against the sum of the limits",
        METHOD,
        [
            _row("limits over answered in 60 s", sum(LIMITS) / max(served["shared"], 1), "×", 1.05),
            _row("  answered in 60 s", served["shared"], "requests"),
            _row("most in any 60 s over a limit", max(fullest), "×", 1.0),
            _row("  spaced in each instance: answered", served["spaced"], "requests"),
            _row("  spaced in each instance: failed or left", refused, "requests"),
        ],
    )


def _row(what: str, value: float, unit: str, limit: float | None = None) -> Row:
    return Row(what, Spread.of([value]), unit, limit)


def _instance(way: str, folder: Path, providers: list[Provider]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.turns", way, str(folder / f"{way}.db"), str(SECONDS)]
    for provider, most in zip(providers, LIMITS, strict=True):
        command += [provider.base_url, str(most)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _answers(instance: subprocess.Popen[str]) -> list[float]:
    output, _ = instance.communicate(timeout=SECONDS + 60)
    if instance.returncode:
        raise RuntimeError("an instance did not end well")
    found: list[float] = json.loads(output)
    return found


def _most_in_a_minute(arrivals: list[float]) -> int:
    return max((len([at for at in arrivals if end - MINUTE < at <= end]) for end in arrivals), default=0)
