"""Conditions and patch operations on a document in memory, with the semantics of Azure Cosmos DB."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from shared.errors import InvalidOperation
from shared.store.contract import Condition, Document, JsonValue, PatchOperation
from shared.store.limits import is_number, path_fields

_MISSING = object()

_ORDERINGS: dict[str, Callable[[JsonValue, JsonValue], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def satisfies(document: Document, conditions: Sequence[Condition]) -> bool:
    """Tell whether all conditions hold for the document."""
    return all(_holds(document, condition) for condition in conditions)


def apply_patch(document: Document, operations: Sequence[PatchOperation]) -> None:
    """Apply the operations to the document itself; raises InvalidOperation for one that does not fit."""
    for operation in operations:
        _apply(document, operation)


def _holds(document: Document, condition: Condition) -> bool:
    actual = _value_at(document, condition.path)
    match condition.comparison:
        case "missing":
            return actual is _MISSING
        case "present":
            return actual is not _MISSING
        case "=":
            return _equal(actual, condition.value)
        case "!=":
            return not _equal(actual, condition.value)
    comparable = (is_number(actual) and is_number(condition.value)) or (
        isinstance(actual, str) and isinstance(condition.value, str)
    )
    return comparable and _ORDERINGS[condition.comparison](actual, condition.value)


def _equal(actual: JsonValue, expected: JsonValue) -> bool:
    """Compare as JSON does: 1 equals 1.0, but not true, and a missing value equals nothing."""
    if is_number(actual) and is_number(expected):
        return bool(actual == expected)
    return type(actual) is type(expected) and bool(actual == expected)


def _value_at(document: Document, path: str) -> JsonValue:
    value: JsonValue = document
    for name in path_fields(path):
        if not isinstance(value, dict) or name not in value:
            return _MISSING
        value = value[name]
    return value


def _apply(document: Document, operation: PatchOperation) -> None:
    *parents, name = path_fields(operation.path)
    target: JsonValue = document
    for parent in parents:
        target = target.get(parent) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        raise InvalidOperation(f"{operation.path}: there is no object to hold {name!r}")
    match operation.kind:
        case "set":
            target[name] = operation.value
        case "remove":
            if name not in target:
                raise InvalidOperation(f"{operation.path}: there is nothing to remove")
            del target[name]
        case "increment":
            current = target.get(name, 0)
            if not is_number(current):
                raise InvalidOperation(f"{operation.path}: {current!r} is no number to increment")
            target[name] = current + operation.value
        case "append":
            current = target.get(name)
            if not isinstance(current, list):
                raise InvalidOperation(f"{operation.path}: there is no array to append to")
            current.append(operation.value)
