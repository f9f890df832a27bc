"""Answers and pauses that all instances share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.errors import StoreUnavailable
from shared.models.research import Passage
from shared.models.source_cache import SourceCache, SourcePause
from shared.research.cache import CachedSource, cache_key
from shared.research.network_source import NetworkSource
from shared.research.protocol import Hit, Question, SourceFailed, SourceLimited
from shared.settings import SourceSettings
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.source_servers import Fault, SourceServers
from tests.unit.research.conftest import QUESTION, Sources


class Counting(NetworkSource):
    """A source that counts how often it is asked and answers as it is told."""

    name = "counting"

    def __init__(self, answer: Sequence[Hit] | Exception) -> None:
        super().__init__(SourceSettings(name="counting"), httpx.AsyncClient())
        self.answer = answer
        self.asked = 0

    def query(self, question: Question) -> str:
        return question.lesson_title

    async def find(self, question: Question) -> Sequence[Hit]:
        del question
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


HIT = Hit(
    title="Loops",
    author="Ann",
    url="https://example.org/loops",
    licence="MIT",
    licence_url="https://spdx.org/licenses/MIT.html",
    open_licence=True,
    language="en",
    retrieved_at=datetime(2030, 1, 1, tzinfo=UTC),
    passages=(Passage(text="A loop repeats."), Passage(kind="code", text="for {}", language="go")),
)


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    store = SqliteDocumentStore(tmp_path / "cache.db")
    yield Documents(store)
    await store.close()


async def test_an_answer_is_kept_whole_and_its_use_counted(documents: Documents) -> None:
    source = Counting([HIT])
    first, second = CachedSource(source, documents, 60), CachedSource(Counting([]), documents, 60)
    assert list(await first.search(QUESTION)) == [HIT]
    assert list(await first.search(QUESTION)) == [HIT]
    assert list(await second.search(replace(QUESTION, objectives=("another",)))) == [HIT]
    assert source.asked == 1
    kept = await documents.read(SourceCache, cache_key(source, QUESTION), SourceCache.ID)
    assert (kept.hits, kept.origin, kept.ttl) == (2, "counting", 60)


async def test_another_query_is_another_answer(documents: Documents) -> None:
    source = Counting([HIT])
    cached = CachedSource(source, documents, 60)
    await cached.search(QUESTION)
    await cached.search(replace(QUESTION, lesson_title="Functions"))
    assert source.asked == 2


async def test_an_empty_answer_is_kept_and_a_failure_is_not(documents: Documents) -> None:
    source = Counting([])
    cached = CachedSource(source, documents, 60)
    assert [list(await cached.search(QUESTION)) for _ in range(2)] == [[], []]
    assert source.asked == 1
    failing = Counting(SourceFailed("no"))
    failing.name = "failing"
    cached = CachedSource(failing, documents, 60)
    for _ in range(2):
        with pytest.raises(SourceFailed):
            await cached.search(QUESTION)
    assert failing.asked == 2


async def test_an_answer_out_of_date_is_not_served_though_the_store_still_has_it(
    documents: Documents,
) -> None:
    """Counting a hit is a write, and a document's time to live begins with its last write."""
    source = Counting([HIT])
    old = SourceCache(
        id=SourceCache.ID,
        key=cache_key(source, QUESTION),
        origin="counting",
        response=[],
        created_at=datetime.now(UTC) - timedelta(seconds=61),
    )
    await documents.create(old)
    cached = CachedSource(source, documents, 60)
    assert list(await cached.search(QUESTION)) == [HIT]
    assert list(await cached.search(QUESTION)) == [HIT]
    assert source.asked == 1


async def test_without_a_time_to_live_nothing_is_kept(documents: Documents) -> None:
    source = Counting([HIT])
    cached = CachedSource(source, documents, 0)
    await cached.search(QUESTION)
    await cached.search(QUESTION)
    assert source.asked == 2


async def test_an_answer_in_another_shape_is_asked_for_again(documents: Documents) -> None:
    source = Counting([HIT])
    key = cache_key(source, QUESTION)
    await documents.create(SourceCache(id=SourceCache.ID, key=key, origin="x", response=[{"a": 1}]))
    assert list(await CachedSource(source, documents, 60).search(QUESTION)) == [HIT]
    assert list(await CachedSource(Counting([]), documents, 60).search(QUESTION)) == [HIT]


async def test_instances_that_find_the_same_do_not_disturb_each_other(documents: Documents) -> None:
    many = [CachedSource(Counting([HIT]), documents, 60) for _ in range(8)]
    answers = await asyncio.gather(*(cached.search(QUESTION) for cached in many))
    assert [list(answer) for answer in answers] == [[HIT]] * 8


async def test_a_limit_met_by_one_instance_is_obeyed_by_all(documents: Documents) -> None:
    until = datetime.now(UTC) + timedelta(minutes=5)
    limited, other = Counting(SourceLimited(until)), Counting([HIT])
    with pytest.raises(SourceLimited):
        await CachedSource(limited, documents, 60).search(QUESTION)
    with pytest.raises(SourceLimited) as pause:
        await CachedSource(other, documents, 60).search(replace(QUESTION, lesson_title="Another"))
    assert (other.asked, pause.value.until) == (0, until)


async def test_a_pause_that_has_passed_is_replaced_by_a_new_one(documents: Documents) -> None:
    key = SourcePause.key_of("counting")
    past = datetime.now(UTC) - timedelta(minutes=5)
    await documents.create(SourcePause(id=SourcePause.ID, key=key, origin="counting", until=past))
    until = datetime.now(UTC) + timedelta(minutes=5)
    with pytest.raises(SourceLimited):
        await CachedSource(Counting(SourceLimited(until)), documents, 60).search(QUESTION)
    assert (await documents.read(SourcePause, key, SourcePause.ID)).until == until


async def test_kept_answers_are_served_during_a_pause(documents: Documents) -> None:
    source = Counting([HIT])
    cached = CachedSource(source, documents, 60)
    await cached.search(QUESTION)
    source.pause(datetime.now(UTC) + timedelta(minutes=5))
    assert list(await cached.search(QUESTION)) == [HIT]


async def test_a_store_that_fails_costs_the_cache_and_not_the_search(documents: Documents) -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailable(name)

    source = Counting([HIT])
    broken = Documents(Failing())
    assert list(await CachedSource(source, broken, 60).search(QUESTION)) == [HIT]


async def test_backoff_reaches_the_other_instances_over_the_wire(
    documents: Documents, sources: Sources, servers: SourceServers
) -> None:
    servers.faults["stackoverflow"] = Fault.BACKOFF
    first = CachedSource(sources.make("stackoverflow"), documents, 60)
    second = CachedSource(sources.make("stackoverflow"), documents, 60)
    assert await first.search(QUESTION)
    asked = len(servers.requests)
    assert await second.search(QUESTION)  # kept
    with pytest.raises(SourceLimited):
        await second.search(replace(QUESTION, lesson_title="Functions"))
    assert len(servers.requests) == asked
