"""What must not be written down: secrets in logs and documents, learners in the library."""

from __future__ import annotations

import uuid
from pathlib import Path

from tests.support.app import app_host, with_provider
from tests.support.learner import Learner, first_lesson
from tests.support.model_provider import ModelProvider
from tests.support.store_file import stored_documents

KEY = "sk-planted-0123456789"
INDUSTRY = "Planted Industry GmbH"
LIBRARY = (
    "CurriculumVersion",
    "CurriculumOutline",
    "LessonHead",
    "LessonVersion",
    "Waiter",
    "Brief",
    "CallRecord",
)


def test_nothing_of_a_learner_or_a_key_is_where_it_must_not_be(tmp_path: Path) -> None:
    user_id = f"planted-{uuid.uuid4()}"
    with ModelProvider() as provider:
        settings = {**with_provider(provider), "LLM__FAKE__API_KEY": KEY}
        with app_host(tmp_path, settings=settings) as host, Learner(host.url, user_id) as learner:
            roadmap = learner.roadmap(goal="I want to learn Beekeeping", industry=INDUSTRY)
            learner.generate(first_lesson(roadmap)["id"])
            lesson = learner.await_lesson(first_lesson(roadmap)["id"])
            assert lesson["generation_status"] == "completed"
            assert host.stop() == 0
            log = host.log()
        assert {request.headers["authorization"] for request in provider.requests} == {f"Bearer {KEY}"}
        prompts = "\n".join(str(request.body) for request in provider.requests)
    library = "\n".join(
        str(document) for kind in LIBRARY for document in stored_documents(tmp_path / "skillsync.db", kind)
    )
    assert "Beekeeping" in library
    for place, text in {"log": log, "library": library, "prompts": prompts}.items():
        for secret in (KEY, user_id, INDUSTRY):
            assert secret not in text, f"{secret} in the {place}"
    assert lesson["content"]["summary"] not in log
    assert "I want to learn" not in log
    assert roadmap["roadmap_id"] in log


def test_a_generic_plan_is_never_shared(tmp_path: Path) -> None:
    with app_host(tmp_path) as host, Learner(host.url, "ada") as ada:
        assert ada.roadmap(goal="learn knitting")["tier"] == "generic"
        assert ada.roadmap()["tier"] == "extractive"
    shared = stored_documents(tmp_path / "skillsync.db", "CurriculumVersion")
    assert [version["specification"]["subject"] for version in shared] == ["Python"]
    outlines = stored_documents(tmp_path / "skillsync.db", "CurriculumOutline")
    assert {outline["key"] for outline in outlines} == {shared[0]["key"]}
