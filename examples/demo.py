"""From a goal to a lesson, live, on a bare machine: `make demo`.

Starts the local host with no keys, creates a roadmap, follows its status, has the first lesson written,
prints it, says where everything is stored, and stops the host. Exits 0 only when a completed, sourced lesson
came back.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
LEARNER = {"X-User-Id": "demo-learner"}
GOAL = {
    "goal": "Learn Python",
    "skill_level": "beginner",
    "weekly_hours": 5,
    "learning_style": "hands_on",
}
PATIENCE_SECONDS = 180
LETTERS = "ABCD"
BOLD, DIM, GREEN, RED, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("",) * 5
)

Body = dict[str, Any]


class DemoFailed(Exception):
    """The demo did not get what it is meant to show."""


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


class Folder:
    """Where the demo keeps what it makes; emptied at each start."""

    def __init__(self, path: Path) -> None:
        self.host = path / "host"
        self.log = path / "host.log"
        self.store = path / "skillsync.db"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)


def _client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers=LEARNER, timeout=60, trust_env=False)


def _environment(folder: Folder) -> dict[str, str]:
    """Return the surroundings of the host: this machine's, without any key or cloud that they may name."""
    clouds = ("AZURE_", "COSMOS_", "CONTAINER_NAME", "ServiceBus", "WEBSITE_")
    foreign = (*clouds, "GENERATION", "JWT_", "LLM_", "QUOTA_", "RESEARCH_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AUTH_MODE": "development",
        "TASK_HUB": "SkillSyncDemo",
        "LESSON_QUEUE": "lesson-generation",
        "SQLITE_PATH": str(folder.store),
    }


@contextmanager
def local_host(folder: Folder) -> Iterator[str]:
    """Run the local host on a free port; yields its address."""
    command = [sys.executable, "-m", "devhost", "--app", str(ROOT), "--port", "0"]
    command += ["--data", str(folder.host), "--settings", str(ROOT / "local.settings.json.example")]
    with (
        folder.log.open("w") as log,
        subprocess.Popen(  # noqa: S603 - our own module with our own arguments
            command, cwd=ROOT, env=_environment(folder), stdout=subprocess.PIPE, stderr=log, text=True
        ) as host,
    ):
        try:
            yield _address(host)
        finally:
            host.send_signal(signal.SIGTERM)
            host.wait(timeout=30)


def _address(host: subprocess.Popen[str]) -> str:
    assert host.stdout is not None  # noqa: S101 - it was asked for above
    for line in host.stdout:
        if line.startswith("listening on "):
            return line.removeprefix("listening on ").strip()
    raise DemoFailed("the local host did not start")


def _follow(client: httpx.Client, url: str, ended: str, started: float) -> Body:
    """Print every change of a status until it ends; returns the last one."""
    headers: dict[str, str] = {}
    shown = ""
    wait = 0
    while time.monotonic() - started < PATIENCE_SECONDS:
        response = client.get(url, params={"wait": wait}, headers=headers)
        wait = 10
        if response.status_code != httpx.codes.NOT_MODIFIED:
            response.raise_for_status()
            status: Body = response.json()
            headers["If-None-Match"] = response.headers["ETag"]
            line = _line(status, ended)
            if line != shown:
                say(f"  {DIM}{time.monotonic() - started:5.1f} s{PLAIN}  {line}")
                shown = line
            if status[ended] in ("completed", "failed", "canceled"):
                return status
    raise DemoFailed(f"{url} did not end within {PATIENCE_SECONDS} seconds")


def _line(status: Body, ended: str) -> str:
    progress = status.get("progress")
    if not progress or not progress["modules_total"] or status[ended] != "generating":
        return f"{status[ended]:<11} {status['message']}"
    done, total = progress["modules_completed"], progress["modules_total"]
    bar = "#" * done + "." * (total - done)
    return f"{status[ended]:<11} [{bar}] {done} of {total} modules, {progress['lessons_total']} lessons"


def _roadmap(client: httpx.Client) -> Body:
    say(f"{BOLD}POST /api/roadmaps{PLAIN}  “{GOAL['goal']}”, {GOAL['weekly_hours']} hours a week")
    started = time.monotonic()
    accepted = client.post("/api/roadmaps", json=GOAL)
    accepted.raise_for_status()
    answer: Body = accepted.json()
    status = _follow(client, answer["status_url"], "status", started)
    if status["status"] != "completed":
        raise DemoFailed(f"the roadmap is {status['status']}: {status['message']}")
    roadmap: Body = client.get(f"/api/roadmaps/{answer['roadmap_id']}").raise_for_status().json()
    say(f"\n{BOLD}{roadmap['subject']} in {roadmap['total_duration']}{PLAIN}  (tier: {roadmap['tier']})")
    if roadmap["note"]:
        say(f"{DIM}{roadmap['note']}{PLAIN}")
    for module in roadmap["modules"]:
        say(f"  {module['order'] + 1}. {module['title']}  {DIM}{module['hours']:g} h{PLAIN}")
        for lesson in module["lessons"]:
            say(f"     {DIM}-{PLAIN} {lesson['title']}")
    return roadmap


