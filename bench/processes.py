"""The processes of a benchmark: the app on the local host, and the fake model provider beside it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.figures import ModelSeconds
from shared.settings import AZURE_MARKERS
from tests.support.local_host import ROOT, LocalHost
from tests.support.model_answers import plan

BARE_APP = Path(__file__).parent / "apps" / "bare"
INSTANT = ModelSeconds(plan=0.0, outline=0.0, lesson=0.0)


class Provider:
    """The fake model provider, running as a process of its own."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._root = base_url.removesuffix("/v1")

    def calls(self) -> dict[str, int]:
        """Return how often it was asked, by step."""
        answer = httpx.get(f"{self._root}/calls", trust_env=False)
        counted: dict[str, int] = answer.raise_for_status().json()
        return counted

    def arrivals(self) -> list[float]:
        """Return when its requests arrived, in epoch seconds."""
        answer = httpx.get(f"{self._root}/requests", trust_env=False)
        return [float(received["at"]) for received in answer.raise_for_status().json()]

    def plan_modules(self, subject: str, modules: int) -> None:
        """Have it answer with this many modules whenever it plans the subject."""
        rule = {
            "answer": "content",
            "step": "plan",
            "contains": subject,
            "content": json.dumps(plan(subject, modules)),
        }
        httpx.post(f"{self._root}/script", json=rule, trust_env=False).raise_for_status()


@contextmanager
def model_provider(seconds: ModelSeconds, *, requests_per_minute: int | None = None) -> Iterator[Provider]:
    """Run the fake provider; it takes this long for each call, however many come at once.

    With a limit it answers 429 to what exceeds it in any 60 s.
    """
    command = [sys.executable, "-m", "tests.support.model_provider"]
    command += ["--plan-seconds", str(seconds.plan), "--outline-seconds", str(seconds.outline)]
    command += ["--lesson-seconds", str(seconds.lesson), "--modules", "8"]
    if requests_per_minute is not None:
        command += ["--requests-per-minute", str(requests_per_minute)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for above
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise RuntimeError("the fake model provider did not start")
            yield Provider(base_url)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def environment(folder: Path, provider_url: str = "") -> dict[str, str]:
    """Return the app's settings: nothing leaves this machine, and no quota ends the benchmark.

    The marks of an app on Azure, which some container tools set too, are taken away: this is a developer's
    machine.
    """
    return dict.fromkeys(AZURE_MARKERS, "") | {
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AUTH_MODE": "development",
        "TASK_HUB": "SkillSyncBench",
        "LESSON_QUEUE": "lesson-generation",
        "SQLITE_PATH": str(folder / "skillsync.db"),
        "COSMOS_ENDPOINT": "",
        "ServiceBusConnection": "",
        "GENERATION": "on",
        "LLM_CHAIN": "bench",
        "LLM__BENCH__BASE_URL": provider_url or "http://127.0.0.1:9/v1",
        "LLM__BENCH__MODEL": "fake",
        "RESEARCH_SOURCES": "pydoc",
        "QUOTA_ROADMAPS_PER_DAY": "100000",
        "QUOTA_LESSONS_PER_DAY": "100000",
    }


@contextmanager
def app_host(
    provider: Provider, *, workers: int = 1, settings: Mapping[str, str] | None = None
) -> Iterator[LocalHost]:
    """Run the app on the local host as `make serve` does, with data that is gone afterwards."""
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        surroundings = environment(folder, provider.base_url) | dict(settings or {})
        with LocalHost(ROOT, env=surroundings, data=folder / "host", workers=workers) as host:
            yield host


@contextmanager
def bare_host() -> Iterator[LocalHost]:
    """Run an app of one bare function on the local host, with the host.json of the real one."""
    with TemporaryDirectory(prefix="bench-bare-") as name:
        folder = Path(name)
        (folder / "function_app.py").write_text((BARE_APP / "function_app.py").read_text())
        (folder / "host.json").write_text((ROOT / "host.json").read_text())
        with LocalHost(folder, env=environment(folder), data=folder / "host") as host:
            yield host
