"""Random sequences of operations leave both stores in the state that a simple model predicts."""

from __future__ import annotations

import copy
import random

import pytest

from shared.errors import Conflict, NotFound, PreconditionFailed, StoreError
from shared.store.contract import (
    BatchOperation,
    Condition,
    Create,
    Delete,
    Document,
    DocumentStore,
    Patch,
    PatchOperation,
    Replace,
)
from tests.support.documents import learning

IDS = ["a", "b", "c", "d"]


class Model:
    """The documents of one partition, and what an operation would do to them."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}

    def apply(self, operation: BatchOperation) -> None:
        document_id = operation.document["id"] if isinstance(operation, (Create, Replace)) else operation.id
        current = self.documents.get(document_id)
        if isinstance(operation, Create):
            if current is not None:
                raise Conflict
            self.documents[document_id] = {**operation.document, "_etag": ""}
            return
        if current is None:
            raise NotFound
        if isinstance(operation, Replace):
            if operation.etag != current["_etag"]:
                raise PreconditionFailed
            self.documents[document_id] = {**operation.document, "_etag": ""}
        elif isinstance(operation, Delete):
            if operation.etag is not None and operation.etag != current["_etag"]:
                raise PreconditionFailed
            del self.documents[document_id]
        else:
            (condition,) = operation.conditions or (Condition("/count", "present"),)
            if condition.comparison == "=" and current["count"] != condition.value:
                raise PreconditionFailed
            current["count"] += operation.operations[0].value
            current["_etag"] = ""

    def etag(self, document_id: str, chance: random.Random) -> str:
        """Return the document's ETag, or now and then a wrong one."""
        current = self.documents.get(document_id)
        return current["_etag"] if current and chance.random() < 0.7 else "wrong"


def _random_operation(chance: random.Random, model: Model) -> BatchOperation:
    document_id = chance.choice(IDS)
    match chance.randrange(5):
        case 0 | 1:
            return Create(learning(document_id, count=chance.randrange(3)))
        case 2:
            return Replace(learning(document_id, count=chance.randrange(3)), model.etag(document_id, chance))
        case 3:
            conditions = [Condition("/count", "=", chance.randrange(3))] if chance.random() < 0.5 else []
            increment = PatchOperation("increment", "/count", chance.randrange(1, 3))
            return Patch(document_id, [increment], conditions)
    return Delete(document_id, chance.choice([None, model.etag(document_id, chance)]))


async def _run(store: DocumentStore, operation: BatchOperation) -> None:
    match operation:
        case Create(document):
            await store.create("learning", document)
        case Replace(document, etag):
            await store.replace("learning", document, etag)
        case Patch(document_id, operations, conditions):
            await store.patch("learning", "ada", document_id, operations, conditions)
        case Delete(document_id, etag):
            await store.delete("learning", "ada", document_id, etag)


async def _adopt_etags(store: DocumentStore, model: Model) -> None:
    """Check that the store holds what the model holds; take over the ETags, which only the store knows."""
    found = (await store.query("learning", "ada", {})).items
    without = [{**document, "_etag": ""} for document in found]
    assert without == [{**model.documents[name], "_etag": ""} for name in sorted(model.documents)]
    model.documents = {document["id"]: document for document in found}


@pytest.mark.parametrize("seed", range(4))
async def test_random_operations_one_after_another(store: DocumentStore, seed: int) -> None:
    chance = random.Random(seed)
    model = Model()
    for _ in range(60):
        batch = [_random_operation(chance, model) for _ in range(chance.choice([1, 1, 2, 4]))]
        expected: type[StoreError] | None = None
        predicted = copy.deepcopy(model)
        try:
            for operation in batch:
                predicted.apply(operation)
        except StoreError as error:
            expected, predicted = type(error), model
        try:
            if len(batch) == 1:
                await _run(store, batch[0])
            else:
                await store.batch("learning", "ada", batch)
            happened = None
        except StoreError as error:
            happened = type(error)
        assert happened is expected, batch
        model = predicted
        await _adopt_etags(store, model)
