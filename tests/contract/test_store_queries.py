"""Queries within a partition and across all, on both stores."""

from __future__ import annotations

import base64
import json
import random

import pytest

from shared.errors import InvalidOperation
from shared.store.contract import Create, Document, DocumentStore, JsonValue
from tests.support.documents import learning


async def _fill(store: DocumentStore, *documents: Document) -> None:
    for document in documents:
        await store.create("learning", document)


async def _pages(store: DocumentStore, limit: int, **query: JsonValue) -> list[list[str]]:
    pages: list[list[str]] = []
    continuation = None
    while True:
        page = await store.query(
            "learning", "ada", {"type": "lesson"}, limit=limit, continuation=continuation, **query
        )
        pages.append([document["id"] for document in page.items])
        continuation = page.continuation
        if continuation is None:
            return pages


async def test_only_the_partition_and_the_container_asked_for(store: DocumentStore) -> None:
    await _fill(store, learning("one"), learning("two", user_id="bob"))
    await store.create("library", {"id": "three", "key": "ada", "type": "lesson"})
    found = await store.query("learning", "ada", {"type": "lesson"})
    assert [document["id"] for document in found.items] == ["one"]
    assert found.continuation is None
    assert found.items == [await store.read("learning", "ada", "one")]
    assert (await store.query("learning", "nobody", {})).items == []


