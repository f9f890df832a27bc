"""From what a model writes to what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from shared.lessons.prompts.drafts import LessonDraft, PlanDraft
from shared.models.research import Brief, Source
from shared.models.specification import LessonSpecification
from tests.support import model_answers


@pytest.fixture
def draft() -> dict[str, Any]:
    specification = {"lesson": "Repeating", "objectives": ["Write a for loop"]}
    return model_answers.lesson(
        model_answers.Asked("lesson", "Repeating", specification, {"s1": "For loop"})
    ) | {
        "sections": [
            {"heading": "One", "markdown": "Text.", "source_ids": ["s2", "s9", "s2", "s1"]},
            {"heading": "Two", "markdown": "Text.", "source_ids": []},
        ]
    }


def test_the_server_fills_in_what_it_knows_better(
    draft: dict[str, Any], lesson: LessonSpecification, brief: Brief
) -> None:
    content = LessonDraft.model_validate(draft).to_content(lesson, brief)
    assert content.objectives == lesson.objectives
    assert content.sections == LessonDraft.model_validate(draft).sections
    assert [(page.title, page.url, page.kind) for page in content.resources] == [
        ("For loop", "https://en.wikipedia.org/wiki/s1", "wikipedia"),
        ("For loop", "https://en.wikipedia.org/wiki/s2", "wikipedia"),
    ]
    assert content.video is None


def test_odd_pages_of_a_brief_do_not_break_a_lesson(
    draft: dict[str, Any], lesson: LessonSpecification, source: Callable[..., Source]
) -> None:
    odd = [
        source("s1", title="  "),
        source("s2", url="https://example.org/" + "x" * 3000),
        source("s3", title="t" * 900),
        *(source(f"s{number}") for number in range(4, 40)),
    ]
    content = LessonDraft.model_validate(draft).to_content(lesson, Brief(sources=odd, reports=[]))
    assert len(content.resources) == 20
    assert content.resources[0].title == "wikipedia"
    assert len(content.resources[1].title) == 500


@pytest.mark.parametrize("field", ["resources", "video", "objectives", "reading_minutes"])
def test_a_draft_has_no_place_for_addresses(draft: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        LessonDraft.model_validate({**draft, field: []})


@pytest.mark.parametrize(
    "change", [{"quiz": []}, {"sections": []}, {"key_concepts": []}, {"summary": " "}], ids=str
)
def test_a_lesson_without_its_parts_is_no_lesson(draft: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LessonDraft.model_validate({**draft, **change})


def test_a_plan_has_no_pages_of_the_models_invention() -> None:
    plan = PlanDraft.model_validate(model_answers.plan("Go", 24)).to_plan()
    assert len(plan.modules) == 24
    assert all(module.resources == [] for module in plan.modules)
    with pytest.raises(ValidationError):
        PlanDraft.model_validate({"modules": model_answers.plan("Go", 24)["modules"] * 2})
