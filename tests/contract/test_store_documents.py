"""Create, read, replace and delete, on both stores."""

from __future__ import annotations

import pytest

from shared.errors import Conflict, InvalidOperation, NotFound, PreconditionFailed
from shared.store.contract import MAX_DOCUMENT_BYTES, Document, DocumentStore
from tests.support.documents import content, learning


async def test_a_created_document_is_read_back_with_its_etag(store: DocumentStore) -> None:
    document = learning("one", numbers=[1, 2.5, -3], nested={"deep": {"null": None, "yes": True}}, empty=[])
    created = await store.create("learning", document)
    assert content(created) == document
    assert isinstance(created["_etag"], str)
    assert created["_etag"]
    assert await store.read("learning", "ada", "one") == created


async def test_an_id_is_created_once_in_its_partition(store: DocumentStore) -> None:
    first = await store.create("learning", learning("one"))
    with pytest.raises(Conflict):
        await store.create("learning", learning("one", title="another"))
    assert await store.read("learning", "ada", "one") == first
    await store.create("learning", learning("one", user_id="bob"))
    await store.create("library", {"id": "one", "key": "ada", "type": "brief"})


@pytest.mark.parametrize(
    ("container", "partition", "document_id"),
    [("learning", "ada", "two"), ("learning", "bob", "one"), ("library", "ada", "one")],
)
async def test_what_is_not_there_is_not_found(
    store: DocumentStore, container: str, partition: str, document_id: str
) -> None:
    await store.create("learning", learning("one"))
    with pytest.raises(NotFound):
        await store.read(container, partition, document_id)
    with pytest.raises(NotFound):
        await store.delete(container, partition, document_id)


async def test_replace_with_the_current_etag(store: DocumentStore) -> None:
    created = await store.create("learning", learning("one", title="old", gone=True))
    replaced = await store.replace("learning", learning("one", title="new"), created["_etag"])
    assert content(replaced) == learning("one", title="new")
    assert replaced["_etag"] != created["_etag"]
    assert await store.read("learning", "ada", "one") == replaced


async def test_replace_with_a_stale_etag_changes_nothing(store: DocumentStore) -> None:
    created = await store.create("learning", learning("one"))
    current = await store.replace("learning", {**created, "title": "first"}, created["_etag"])
    with pytest.raises(PreconditionFailed):
        await store.replace("learning", {**created, "title": "second"}, created["_etag"])
    assert await store.read("learning", "ada", "one") == current


async def test_replace_of_a_missing_document(store: DocumentStore) -> None:
    created = await store.create("learning", learning("one"))
    await store.delete("learning", "ada", "one")
    with pytest.raises(NotFound):
        await store.replace("learning", created, created["_etag"])


async def test_delete_with_and_without_etag(store: DocumentStore) -> None:
    created = await store.create("learning", learning("one"))
    current = await store.replace("learning", created, created["_etag"])
    with pytest.raises(PreconditionFailed):
        await store.delete("learning", "ada", "one", created["_etag"])
    await store.delete("learning", "ada", "one", current["_etag"])
    with pytest.raises(NotFound):
        await store.read("learning", "ada", "one")
    await store.create("learning", learning("one"))
    await store.delete("learning", "ada", "one")
    with pytest.raises(NotFound):
        await store.delete("learning", "ada", "one")


@pytest.mark.parametrize(
    "text",
    [
        "日本語 und Ελληνικά",
        "emoji 👩🏽‍🚀 and astral 𝄞",
        "e\u0301 is not \u00e9",
        "right-to-left שלום",
        "line\u2028separator",
        "100%2F+&=;:@ '\"`",
        "'; DROP TABLE documents; --",
        '" OR 1=1 --',
        "${jndi:ldap:x}",
        "{{7*7}}",
    ],
)
async def test_any_text_is_an_id_a_partition_and_a_value(store: DocumentStore, text: str) -> None:
    created = await store.create("learning", learning(text, user_id=text, title=text, **{text: {text: text}}))
    assert content(created)[text] == {text: text}
    assert await store.read("learning", text, text) == created
    found = await store.query("learning", text, {"title": text})
    assert found.items == [created]
    assert (await store.query("learning", text, {"title": text + "x"})).items == []
    await store.create("learning", learning("bystander"))
    await store.delete("learning", text, text, created["_etag"])
    assert content(await store.read("learning", "ada", "bystander")) == learning("bystander")


