"""Versions over processes that see each other's writes late: renewal, regeneration, tasks, counters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.llm.limiter import ProviderState
from shared.models.base import timestamp
from shared.models.document import now
from shared.models.library import LessonHead, LessonVersion, Occasion, RegenerationReason
from shared.models.roadmap import Lesson, Task
from shared.models.status import GenerationStatus
from shared.models.topics import TaskRequest
from shared.models.versions import RegenerationRequest
from shared.services.asking import limiter_of
from shared.services.counters import count
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.reconciliation import Reconciler
from shared.services.regeneration import LessonRegeneration
from shared.services.renewal import PAUSE_AFTER_FAILURE
from shared.services.standalone import StandaloneLessons
from shared.services.tasks import Tasks
from shared.services.versions import Versions
from shared.settings import Settings, load_settings
from shared.store.documents import set_to
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import fresh, stale_processes
from tests.support.shared_lesson import TOPIC, head_of, written
from tests.support.store_file import stored_documents

NO_WISH = RegenerationRequest()


@pytest.fixture
async def processes(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[list[Clients]]:
    """Three app processes over one store, each seeing the others' writes late."""
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    settings = settings.model_copy(update={"reconcile_after_seconds": 0})
    async with stale_processes(settings) as made:
        yield made


def with_settings(clients: Clients, **changes: Any) -> Clients:
    """Give a process other settings."""
    clients.settings = Settings.model_copy(clients.settings, update=changes)
    return clients


async def quoted(clients: Clients, flow: Flow, provider: ModelProvider, user_id: str) -> Lesson:
    """Return a lesson that no model has written."""
    provider.script("garbage", step="lesson")
    lesson = await written(clients, flow, user_id)
    provider.reset()
    return lesson


async def made_old(clients: Clients, days: int) -> None:
    old = timestamp(now() - timedelta(days=days))
    operations = [set_to("/standings/version-1/generated_at", old)]
    await clients.documents.patch(LessonHead, TOPIC.key, LessonHead.ID, operations)
    await fresh()


async def test_one_upgrade_however_many_ask(processes: list[Clients], provider: ModelProvider) -> None:
    flow = Flow(processes)
    first = await quoted(processes[0], flow, provider, "ada")
    assert first.version == "1.0"
    askers = [
        StandaloneLessons(clients, flow.orchestrations).get_or_generate(f"learner-{number}", TOPIC)
        for number, clients in enumerate(processes * 4)
    ]
    lessons = await asyncio.gather(*askers)
    assert {lesson.version for lesson in lessons} == {"1.0"}
    assert len(flow.started) == 1
    await flow.run_all()
    head = await head_of(processes[1])
    assert (head.best_version, head.generation, head.cause.occasion) == (2, 2, Occasion.UPGRADE)
    assert (head.hits, head.misses) == (12, 1), "concurrent hits all count"
    assert provider.calls()["lesson"] == 1


async def test_an_upgrade_that_runs_is_not_begun_again_and_leaves_room_to_learners(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes)
    await quoted(processes[0], flow, provider, "ada")
    for learner in ("grace", "linus"):
        lesson = await StandaloneLessons(processes[1], flow.orchestrations).get_or_generate(learner, TOPIC)
        assert lesson.generation_status is GenerationStatus.COMPLETED, "who asks is served what there is"
        head = await head_of(processes[1])
        assert (head.generation, head.cause.occasion, head.cause.background) == (2, Occasion.UPGRADE, True)
    assert len(flow.started) == 1


async def test_an_upgrade_that_fails_leaves_the_quotations_and_rests(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes)
    await quoted(processes[0], flow, provider, "ada")
    provider.script("garbage", step="lesson")
    for learner in ("grace", "linus"):
        lesson = await written(processes[0], flow, learner)
        assert (lesson.generation_status, lesson.version) == (GenerationStatus.COMPLETED, "1.0")
    head = await head_of(processes[1])
    assert (head.status, head.best_version, head.generation) == (GenerationStatus.FAILED, 1, 2)
    assert head.error is not None
    assert head.error.code == "providers_failed"

    provider.reset()
    rested = timestamp(now() - PAUSE_AFTER_FAILURE)
    operations = [set_to("/requested_at", rested)]
    await processes[0].documents.patch(LessonHead, TOPIC.key, LessonHead.ID, operations)
    await written(processes[0], flow, "guido")
    assert (await head_of(processes[1])).best_version == 2


