"""Profile and progress through real HTTP; the key of a quiz stays on the server until its first try."""

from __future__ import annotations

import concurrent.futures
import uuid

import httpx
import pytest

from tests.support.learner import GOAL, Body, Learner
from tests.support.local_host import LocalHost

RIGHT, HALF = [0, 1, 2, 3], [0, 1, 0, 0]
# What the fake model's explanations say, and nothing else in its lessons.
EXPLANATION = "says so."
WHOLE = '{ lessons { getLessonById(lessonId: "%s") { content } } }'


def someone(host: LocalHost) -> Learner:
    return Learner(host.url, f"learner-{uuid.uuid4()}")


def written(learner: Learner, title: str = "Sets") -> Body:
    answer = learner.http.get("/lessons/lookup", params={"subject": "Python", "step_title": title})
    assert answer.status_code in (200, 202), answer.text
    return learner.await_lesson(answer.json()["lesson"]["id"])


def test_no_way_to_a_body_gives_the_key_of_its_quiz_away_before_the_first_try(model_host: LocalHost) -> None:
    title = f"Dictionaries {uuid.uuid4().hex[:6]}"
    with someone(model_host) as ada, someone(model_host) as grace:
        lesson_id = written(ada, title)["id"]
        task = ada.http.post(
            "/lessons", json={"subject": "Python", "topic": title, "force_regenerate": False}
        ).json()
        ways = {
            "json": ada.http.get(f"/lessons/{lesson_id}"),
            "markdown": ada.http.get(f"/lessons/{lesson_id}", params={"format": "markdown"}),
            "html": ada.http.get(f"/lessons/{lesson_id}", params={"format": "html"}),
            "generate": ada.generate(lesson_id),
            "version": ada.http.get(f"/lessons/{lesson_id}/versions/1.0"),
            "choice": ada.http.put(f"/lessons/{lesson_id}/version", json={"version": "1.0"}),
            "lookup": ada.http.get("/lessons/lookup", params={"subject": "Python", "step_title": title}),
            "task": ada.http.get(f"/lessons/status/{task['task_id']}"),
            "topic": grace.http.get("/lessons/topic", params={"subject": "Python", "topic": title}),
            "graphql": ada.http.post("/graphql", json={"query": WHOLE % lesson_id}),
            "back end": httpx.post(
                f"{model_host.url}/api/generate_lesson_content",
                headers={"x-functions-key": model_host.function_key()},
                json={"lesson_id": lesson_id, "user_id": ada.user_id},
            ),
            "topic path": grace.http.get(f"/lessons/Python/{title}"),
        }
        for way, answer in ways.items():
            assert answer.status_code == 200, (way, answer.text)
            assert "Question 1" in answer.text, way
            for kept in (EXPLANATION, "answer_index", "explanation"):
                assert kept not in answer.text, (way, kept)
        assert "once you have tried the quiz" in ways["markdown"].text
        assert "once you have tried the quiz" in ways["html"].text

        scored = ada.http.put(
            f"/lessons/{lesson_id}/progress", json={"state": "started", "quiz_answers": HALF}
        ).json()
        assert scored["score"] == {"correct": 2, "questions": 4}
        assert [answer["answer_index"] for answer in scored["answers"]] == RIGHT
        for shape in ("json", "markdown", "html"):
            shown = ada.http.get(f"/lessons/{lesson_id}", params={"format": shape})
            assert EXPLANATION in shown.text, shape
        assert EXPLANATION in ada.http.get(f"/lessons/{lesson_id}/versions/1.0").text
        assert EXPLANATION not in grace.http.get(f"/lessons/{written(grace, title)['id']}").text, (
            "another learner has tried nothing"
        )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "state"),
        ({"state": "done"}, "state"),
        ({"state": "started", "quiz_answers": "0123"}, "quiz_answers"),
        ({"state": "started", "quiz_answers": [0, 1, 2, 4]}, "quiz_answers.3"),
        ({"state": "started", "quiz_answers": [0, 1, 2, True]}, "quiz_answers.3"),
        ({"state": "started", "quiz_answers": [0, 1, 2]}, "quiz_answers"),
        ({"state": "started", "quiz_answers": [0] * 21}, "quiz_answers"),
        ({"state": "started", "answers": RIGHT}, "answers"),
    ],
)
def test_progress_that_makes_no_sense_is_refused(model_host: LocalHost, body: Body, field: str) -> None:
    with someone(model_host) as ada:
        lesson = written(ada)
        answer = ada.http.put(f"/lessons/{lesson['id']}/progress", json=body)
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        with someone(model_host) as other:
            foreign = other.http.put(f"/lessons/{lesson['id']}/progress", json={"state": "started"})
            assert foreign.status_code == 404


