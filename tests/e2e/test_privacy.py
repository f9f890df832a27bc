"""What must not be written down: secrets in logs and documents, learners in the library."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from tests.support.app import app_host, with_provider
from tests.support.learner import Learner, first_lesson
from tests.support.model_provider import ModelProvider
from tests.support.store_file import stored_documents
from tests.support.tokens import KeySetServer, Signer

KEY = "sk-planted-0123456789"
INDUSTRY = "Planted Industry GmbH"
GOAL_TEXT = "I want to learn Planted Beekeeping"
COMMENT = "Planted comment of a mentor"
LIBRARY = (
    "CurriculumVersion",
    "CurriculumOutline",
    "LessonHead",
    "LessonVersion",
    "Waiter",
    "VersionFigures",
    "Vote",
    "Review",
    "Counted",
    "ReviewEntry",
    "DayTally",
    "ModelTally",
    "ProviderTally",
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
            learner.http.post(f"/lessons/{lesson['id']}/vote", json={"value": 1})
            done = {"state": "completed", "quiz_answers": [0, 1, 2, 3]}
            learner.http.put(f"/lessons/{lesson['id']}/progress", json=done)
            mentor = {"X-User-Roles": "mentor"}
            while not (items := learner.http.get("/library/lessons", headers=mentor).json()["items"]):
                time.sleep(0.1)
            [entry] = items
            review = f"/library/lessons/{entry['lesson_key']}/versions/1.0/review"
            learner.http.post(review, headers=mentor, json={"decision": "approve", "comment": COMMENT})
            assert host.stop() == 0
            log = host.log()
        assert {request.headers["authorization"] for request in provider.requests} == {f"Bearer {KEY}"}
        prompts = "\n".join(str(request.body) for request in provider.requests)
    library = "\n".join(
        str(document) for kind in LIBRARY for document in stored_documents(tmp_path / "skillsync.db", kind)
    )
    assert "Beekeeping" in library
    assert COMMENT in library
    assert COMMENT not in log
    for place, text in {"log": log, "library": library, "prompts": prompts}.items():
        for secret in (KEY, user_id, INDUSTRY):
            assert secret not in text, f"{secret} in the {place}"
    assert lesson["content"]["summary"] not in log
    assert "I want to learn" not in log
    assert roadmap["roadmap_id"] in log


def test_the_log_of_guarded_work_holds_nothing_that_was_sent_or_found(tmp_path: Path) -> None:
    """Tokens, keys and headers in every way that they can arrive, good ones and bad ones."""
    user_id, signer, stranger = f"planted-{uuid.uuid4()}", Signer(), Signer(key_id="forged")
    token = signer.token(user_id, roles=["admin"])
    hostile = [
        signer.token(user_id, exp=1),
        stranger.token(user_id),
        stranger.token(user_id, headers={"kid": signer.key_id}),
        signer.token(user_id, note="x" * 9000),
        f"{token}x",
    ]
    reply = "the provider said this planted sentence"
    with ModelProvider() as provider, KeySetServer(signer) as keys:
        provider.script("content", step="lesson", times=1, content=reply)
        settings = {**with_provider(provider), **keys.settings(), "LLM__FAKE__API_KEY": KEY}
        with (
            app_host(tmp_path, settings=settings) as host,
            Learner(host.url, user_id, token=token) as learner,
        ):
            function_key = host.function_key()
            for bad in hostile:
                assert learner.http.get(
                    "/roadmaps", headers={"Authorization": f"Bearer {bad}"}
                ).is_client_error
            keys.status = 503
            assert learner.http.post("/roadmaps", content=f'{{"goal": "{GOAL_TEXT}"').status_code == 400
            assert learner.http.post("/roadmaps", json={"goal": GOAL_TEXT}).status_code == 422
            roadmap = learner.roadmap(goal=GOAL_TEXT, industry=INDUSTRY)
            lesson_id = first_lesson(roadmap)["id"]
            body = {"lesson_id": lesson_id, "user_id": user_id}
            for address, headers in (
                (f"/generate_lesson_content?wait=25&code={function_key}", {}),
                ("/generate_lesson_content", {"x-functions-key": function_key, "X-User-Id": user_id}),
                (f"/generate_lesson_content?code={function_key}x", {}),
            ):
                learner.http.post(address, json=body, headers=headers)
            lesson = learner.await_lesson(lesson_id)
            assert lesson["generation_status"] == "completed"
            assert host.stop() == 0
            log = host.log()
    assert "audit.lesson_for_back_end" in log
    assert "request.refused" in log
    signatures = {text.rpartition(".")[2][:40] for text in (token, *hostile)}
    claims = {text.split(".")[1][:40] for text in (token, *hostile)}
    text = lesson["content"]["summary"]
    for planted in (KEY, function_key, user_id, INDUSTRY, GOAL_TEXT, reply, text, *signatures, *claims):
        assert planted not in log, planted


def test_a_generic_plan_is_never_shared(tmp_path: Path) -> None:
    with app_host(tmp_path) as host, Learner(host.url, "ada") as ada:
        assert ada.roadmap(goal="learn knitting")["tier"] == "generic"
        assert ada.roadmap()["tier"] == "extractive"
    shared = stored_documents(tmp_path / "skillsync.db", "CurriculumVersion")
    assert [version["specification"]["subject"] for version in shared] == ["Python"]
    outlines = stored_documents(tmp_path / "skillsync.db", "CurriculumOutline")
    assert {outline["key"] for outline in outlines} == {shared[0]["key"]}