@pytest.mark.parametrize(
    ("equals", "expected"),
    [
        ({}, ["a", "b", "c", "d", "e"]),
        ({"status": "done"}, ["a", "b"]),
        ({"status": "DONE"}, []),
        ({"status": "done", "count": 1}, ["a"]),
        ({"count": 1}, ["a"]),
        ({"count": 1.0}, ["a"]),
        ({"count": "1"}, ["b"]),
        ({"count": True}, ["c"]),
        ({"count": False}, []),
        ({"count": None}, ["d"]),
        ({"absent": None}, []),
        ({"generation_metadata.model": "m"}, ["a"]),
        ({"generation_metadata.tokens": 3}, ["e"]),
        ({"id": "c"}, ["c"]),
        ({"type": "lesson", "order": 7}, ["e"]),
        ({"status": "' OR 1=1 --"}, []),
        ({"status": '" OR true OR "'}, []),
    ],
)
async def test_equality(store: DocumentStore, equals: dict[str, JsonValue], expected: list[str]) -> None:
    await _fill(
        store,
        learning("a", status="done", count=1, generation_metadata={"model": "m"}),
        learning("b", status="done", count="1", generation_metadata={"model": "n"}),
        learning("c", status="open", count=True, generation_metadata="m"),
        learning("d", count=None),
        learning("e", order=7, generation_metadata={"tokens": 3}),
    )
    found = await store.query("learning", "ada", equals)
    assert [document["id"] for document in found.items] == expected


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 12, 13, 100])
async def test_order_with_ties_over_pages(store: DocumentStore, descending: bool, limit: int) -> None:
    lessons = [learning(f"{number:02}", order=number // 4) for number in range(12)]
    random.Random(limit).shuffle(lessons)
    await store.batch("learning", "ada", [Create(lesson) for lesson in lessons])
    expected = [f"{number:02}" for number in range(12)]
    if descending:
        expected.reverse()
    pages = await _pages(store, limit, order_by="order", descending=descending)
    assert [identity for page in pages for identity in page] == expected
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]
    assert len(pages) == -(-12 // limit)


@pytest.mark.parametrize("descending", [False, True])
async def test_without_an_order_pages_follow_the_ids(store: DocumentStore, descending: bool) -> None:
    await _fill(store, *(learning(name) for name in ("d", "b", "a", "c", "e")))
    pages = await _pages(store, 2, descending=descending)
    assert pages == ([["e", "d"], ["c", "b"], ["a"]] if descending else [["a", "b"], ["c", "d"], ["e"]])


@pytest.mark.parametrize("descending", [False, True])
async def test_numbers_come_before_strings_and_others_not_at_all(
    store: DocumentStore, descending: bool
) -> None:
    values = {
        "n1": -1,
        "n2": 1.5,
        "n3": 10,
        "s1": "",
        "s2": "10",
        "s3": "a",
        "x1": None,
        "x2": True,
        "x3": [1],
    }
    await _fill(store, learning("absent"), *(learning(name, order=value) for name, value in values.items()))
    expected = ["n1", "n2", "n3", "s1", "s2", "s3"]
    if descending:
        expected.reverse()
    for limit in (1, 2, 10):
        pages = await _pages(store, limit, order_by="order", descending=descending)
        assert [identity for page in pages for identity in page] == expected


async def test_an_order_by_time(store: DocumentStore) -> None:
    await _fill(
        store,
        learning("old", created_at="2026-11-19T23:59:59Z"),
        learning("new", created_at="2026-11-20T00:00:01Z"),
        learning("mid", created_at="2026-11-20T00:00:00Z"),
    )
    found = await store.query("learning", "ada", {"type": "lesson"}, order_by="created_at", descending=True)
    assert [document["id"] for document in found.items] == ["new", "mid", "old"]


async def test_writes_between_pages_neither_repeat_nor_hide(store: DocumentStore) -> None:
    await _fill(store, *(learning(name, order=place) for place, name in enumerate("bdfh")))
    first = await store.query("learning", "ada", {"type": "lesson"}, order_by="order", limit=2)
    assert [document["id"] for document in first.items] == ["b", "d"]
    await _fill(
        store, learning("a", order=-1), learning("c", order=1), learning("e", order=1), learning("i", order=9)
    )
    await store.delete("learning", "ada", "d")
    second = await store.query(
        "learning", "ada", {"type": "lesson"}, order_by="order", continuation=first.continuation
    )
    assert [document["id"] for document in second.items] == ["e", "f", "h", "i"]


async def test_a_continuation_is_checked(store: DocumentStore) -> None:
    await _fill(store, *(learning(name, order=1) for name in "abc"), learning("a", user_id="bob", order=1))
    page = await store.query("learning", "ada", {"type": "lesson"}, order_by="order", limit=1)
    assert page.continuation is not None
    query, value, _ = json.loads(base64.urlsafe_b64decode(page.continuation))
    payloads: list[JsonValue] = [
        [query, None, "a"],
        [query, [1], "a"],
        [query, value],
        [query, value, 7],
        "x",
        7,
        {},
    ]
    forged = [base64.urlsafe_b64encode(json.dumps(payload).encode()).decode() for payload in payloads]
    not_json = base64.urlsafe_b64encode(b"\xff{").decode()
    not_finite = base64.urlsafe_b64encode(f'["{query}",NaN,"a"]'.encode()).decode()
    nonsense = ["x", "%%%", "é", "\ud800", "' OR 1=1", page.continuation[:-4], "A" * 10_000]
    for token in [*forged, not_json, not_finite, *nonsense]:
        with pytest.raises(InvalidOperation, match="continuation"):
            await store.query("learning", "ada", {"type": "lesson"}, order_by="order", continuation=token)


async def test_a_continuation_belongs_to_its_query(store: DocumentStore) -> None:
    await _fill(store, *(learning(name, order=1) for name in "abc"))
    page = await store.query("learning", "ada", {"type": "lesson"}, order_by="order", limit=1)
    token = page.continuation
    with pytest.raises(InvalidOperation):
        await store.query("learning", "bob", {"type": "lesson"}, order_by="order", continuation=token)
    with pytest.raises(InvalidOperation):
        await store.query("learning", "ada", {"type": "module"}, order_by="order", continuation=token)
    with pytest.raises(InvalidOperation):
        await store.query("learning", "ada", {"type": "lesson"}, order_by="created_at", continuation=token)
    with pytest.raises(InvalidOperation):
        await store.query(
            "learning", "ada", {"type": "lesson"}, order_by="order", descending=True, continuation=token
        )
    with pytest.raises(InvalidOperation):
        await store.query("learning", "ada", {"type": "lesson"}, continuation=token)
    page = await store.query(
        "learning", "ada", {"type": "lesson"}, order_by="order", limit=5, continuation=token
    )
    assert [document["id"] for document in page.items] == ["b", "c"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a.b",
        "generation_metadata.a.b",
        "a']",
        'a"',
        "a b",
        "a) OR 1=1 --",
        "*",
        "$",
        "ü",
        "_etag",
        "x" * 80,
    ],
)
async def test_a_field_name_is_checked(store: DocumentStore, name: str) -> None:
    with pytest.raises(InvalidOperation, match="no field"):
        await store.query("learning", "ada", {name: 1})
    with pytest.raises(InvalidOperation, match="no field"):
        await store.query("learning", "ada", {"type": "lesson"}, order_by=name)
    with pytest.raises(InvalidOperation, match="no field"):
        await store.query_across("learning", "lesson", {name: 1})


async def test_an_order_needs_its_composite_index(store: DocumentStore) -> None:
    with pytest.raises(InvalidOperation, match="composite index to order by 'title'"):
        await store.query("learning", "ada", {"type": "lesson"}, order_by="title")
    with pytest.raises(InvalidOperation, match="`type`"):
        await store.query("learning", "ada", {}, order_by="order")
    for container, fields in {
        "learning": ["created_at", "updated_at", "order"],
        "library": ["created_at", "updated_at", "version_number"],
        "operations": ["created_at", "updated_at"],
    }.items():
        for field in fields:
            for descending in (False, True):
                await store.query(container, "ada", {"type": "x"}, order_by=field, descending=descending)


@pytest.mark.parametrize("value", [[1], {"a": 1}, float("nan"), 2**60, "a\x00b", "\udfff"])
async def test_a_value_that_cannot_be_compared(store: DocumentStore, value: JsonValue) -> None:
    with pytest.raises(InvalidOperation):
        await store.query("learning", "ada", {"status": value})
    with pytest.raises(InvalidOperation):
        await store.query_across("learning", "lesson", {"status": value})


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_is_positive(store: DocumentStore, limit: int) -> None:
    with pytest.raises(InvalidOperation, match="limit"):
        await store.query("learning", "ada", {}, limit=limit)
    with pytest.raises(InvalidOperation, match="limit"):
        await store.query_across("learning", "lesson", {}, limit=limit)


async def test_across_partitions(store: DocumentStore) -> None:
    await _fill(
        store,
        learning("one", status="generating", updated_at="2026-11-20T10:00:00Z"),
        learning("two", user_id="bob", status="generating", updated_at="2026-11-20T11:00:00Z"),
        learning("three", user_id="bob", status="completed", updated_at="2026-11-20T09:00:00Z"),
        learning("four", user_id="eve", type="module", status="generating"),
    )

    async def found(
        equals: dict[str, JsonValue], updated_before: str | None = None, limit: int = 100
    ) -> list[str]:
        documents = await store.query_across(
            "learning", "lesson", equals, updated_before=updated_before, limit=limit
        )
        return sorted(document["id"] for document in documents)

    assert await found({}) == ["one", "three", "two"]
    assert await found({"status": "generating"}) == ["one", "two"]
    assert await found({"status": "generating"}, "2026-11-20T11:00:00Z") == ["one"]
    assert await found({}, "2026-11-20T08:00:00Z") == []
    assert len(await found({}, limit=2)) == 2
    assert await store.query_across("learning", "lesson", {"id": "two"}) == [
        await store.read("learning", "bob", "two")
    ]
    assert await store.query_across("library", "lesson", {}) == []


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
async def test_pages_across_partitions(store: DocumentStore, descending: bool, limit: int) -> None:
    moments = {"f": 3, "b": 1, "e": 2, "a": 1, "d": 2, "c": 1}
    owners = ("ada", "bob", "eve")
    await _fill(
        store,
        *(
            learning(name, user_id=owners[place % 3], created_at=f"2026-11-20T10:00:0{moment}Z")
            for place, (name, moment) in enumerate(moments.items())
        ),
        learning("module", user_id="bob", type="module"),
    )
    found: list[str] = []
    continuation = None
    while True:
        page = await store.page_across(
            "learning",
            "lesson",
            {},
            order_by="created_at",
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        assert len(page.items) == limit or page.continuation is None
        found += [document["id"] for document in page.items]
        continuation = page.continuation
        if continuation is None:
            break
        # What is written before the position does not shift what comes after it.
        late = "2026-11-20T10:00:09Z" if descending else "2026-11-20T09:00:00Z"
        await store.create("learning", learning(f"late-{len(found)}", user_id="eve", created_at=late))
    assert found == (list("fedcba") if descending else list("abcdef"))


async def test_a_page_across_partitions_is_checked_as_any_other(store: DocumentStore) -> None:
    await _fill(store, learning("one"), learning("two", user_id="bob"))
    across = await store.page_across("learning", "lesson", {"id": "two"}, order_by="created_at")
    assert across.items == [await store.read("learning", "bob", "two")]
    first = await store.page_across("learning", "lesson", {}, order_by="created_at", limit=1)
    with pytest.raises(InvalidOperation, match="continuation"):
        await store.query(
            "learning",
            "ada",
            {"type": "lesson"},
            order_by="created_at",
            continuation=first.continuation,
        )
    with pytest.raises(InvalidOperation, match="continuation"):
        await store.page_across("learning", "lesson", {}, order_by="created_at", continuation="x")
    with pytest.raises(InvalidOperation, match="composite index"):
        await store.page_across("learning", "lesson", {}, order_by="title")
    with pytest.raises(InvalidOperation, match="limit"):
        await store.page_across("learning", "lesson", {}, order_by="created_at", limit=0)


# aiohttp, beneath azure-cosmos, warns of any body over 1 MB.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_page_larger_than_one_answer(store: DocumentStore) -> None:
    text = "x" * 1_200_000
    await _fill(store, *(learning(f"{number}", order=number, text=text) for number in range(5)))
    page = await store.query("learning", "ada", {"type": "lesson"}, order_by="order", limit=5)
    assert [document["order"] for document in page.items] == [0, 1, 2, 3, 4]
    assert page.continuation is None


async def test_no_container_is_missing(store: DocumentStore) -> None:
    assert await store.missing_containers() == []