async def test_no_upgrade_while_generation_is_switched_off(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes)
    await quoted(processes[0], flow, provider, "ada")
    for switch in ("cache", "off"):
        with_settings(processes[0], generation=switch)
        lesson = await StandaloneLessons(processes[0], flow.orchestrations).get_or_generate("grace", TOPIC)
        assert lesson.version == "1.0"
        with pytest.raises(Problem, match="switched off"):
            await LessonRegeneration(processes[0], flow.orchestrations).request("grace", lesson.id, NO_WISH)
    assert flow.started == []


async def test_no_upgrade_without_a_provider_that_is_well_and_affordable(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    await quoted(processes[0], flow, provider, "ada")
    lessons = StandaloneLessons(with_settings(processes[0], daily_budget_usd=0.0), flow.orchestrations)
    assert (await lessons.get_or_generate("grace", TOPIC)).version == "1.0"
    assert flow.started == [], "the budget of the day is spent"

    with_settings(processes[0], daily_budget_usd=5.0)
    [settings] = processes[0].settings.providers
    limiter = processes[0].kept(limiter_of)
    state = await limiter.state(settings)
    closed = state.breaker.model_copy(update={"open_until": limiter.now + 60, "reason": "auth"})
    operations = [set_to("/breaker", closed.to_json())]
    await processes[0].documents.patch(ProviderState, state.key, state.id, operations)
    await lessons.get_or_generate("linus", TOPIC)
    assert flow.started == [], "the provider is not well"

    operations = [set_to("/breaker", state.breaker.to_json())]
    await processes[0].documents.patch(ProviderState, state.key, state.id, operations)
    await lessons.get_or_generate("guido", TOPIC)
    assert len(flow.started) == 1


@pytest.mark.parametrize(("days", "age", "best"), [(180, 181, 2), (180, 179, 1), (0, 10_000, 1)])
async def test_an_old_version_is_refreshed_when_somebody_asks(
    processes: list[Clients], days: int, age: int, best: int
) -> None:
    flow = Flow(processes[:1])
    with_settings(processes[0], lesson_refresh_after_days=days)
    ada = await written(processes[0], flow, "ada")
    await made_old(processes[0], age)
    grace = await written(processes[0], flow, "grace")
    assert grace.version == "1.0", "nobody waits for a refresh"
    head = await head_of(processes[0])
    assert head.best_version == best
    if best == 2:
        assert head.cause.occasion is Occasion.REFRESH
        await LessonGeneration(processes[0], flow.orchestrations).request("ada", ada.id)
        assert flow.started == [], "what was refreshed is new"


async def test_a_models_version_is_never_displaced_by_quotations(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    await written(processes[0], flow, "ada")
    await made_old(processes[0], 1000)
    provider.script("garbage", step="lesson")
    await written(processes[0], flow, "grace")
    head = await head_of(processes[0])
    assert (head.status, head.best_version, head.latest_version) == (GenerationStatus.FAILED, 1, 1)


async def test_one_regeneration_however_many_ask_and_nobody_is_missed(
    processes: list[Clients], tmp_path: Path
) -> None:
    flow = Flow(processes)
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(6)]
    wish = RegenerationRequest(reason=RegenerationReason.UNCLEAR)
    asked = [
        LessonRegeneration(clients, flow.orchestrations).request(lesson.user_id, lesson.id, wish)
        for clients, lesson in zip(processes * 2, lessons, strict=True)
    ]
    regenerating = await asyncio.gather(*asked)
    assert {lesson.regenerating for lesson in regenerating} == {True}
    assert {lesson.generation_status for lesson in regenerating} == {GenerationStatus.COMPLETED}
    assert len(flow.started) == 1
    await flow.run_all()
    await fresh()
    for clients, lesson in zip(processes * 2, lessons, strict=True):
        settled = await Lessons(clients).lesson(lesson.user_id, lesson.id)
        assert (settled.regenerating, settled.version) == (False, "1.1")
    stored = stored_documents(tmp_path / "skillsync.db", "LessonVersion")
    assert [version["version"] for version in stored] == ["1.0", "1.1"]
    metadata = stored[1]["generation_metadata"]
    assert (metadata["regenerated_from"], metadata["regeneration_reason"]) == ("1.0", "unclear")


async def test_a_regeneration_left_behind_is_begun_again(processes: list[Clients]) -> None:
    flow = Flow(processes)
    lesson = await written(processes[0], flow, "ada")
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, NO_WISH)
    flow.started.clear()  # the process died before the start
    await fresh()
    impatient = Reconciler(processes[1], flow.orchestrations)
    assert await impatient.sweep() == 1
    await flow.run_all()
    head = await head_of(processes[2])
    settled = await Lessons(processes[2]).lesson("ada", lesson.id)
    assert (settled.regenerating, settled.version) == (False, "1.1")
    assert head.cause.regenerated_from == "1.0", "a recovery keeps why the generation runs"


