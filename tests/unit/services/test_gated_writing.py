"""A body that the gates cannot mend goes back once with the reasons, then on; their figures are shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.lessons.gates.pipeline import GATES
from shared.lessons.prompts import lesson_prompt
from shared.models.curriculum import Tier
from shared.models.research import Brief
from shared.models.views import LessonView
from shared.planning.standalone import standalone_specification
from shared.services.lessons import Lessons
from shared.services.standalone import StandaloneLessons
from shared.settings import load_settings
from tests.support import model_answers
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import one_process

TOPIC = standalone_specification("Python", "Dictionaries")


@pytest.fixture
async def clients(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    async with one_process(load_settings(app_settings(tmp_path, **with_provider(provider)))) as clients:
        yield clients


def reply(**changes: Any) -> str:
    """What the fake model answers to this lesson's prompt, with changes."""
    body = {
        "messages": [{"role": "user", "content": lesson_prompt(TOPIC, Brief(sources=[], reports=[])).user}]
    }
    asked = model_answers.read_request({**body, "response_format": {"json_schema": {"name": "lesson"}}})
    return json.dumps({**model_answers.answer(asked, modules=1), **changes})


async def read(clients: Clients) -> LessonView:
    flow = Flow([clients])
    lesson = await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    await flow.run_all()
    return (await Lessons(clients).view("ada", lesson.id))[0]


async def test_what_cannot_be_mended_goes_back_once_with_the_reasons(
    clients: Clients, provider: ModelProvider
) -> None:
    unfinished = reply(summary="TODO: write the summary.")
    provider.script("content", content=unfinished, step="lesson", times=1)
    view = await read(clients)
    assert view.tier is Tier.MODEL
    assert provider.calls()["lesson"] == 2
    said = str(provider.requests[-1].body["messages"][-1]["content"])
    assert "the summary holds “TODO”" in said
    assert view.content is not None
    assert "TODO" not in view.content.summary


async def test_a_body_that_stays_bad_goes_on_to_the_next_writer(
    clients: Clients, provider: ModelProvider
) -> None:
    provider.script("content", content=reply(summary="TODO: write the summary."), step="lesson")
    view = await read(clients)
    assert provider.calls()["lesson"] == 2
    assert view.tier is Tier.EXTRACTIVE
    assert view.quality is not None
    assert [fallback.provider for fallback in view.quality.fallbacks] == ["fake"]
    assert "TODO" in view.quality.fallbacks[0].reason


async def test_why_this_lesson_tells_what_the_gates_found(clients: Clients, provider: ModelProvider) -> None:
    sections = [
        {
            "heading": "Looking up",
            "markdown": "A dictionary maps keys to values. See [this](https://evil.example/x).",
            "source_ids": ["s1"],
        },
        {"heading": "Changing", "markdown": "Assigning to a key of a dictionary adds or replaces its value."},
    ]
    whole = json.loads(reply())["sections"]
    provider.script("content", content=reply(sections=[*whole, *sections]), step="lesson")
    view = await read(clients)
    assert view.tier is Tier.MODEL
    assert view.content is not None
    assert view.quality is not None
    assert "evil" not in json.dumps(view.content.to_json())
    figures = {figure.gate: figure for figure in view.quality.gates}
    assert list(figures) == [gate.name for gate in GATES]
    citations = figures["citations"]
    assert citations.found is not None
    assert citations.found < 1.0
    assert (citations.figure, citations.passed) == (1.0, True)
    assert view.quality.sources == len(view.source_attribution)
    assert view.quality.cost_usd > 0
    assert view.quality.age_days == 0
