"""`make demo`: what a newcomer sees first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.local_host import ROOT
from tests.support.store_file import stored_documents


def run_demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.demo", "--data", str(folder / "demo")],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_demo_shows_a_roadmap_and_a_sourced_lesson(tmp_path: Path) -> None:
    # Whatever keys and clouds a machine may have set, the demo uses none of them.
    shown = run_demo(
        tmp_path,
        LLM__GROQ__API_KEY="not-to-be-used",
        COSMOS_ENDPOINT="https://example.invalid",
        AUTH_MODE="jwt",
        RESEARCH_SOURCES="pydoc",
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for expected in (
        "All 8 modules are ready.",
        "Python in",
        "Sources",
        "docs.python.org",
        "Stored in",
        "of 5 right.",
    ):
        assert expected in shown.stdout
    assert re.search(r"\d of \d right", shown.stdout)
    [version] = stored_documents(tmp_path / "demo" / "skillsync.db", "LessonVersion")
    assert version["tier"] == "extractive"
    assert version["content"]["summary"].split(".")[0].split(" (")[0][:40] in shown.stdout.replace("\n", " ")
