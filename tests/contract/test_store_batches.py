"""Batches are all or nothing and stay inside their limits, on both stores."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Conflict, InvalidOperation, NotFound, PreconditionFailed, StoreError
from shared.store.contract import (
    MAX_BATCH_BYTES,
    BatchOperation,
    Condition,
    Create,
    Delete,
    DocumentStore,
    Patch,
    PatchOperation,
    Replace,
)
from tests.support.documents import content, learning

INCREMENT = [PatchOperation("increment", "/count", 1)]


async def test_a_batch_of_every_kind_answers_in_order(store: DocumentStore) -> None:
    old = await store.create("learning", learning("replaced"))
    await store.create("learning", learning("patched", status="generating"))
    await store.create("learning", learning("deleted"))
    marked = await store.create("learning", learning("deleted-by-etag"))
    results = await store.batch(
        "learning",
        "ada",
        [
            Create(learning("created", title="日本語")),
            Replace({**old, "title": "new"}, old["_etag"]),
            Patch("patched", INCREMENT, [Condition("/status", "=", "generating")]),
            Delete("deleted"),
            Delete("deleted-by-etag", marked["_etag"]),
        ],
    )
    created, replaced, patched, *deleted = results
    assert created is not None
    assert replaced is not None
    assert patched is not None
    assert deleted == [None, None]
    assert content(created) == learning("created", title="日本語")
    assert content(replaced) == learning("replaced", title="new")
    assert content(patched) == learning("patched", status="generating", count=1)
    for document in (created, replaced, patched):
        assert await store.read("learning", "ada", document["id"]) == document
    for name in ("deleted", "deleted-by-etag"):
        with pytest.raises(NotFound):
            await store.read("learning", "ada", name)


async def test_an_operation_sees_those_before_it(store: DocumentStore) -> None:
    results = await store.batch(
        "learning",
        "ada",
        [Create(learning("one", count=1)), Patch("one", INCREMENT, [Condition("/count", "=", 1)])],
    )
    assert results[1] is not None
    assert results[1]["count"] == 2


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (Create(learning("there")), Conflict),
        (Replace(learning("there"), "stale"), PreconditionFailed),
        (Replace(learning("absent"), "stale"), NotFound),
        (Patch("there", INCREMENT, [Condition("/status", "=", "x")]), PreconditionFailed),
        (Patch("absent", INCREMENT), NotFound),
        (Patch("there", [PatchOperation("remove", "/absent")]), InvalidOperation),
        (Delete("absent"), NotFound),
        (Delete("there", "stale"), PreconditionFailed),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, type) else value.__name__,
)
@pytest.mark.parametrize("position", [0, 2, 4])
async def test_one_failing_operation_undoes_all(
    store: DocumentStore, failing: BatchOperation, error: type[StoreError], position: int
) -> None:
    there = await store.create("learning", learning("there", count=1))
    doomed = await store.create("learning", learning("doomed"))
    changed = await store.create("learning", learning("changed"))
    operations: list[BatchOperation] = [
        Create(learning("new")),
        Patch("there", INCREMENT),
        Delete("doomed"),
        Replace({**changed, "title": "new"}, changed["_etag"]),
    ]
    operations.insert(position, failing)
    with pytest.raises(error):
        await store.batch("learning", "ada", operations)
    assert await store.read("learning", "ada", "there") == there
    assert await store.read("learning", "ada", "doomed") == doomed
    assert await store.read("learning", "ada", "changed") == changed
    with pytest.raises(NotFound):
        await store.read("learning", "ada", "new")


async def test_the_first_failure_is_the_one_told(store: DocumentStore) -> None:
    await store.create("learning", learning("there"))
    with pytest.raises(Conflict):
        await store.batch("learning", "ada", [Create(learning("there")), Delete("absent")])
    with pytest.raises(NotFound):
        await store.batch("learning", "ada", [Delete("absent"), Create(learning("there"))])


async def test_a_vote_and_its_counter_stay_together(store: DocumentStore) -> None:
    await store.create("library", {"id": "head", "key": "k", "type": "lesson_head", "votes": 0})

    async def vote(voter: int) -> bool:
        document = {"id": f"vote-{voter}", "key": "k", "type": "vote"}
        try:
            await store.batch(
                "library",
                "k",
                [Create(document), Patch("head", [PatchOperation("increment", "/votes", 1)])],
            )
        except Conflict:
            return False
        return True

    counted = await asyncio.gather(*(vote(turn % 5) for turn in range(20)))
    assert counted.count(True) == 5
    assert (await store.read("library", "k", "head"))["votes"] == 5


async def test_a_document_of_another_partition_is_refused(store: DocumentStore) -> None:
    await store.create("learning", learning("theirs", user_id="bob"))
    for operation in (
        Create(learning("two", user_id="bob")),
        Replace(learning("theirs", user_id="bob"), "x"),
    ):
        with pytest.raises(InvalidOperation, match="'bob'"):
            await store.batch("learning", "ada", [Create(learning("one")), operation])
    with pytest.raises(NotFound):
        await store.batch("learning", "ada", [Create(learning("one")), Patch("theirs", INCREMENT)])
    with pytest.raises(NotFound):
        await store.read("learning", "ada", "one")


async def test_a_document_of_another_container_is_refused(store: DocumentStore) -> None:
    version = {"id": "version", "key": "ada", "type": "lesson_version"}
    with pytest.raises(InvalidOperation, match="`user_id`"):
        await store.batch("learning", "ada", [Create(learning("one")), Create(version)])
    with pytest.raises(InvalidOperation, match="`key`"):
        await store.batch("library", "ada", [Create(version), Create(learning("one"))])
    for container in ("learning", "library"):
        with pytest.raises(NotFound):
            await store.read(container, "ada", "one" if container == "learning" else "version")


async def test_a_batch_holds_one_to_a_hundred_operations(store: DocumentStore) -> None:
    creations = [Create(learning(f"lesson-{number}")) for number in range(101)]
    for operations in ([], creations):
        with pytest.raises(InvalidOperation, match="1 to 100"):
            await store.batch("learning", "ada", operations)
    assert (await store.query("learning", "ada", {})).items == []
    assert len(await store.batch("learning", "ada", creations[:100])) == 100


# aiohttp, beneath azure-cosmos, warns of any body over 1 MB.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("filler", ["x", "é"])
async def test_a_batch_holds_at_most_two_megabytes_as_sent(store: DocumentStore, filler: str) -> None:
    escaped = 1 if filler.isascii() else len("\\u00e9")
    text = filler * ((MAX_BATCH_BYTES // 4 - 600) // escaped)
    creations = [Create(learning(f"lesson-{number}", text=text)) for number in range(4)]
    too_much = Patch("lesson-0", [PatchOperation("set", "/text", filler * 2000)])
    with pytest.raises(InvalidOperation, match="bytes"):
        await store.batch("learning", "ada", [*creations, too_much])
    assert (await store.query("learning", "ada", {})).items == []
    assert len(await store.batch("learning", "ada", creations)) == 4


async def test_a_batchs_patches_keep_the_rules_of_patches(store: DocumentStore) -> None:
    await store.create("learning", learning("one"))
    for operations in ([], [PatchOperation("set", "/user_id", "bob")], INCREMENT * 11):
        with pytest.raises(InvalidOperation):
            await store.batch("learning", "ada", [Patch("one", operations)])
    with pytest.raises(InvalidOperation):
        await store.batch("learning", "ada", [Delete("a/b")])