async def test_a_link_that_regeneration_missed_is_mended_by_the_sweep(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    asked = await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, NO_WISH)
    await flow.run_all()
    stored = await processes[0].documents.read(Lesson, "ada", lesson.id)
    assert stored.version == "1.1"
    missed = asked.model_copy(update={"etag": stored.etag})
    await processes[0].documents.replace(missed)
    assert await Reconciler(processes[0], flow.orchestrations).sweep() == 1
    mended = await processes[0].documents.read(Lesson, "ada", lesson.id)
    assert (mended.regenerating, mended.version) == (False, "1.1")


async def test_a_regeneration_that_is_interrupted_for_ever_ends(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, NO_WISH)
    impatient = Reconciler(processes[0], flow.orchestrations)
    for _ in range(4):
        flow.started.clear()
        await impatient.sweep()
    ended = await Lessons(processes[0]).lesson("ada", lesson.id)
    assert (ended.generation_status, ended.version) == (GenerationStatus.COMPLETED, "1.0")
    assert ended.regeneration_error is not None
    assert ended.regeneration_error.code == "infrastructure"


async def test_regenerations_have_a_quota_and_a_newer_version_costs_none(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    with_settings(processes[0], quota_regenerations_per_day=1)
    ada, grace = [await written(processes[0], flow, learner) for learner in ("ada", "grace")]
    regeneration = LessonRegeneration(processes[0], flow.orchestrations)
    await regeneration.request("ada", ada.id, NO_WISH)
    again = await regeneration.request("ada", ada.id, NO_WISH)
    assert again.regenerating, "asking twice is asking once"
    await flow.run_all()
    with pytest.raises(Problem, match="regenerations of today are used up") as refused:
        await regeneration.request("ada", ada.id, NO_WISH)
    assert int(refused.value.headers["Retry-After"]) > 0
    for _ in range(2):
        newer = await regeneration.request("grace", grace.id, NO_WISH)
    assert (newer.version, newer.regenerating) == ("1.1", True), "the second wish was a new generation"


async def test_above_the_quota_a_task_serves_the_library_and_says_so(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    with_settings(processes[0], quota_regenerations_per_day=0)
    await written(processes[0], flow, "ada")
    tasks = Tasks(processes[0])
    request = TaskRequest(subject=TOPIC.curriculum.subject, topic=TOPIC.title)
    created = await tasks.create("grace", request, flow.orchestrations)
    task, lesson = await tasks.task("grace", created.id)
    assert task.status is GenerationStatus.COMPLETED
    assert "used up" in task.message
    assert "served instead" in task.message
    assert lesson is not None
    assert lesson.version == "1.0"


async def test_a_task_ends_with_its_lesson_and_then_begins_to_vanish(
    processes: list[Clients], tmp_path: Path
) -> None:
    flow = Flow(processes)
    request = TaskRequest(subject=TOPIC.curriculum.subject, topic=TOPIC.title)
    created = await Tasks(processes[0]).create("ada", request, flow.orchestrations)
    repeated = await Tasks(processes[0]).create("ada", request, flow.orchestrations)
    assert repeated.id == created.id, "while it runs, a repeat is the same task"
    assert (created.status, created.ttl) == (GenerationStatus.GENERATING, None)
    await flow.run_all()
    # Nobody has asked for its status: the batch that completed the lesson ended the task.
    [stored] = stored_documents(tmp_path / "skillsync.db", "Task")
    assert (stored["status"], stored["ttl"]) == ("completed", Task.KEPT_AFTER_END)
    await fresh()
    assert await Tasks(processes[1]).counts("ada") == {GenerationStatus.COMPLETED: 1}
    assert (await Tasks(processes[1]).active("ada", 10, None)).items == []


async def test_a_task_whose_regeneration_fails_has_failed_and_the_lesson_stays(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    provider.script("garbage", step="lesson")
    request = TaskRequest(subject=TOPIC.curriculum.subject, topic=TOPIC.title)
    created = await Tasks(processes[0]).create("ada", request, flow.orchestrations)
    await flow.run_all()
    task, _ = await Tasks(processes[0]).task("ada", created.id)
    assert task.status is GenerationStatus.FAILED
    assert task.error is not None
    assert task.error.code == "providers_failed"
    assert (await Lessons(processes[0]).lesson("ada", lesson.id)).version == "1.0"


async def test_an_earlier_failure_is_not_the_next_tasks(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    provider.script("garbage", step="lesson")
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, NO_WISH)
    await flow.run_all()
    request = TaskRequest(subject=TOPIC.curriculum.subject, topic=TOPIC.title, force_regenerate=False)
    task = await Tasks(processes[0]).create("ada", request, flow.orchestrations)
    assert (task.status, task.error) == (GenerationStatus.COMPLETED, None)


async def test_versions_are_in_the_order_of_their_numbers(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    documents = processes[0].documents
    first = await documents.read(LessonVersion, TOPIC.key, LessonVersion.id_of(1))
    for number in range(2, 13):
        label = LessonVersion.label(number)
        changes = {"id": LessonVersion.id_of(number), "version_number": number, "version": label}
        await documents.create(first.model_copy(update=changes))
    versions = Versions(processes[0])
    page = await versions.page("ada", lesson.id, 8, None)
    rest = await versions.page("ada", lesson.id, 8, page.continuation)
    assert [version.version for version in page.items + rest.items] == [f"1.{minor}" for minor in range(12)]
    assert (await versions.version("ada", lesson.id, "1.10"))[0].version_number == 11


async def test_a_style_left_behind_can_be_looked_up_again(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    wish = RegenerationRequest.from_json({"learning_style": "reading"})
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, wish)
    waiting, version = await Lessons(processes[0]).view("ada", lesson.id)
    assert (waiting.regenerating, waiting.learning_style.value, waiting.version) == (True, "mixed", "1.0")
    assert version is not None
    await flow.run_all()
    moved = await Lessons(processes[0]).lesson("ada", lesson.id)
    assert (moved.learning_style.value, moved.version) == ("reading", "1.0")
    other = await StandaloneLessons(processes[0], flow.orchestrations).get_or_generate("ada", TOPIC)
    assert other.id != moved.id
    assert other.learning_style.value == "mixed"


async def test_a_counter_that_fails_fails_nobody(processes: list[Clients]) -> None:
    head = LessonHead(id=LessonHead.ID, key="absent", specification=TOPIC, requested_at=now())
    assert await count(processes[0].documents, head, "hits") is head


@pytest.mark.parametrize(
    ("label", "number"),
    [("1.0", 1), ("1.9", 10), ("1.10", 11), ("1.01", None), ("2.0", None), ("1.-1", None), ("1.٣", None)],
)
def test_a_version_is_named_by_its_number(label: str, number: int | None) -> None:
    assert LessonVersion.number(label) == number
    if number is not None:
        assert LessonVersion.label(number) == label
