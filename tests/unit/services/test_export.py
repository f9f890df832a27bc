"""All own data and nobody else's: every type of document, bounded pages, nothing of the store's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.llm.usage import Spending
from shared.models.export import ExportItem
from shared.security.pseudonym import pseudonym
from shared.services.export import Export
from shared.services.roadmap_deletion import RoadmapDeletion
from shared.services.roadmaps import Roadmaps
from shared.services.stopping import Stopping
from tests.support.furnishing import furnish, furnished
from tests.support.model_provider import ModelProvider
from tests.support.store_file import all_documents

ADA, GRACE = "ada-the-first", "grace-the-second"
# What only keeps something from being counted or charged twice.
MARKS = {"Counted", "Waiter", "LessonHead"}


@pytest.fixture(scope="module")
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(modules=2) as provider:
        yield provider


async def exported(clients: Clients, user_id: str, limit: int = 7) -> list[ExportItem]:
    items: list[ExportItem] = []
    continuation: str | None = None
    while True:
        page = await Export(clients).page(user_id, limit, continuation)
        assert page.user_id == user_id
        assert len(page.items) <= limit
        items += page.items
        continuation = page.continuation
        if continuation is None:
            return items


async def test_everything_of_the_learner_and_nothing_of_others(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, GRACE, ADA) as (clients, _):
        items = await exported(clients, ADA)
        names = (ADA, pseudonym(clients.settings, ADA))
        stored = [
            one["type"]
            for one in all_documents(tmp_path / "skillsync.db")
            if any(name in json.dumps(one) for name in names)
        ]
        assert sorted(item.type for item in items) == sorted(kind for kind in stored if kind not in MARKS)
        text = json.dumps([item.to_json() for item in items])
        assert GRACE not in text
        assert pseudonym(clients.settings, GRACE) not in text
        assert pseudonym(clients.settings, ADA) not in text
        for item in items:
            assert not {name for name in item.data if name.startswith("_")}, item.type
            assert not {"etag", "type", "schema_version", "ttl"} & set(item.data), item.type
        [goal] = [
            item.data["goal"]
            for item in items
            if item.type == "Roadmap" and "grandmother" in item.data["goal"]
        ]
        assert "bees" in goal
        assert [item.data["value"] for item in items if item.type == "Vote"] == [1]


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_of_any_size_hold_the_same(tmp_path: Path, provider: ModelProvider, limit: int) -> None:
    async with furnished(tmp_path, provider, ADA) as (clients, _):
        for number in range(4):
            day = Spending(
                id=Spending.id_of(pseudonym(clients.settings, ADA)),
                key=f"usage-2026-01-0{number + 1}",
                calls=100 + number,
            )
            await clients.documents.create(day)
        items = await exported(clients, ADA, limit)
        days = [item.data["calls"] for item in items if item.type == "Spending"]
        assert [calls for calls in days if calls >= 100] == [100, 101, 102, 103]
        expected = [item.to_json() for item in await exported(clients, ADA)]
        assert [item.to_json() for item in items] == expected


async def test_a_lesson_comes_with_the_text_that_its_learner_can_read(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, ADA) as (clients, _):
        lessons = [item for item in await exported(clients, ADA) if item.type == "Lesson"]
        written = [item for item in lessons if item.text is not None]
        assert len(written) == len([item for item in lessons if item.data["version"]])
        [tried] = [item.text for item in written if item.text is not None]
        assert tried.content.sections
        assert tried.source_attribution
        assert "answer_index" in json.dumps(tried.to_json()), "the quiz was tried, so its key may be known"


async def test_a_key_that_was_not_earned_is_not_exported(tmp_path: Path, provider: ModelProvider) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        await furnish(clients, flow, ADA, tries_quiz=False)
        texts = [item.text for item in await exported(clients, ADA) if item.text is not None]
        assert texts
        assert "answer_index" not in json.dumps([text.to_json() for text in texts])


async def test_what_is_being_deleted_is_gone(tmp_path: Path, provider: ModelProvider) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        roadmap = await furnish(clients, flow, ADA)
        await Stopping(clients, flow.orchestrations).begin(ADA, roadmap.id, deleting=True)
        kept = [item.data["id"] for item in await exported(clients, ADA) if item.type == "Roadmap"]
        assert roadmap.id not in kept
        [other] = (await Roadmaps(clients).page(ADA, 10, None)).items
        await RoadmapDeletion(clients, flow.orchestrations).delete(ADA, other.id)
        assert "Roadmap" not in {item.type for item in await exported(clients, ADA)}


async def test_a_learner_with_nothing_has_an_empty_export(tmp_path: Path, provider: ModelProvider) -> None:
    async with furnished(tmp_path, provider) as (clients, _):
        assert await exported(clients, ADA) == []


async def test_a_continuation_of_another_list_is_refused(tmp_path: Path, provider: ModelProvider) -> None:
    async with furnished(tmp_path, provider, ADA, GRACE) as (clients, _):
        hers = (await Export(clients).page(GRACE, 2, None)).continuation
        for wrong in ("nonsense", hers, "Vote:nonsense", "Lesson:", ":", "Vote", f"Vote:{hers}"):
            with pytest.raises(Problem) as refused:
                await Export(clients).page(ADA, 2, wrong)
            assert refused.value.errors[0].field == "continuation"
