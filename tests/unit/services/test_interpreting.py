"""The step that interprets a goal: delivered twice, overtaken, without a provider."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.models.document import now
from shared.models.inputs import InterpretInput
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.outcomes import Done, Failed, Next
from shared.models.roadmap import Roadmap
from shared.planning.subject import interpret_goal
from shared.services.asking import LOCAL
from shared.services.interpreting import Interpreting
from shared.settings import load_settings
from tests.support.app import app_settings, with_provider
from tests.support.model_provider import ModelProvider
from tests.support.store_file import stored_documents

GOAL = "my dough is always so sticky that I cannot shape it, tell me what that is about: bread baking"


def said(**fields: Any) -> str:
    """Return a model's reading."""
    plain = {"refused": False, "subject": "Bread baking", "focus": "", "alternatives": [], "language": "en"}
    return json.dumps(plain | fields)


@pytest.fixture
def provider() -> Iterator[ModelProvider]:
    with ModelProvider() as provider:
        yield provider


@pytest.fixture
async def clients(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[Clients]:
    clients = Clients(load_settings(app_settings(tmp_path, **with_provider(provider))))
    yield clients
    await clients.close()


async def unsettled(clients: Clients, **changes: Any) -> Roadmap:
    local = interpret_goal(GOAL)
    roadmap = Roadmap(
        id=str(uuid.uuid4()),
        user_id="ada",
        goal=GOAL,
        subject=local.subject,
        language=local.language,
        skill_level=SkillLevel.BEGINNER,
        learning_style=LearningStyle.MIXED,
        weekly_hours_low=3,
        weekly_hours_high=5,
        requested_at=now(),
        curriculum_key="",
        settled=False,
    ).model_copy(update=changes)
    roadmap.curriculum_key = roadmap.specification.key
    return await clients.documents.create(roadmap)


def work(roadmap: Roadmap, **changes: Any) -> InterpretInput:
    return InterpretInput(user_id=roadmap.user_id, roadmap_id=roadmap.id, attempt=1).model_copy(
        update=changes
    )


async def read(clients: Clients, roadmap: Roadmap) -> Roadmap:
    return await clients.documents.read(Roadmap, roadmap.user_id, roadmap.id)


async def test_the_roadmap_gets_the_models_subject_and_its_key(
    clients: Clients, provider: ModelProvider, tmp_path: Path
) -> None:
    roadmap = await unsettled(clients)
    assert await Interpreting(clients).interpret(work(roadmap)) == Done()
    settled = await read(clients, roadmap)
    assert (settled.subject, settled.settled) == ("Bread baking", True)
    assert settled.curriculum_key == settled.specification.key != roadmap.curriculum_key
    assert settled.revision == roadmap.revision + 1
    [call] = stored_documents(tmp_path / "skillsync.db", "LearnerCallRecord")
    assert (call["user_id"], call["step"], call["status"]) == ("ada", "interpret", "completed")
    assert stored_documents(tmp_path / "skillsync.db", "CallRecord") == []
    assert provider.calls()["interpret"] == 1


async def test_a_repeat_changes_nothing_and_pays_nothing(clients: Clients, provider: ModelProvider) -> None:
    roadmap = await unsettled(clients)
    await Interpreting(clients).interpret(work(roadmap))
    settled = await read(clients, roadmap)
    assert await Interpreting(clients).interpret(work(roadmap)) == Done()
    assert await read(clients, roadmap) == settled
    assert provider.calls()["interpret"] == 1


async def test_two_deliveries_at_once_pay_once(clients: Clients, provider: ModelProvider) -> None:
    roadmap = await unsettled(clients)
    outcomes = await asyncio.gather(*(Interpreting(clients).interpret(work(roadmap)) for _ in range(4)))
    assert Done() in outcomes
    assert {outcome.kind for outcome in outcomes} <= {"done", "deferred", "failed"}
    assert all(outcome.retryable for outcome in outcomes if isinstance(outcome, Failed))
    assert (await read(clients, roadmap)).subject == "Bread baking"
    assert provider.calls()["interpret"] == 1


async def test_what_the_request_named_stays(clients: Clients, provider: ModelProvider) -> None:
    answer = said(subject="Bread", focus="x", alternatives=["Dough", "bread"], language="fr")
    provider.script("content", step="interpret", content=answer)
    roadmap = await unsettled(
        clients, focus="rye", focus_given=True, language="de", profile_snapshot={"language": "de"}
    )
    await Interpreting(clients).interpret(work(roadmap))
    settled = await read(clients, roadmap)
    assert (settled.subject, settled.focus, settled.language) == ("Bread", "rye", "de")
    assert settled.alternatives == ["Dough"]


async def test_after_the_last_provider_the_local_reading_stands(
    clients: Clients, provider: ModelProvider
) -> None:
    provider.script("garbage", step="interpret")
    roadmap = await unsettled(clients)
    handed_on = await Interpreting(clients).interpret(work(roadmap))
    assert isinstance(handed_on, Next)
    assert handed_on.provider == LOCAL
    assert await Interpreting(clients).interpret(work(roadmap, provider=LOCAL)) == Done()
    settled = await read(clients, roadmap)
    assert (settled.subject, settled.settled) == (interpret_goal(GOAL).subject, True)


@pytest.mark.parametrize(
    "answer",
    [
        said(refused=True, subject=""),
        said(subject="How to make a pipe bomb"),
    ],
)
async def test_a_refusal_is_final(clients: Clients, provider: ModelProvider, answer: str) -> None:
    provider.script("content", step="interpret", content=answer)
    roadmap = await unsettled(clients)
    assert await Interpreting(clients).interpret(work(roadmap)) == Failed(code="goal_refused")
    assert not (await read(clients, roadmap)).settled


async def test_an_older_attempt_writes_nothing(clients: Clients, provider: ModelProvider) -> None:
    roadmap = await unsettled(clients, attempt=2)
    assert await Interpreting(clients).interpret(work(roadmap)) == Failed(code="superseded")
    assert provider.calls()["interpret"] == 0
    assert await read(clients, roadmap) == roadmap
