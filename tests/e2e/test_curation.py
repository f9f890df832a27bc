"""Votes, reviews and rejected versions through real HTTP, on two app processes."""

from __future__ import annotations

import concurrent.futures
import itertools
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.app import app_host, with_provider
from tests.support.learner import Body, Learner
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider

numbers = itertools.count(1)
Made = tuple[Learner, Body]


def mentor(learner: Learner, method: str, path: str, **given: object) -> httpx.Response:
    """Send a request in the role of a mentor."""
    headers = {"X-User-Roles": "mentor"}
    return learner.http.request(method, f"/library/{path}", headers=headers, **given)  # type: ignore[arg-type]


def topic() -> str:
    """Return a topic that nobody has a lesson on yet."""
    return f"Dictionaries {next(numbers)} of {uuid.uuid4().hex[:8]}"


class Learners:
    """New learners, each with a lesson."""

    def __init__(self) -> None:
        self.made: list[Learner] = []

    def __call__(self, host: LocalHost, title: str) -> Made:
        """Return a new learner with a lesson on a topic."""
        learner = Learner(host.url, f"learner-{uuid.uuid4()}")
        self.made.append(learner)
        return learner, _written(learner, title)


@pytest.fixture
def written() -> Iterator[Learners]:
    learners = Learners()
    yield learners
    for learner in learners.made:
        learner.http.close()


def _written(learner: Learner, title: str) -> Body:
    query = {"subject": "Python", "step_title": title}
    answer = learner.http.get("/lessons/lookup", params=query)
    assert answer.status_code in (200, 202), answer.text
    return learner.await_lesson(answer.json()["lesson"]["id"])


