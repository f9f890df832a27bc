"""Versions of lessons through real HTTP: upgrades, regeneration, and the learner's choice."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import uuid
from collections.abc import Callable, Iterator

import httpx

from tests.support.learner import Body, Learner, first_lesson
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider

# Each number is another lesson on the topic, so that tests do not meet in the library.
numbers = itertools.count(1)


def someone() -> str:
    return f"learner-{uuid.uuid4()}"


@contextlib.contextmanager
def learners(host: LocalHost, count: int) -> Iterator[list[Learner]]:
    made = [Learner(host.url, someone()) for _ in range(count)]
    try:
        yield made
    finally:
        for learner in made:
            learner.http.close()


def lookup(learner: Learner, number: int) -> httpx.Response:
    query = {"subject": "Python", "step_title": "Dictionaries", "lesson_number": str(number)}
    return learner.http.get("/lessons/lookup", params=query)


def written(learner: Learner, number: int) -> Body:
    """Look a lesson up and wait for it."""
    answer = lookup(learner, number)
    assert answer.status_code in (200, 202), answer.text
    return learner.await_lesson(answer.json()["lesson"]["id"])


def versions(learner: Learner, lesson_id: str) -> list[Body]:
    items: list[Body] = learner.http.get(f"/lessons/{lesson_id}/versions").json()["items"]
    return items


def at_once(made: list[Learner], act: Callable[[Learner], httpx.Response]) -> list[httpx.Response]:
    with concurrent.futures.ThreadPoolExecutor(len(made)) as pool:
        return list(pool.map(act, made))


def test_quotations_are_upgraded_once_in_the_background(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    number = next(numbers)
    provider.script("garbage", step="lesson")
    with learners(model_host, 21) as (first, *others):
        quoted = written(first, number)
        assert (quoted["tier"], quoted["version"], quoted["newer_version"]) == ("extractive", "1.0", None)
        provider.reset()

        answers = at_once(others, lambda learner: lookup(learner, number))
        assert {answer.status_code for answer in answers} == {200}, "everyone is served at once"
        assert {answer.json()["was_cached"] for answer in answers} == {True}

        kept = first.await_that(quoted["id"], lambda lesson: lesson["newer_version"] is not None)
        assert (kept["version"], kept["newer_version"]) == ("1.0", "1.1")
        assert kept["content"] == quoted["content"], "a learner keeps the version that they started"
        assert provider.calls()["lesson"] == 1
        old, new = versions(first, quoted["id"])
        assert (old["version"], old["tier"], old["occasion"]) == ("1.0", "extractive", "first")
        assert (new["version"], new["tier"], new["occasion"]) == ("1.1", "model", "upgrade")
        assert (new["regenerated_from"], new["ai_provider"]) == ("1.0", "fake")

        with learners(model_host, 1) as [late]:
            best = lookup(late, number).json()["lesson"]
            assert (best["version"], best["tier"]) == ("1.1", "model")


def test_regeneration_gives_the_requester_a_new_version(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    subject = f"Subject {uuid.uuid4().hex[:8]}"
    with learners(model_host, 2) as (ada, grace):
        roadmap = ada.roadmap(goal=subject)
        lesson_id = first_lesson(roadmap)["id"]
        early = ada.regenerate(lesson_id)
        assert (early.status_code, early.json()["code"]) == (409, "not_completed")
        ada.generate(lesson_id)
        ada.await_lesson(lesson_id)
        hers = first_lesson(grace.roadmap(goal=subject))["id"]
        assert grace.generate(hers).status_code == 200

        wrong = ada.regenerate(lesson_id, reason="ugly")
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "reason")
        answer = ada.regenerate(lesson_id, reason="too_hard")
        assert answer.status_code == 202
        assert answer.json()["generation_status"] == "completed"
        new = ada.await_regenerated(lesson_id)
        assert (new["generation_status"], new["version"], new["regenerated_from"]) == (
            "completed",
            "1.1",
            "1.0",
        )
        assert [entry["reason"] for entry in versions(ada, lesson_id)] == [None, "too_hard"]
        assert not [request for request in provider.requests if "too_hard" in str(request.body)]

        kept = grace.lesson(hers)
        assert (kept["version"], kept["newer_version"]) == ("1.0", "1.1")
        chosen = grace.http.put(f"/lessons/{hers}/version", json={"version": "1.1"})
        assert (chosen.status_code, chosen.json()["version"]) == (200, "1.1")
        assert grace.lesson(hers)["newer_version"] is None
        back = grace.http.put(f"/lessons/{hers}/version", json={"version": "1.0"})
        assert back.json()["version"] == "1.0"
        absent = grace.http.put(f"/lessons/{hers}/version", json={"version": "1.2"})
        assert absent.status_code == 404
        nonsense = grace.http.put(f"/lessons/{hers}/version", json={"version": "newest"})
        assert (nonsense.status_code, nonsense.json()["errors"][0]["field"]) == (422, "version")

        whole = grace.http.get(f"/lessons/{hers}/versions/1.1").json()
        assert whole["content"] == new["content"]
        assert grace.http.get(f"/lessons/{hers}/versions/2.0").status_code == 404
        assert grace.http.get(f"/lessons/{lesson_id}/versions").status_code == 404, "ada's lesson"
        progress = ada.status(roadmap["roadmap_id"])["progress"]
        assert (progress["lessons_completed"], progress["lessons_generating"]) == (1, 0)


def test_twenty_who_regenerate_at_once_cost_one_generation(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    number = next(numbers)
    with learners(model_host, 20) as made:
        written(made[0], number)
        ids = {learner.user_id: written(learner, number)["id"] for learner in made}
        assert provider.calls()["lesson"] == 1
        answers = at_once(made, lambda learner: learner.regenerate(ids[learner.user_id], reason="unclear"))
        assert {answer.status_code for answer in answers} == {202}
        shown = {learner.await_regenerated(ids[learner.user_id])["version"] for learner in made}
        assert shown == {"1.1"}
        assert provider.calls()["lesson"] == 2


def test_a_regeneration_that_fails_says_why_and_costs_nothing_else(
    model_host: LocalHost, provider: ModelProvider
) -> None:
    with learners(model_host, 1) as [ada]:
        lesson = written(ada, next(numbers))
        provider.script("garbage", step="lesson")
        ada.regenerate(lesson["id"], reason="wrong")
        after = ada.await_regenerated(lesson["id"])
        assert (after["generation_status"], after["version"]) == ("completed", "1.0")
        assert after["content"] == lesson["content"]
        assert after["regeneration_error"]["code"] == "providers_failed"
        status = ada.http.get(f"/lessons/{lesson['id']}/status").json()
        assert status["regenerating"] is False
        assert status["message"].startswith("The version that you have stays.")

        provider.reset()
        ada.regenerate(lesson["id"])
        again = ada.await_regenerated(lesson["id"])
        assert (again["version"], again["regeneration_error"]) == ("1.1", None)


def test_another_style_is_another_lesson(model_host: LocalHost, provider: ModelProvider) -> None:
    number = next(numbers)
    with learners(model_host, 2) as (ada, grace):
        lesson = written(ada, number)
        theirs = written(grace, number)
        provider.script("garbage", step="lesson")
        ada.regenerate(lesson["id"], learning_style="reading")
        quoted = ada.await_regenerated(lesson["id"])
        assert (quoted["learning_style"], quoted["version"], quoted["tier"]) == (
            "reading",
            "1.0",
            "extractive",
        )
        provider.reset()

        ada.regenerate(lesson["id"], learning_style="video")
        moved = ada.await_regenerated(lesson["id"])
        assert (moved["learning_style"], moved["version"], moved["tier"]) == ("video", "1.0", "model")
        calls = provider.calls()["lesson"]
        answer = grace.regenerate(theirs["id"], learning_style="video").json()
        assert (answer["regenerating"], answer["version"]) == (False, "1.0")
        assert provider.calls()["lesson"] == calls, "it was in the library"
        assert grace.lesson(theirs["id"])["content"] == moved["content"]
        back = grace.regenerate(theirs["id"], learning_style="mixed").json()
        assert (back["regenerating"], back["version"]) == (False, "1.0")
        assert grace.lesson(theirs["id"])["content"] == lesson["content"]


def test_with_no_provider_a_lesson_is_composed_anew(bare_host: LocalHost) -> None:
    with learners(bare_host, 1) as [ada]:
        lesson = written(ada, next(numbers))
        for _ in range(2):
            assert ada.regenerate(lesson["id"]).status_code == 202
            lesson = ada.await_regenerated(lesson["id"])
        assert (lesson["version"], lesson["tier"]) == ("1.2", "extractive")
        assert [entry["regenerated_from"] for entry in versions(ada, lesson["id"])] == [None, "1.0", "1.1"]
