"""Patches with and without conditions, on both stores."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import InvalidOperation, NotFound, PreconditionFailed
from shared.store.contract import Condition, DocumentStore, JsonValue, PatchOperation
from tests.support.documents import content, learning

TOUCH = [PatchOperation("set", "/touched", True)]


async def test_each_kind_of_operation(store: DocumentStore) -> None:
    document = learning("one", title="old", progress={"done": 1, "ids": ["a"]}, gone="x")
    created = await store.create("learning", document)
    patched = await store.patch(
        "learning",
        "ada",
        "one",
        [
            PatchOperation("set", "/title", "new"),
            PatchOperation("set", "/progress/note", {"by": None}),
            PatchOperation("increment", "/progress/done", 2),
            PatchOperation("increment", "/progress/failed", -1.5),
            PatchOperation("append", "/progress/ids", ["b"]),
            PatchOperation("append", "/progress/ids", "c"),
            PatchOperation("remove", "/gone"),
        ],
    )
    progress = {"done": 3, "ids": ["a", ["b"], "c"], "note": {"by": None}, "failed": -1.5}
    assert content(patched) == learning("one", title="new", progress=progress)
    assert patched["_etag"] != created["_etag"]
    assert await store.read("learning", "ada", "one") == patched


async def test_operations_build_on_each_other(store: DocumentStore) -> None:
    await store.create("learning", learning("one"))
    patched = await store.patch(
        "learning",
        "ada",
        "one",
        [
            PatchOperation("set", "/outer", {}),
            PatchOperation("set", "/outer/list", []),
            PatchOperation("append", "/outer/list", 1),
            PatchOperation("increment", "/outer/count", 1),
            PatchOperation("increment", "/outer/count", 1),
        ],
    )
    assert patched["outer"] == {"list": [1], "count": 2}


@pytest.mark.parametrize(
    "name", ["with-hyphen", "under_score", "3f2a9c10-0000-4000-8000-000000000000", "order"]
)
async def test_names_of_fields_in_paths(store: DocumentStore, name: str) -> None:
    await store.create("learning", learning("one", by_id={name: 1}))
    patched = await store.patch(
        "learning",
        "ada",
        "one",
        [PatchOperation("increment", f"/by_id/{name}", 1)],
        [Condition(f"/by_id/{name}", "=", 1)],
    )
    assert patched["by_id"] == {name: 2}


async def test_concurrent_increments_all_count(store: DocumentStore) -> None:
    await store.create("learning", learning("one"))
    increment = [PatchOperation("increment", "/count", 1)]
    await asyncio.gather(*(store.patch("learning", "ada", "one", increment) for _ in range(20)))
    assert (await store.read("learning", "ada", "one"))["count"] == 20


async def test_one_of_many_takes_a_lease(store: DocumentStore) -> None:
    await store.create("learning", learning("one", status="free"))

    async def take(owner: int) -> bool:
        operations = [PatchOperation("set", "/status", "taken"), PatchOperation("set", "/owner", owner)]
        try:
            await store.patch("learning", "ada", "one", operations, [Condition("/status", "=", "free")])
        except PreconditionFailed:
            return False
        return True

    taken = await asyncio.gather(*(take(owner) for owner in range(10)))
    assert taken.count(True) == 1
    assert (await store.read("learning", "ada", "one"))["owner"] == taken.index(True)


FIELDS: dict[str, JsonValue] = {
    "status": "Ready",
    "count": 5,
    "ratio": 0.5,
    "yes": True,
    "nothing": None,
    "list": [1],
    "lease": {"token": 7},
}


@pytest.mark.parametrize(
    ("path", "comparison", "value", "holds"),
    [
        ("/status", "=", "Ready", True),
        ("/status", "=", "ready", False),
        ("/status", "=", "", False),
        ("/status", "!=", "Ready", False),
        ("/status", "!=", "ready", True),
        ("/status", "<", "Sea", True),
        ("/status", "<", "Ready", False),
        ("/status", "<=", "Ready", True),
        ("/status", ">", "Rain", True),
        ("/status", ">=", "Ready", True),
        ("/status", ">", "Ready", False),
        ("/status", "present", None, True),
        ("/status", "missing", None, False),
        ("/count", "=", 5, True),
        ("/count", "=", 5.0, True),
        ("/count", "=", "5", False),
        ("/count", "!=", "5", True),
        ("/count", "!=", None, True),
        ("/count", "<", 6, True),
        ("/count", "<", 5, False),
        ("/count", "<=", 5, True),
        ("/count", ">", 4.5, True),
        ("/count", ">=", 6, False),
        ("/count", ">", "4", False),
        ("/count", "<", "6", False),
        ("/ratio", "=", 0.5, True),
        ("/ratio", ">", 0, True),
        ("/yes", "=", True, True),
        ("/yes", "=", False, False),
        ("/yes", "=", 1, False),
        ("/yes", "!=", True, False),
        ("/yes", "!=", 1, True),
        ("/yes", ">", 0, False),
        ("/nothing", "=", None, True),
        ("/nothing", "!=", None, False),
        ("/nothing", "!=", "x", True),
        ("/nothing", "<", 1, False),
        ("/nothing", "present", None, True),
        ("/nothing", "missing", None, False),
        ("/list", "=", "1", False),
        ("/list", "!=", "1", True),
        ("/list", "present", None, True),
        ("/list/name", "missing", None, True),
        ("/lease/token", "=", 7, True),
        ("/lease/token", "<", 7, False),
        ("/lease/owner", "missing", None, True),
        ("/lease/owner", "present", None, False),
        ("/status/part", "missing", None, True),
        ("/absent", "=", None, False),
        ("/absent", "=", "x", False),
        ("/absent", "!=", "x", True),
        ("/absent", "!=", None, True),
        ("/absent", "<", 1, False),
        ("/absent", ">=", "", False),
        ("/absent", "present", None, False),
        ("/absent", "missing", None, True),
        ("/absent/deeper", "missing", None, True),
    ],
)
async def test_a_condition(
    store: DocumentStore, path: str, comparison: str, value: JsonValue, holds: bool
) -> None:
    created = await store.create("learning", learning("one", **FIELDS))
    condition = Condition(path, comparison, value)  # type: ignore[arg-type]  # one of the literals above
    if holds:
        assert (await store.patch("learning", "ada", "one", TOUCH, [condition]))["touched"] is True
    else:
        with pytest.raises(PreconditionFailed):
            await store.patch("learning", "ada", "one", TOUCH, [condition])
        assert await store.read("learning", "ada", "one") == created


async def test_all_conditions_must_hold(store: DocumentStore) -> None:
    await store.create("learning", learning("one", **FIELDS))
    good, bad = Condition("/count", "=", 5), Condition("/status", "=", "x")
    with pytest.raises(PreconditionFailed):
        await store.patch("learning", "ada", "one", TOUCH, [good, bad])
    assert (await store.patch("learning", "ada", "one", TOUCH, [good, good]))["touched"] is True


async def test_a_condition_asks_this_partition_only(store: DocumentStore) -> None:
    await store.create("learning", learning("one", user_id="bob", status="free"))
    await store.create("learning", learning("one", status="taken"))
    with pytest.raises(PreconditionFailed):
        await store.patch("learning", "ada", "one", TOUCH, [Condition("/status", "=", "free")])


@pytest.mark.parametrize(
    "text",
    [
        '" OR true OR "" = "',
        "' OR 1=1 --",
        "back\\slash\\",
        'quote"',
        "日本語 𝄞",
        "tab\tline\n",
        "\x00",
        "</script>",
    ],
)
async def test_the_text_of_a_condition_is_only_text(store: DocumentStore, text: str) -> None:
    await store.create("learning", learning("one", status=text))
    with pytest.raises(PreconditionFailed):
        await store.patch("learning", "ada", "one", TOUCH, [Condition("/status", "=", text + "!")])
    with pytest.raises(PreconditionFailed):
        await store.patch("learning", "ada", "one", TOUCH, [Condition("/status", "!=", text)])
    assert (await store.patch("learning", "ada", "one", TOUCH, [Condition("/status", "=", text)]))["touched"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "status",
        "/a//b",
        '/a"]',
        "/a'b",
        "/a b",
        "/a.b",
        "/list/0",
        "/list/-",
        "/ü",
        "/a~1b",
        "/" + "x" * 200,
    ],
)
async def test_a_path_is_checked(store: DocumentStore, path: str) -> None:
    await store.create("learning", learning("one", list=[1]))
    with pytest.raises(InvalidOperation):
        await store.patch("learning", "ada", "one", [PatchOperation("set", path, 1)])
    with pytest.raises(InvalidOperation):
        await store.patch("learning", "ada", "one", TOUCH, [Condition(path, "missing")])


@pytest.mark.parametrize("path", ["/id", "/user_id", "/_etag", "/_ts", "/id/x"])
async def test_what_identifies_a_document_is_never_patched(store: DocumentStore, path: str) -> None:
    await store.create("learning", learning("one"))
    with pytest.raises(InvalidOperation, match="may not touch"):
        await store.patch("learning", "ada", "one", [PatchOperation("set", path, "x")])


@pytest.mark.parametrize(
    "operation",
    [
        PatchOperation("remove", "/absent"),
        PatchOperation("set", "/absent/deeper", 1),
        PatchOperation("set", "/title/deeper", 1),
        PatchOperation("set", "/list/name", 1),
        PatchOperation("increment", "/title", 1),
        PatchOperation("increment", "/absent/deeper", 1),
        PatchOperation("increment", "/count", "1"),
        PatchOperation("increment", "/count", True),
        PatchOperation("append", "/title", 1),
        PatchOperation("append", "/absent", 1),
        PatchOperation("set", "/x", float("nan")),
        PatchOperation("set", "/ttl", 0),
        PatchOperation("rename", "/title", 1),  # type: ignore[arg-type]  # on purpose
    ],
)
async def test_an_operation_that_does_not_fit_changes_nothing(
    store: DocumentStore, operation: PatchOperation
) -> None:
    created = await store.create("learning", learning("one", title="x", count=1, list=[]))
    with pytest.raises(InvalidOperation):
        await store.patch("learning", "ada", "one", [*TOUCH, operation])
    assert await store.read("learning", "ada", "one") == created


@pytest.mark.parametrize(
    "condition",
    [
        Condition("/count", "<", None),
        Condition("/count", "<", True),
        Condition("/count", "=", [1]),
        Condition("/count", "!=", {"a": 1}),
        Condition("/count", "like", "x"),  # type: ignore[arg-type]  # on purpose
    ],
)
async def test_a_condition_that_makes_no_sense(store: DocumentStore, condition: Condition) -> None:
    await store.create("learning", learning("one", count=1))
    with pytest.raises(InvalidOperation):
        await store.patch("learning", "ada", "one", TOUCH, [condition])


async def test_a_patch_holds_one_to_ten_operations(store: DocumentStore) -> None:
    await store.create("learning", learning("one"))
    increment = PatchOperation("increment", "/count", 1)
    for operations in ([], [increment] * 11):
        with pytest.raises(InvalidOperation, match="1 to 10"):
            await store.patch("learning", "ada", "one", operations)
    assert (await store.patch("learning", "ada", "one", [increment] * 10))["count"] == 10


async def test_a_patch_of_a_missing_document(store: DocumentStore) -> None:
    with pytest.raises(NotFound):
        await store.patch("learning", "ada", "one", TOUCH)
    with pytest.raises(NotFound):
        await store.patch("learning", "ada", "one", TOUCH, [Condition("/status", "missing")])
