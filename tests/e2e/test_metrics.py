"""What operators see, through real HTTP, of work that two app processes did."""

from __future__ import annotations

import uuid

import pytest

from tests.support.learner import Body, Learner
from tests.support.local_host import LocalHost

ADMIN = {"X-User-Roles": "admin"}


def metrics(learner: Learner, **query: str) -> Body:
    answer = learner.http.get("/ops/metrics", headers=ADMIN, params=query)
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def test_counts_follow_the_work(model_host: LocalHost) -> None:
    title = f"Loops {uuid.uuid4().hex[:8]}"
    query = {"subject": "Python", "step_title": title}
    with Learner(model_host.url, f"ada-{uuid.uuid4()}") as ada, Learner(model_host.url, "grace") as grace:
        before = metrics(ada)
        lesson_id = ada.http.get("/lessons/lookup", params=query).json()["lesson"]["id"]
        ada.await_lesson(lesson_id)
        assert grace.http.get("/lessons/lookup", params=query).status_code == 200
        after = metrics(ada)
        for name, more in (("hits", 1), ("misses", 1)):
            assert after["lesson_cache"][name] == before["lesson_cache"][name] + more
        assert after["versions"]["published"] == before["versions"]["published"] + 1
        [before_fake, after_fake] = [
            next(one for one in found["providers"] if one["provider"] == "fake") for found in (before, after)
        ]
        assert after_fake["calls"] == before_fake["calls"] + 1
        assert after_fake["cost_usd"] > before_fake["cost_usd"]
        assert after["learners"]["learners"] >= 1
        assert ada.user_id not in str(after)
        assert len(metrics(ada, days="31")["costs"]) == 31


@pytest.mark.parametrize("days", ["0", "32", "-1", "seven"])
def test_the_days_asked_for_are_bounded(model_host: LocalHost, days: str) -> None:
    with Learner(model_host.url, "ada") as ada:
        answer = ada.http.get("/ops/metrics", headers=ADMIN, params={"days": days})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "days")


def test_tasks_of_all_learners_are_listed(model_host: LocalHost) -> None:
    with Learner(model_host.url, f"ada-{uuid.uuid4()}") as ada, Learner(model_host.url, "grace") as grace:
        topic = {"subject": "Python", "topic": f"Sets {uuid.uuid4().hex[:8]}"}
        task = ada.http.post("/lessons", json=topic).json()
        ada.await_lesson(task["lesson_id"])
        other = ada.http.post("/lessons", json={**topic, "topic": f"{topic['topic']} again"}).json()
        first = grace.http.get("/ops/tasks", headers=ADMIN, params={"limit": "1"}).json()
        assert [one["task_id"] for one in first["items"]] == [other["task_id"]]
        query = {"limit": "1", "continuation": first["continuation"]}
        listed = grace.http.get("/ops/tasks", headers=ADMIN, params=query).json()
        [found] = listed["items"]
        assert found["task_id"] == task["task_id"]
        assert (found["status"], found["topic"]) == ("completed", topic["topic"])
        assert found["learner"]
        assert ada.user_id not in str(listed)
        assert listed["counts"]["completed"] >= 1
        assert listed["complete"]
        ada.await_lesson(other["lesson_id"])  # what goes on would count in another test
        refused = grace.http.get("/ops/tasks")
        assert refused.status_code == 403
