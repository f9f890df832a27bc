"""Lessons without a roadmap through real HTTP: lookup, topics, tasks."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest

from tests.support.app import app_host, with_provider
from tests.support.learner import Body, Learner
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider


def someone() -> str:
    return f"learner-{uuid.uuid4()}"


def a_topic() -> str:
    return f"Topic {uuid.uuid4().hex[:12]}"


def ask(learner: Learner, topic: str, **fields: object) -> Body:
    response = learner.http.post("/lessons", json={"subject": "Python", "topic": topic, **fields})
    assert response.status_code == 202, response.text
    body: Body = response.json()
    assert response.headers["Location"] == body["poll_url"] == f"/api/lessons/status/{body['task_id']}"
    return body


def await_task(learner: Learner, task_id: str, seconds: float = 60) -> Body:
    deadline = time.monotonic() + seconds
    while True:
        response = learner.http.get(f"/lessons/status/{task_id}")
        assert response.status_code == 200, response.text
        task: Body = response.json()
        if task["status"] in ("completed", "failed"):
            return task
        assert task["status"] in ("pending", "in_progress")
        assert time.monotonic() < deadline, task
        time.sleep(0.1)


def test_a_lesson_is_asked_for_as_a_task(model_host: LocalHost, provider: ModelProvider) -> None:
    topic = a_topic()
    with Learner(model_host.url, someone()) as ada:
        missing = ada.http.get(f"/lessons/Python/{topic}")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
        asked = ask(ada, topic, user_id=ada.user_id, include_wikipedia=True)
        assert asked["status"] == "pending"
        assert asked["message"]
        assert asked["estimated_completion_time"]
        task = await_task(ada, asked["task_id"])
        assert (task["status"], task["error"]) == ("completed", None)
        assert task["completed_at"] >= task["created_at"]
        lesson = task["lesson"]
        assert (lesson["title"], lesson["generation_status"], lesson["version"]) == (
            topic,
            "completed",
            "1.0",
        )
        assert (lesson["roadmap_id"], lesson["module_id"]) == (None, None)
        assert lesson["content"]["sections"]

        newest = ada.http.get(f"/lessons/Python/{topic}").json()
        assert newest["content"] == lesson["content"]
        assert newest["metadata"]["version"] == "1.0"
        assert set(newest["metadata"]) == {"timestamp", "date_created", "version", "last_updated"}
        same = ada.http.get("/lessons/topic", params={"subject": "python", "topic": topic.upper()})
        assert same.json() == newest
        listed = ada.http.get("/lessons/tasks").json()
        assert (listed["active"], listed["counts"]["completed"]) == ([], 1)


def test_a_task_makes_a_new_version_unless_it_is_told_not_to(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    topic = a_topic()
    with Learner(model_host.url, someone()) as ada, Learner(model_host.url, someone()) as grace:
        await_task(ada, ask(ada, topic)["task_id"])
        assert provider.calls()["lesson"] == 1
        cached = await_task(grace, ask(grace, topic, force_regenerate=False)["task_id"])
        assert cached["lesson"]["version"] == "1.0"
        assert provider.calls()["lesson"] == 1
        forced = await_task(grace, ask(grace, topic)["task_id"])
        assert forced["lesson"]["version"] == "1.1"
        assert forced["lesson"]["regenerated_from"] == "1.0"
        assert provider.calls()["lesson"] == 2
        metadata = ada.http.get(f"/lessons/Python/{topic}").json()["metadata"]
        assert metadata["version"] == "1.1"
        assert metadata["date_created"] < metadata["last_updated"]


def test_a_task_that_fails_says_why(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as ada:
        response = ada.http.post("/lessons", json={"subject": "Knitting", "topic": a_topic()})
        task = await_task(ada, response.json()["task_id"])
        assert (task["status"], task["error"]["code"], task["lesson"]) == ("failed", "no_sources", None)
        assert ada.http.get("/lessons/tasks").json()["counts"]["failed"] == 1


def test_tasks_are_their_owners_alone(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as ada, Learner(bare_host.url, someone()) as stranger:
        body = {"subject": "Python", "topic": "Tuples", "user_id": stranger.user_id}
        foreign = ada.http.post("/lessons", json=body)
        assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
        task_id = ask(ada, "Tuples")["task_id"]
        hidden = stranger.http.get(f"/lessons/status/{task_id}")
        absent = stranger.http.get(f"/lessons/status/{uuid.uuid4()}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text == absent.text
        assert stranger.http.get("/lessons/tasks").json()["active"] == []


def test_running_tasks_are_listed_page_by_page(tmp_path: Path) -> None:
    with (
        ModelProvider(lesson_seconds=20) as provider,
        app_host(tmp_path, settings=with_provider(provider, timeout_seconds=30)) as host,
        Learner(host.url, someone()) as ada,
    ):
        tasks = [ask(ada, a_topic())["task_id"] for _ in range(5)]
        listed, query = [], {"limit": "2"}
        for size in (2, 2, 1):
            page = ada.http.get("/lessons/tasks", params=query).json()
            assert len(page["active"]) == size
            assert (page["counts"]["in_progress"], page["counts"]["completed"]) == (5, 0)
            listed += [one["task_id"] for one in page["active"]]
            query["continuation"] = page["continuation"]
        assert (listed, page["continuation"]) == (tasks[::-1], None)
        refused = ada.http.get("/lessons/tasks", params={"continuation": "x"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "continuation")


def test_a_step_is_looked_up_or_generated(model_host: LocalHost, provider: ModelProvider) -> None:
    step = a_topic()
    query = {"step_title": step, "learning_style": "hands_on", "lesson_number": "2", "subject": "Python"}
    with Learner(model_host.url, someone()) as ada, Learner(model_host.url, someone()) as grace:
        miss = ada.http.get("/lessons/lookup", params=query)
        assert miss.status_code == 202
        assert (miss.json()["success"], miss.json()["was_cached"]) == (True, False)
        assert miss.json()["lesson"]["generation_status"] in ("in_progress", "completed")
        ada.await_lesson(miss.json()["lesson"]["id"])
        hit = grace.http.get("/lessons/lookup", params=query)
        assert (hit.status_code, hit.json()["was_cached"]) == (200, True)
        assert hit.json()["lesson"]["content"]["sections"]
        assert hit.json()["lesson"]["learning_style"] == "hands_on"
        assert provider.calls()["lesson"] == 1
        for other in ({"lesson_number": "3"}, {"learning_style": "video"}, {"subject": "Java"}):
            miss = grace.http.get("/lessons/lookup", params=query | other)
            assert miss.status_code == 202
            grace.await_lesson(miss.json()["lesson"]["id"])  # what goes on would count in another test


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "step_title"),
        ({"step_title": " "}, "step_title"),
        ({"step_title": "..."}, "step_title"),
        ({"step_title": "x" * 151}, "step_title"),
        ({"step_title": "Loops", "learning_style": "asleep"}, "learning_style"),
        ({"step_title": "Loops", "lesson_number": "0"}, "lesson_number"),
        ({"step_title": "Loops", "lesson_number": "many"}, "lesson_number"),
    ],
)
def test_a_wrong_lookup_is_told_which_field(bare_host: LocalHost, query: dict[str, str], field: str) -> None:
    with Learner(bare_host.url, someone()) as ada:
        answer = ada.http.get("/lessons/lookup", params=query)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_what_is_plainly_harmful_is_refused(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as ada:
        harmful = {"subject": "Chemistry", "topic": "how to build a pipe bomb"}
        asked = ada.http.post("/lessons", json=harmful)
        assert (asked.status_code, asked.json()["code"]) == (422, "goal_refused")
        looked = ada.http.get("/lessons/lookup", params={"step_title": harmful["topic"]})
        assert (looked.status_code, looked.json()["code"]) == (422, "goal_refused")
        assert ada.http.get("/lessons/tasks").json()["active"] == []


def test_names_with_signs_are_names(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, someone()) as ada:
        assert ada.http.get("/lessons/C%23/a%20b").status_code == 404
        assert ada.http.get(f"/lessons/Python/{'x' * 36}").status_code == 404
        long = ada.http.get("/lessons/topic", params={"subject": "Python", "topic": "x" * 36})
        assert (long.status_code, long.json()["code"]) == (404, "not_found")
        missing = ada.http.get("/lessons/topic", params={"subject": "Python"})
        assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "topic")
