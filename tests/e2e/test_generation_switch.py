"""The operator's switch: GENERATION=on | cache | off."""

from __future__ import annotations

from pathlib import Path

from tests.support.app import app_host, with_provider
from tests.support.learner import Learner, first_lesson
from tests.support.model_provider import ModelProvider


def test_the_switch(tmp_path: Path) -> None:
    with ModelProvider() as provider:
        settings = with_provider(provider)
        with app_host(tmp_path, settings=settings) as host, Learner(host.url, "ada") as ada:
            roadmap = ada.roadmap(goal="Python")
            ada.generate(first_lesson(roadmap)["id"])
            assert ada.await_lesson(first_lesson(roadmap)["id"])["tier"] == "model"
        provider.reset()

        cache = {**settings, "GENERATION": "cache"}
        with app_host(tmp_path, settings=cache) as host, Learner(host.url, "grace") as grace:
            roadmap = grace.roadmap(goal="Python")
            assert roadmap["tier"] == "model", "what exists is served"
            assert grace.generate(first_lesson(roadmap)["id"]).json()["was_cached"] is True
            other = roadmap["modules"][1]["lessons"][0]["id"]
            grace.generate(other)
            assert grace.await_lesson(other)["tier"] == "extractive", "the last tier serves the rest"

        off = {**settings, "GENERATION": "off"}
        with app_host(tmp_path, settings=off) as host, Learner(host.url, "linus") as linus:
            roadmap = linus.roadmap(goal="Python")
            assert linus.generate(first_lesson(roadmap)["id"]).status_code == 200
            refused = linus.generate(roadmap["modules"][2]["lessons"][0]["id"])
            assert (refused.status_code, refused.json()["code"]) == (503, "generation_off")
            assert "Retry-After" in refused.headers
            status = linus.lesson(roadmap["modules"][2]["lessons"][0]["id"])
            assert status["generation_status"] == "pending"
        assert provider.calls() == {"interpret": 0, "plan": 0, "outline": 0, "lesson": 0, "other": 0}
