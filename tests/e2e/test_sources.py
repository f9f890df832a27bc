"""A lesson from all sources at once, through real HTTP: what each answered, where its parts come from."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.app import app_host
from tests.support.learner import Learner
from tests.support.source_servers import VIDEO_ID, set_faults, settings_of
from tests.support.store_file import stored_documents

SOURCES = "docs,stackoverflow,github,devto,youtube,pydoc"


def lesson_on_loops(learner: Learner) -> str:
    roadmap = learner.roadmap()
    [module] = [module for module in roadmap["modules"] if "loop" in module["title"].casefold()]
    return str(module["lessons"][0]["id"])


def generated(learner: Learner) -> dict[str, Any]:
    lesson_id = lesson_on_loops(learner)
    learner.generate(lesson_id)
    return learner.await_lesson(lesson_id)


@pytest.mark.slow
def test_a_lesson_rests_on_several_sites_and_shows_its_video(tmp_path: Path, origin: str) -> None:
    set_faults(origin, captions="captions-blocked", devto="500")
    settings = {**settings_of(origin), "RESEARCH_SOURCES": SOURCES, "LLM_CHAIN": "groq"}
    with (
        app_host(tmp_path, settings=settings) as host,
        Learner(host.url, f"learner-{uuid.uuid4()}") as learner,
    ):
        lesson = generated(learner)
        markdown = learner.http.get(f"/lessons/{lesson['id']}", params={"format": "markdown"}).text
    assert lesson["generation_status"] == "completed", lesson
    [brief] = [one["brief"] for one in stored_documents(tmp_path / "skillsync.db", "Brief")]
    hosts = {httpx.URL(source["url"]).host for source in brief["sources"]}
    assert len(hosts) >= 3, hosts
    statuses = {report["origin"]: report["status"] for report in brief["reports"]}
    assert statuses == dict.fromkeys(SOURCES.split(","), "found") | {"devto": "failed"}

    video = lesson["content"]["video"]
    assert (video["id"], video["key_moments"]) == (VIDEO_ID, [])
    assert "YouTube" in video["study_notes"][0]
    assert f"watch?v={VIDEO_ID}" in markdown
    for text in (str(lesson["content"]), markdown):
        assert "HIDDEN" not in text
        assert "evil.example" not in text
    kept = stored_documents(tmp_path / "skillsync.db", "SourceCache")
    assert {one["origin"] for one in kept} == {"docs", "stackoverflow", "github", "youtube"}


@pytest.mark.slow
def test_with_every_network_source_at_fault_the_lesson_still_comes(tmp_path: Path, origin: str) -> None:
    set_faults(origin, everything="500")
    settings = {**settings_of(origin), "RESEARCH_SOURCES": SOURCES, "LLM_CHAIN": "groq"}
    with (
        app_host(tmp_path, settings=settings) as host,
        Learner(host.url, f"learner-{uuid.uuid4()}") as learner,
    ):
        lesson = generated(learner)
    assert lesson["generation_status"] == "completed", lesson
    assert {source["origin"] for source in lesson["source_attribution"]} == {"pydoc"}
    [brief] = [one["brief"] for one in stored_documents(tmp_path / "skillsync.db", "Brief")]
    failed = {
        report["origin"]: report["detail"] for report in brief["reports"] if report["status"] == "failed"
    }
    assert set(failed) == set(SOURCES.split(",")) - {"pydoc"}
    assert all("status 500" in detail for detail in failed.values())