def test_progress_adds_up_over_modules_and_roadmaps(model_host: LocalHost) -> None:
    with someone(model_host) as ada:
        empty = ada.http.get("/me/progress").json()
        assert (empty["lessons_completed"], empty["items"], empty["streak"]["current"]) == (0, [], 0)
        roadmap = ada.roadmap(goal=f"Subject {uuid.uuid4().hex[:8]}")
        first, other, second = [module["lessons"][0]["id"] for module in roadmap["modules"][:3]]
        early = ada.http.put(f"/lessons/{first}/progress", json={"state": "started"})
        assert (early.status_code, early.json()["code"]) == (409, "not_completed")
        for lesson_id in (first, second, other):
            ada.generate(lesson_id)
            assert ada.await_lesson(lesson_id)["version"] == "1.0"

        done = {"state": "completed", "quiz_answers": HALF, "version": "1.0"}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: ada.http.put(f"/lessons/{first}/progress", json=done), range(8))
            )
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["progress"]["tries"] for answer in answers} == {1}, "one request, sent often"
        ada.http.put(f"/lessons/{other}/progress", json={"state": "completed"})
        begun = ada.http.put(f"/lessons/{second}/progress", json={"state": "started"})
        assert begun.status_code == 200, begun.text

        seen = ada.http.get("/me/progress").json()
        assert (seen["lessons_started"], seen["lessons_completed"], seen["quizzes"]) == (3, 2, 1)
        assert seen["quiz_score"] == {"correct": 2, "questions": 4}
        assert (seen["streak"]["current"], seen["streak"]["active_days"]) == (1, 1)
        [item] = seen["items"]
        assert item["roadmap_id"] == roadmap["roadmap_id"]
        assert (item["lessons_completed"], item["lessons_total"]) == (2, 24)
        modules = [(one["lessons_completed"], one["lessons_total"]) for one in item["modules"][:3]]
        assert modules == [(1, 3), (1, 3), (0, 3)]
        shown = ada.lesson(first)["progress"]
        assert (shown["state"], shown["first_score"]) == ("completed", {"correct": 2, "questions": 4})
        assert ada.lesson(second)["progress"]["state"] == "started"


def test_a_profile_is_what_new_roadmaps_are_made_for(model_host: LocalHost) -> None:
    with someone(model_host) as ada, someone(model_host) as grace:
        empty = ada.http.get("/me/profile")
        assert (empty.status_code, empty.json()["skill_level"], empty.json()["updated_at"]) == (
            200,
            None,
            None,
        )
        profile = {
            "skill_level": "advanced",
            "time_commitment": "3-5",
            "learning_style": "reading",
            "language": "de",
            "industry": "Beekeeping",
        }
        stored = ada.http.put("/me/profile", json=profile)
        assert stored.status_code == 200, stored.text
        assert {name: stored.json()[name] for name in profile} == profile
        assert (stored.json()["weekly_hours_low"], stored.json()["weekly_hours_high"]) == (3, 5)
        read = ada.http.get("/me/profile")
        assert (read.json(), read.headers["ETag"]) == (stored.json(), stored.headers["ETag"])
        assert grace.http.get("/me/profile").json()["industry"] is None

        created = ada.http.post("/roadmaps", json={"goal": "Learn Python"})
        assert created.status_code == 202, created.text
        roadmap = ada.await_roadmap(created.json()["roadmap_id"])
        assert roadmap["profile_snapshot"] == {
            "skill_level": "advanced",
            "weekly_hours_low": 3,
            "weekly_hours_high": 5,
            "learning_style": "reading",
            "language": "de",
            "industry": "Beekeeping",
        }

        stale = {"If-Match": empty.headers["ETag"]}
        refused = ada.http.put("/me/profile", json=GOAL | {"goal": None}, headers=stale)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "goal")
        late = ada.http.put("/me/profile", json={"weekly_hours": 7}, headers=stale)
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
        newest = {"If-Match": read.headers["ETag"]}
        replaced = ada.http.put("/me/profile", json={"weekly_hours": 7}, headers=newest)
        assert (replaced.json()["time_commitment"], replaced.json()["skill_level"]) == ("7", None)
        assert ada.http.put("/me/profile", json={}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"skill_level": "expert"}, "skill_level"),
        ({"learning_style": "sleeping"}, "learning_style"),
        ({"weekly_hours": "five"}, "weekly_hours"),
        ({"weekly_hours": 0}, "weekly_hours"),
        ({"time_commitment": "now and then"}, "time_commitment"),
        ({"time_commitment": "3-5", "weekly_hours": 4}, "time_commitment"),
        ({"language": "Deutsch bitte"}, "language"),
        ({"industry": "x" * 101}, "industry"),
        ({"industry": "a\u0007b"}, "industry"),
        ({"shoe_size": 43}, "shoe_size"),
    ],
)
def test_a_bad_field_of_a_profile_is_named(model_host: LocalHost, body: Body, field: str) -> None:
    with someone(model_host) as ada:
        answer = ada.http.put("/me/profile", json=body)
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