def key_of(learner: Learner, title: str) -> str:
    """Find a lesson's key in the mentors' list, where it stands a moment after it was written."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for item in waiting(learner):
            if item["title"] == title:
                return str(item["lesson_key"])
        time.sleep(0.1)
    raise AssertionError(f"{title} is not in the list")


def waiting(learner: Learner) -> Iterator[Body]:
    """Give what waits for a review, page by page."""
    continuation = ""
    while continuation is not None:
        query = {"limit": "10", "continuation": continuation}
        page = mentor(learner, "GET", "lessons", params=query).json()
        yield from page["items"]
        continuation = page["continuation"]


def vote(learner: Learner, lesson: Body, value: object) -> httpx.Response:
    return learner.http.post(f"/lessons/{lesson['id']}/vote", json={"value": value})


def decide(learner: Learner, key: str, version: str, decision: str, comment: str = "") -> Body:
    body = {"decision": decision, "comment": comment}
    answer = mentor(learner, "POST", f"lessons/{key}/versions/{version}/review", json=body)
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def test_votes_are_counted_once_for_each_learner(model_host: LocalHost, written: Learners) -> None:
    title = topic()
    made = [written(model_host, title) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for values in ([1] * 8, [1, -1] * 4, [0, -1] * 4, [-1, -1] * 4):
            answers = list(pool.map(lambda one, value: vote(one[0], one[1], value), made, values))
            assert {answer.status_code for answer in answers} == {200}
            assert [answer.json()["value"] for answer in answers] == values
            learner, lesson = made[0]
            version, *_ = learner.http.get(f"/lessons/{lesson['id']}/versions").json()["items"]
            assert version["votes"] == {"up": values.count(1), "down": values.count(-1)}
    assert learner.lesson(lesson["id"])["own_vote"] == -1


@pytest.mark.parametrize("value", [2, "1", True, 1.5, None, [1]])
def test_a_vote_is_one_of_three_numbers(model_host: LocalHost, written: Learners, value: object) -> None:
    answer = vote(*written(model_host, "Tuples"), value)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "value")


def test_a_foreign_lesson_cannot_be_voted_on(model_host: LocalHost, written: Learners) -> None:
    (_, lesson), (other, _) = [written(model_host, "Tuples") for _ in range(2)]
    assert vote(other, lesson, 1).status_code == 404


def test_mentors_review_and_learners_do_not(model_host: LocalHost, written: Learners) -> None:
    title = topic()
    learner, lesson = written(model_host, title)
    key = key_of(learner, title)
    path = f"/library/lessons/{key}/versions/1.0"
    for method, target in (("GET", "/library/lessons"), ("GET", path), ("POST", f"{path}/review")):
        refused = learner.http.request(method, target, json={"decision": "approve"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), target

    seen = mentor(learner, "GET", f"lessons/{key}/versions/1.0").json()
    assert seen["content"]["quiz"][0]["answer_index"] == 0, "a mentor sees the key"
    assert (seen["approval_status"], seen["reviews"], seen["figures"]["shown"]) == ("pending", [], 1)
    decided = decide(learner, key, "1.0", "approve", "Clear, and every quotation is right.")
    assert decided["approval_status"] == "approved"
    [review] = decided["reviews"]
    assert (review["decision"], review["comment"]) == ("approve", "Clear, and every quotation is right.")
    assert learner.user_id not in str(decided)
    assert learner.lesson(lesson["id"])["approval_status"] == "approved"

    approved = mentor(learner, "GET", "lessons", params={"approval_status": "approved", "limit": "100"})
    assert key in [item["lesson_key"] for item in approved.json()["items"]]
    decide(learner, key, "1.0", "verify")
    query = {"limit": "1"}
    newest = mentor(learner, "GET", f"lessons/{key}/versions/1.0", params=query).json()
    query["continuation"] = newest["continuation"]
    older = mentor(learner, "GET", f"lessons/{key}/versions/1.0", params=query).json()
    reviews = [[one["decision"] for one in page["reviews"]] for page in (newest, older)]
    assert (reviews, older["continuation"]) == ([["verify"], ["approve"]], None)
    wrong = mentor(learner, "POST", f"lessons/{key}/versions/1.0/review", json={"decision": "maybe"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "decision")
    long = {"decision": "approve", "comment": "x" * 1001}
    answer = mentor(learner, "POST", f"lessons/{key}/versions/1.0/review", json=long)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "comment")
    status = mentor(learner, "GET", "lessons", params={"approval_status": "good"})
    assert (status.status_code, status.json()["errors"][0]["field"]) == (422, "approval_status")


@pytest.mark.parametrize(
    "path", ["{key}/versions/1.7", "{key}/versions/2.0", "{other}/versions/1.0", "{odd}/versions/1.0"]
)
def test_what_is_not_in_the_library_is_not_found(model_host: LocalHost, written: Learners, path: str) -> None:
    title = topic()
    learner, _ = written(model_host, title)
    target = path.format(key=key_of(learner, title), other="0f" * 32, odd="%00z" * 32)
    for method, suffix in (("GET", ""), ("POST", "/review")):
        answer = mentor(learner, method, f"lessons/{target}{suffix}", json={"decision": "reject"})
        assert answer.status_code == 404, target


def test_a_rejected_version_is_served_to_nobody(
    model_host: LocalHost, written: Learners, provider: ModelProvider
) -> None:
    title = topic()
    (ada, hers), (grace, theirs) = [written(model_host, title) for _ in range(2)]
    key = key_of(ada, title)
    ada.regenerate(hers["id"])
    assert ada.await_regenerated(hers["id"])["version"] == "1.1"
    assert grace.lesson(theirs["id"])["version"] == "1.0"

    decide(ada, key, "1.0", "reject", "It confuses keys with values.")
    moved = grace.lesson(theirs["id"])
    assert (moved["version"], moved["generation_status"]) == ("1.1", "completed")
    assert grace.http.get(f"/lessons/{theirs['id']}/versions/1.0").status_code == 404
    chosen = grace.http.put(f"/lessons/{theirs['id']}/version", json={"version": "1.0"})
    assert chosen.status_code == 404
    statuses = [
        item["approval_status"]
        for item in grace.http.get(f"/lessons/{theirs['id']}/versions").json()["items"]
    ]
    assert statuses == ["rejected", "pending"]
    assert written(model_host, title)[1]["version"] == "1.1"

    decide(ada, key, "1.1", "reject")
    for learner, lesson in ((ada, hers), (grace, theirs)):
        status = learner.http.get(f"/lessons/{lesson['id']}/status").json()
        assert (status["generation_status"], status["version"]) == ("pending", None)
        assert "withdrawn" in status["message"]
        assert learner.lesson(lesson["id"])["content"] is None
        text = learner.http.get(f"/lessons/{lesson['id']}", params={"format": "markdown"})
        assert text.json()["code"] == "not_written"
    calls = provider.calls()["lesson"]
    assert ada.generate(hers["id"]).status_code == 202, "only rejected versions are a miss"
    assert ada.await_lesson(hers["id"])["version"] == "1.2"
    assert grace.generate(theirs["id"]).json()["version"] == "1.2"
    assert provider.calls()["lesson"] == calls + 1

    decide(ada, key, "1.0", "verify")
    assert written(model_host, title)[1]["version"] == "1.0", "a mentor may think again"


def test_counts_of_a_roadmap_follow_a_rejection(model_host: LocalHost, written: Learners) -> None:
    subject = f"Subject {uuid.uuid4().hex[:8]}"
    with Learner(model_host.url, f"learner-{uuid.uuid4()}") as ada:
        roadmap = ada.roadmap(goal=subject)
        lesson = roadmap["modules"][0]["lessons"][0]
        ada.generate(lesson["id"])
        ada.await_lesson(lesson["id"])
        assert ada.status(roadmap["roadmap_id"])["progress"]["lessons_completed"] == 1
        decide(ada, key_of(ada, lesson["title"]), "1.0", "reject")
        after = ada.status(roadmap["roadmap_id"])["progress"]
        assert (after["lessons_completed"], after["lessons_generating"]) == (0, 0)
        [shown] = [
            one
            for one in ada.await_roadmap(roadmap["roadmap_id"])["modules"][0]["lessons"]
            if one["id"] == lesson["id"]
        ]
        assert shown["generation_status"] == "pending"
        assert shown["generation_error"]["code"] == "rejected"


def test_a_whole_share_of_challengers_and_dislike(
    tmp_path: Path, provider: ModelProvider, written: Learners
) -> None:
    settings = with_provider(provider) | {"CHALLENGER_SHARE": "1", "REGENERATE_MIN_VOTES": "2"}
    with app_host(tmp_path, settings=settings) as host:
        title = topic()
        ada, lesson = written(host, title)
        grace, theirs = written(host, title)
        vote(ada, lesson, -1)
        calls = provider.calls()["lesson"]
        vote(grace, theirs, -1)
        kept = ada.await_that(lesson["id"], lambda found: found["newer_version"] is not None)
        assert (kept["version"], kept["newer_version"]) == ("1.0", "1.1"), (
            "written by itself, in the background"
        )
        assert provider.calls()["lesson"] == calls + 1
        [_, new] = ada.http.get(f"/lessons/{lesson['id']}/versions").json()["items"]
        assert (new["occasion"], new["regenerated_from"], new["reason"]) == ("low_score", "1.0", None)
        # The best version is 1.1; everybody who is new draws the other one, and keeps it.
        linus, drawn = written(host, title)
        assert drawn["version"] == "1.0"
        assert linus.generate(drawn["id"]).json()["version"] == "1.0"