async def test_control_characters_survive(store: DocumentStore) -> None:
    text = "".join(map(chr, range(32))) + "\x7f\ufeff"
    created = await store.create("learning", learning("one", text=text))
    assert created["text"] == text
    assert (await store.read("learning", "ada", "one"))["text"] == text


# aiohttp, beneath azure-cosmos, warns of any body over 1 MB.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("filler", ["x", "語"])
async def test_a_document_may_have_two_megabytes_as_sent(store: DocumentStore, filler: str) -> None:
    escaped = 1 if filler.isascii() else len("\\u8a9e")
    text = filler * ((MAX_DOCUMENT_BYTES - 1000) // escaped)
    created = await store.create("learning", learning("large", text=text))
    assert created["text"] == text
    assert (await store.read("learning", "ada", "large"))["text"] == text
    with pytest.raises(InvalidOperation, match="larger than"):
        await store.create("learning", learning("larger", text=text + filler * 1000))
    with pytest.raises(InvalidOperation, match="larger than"):
        await store.replace("learning", {**created, "more": "x" * 1000}, created["_etag"])


def _nested(levels: int) -> Document:
    document: Document = {}
    for _ in range(levels):
        document = {"deeper": document}
    return document


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "`id`"),
        ({"id": None}, "`id`"),
        ({"id": 7}, "`id`"),
        ({"id": "a/b"}, "character"),
        ({"id": "a\\b"}, "character"),
        ({"id": "a?b"}, "character"),
        ({"id": "a#b"}, "character"),
        ({"id": "a\nb"}, "character"),
        ({"id": "trailing "}, "character"),
        ({"id": "x" * 1024}, "1023"),
        ({"user_id": ""}, "`user_id`"),
        ({"user_id": None}, "`user_id`"),
        ({"user_id": ["ada"]}, "`user_id`"),
        ({"user_id": "x" * 2049}, "2048"),
        ({"ttl": 0}, "ttl"),
        ({"ttl": -1}, "ttl"),
        ({"ttl": 1.5}, "ttl"),
        ({"ttl": True}, "ttl"),
        ({"ttl": "60"}, "ttl"),
        ({"x": float("nan")}, "document.x"),
        ({"x": float("inf")}, "document.x"),
        ({"x": 2**53}, "document.x"),
        ({"x": "\ud800"}, "surrogate"),
        ({"x": {1: "one"}}, "field name"),
        ({"x": {"a", "b"}}, "not JSON"),
        ({"x": b"bytes"}, "not JSON"),
        ({"x": _nested(130)}, "nested"),
    ],
)
async def test_what_the_service_would_refuse_or_change_is_refused(
    store: DocumentStore, fields: Document, message: str
) -> None:
    document = {**learning("one"), **fields}
    with pytest.raises(InvalidOperation, match=message):
        await store.create("learning", document)
    with pytest.raises(InvalidOperation, match=message):
        await store.replace("learning", document, "etag")


@pytest.mark.parametrize("document_id", ["", "../two", "a/b", "a?x=1", "a#b"])
async def test_an_id_cannot_address_anything_else(store: DocumentStore, document_id: str) -> None:
    await store.create("learning", learning("two"))
    with pytest.raises(InvalidOperation):
        await store.read("learning", "ada", document_id)
    with pytest.raises(InvalidOperation):
        await store.delete("learning", "ada", document_id)


async def test_system_fields_are_not_stored(store: DocumentStore) -> None:
    foreign = {"_rid": "x", "_self": "dbs/x", "_ts": 1, "_attachments": "attachments/", "_etag": "x"}
    created = await store.create("learning", {**learning("one"), **foreign})
    assert content(created) == learning("one")
    assert created["_etag"] != "x"


async def test_the_callers_document_is_left_alone(store: DocumentStore) -> None:
    document = learning("one", items=[1])
    created = await store.create("learning", document)
    assert document == learning("one", items=[1])
    created["items"].append(2)
    assert (await store.read("learning", "ada", "one"))["items"] == [1]


async def test_a_container_that_containers_json_does_not_hold(store: DocumentStore) -> None:
    with pytest.raises(InvalidOperation, match="no container 'lessons'"):
        await store.create("lessons", learning("one"))
    with pytest.raises(InvalidOperation, match="no container"):
        await store.query("lessons", "ada", {})
    with pytest.raises(InvalidOperation, match="no container"):
        await store.batch("lessons", "ada", [])
