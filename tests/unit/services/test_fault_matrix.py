"""Every provider and every source in every failure: each lesson ends, and says truly who wrote it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.models.library import LessonHead
from shared.models.status import GenerationStatus
from shared.planning.standalone import standalone_specification
from shared.services.lessons import Lessons
from shared.services.standalone import StandaloneLessons
from shared.settings import load_settings
from tests.support.app import app_settings
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import one_process
from tests.support.source_servers import Fault, SourceServers, settings_of
from tests.support.store_file import stored_documents

TOPIC = standalone_specification("Python", "Dictionaries")
NAMES = ("alpha", "beta", "gamma")
# One re-ask and one retry at most, for each provider.
MOST_CALLS = 3
# What a provider may answer, and what the record of it must tell.
FAILURES = {
    "401": "auth",
    "402": "payment",
    "404": "model_gone",
    "413": "too_large",
    "429": "rate_limited",
    "429-day": "rate_limited",
    "500": "server",
    "503": "server",
    "context": "context_overflow",
    "bad-json": "bad_json",
    "garbage": "bad_json",
    "invalid": "bad_json",
    "length": "truncated",
    "html": "malformed",
    "error-inside": "server",
    "empty": "malformed",
    "hang": "timeout",
    "drop": "server",
}
# Every source that asks the network. Wikipedia, which the fakes do not play, refuses the connection.
SOURCES = ("docs", "stackoverflow", "github", "devto", "youtube", "wikipedia")
NETWORK_SOURCES = {
    "RESEARCH_SOURCES": ",".join(SOURCES),
    "RESEARCH__WIKIPEDIA__BASE_URL": "http://127.0.0.1:1",
    **{f"RESEARCH__{name.upper()}__TIMEOUT_S": "2" for name in SOURCES},
}
MIXED = tuple(Fault)[: tuple(Fault).index(Fault.SECONDARY_LIMIT)]
# A source that fails is not asked over and over; a site is looked for in its three lists of pages.
MOST_REQUESTS = 3


@pytest.fixture
def providers() -> Iterator[dict[str, ModelProvider]]:
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(ModelProvider()) for name in NAMES}


def settings_for(folder: Path, providers: dict[str, ModelProvider], **settings: str) -> dict[str, str]:
    chain = {"LLM_CHAIN": ",".join(NAMES)}
    for name, provider in providers.items():
        chain[f"LLM__{name.upper()}__BASE_URL"] = provider.base_url
        chain[f"LLM__{name.upper()}__MODEL"] = f"{name}-1"
        chain[f"LLM__{name.upper()}__TIMEOUT_S"] = "1"
    return app_settings(folder, **{**chain, **settings})


async def lesson_of(clients: Clients, folder: Path) -> tuple[Any, dict[str, Any] | None]:
    """Have the lesson generated; returns it, and its stored version when there is one."""
    flow = Flow([clients])
    asked = await StandaloneLessons(clients, flow.orchestrations).get_or_generate("ada", TOPIC)
    await flow.run_all()
    lesson = await Lessons(clients).lesson("ada", asked.id)
    versions = stored_documents(folder / "skillsync.db", "LessonVersion")
    heads = stored_documents(folder / "skillsync.db", LessonHead.document_type)
    assert [head["status"] for head in heads] == [lesson.generation_status.value], "head and lesson agree"
    return lesson, versions[0] if versions else None


@pytest.mark.parametrize(("answer", "kind"), FAILURES.items(), ids=FAILURES)
async def test_one_provider_fails_and_the_next_writes(
    tmp_path: Path, providers: dict[str, ModelProvider], answer: str, kind: str
) -> None:
    providers["alpha"].script(answer)
    async with one_process(load_settings(settings_for(tmp_path, providers))) as clients:
        lesson, version = await lesson_of(clients, tmp_path)
    assert lesson.generation_status is GenerationStatus.COMPLETED
    assert version is not None
    metadata = version["generation_metadata"]
    assert (metadata["ai_provider"], metadata["model"]) == ("beta", "beta-1")
    assert [fallback["provider"] for fallback in metadata["fallbacks"]] == ["alpha"]
    assert metadata["fallbacks"][0]["reason"].startswith(kind), metadata["fallbacks"]
    assert len(providers["alpha"].requests) <= MOST_CALLS
    assert (len(providers["beta"].requests), len(providers["gamma"].requests)) == (1, 0)


@pytest.mark.parametrize("seconds", [1, 60])
async def test_a_limit_that_names_its_end_is_waited_for_only_when_it_is_near(
    tmp_path: Path, providers: dict[str, ModelProvider], seconds: int
) -> None:
    providers["alpha"].script("429", retry_after=seconds, times=1)
    async with one_process(load_settings(settings_for(tmp_path, providers))) as clients:
        lesson, version = await lesson_of(clients, tmp_path)
    assert lesson.generation_status is GenerationStatus.COMPLETED
    assert version is not None
    author = "alpha" if seconds == 1 else "beta"
    assert version["generation_metadata"]["ai_provider"] == author
    assert sum(len(provider.requests) for provider in providers.values()) == 2


async def test_a_provider_that_cannot_be_reached(tmp_path: Path, providers: dict[str, ModelProvider]) -> None:
    environment = settings_for(tmp_path, providers, LLM__ALPHA__BASE_URL="http://127.0.0.1:1/v1")
    async with one_process(load_settings(environment)) as clients:
        _, version = await lesson_of(clients, tmp_path)
    assert version is not None
    assert version["generation_metadata"]["ai_provider"] == "beta"
    assert version["generation_metadata"]["fallbacks"][0]["reason"].startswith("connection")


@pytest.mark.parametrize("answer", ["500", "garbage", "429-day", "402", "hang"])
async def test_all_providers_fail_and_the_composer_writes(
    tmp_path: Path, providers: dict[str, ModelProvider], answer: str
) -> None:
    for provider in providers.values():
        provider.script(answer)
    async with one_process(load_settings(settings_for(tmp_path, providers))) as clients:
        lesson, version = await lesson_of(clients, tmp_path)
    assert lesson.generation_status is GenerationStatus.COMPLETED
    assert version is not None
    assert (version["tier"], version["generation_metadata"]["ai_provider"]) == ("extractive", "extractive")
    fallbacks = [fallback["provider"] for fallback in version["generation_metadata"]["fallbacks"]]
    assert fallbacks == list(NAMES)
    assert sum(len(provider.requests) for provider in providers.values()) <= MOST_CALLS * len(NAMES)


@pytest.mark.parametrize("answer", ["refusal", "filtered"])
async def test_a_refusal_is_not_shopped_around(
    tmp_path: Path, providers: dict[str, ModelProvider], answer: str
) -> None:
    providers["alpha"].script(answer)
    async with one_process(load_settings(settings_for(tmp_path, providers))) as clients:
        lesson, version = await lesson_of(clients, tmp_path)
    assert lesson.generation_status is GenerationStatus.FAILED
    assert lesson.generation_error is not None
    assert lesson.generation_error.code == "refused"
    assert version is None
    assert [len(provider.requests) for provider in providers.values()] == [1, 0, 0]


@pytest.mark.parametrize(
    "fault",
    [Fault.LIMITED, Fault.LIMITED_WITH_TIME, Fault.BROKEN, Fault.HANG, Fault.DROP, Fault.WRONG_TYPE,
     Fault.GARBAGE, Fault.WRONG_SHAPE, Fault.TRUNCATED, Fault.HUGE, Fault.BOMB, Fault.REDIRECT_PRIVATE,
     Fault.REDIRECT_CIRCLE],
)  # fmt: skip
@pytest.mark.parametrize("with_models", [True, False], ids=["models", "no-models"])
async def test_all_sources_and_perhaps_all_providers_fail(
    tmp_path: Path, providers: dict[str, ModelProvider], fault: Fault, with_models: bool
) -> None:
    if not with_models:
        for provider in providers.values():
            provider.script("500")
    async with SourceServers() as servers:
        servers.faults["*"] = fault
        environment = settings_for(tmp_path, providers, **settings_of(servers.origin), **NETWORK_SOURCES)
        async with one_process(load_settings(environment)) as clients:
            lesson, version = await lesson_of(clients, tmp_path)
    [brief] = stored_documents(tmp_path / "skillsync.db", "Brief")
    reports = {report["origin"]: report for report in brief["brief"]["reports"]}
    assert set(reports) == set(SOURCES)
    assert all(report["status"] != "found" or report["found"] for report in reports.values())
    assert all(report["detail"] for report in reports.values() if report["status"] in ("failed", "limited"))
    if version is None:
        assert lesson.generation_status is GenerationStatus.FAILED
        assert lesson.generation_error is not None
        assert lesson.generation_error.code == "no_sources"
        assert not with_models
    else:
        author = version["generation_metadata"]["ai_provider"]
        assert author == ("alpha" if with_models else "extractive")


@pytest.mark.parametrize("shift", range(4))
async def test_each_fails_in_its_own_way_at_the_same_time(
    tmp_path: Path, providers: dict[str, ModelProvider], shift: int
) -> None:
    """Other failures for everyone in each round; what ships with Python is left."""
    answers, faults = list(FAILURES), [fault for fault in MIXED if fault]
    for place, provider in enumerate(providers.values()):
        provider.script(answers[(5 * shift + 3 * place) % len(answers)])
    async with SourceServers() as servers:
        for place, name in enumerate([*SOURCES, "captions"]):
            servers.faults[name] = faults[(2 * shift + place) % len(faults)]
        environment = settings_for(tmp_path, providers, **settings_of(servers.origin), **NETWORK_SOURCES)
        environment["RESEARCH_SOURCES"] += ",pydoc"
        async with one_process(load_settings(environment)) as clients:
            lesson, version = await lesson_of(clients, tmp_path)
        asked = {name: len(servers.asked(name)) for name in SOURCES}
    assert lesson.generation_status is GenerationStatus.COMPLETED
    assert version is not None
    assert version["generation_metadata"]["ai_provider"] == "extractive"
    fallbacks = [fallback["provider"] for fallback in version["generation_metadata"]["fallbacks"]]
    assert fallbacks == list(NAMES)
    assert sum(len(provider.requests) for provider in providers.values()) <= MOST_CALLS * len(NAMES)
    assert max(asked.values()) <= MOST_REQUESTS, asked
