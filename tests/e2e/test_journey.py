"""The main job through real HTTP: goal, roadmap, lesson, and who may see what."""

from __future__ import annotations

import concurrent.futures
import uuid

import httpx
import pytest

from tests.support.learner import Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider

R = "R (programming language)"


def someone() -> str:
    return f"learner-{uuid.uuid4()}"


def test_with_no_key_and_no_network_python_is_learned_from_its_own_reference(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        roadmap = learner.roadmap(skill_level="advanced")  # of which no other test has lessons written
        assert roadmap["status"] == "completed"
        assert (roadmap["subject"], roadmap["tier"]) == ("Python", "extractive")
        assert 0 < len(roadmap["total_duration"]) <= 50
        assert all(module["lessons"] for module in roadmap["modules"])
        assert all(
            lesson["generation_status"] == "pending"
            for module in roadmap["modules"]
            for lesson in module["lessons"]
        )

        lesson_id = first_lesson(roadmap)["id"]
        answer = learner.generate(lesson_id)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status_url"] == answer.headers["Location"] == f"/api/lessons/{lesson_id}/status"
        lesson = learner.await_lesson(lesson_id)
        assert lesson["generation_status"] == "completed", lesson
        assert (lesson["tier"], lesson["version"], lesson["was_cached"]) == ("extractive", "1.0", False)
        known = {source["id"] for source in lesson["source_attribution"]}
        assert known
        assert all(set(section["source_ids"]) <= known for section in lesson["content"]["sections"])

        progress = learner.status(roadmap["roadmap_id"])["progress"]
        assert (progress["lessons_completed"], progress["lessons_generating"]) == (1, 0)


def test_a_lesson_is_shown_as_markdown_and_as_html(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        lesson_id = first_lesson(learner.roadmap())["id"]
        early = learner.http.get(f"/lessons/{lesson_id}", params={"format": "html"})
        assert (early.status_code, early.json()["code"]) == (409, "not_written")
        learner.generate(lesson_id)
        title = learner.await_lesson(lesson_id)["title"]
        markdown = learner.http.get(f"/lessons/{lesson_id}", params={"format": "markdown"})
        assert markdown.headers["Content-Type"].startswith("text/markdown")
        assert title in markdown.text.splitlines()[0]
        page = learner.http.get(f"/lessons/{lesson_id}", params={"format": "html"})
        assert page.headers["Content-Type"].startswith("text/html")
        assert "<script" not in page.text
        wrong = learner.http.get(f"/lessons/{lesson_id}", params={"format": "pdf"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "format")


def test_another_subject_without_a_provider_gets_an_honest_generic_plan(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        roadmap = learner.roadmap(goal="learn knitting")
        assert (roadmap["status"], roadmap["tier"]) == ("completed", "generic")
        lesson_id = first_lesson(roadmap)["id"]
        learner.generate(lesson_id)
        lesson = learner.await_lesson(lesson_id)
        assert lesson["generation_status"] == "failed"
        assert lesson["generation_error"]["code"] == "no_sources"


def test_the_second_learner_gets_skeleton_and_lesson_with_no_model_call(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    subject = f"Subject {uuid.uuid4().hex[:8]}"
    with Learner(model_host.url, someone()) as first, Learner(model_host.url, someone()) as second:
        roadmap = first.roadmap(goal=subject)
        assert (roadmap["status"], roadmap["tier"]) == ("completed", "model")
        first.generate(first_lesson(roadmap)["id"])
        written = first.await_lesson(first_lesson(roadmap)["id"])
        assert written["ai_provider"] == "fake"
        paid = provider.calls()
        assert paid == {"interpret": 0, "plan": 1, "outline": 8, "lesson": 1, "other": 0}

        again = second.roadmap(goal=f"I want to learn {subject.lower()}!")
        answer = second.generate(first_lesson(again)["id"])
        assert answer.status_code == 200
        assert answer.json()["was_cached"] is True
        assert answer.json()["content"] == written["content"]
        assert provider.calls() == paid
        titles = [[lesson["title"] for lesson in module["lessons"]] for module in roadmap["modules"]]
        assert titles == [[lesson["title"] for lesson in module["lessons"]] for module in again["modules"]]


def test_a_stranger_gets_the_same_404_as_for_nothing(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as owner, Learner(bare_host.url, someone()) as stranger:
        roadmap = owner.roadmap()
        lesson, module = first_lesson(roadmap), roadmap["modules"][0]
        for method, path, own_id in (
            ("GET", "/roadmaps/{}", roadmap["roadmap_id"]),
            ("GET", "/roadmaps/{}/status", roadmap["roadmap_id"]),
            ("POST", "/roadmaps/{}/retry", roadmap["roadmap_id"]),
            ("GET", "/modules/{}/lessons", module["module_id"]),
            ("GET", "/lessons/{}", lesson["id"]),
            ("GET", "/lessons/{}/status", lesson["id"]),
            ("POST", "/lessons/{}/generate", lesson["id"]),
        ):
            foreign = stranger.http.request(method, path.format(own_id))
            absent = stranger.http.request(method, path.format(uuid.uuid4()))
            assert foreign.status_code == absent.status_code == 404, path
            assert foreign.text == absent.text
        assert stranger.http.get("/roadmaps").json() == {"items": [], "continuation": None}


def test_twenty_learners_ask_for_one_lesson_at_once(model_host: LocalHost, provider: ModelProvider) -> None:
    subject = f"Subject {uuid.uuid4().hex[:8]}"
    learners = [Learner(model_host.url, someone()) for _ in range(20)]
    try:
        learners[0].roadmap(goal=subject)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            roadmaps = list(pool.map(lambda learner: learner.roadmap(goal=subject), learners))
            ids = [first_lesson(roadmap)["id"] for roadmap in roadmaps]
            answers = list(pool.map(lambda pair: pair[0].generate(pair[1]), zip(learners, ids, strict=True)))
            assert {answer.status_code for answer in answers} <= {200, 202}
            lessons = list(
                pool.map(lambda pair: pair[0].await_lesson(pair[1]), zip(learners, ids, strict=True))
            )
        assert {lesson["generation_status"] for lesson in lessons} == {"completed"}
        assert len({lesson["generated_at"] for lesson in lessons}) == 1
        assert provider.calls()["lesson"] == 1
    finally:
        for learner in learners:
            learner.http.close()


def test_one_module_that_fails_for_ever_is_retried_alone(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    subject = f"Subject {uuid.uuid4().hex[:8]}"
    provider.script("garbage", step="outline", contains="Everyday tasks")
    with Learner(model_host.url, someone()) as learner:
        roadmap = learner.roadmap(goal=subject)
        assert roadmap["status"] == "completed"
        failed = [module for module in roadmap["modules"] if module["status"] == "failed"]
        assert len(failed) == 1
        assert failed[0]["error"]["code"] == "providers_failed"
        assert "Everyday tasks" in roadmap["message"]
        progress = learner.status(roadmap["roadmap_id"])["progress"]
        assert (progress["modules_completed"], progress["modules_failed"]) == (7, 1)
        outlined = {lesson["id"] for module in roadmap["modules"] for lesson in module["lessons"]}

        provider.reset()
        retried = learner.http.post(f"/roadmaps/{roadmap['roadmap_id']}/retry")
        assert retried.status_code == 202
        mended = learner.await_roadmap(roadmap["roadmap_id"])
        assert {module["status"] for module in mended["modules"]} == {"completed"}
        assert provider.calls() == {"interpret": 0, "plan": 0, "outline": 1, "lesson": 0, "other": 0}
        kept = {lesson["id"] for module in mended["modules"] for lesson in module["lessons"]}
        assert outlined < kept
        progress = learner.status(roadmap["roadmap_id"])["progress"]
        assert (progress["modules_completed"], progress["modules_failed"]) == (8, 0)
        assert progress["lessons_total"] == len(kept)

        nothing = learner.http.post(f"/roadmaps/{roadmap['roadmap_id']}/retry")
        assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_retry")


def test_a_key_makes_one_roadmap_however_often_it_is_sent(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        key = str(uuid.uuid4())
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(lambda _: learner.create(key=key), range(8)))
        assert len(ids) == 1
        learner.await_roadmap(ids.pop())
        assert len(learner.http.get("/roadmaps").json()["items"]) == 1
        other = learner.http.post(
            "/roadmaps",
            json={
                "goal": "Learn Rust",
                "skill_level": "beginner",
                "weekly_hours": 3,
                "learning_style": "mixed",
            },
            headers={"Idempotency-Key": key},
        )
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_status_has_an_entity_tag_and_waits_for_a_change(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        roadmap = learner.roadmap()
        path = f"/roadmaps/{roadmap['roadmap_id']}/status"
        tag = learner.http.get(path).headers["ETag"]
        same = learner.http.get(path, headers={"If-None-Match": tag})
        assert (same.status_code, same.content) == (304, b"")
        lesson_id = first_lesson(roadmap)["id"]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(learner.http.get, path, params={"wait": 25}, headers={"If-None-Match": tag})
            learner.generate(lesson_id)
            changed = waiting.result(timeout=25)
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag


def test_a_wait_for_what_has_ended_is_answered_at_once(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        roadmap = learner.roadmap()
        learner.http.timeout = httpx.Timeout(10)
        for path in (f"/roadmaps/{roadmap['roadmap_id']}", f"/lessons/{first_lesson(roadmap)['id']}"):
            assert learner.http.get(f"{path}/status", params={"wait": 25}).status_code == 200


@pytest.mark.parametrize(
    ("goal", "subject"),
    [("Learn Python!", "Python"), ("python", "Python"), ("C#", "C#"), (".NET", ".NET"), ("R", R)],
)
def test_the_subject_is_recognised(bare_host: LocalHost, goal: str, subject: str) -> None:
    with Learner(bare_host.url, someone()) as learner:
        response = learner.http.post(
            "/roadmaps",
            json={"goal": goal, "skill_level": "beginner", "weekly_hours": 3, "learning_style": "mixed"},
        )
        assert (response.status_code, response.json()["subject"]) == (202, subject)


def test_lists_page(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as learner:
        made = [learner.create() for _ in range(5)]
        seen: list[str] = []
        continuation = None
        while True:
            params = {"limit": "2"} | ({"continuation": continuation} if continuation else {})
            page = learner.http.get("/roadmaps", params=params).json()
            assert len(page["items"]) <= 2
            seen += [item["roadmap_id"] for item in page["items"]]
            continuation = page["continuation"]
            if continuation is None:
                break
        assert seen == made[::-1]
        wrong = learner.http.get("/roadmaps", params={"continuation": "nonsense"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "continuation")


def test_health_and_readiness(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as anyone:
        assert anyone.http.get("/health").json() == {"status": "ok"}
        ready = anyone.http.get("/ready")
        assert (ready.status_code, ready.json()["checks"]["store"]) == (200, "ok")


def test_nobody_without_a_name(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as anyone:
        anyone.http.headers.pop("X-User-Id")
        refused = anyone.http.get("/roadmaps")
        assert refused.status_code == 401
        assert refused.headers["Content-Type"].startswith("application/problem+json")
        assert refused.headers["X-Content-Type-Options"] == "nosniff"
        assert refused.headers["Cache-Control"] == "no-store"
