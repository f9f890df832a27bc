"""The fake provider itself: what tests and benchmarks rely on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from shared.lessons.prompts import lesson_prompt, outline_prompt, plan_prompt
from shared.llm.structured import Answer, CallStep, Line, Opening, ask
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.research import Brief, Passage, Source
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.settings import ProviderSettings
from tests.support.model_provider import ModelProvider

ROOT = Path(__file__).parents[3]
CURRICULUM = CurriculumSpecification(subject="C#", level=SkillLevel.BEGINNER, language="en")
BRIEF = Brief(
    sources=[
        Source(
            id=f"s{number}",
            origin="wikipedia",
            title=f"Page {number} of <b>",
            author="Many",
            url=f"https://example.org/{number}",
            licence="CC BY-SA 4.0",
            licence_url="https://creativecommons.org/licenses/by-sa/4.0/",
            open_licence=True,
            retrieved_at=datetime(2026, 1, 1, tzinfo=UTC),
            passages=[Passage(text="Something about it.")],
        )
        for number in (1, 4)
    ],
    reports=[],
)


async def test_it_answers_every_step_of_the_app_validly(
    line: Line,
    model_provider: ModelProvider,
    settings_for: Callable[..., ProviderSettings],
) -> None:
    provider = settings_for(model_provider.base_url)
    planned = await ask(line, provider, plan_prompt(CURRICULUM), CallStep("k", "1", "plan"), Opening())
    assert isinstance(planned, Answer)
    plan = planned.value.to_plan()
    assert len(plan.modules) == 8
    assert all("C#" in module.title for module in plan.modules)
    outlined = await ask(
        line,
        provider,
        outline_prompt(CURRICULUM, plan, 5),
        CallStep("k", "1", "outline-5"),
        Opening(),
    )
    assert isinstance(outlined, Answer)
    lesson = outlined.value.lessons[2]
    specification = LessonSpecification(
        curriculum=CURRICULUM,
        module_title=plan.modules[4].title,
        title=lesson.title,
        objectives=lesson.objectives,
        style=LearningStyle.HANDS_ON,
    )
    written = await ask(
        line, provider, lesson_prompt(specification, BRIEF), CallStep("k", "1", "write"), Opening()
    )
    assert isinstance(written, Answer)
    content = written.value.to_content(specification, BRIEF)
    assert {source_id for section in content.sections for source_id in section.source_ids} == {"s1", "s4"}
    assert len(content.quiz) == 4
    assert content.exercises
    assert content.diagrams
    assert [received.target for received in model_provider.requests] == [
        "C#",
        plan.modules[4].title,
        lesson.title,
    ]


async def test_a_rule_hits_its_target_only(client: httpx.AsyncClient, model_provider: ModelProvider) -> None:
    model_provider.script("500", step="outline", contains="second", times=1)
    statuses = [
        (
            await client.post(f"{model_provider.base_url}/chat/completions", json=_outline_of(module))
        ).status_code
        for module in ("The first", "The Second", "The second", "The third")
    ]
    assert statuses == [200, 500, 200, 200]
    assert model_provider.calls() == {"interpret": 0, "plan": 0, "outline": 4, "lesson": 0, "other": 0}


async def test_it_serves_two_hundred_slow_requests_at_once(client: httpx.AsyncClient) -> None:
    with ModelProvider(outline_seconds=1.0) as provider:
        async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=None)) as many:
            url = f"{provider.base_url}/chat/completions"
            replies = await asyncio.wait_for(
                asyncio.gather(*(many.post(url, json=_outline_of("M"), timeout=60) for _ in range(200))),
                timeout=60,  # one after the other they would take 200 s
            )
        assert {reply.status_code for reply in replies} == {200}
        assert provider.calls()["outline"] == 200


@pytest.fixture
def provider_process() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.model_provider", "--port", "0", "--modules", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
        assert process.wait(timeout=30) == 0


async def test_as_a_process_it_is_steered_over_http(client: httpx.AsyncClient, provider_process: str) -> None:
    root = provider_process.removesuffix("/v1")
    body = {
        "messages": [{"role": "user", "content": 'Specification: {"subject": "Go"}'}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "curriculum_plan"}},
    }
    assert (
        await client.post(f"{root}/script", json={"answer": "429", "step": "plan", "times": 1})
    ).is_success
    assert (await client.post(f"{root}/script", json={"reply": "429"})).status_code == 400

    assert (await client.post(f"{provider_process}/chat/completions", json=body)).status_code == 429
    reply = await client.post(f"{provider_process}/chat/completions", json=body)
    assert len(json.loads(reply.json()["choices"][0]["message"]["content"])["modules"]) == 3
    assert (await client.get(f"{root}/calls")).json() == {
        "interpret": 0,
        "plan": 2,
        "outline": 0,
        "lesson": 0,
        "other": 0,
    }
    assert (await client.get(f"{root}/requests")).json()[0]["target"] == "Go"
    assert (await client.delete(f"{root}/script")).status_code == 204
    assert (await client.get(f"{root}/calls")).json()["plan"] == 0


def _outline_of(module: str) -> dict[str, object]:
    return {
        "messages": [{"role": "user", "content": f"Specification: {json.dumps({'module': module})}"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "module_outline"}},
    }