def _lesson(client: httpx.Client, lesson: Body) -> None:
    say(f"\n{BOLD}POST /api/lessons/…/generate{PLAIN}  “{lesson['title']}”")
    started = time.monotonic()
    accepted = client.post(f"/api/lessons/{lesson['id']}/generate")
    accepted.raise_for_status()
    status = _follow(client, f"/api/lessons/{lesson['id']}/status", "generation_status", started)
    if status["generation_status"] != "completed":
        raise DemoFailed(f"the lesson is {status['generation_status']}: {status['message']}")
    written: Body = client.get(f"/api/lessons/{lesson['id']}").raise_for_status().json()
    if not written["source_attribution"] or not any(
        section["source_ids"] for section in written["content"]["sections"]
    ):
        raise DemoFailed("the lesson names no source")
    say(f"\n{_readable(written)}\n")
    say(
        f"{GREEN}Tier {written['tier']}, version {written['version']}, resting on "
        f"{len(written['source_attribution'])} sources.{PLAIN}"
    )
    _try_quiz(client, written)


def _try_quiz(client: httpx.Client, written: Body) -> None:
    """Guess every answer, as a learner who has not read the lesson; only now the key is sent."""
    guesses = [len(LETTERS) - 1 - number % len(LETTERS) for number in range(len(written["content"]["quiz"]))]
    shown = ", ".join(LETTERS[guess] for guess in guesses)
    say(f"\n{BOLD}PUT /api/lessons/…/progress{PLAIN}  completed; the quiz guessed: {shown}")
    body = {"state": "completed", "quiz_answers": guesses, "version": written["version"]}
    answered = client.put(f"/api/lessons/{written['id']}/progress", json=body)
    scored: Body = answered.raise_for_status().json()
    for number, answer in enumerate(scored["answers"], start=1):
        key = LETTERS[answer["answer_index"]]
        verdict = f"{GREEN}right{PLAIN}" if answer["right"] else f"{RED}no, {key}{PLAIN}"
        say(f"  {number}. {LETTERS[answer['chosen']]}  {verdict}")
    say(f"  {scored['score']['correct']} of {scored['score']['questions']} right.")


def _readable(written: Body) -> str:
    """Return a lesson, as the API answered it, for a terminal."""
    from shared.lessons.rendering.facts import VersionFacts
    from shared.lessons.rendering.terminal import to_terminal
    from shared.models.content import AskedContent
    from shared.models.library import SourceAttribution

    facts = VersionFacts(
        version=written["version"],
        language=written["language"],
        tier=written["tier"],
        ai_provider=written["ai_provider"],
        generated_at=datetime.fromisoformat(written["generated_at"]),
    )
    return to_terminal(
        written["title"],
        AskedContent.from_json(written["content"]),
        facts,
        [SourceAttribution.from_json(source) for source in written["source_attribution"]],
        width=min(shutil.get_terminal_size((96, 24)).columns, 100),
        colour=sys.stdout.isatty(),
    )


def _shown(path: Path) -> str:
    """Return a path as short as it can be said from here."""
    return os.path.relpath(path)


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description="From a goal to a lesson, live, on this machine.")
    parser.add_argument("--data", type=Path, default=Path(".data/demo"), help="emptied, then filled")
    folder = Folder(parser.parse_args().data.resolve())
    say(f"{BOLD}SkillSync{PLAIN} on this machine: no keys, no cloud. Starting the local host ...")
    try:
        with (
            local_host(folder) as address,
            httpx.Client(base_url=address, headers=LEARNER, timeout=60) as client,
        ):
            say(f"  listening on {address}\n")
            roadmap = _roadmap(client)
            _lesson(client, roadmap["modules"][0]["lessons"][0])
    except (DemoFailed, httpx.HTTPError) as error:
        say(f"{RED}The demo failed: {error}{PLAIN}\nThe host's log is in {_shown(folder.log)}.")
        return 1
    say(f"Stored in {_shown(folder.store)}; the host's state and log are beside it.")
    say("Next: `make serve`, and the README's dozen lines of the API.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
