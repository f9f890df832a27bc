"""What both adapters refuse before they touch the store, so that they refuse alike.

Everything here raises InvalidOperation. The limits are those of Azure Cosmos DB
(https://learn.microsoft.com/azure/cosmos-db/concepts-limits); sizes are those of the request as it is sent,
JSON with escaped non-ASCII characters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from shared.errors import InvalidOperation
from shared.store.containers import Container
from shared.store.contract import (
    MAX_BATCH_BYTES,
    MAX_BATCH_OPERATIONS,
    MAX_DOCUMENT_BYTES,
    MAX_PATCH_OPERATIONS,
    BatchOperation,
    Condition,
    Create,
    Document,
    JsonValue,
    Patch,
    PatchOperation,
    Replace,
)

MAX_ID_BYTES = 1023
MAX_PARTITION_BYTES = 2048
MAX_NESTING = 128
MAX_SAFE_INTEGER = 2**53 - 1
"""Cosmos DB numbers are IEEE 754 doubles; beyond this integers would silently change."""

BATCH_OPERATION_OVERHEAD_BYTES = 256
"""Allowance for what surrounds one operation in a batch request: its type, id and conditions."""

SYSTEM_FIELDS = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts"})
"""Fields that Cosmos DB adds; never stored as part of a document."""

_FORBIDDEN_IN_ID = re.compile(r"[/\\?#\x00-\x1f\x7f]")
_FIELD = re.compile(r"(?:generation_metadata\.)?[A-Za-z][A-Za-z0-9_]{0,63}")
_PATH = re.compile(r"(?:/[A-Za-z0-9_-]{1,128}){1,16}")
_encode = json.JSONEncoder(separators=(",", ":")).encode
_ORDERINGS = frozenset({"<", "<=", ">", ">="})


def check_document(container: Container, document: Document) -> tuple[str, str, Document]:
    """Return the partition, the id and what is stored of a document: all but the system fields."""
    partition, stored, _ = _sized(container, document)
    return partition, stored["id"], stored


def _sized(container: Container, document: Document) -> tuple[str, Document, int]:
    """Return the partition, what is stored of a document, and its bytes as it is sent."""
    partition = document.get(container.partition_key)
    check_partition(partition, container)
    check_id(document.get("id"))
    stored = without_system_fields(document)
    check_value(stored, "document")
    check_time_to_live(stored.get("ttl"))
    size = encoded_size(stored)
    if size > MAX_DOCUMENT_BYTES:
        raise InvalidOperation(f"document {document['id']!r} is larger than {MAX_DOCUMENT_BYTES} bytes")
    return str(partition), stored, size


def without_system_fields(document: Document) -> Document:
    """Return what is stored of a document."""
    return {name: value for name, value in document.items() if name not in SYSTEM_FIELDS}


def check_id(document_id: JsonValue) -> None:
    """Refuse an id that Cosmos DB would not take."""
    if not isinstance(document_id, str) or not document_id:
        raise InvalidOperation(f"`id` must be a non-empty string, not {document_id!r}")
    check_value(document_id, "id")
    if _FORBIDDEN_IN_ID.search(document_id) or document_id.endswith(" "):
        raise InvalidOperation(f"id {document_id!r} holds a character that ids may not hold")
    if len(document_id.encode()) > MAX_ID_BYTES:
        raise InvalidOperation(f"an id may have at most {MAX_ID_BYTES} bytes")


def check_partition(partition: JsonValue, container: Container) -> None:
    """Refuse a partition key value that is missing, empty or too long."""
    if not isinstance(partition, str) or not partition:
        raise InvalidOperation(
            f"`{container.partition_key}` must be a non-empty string in {container.name}, not {partition!r}"
        )
    check_value(partition, container.partition_key)
    if len(partition.encode()) > MAX_PARTITION_BYTES:
        raise InvalidOperation(f"`{container.partition_key}` may have at most {MAX_PARTITION_BYTES} bytes")


def check_value(value: JsonValue, where: str, depth: int = 0) -> None:
    """Refuse what is not JSON or would not come back as it was stored; `where` names it in the error."""
    if depth > MAX_NESTING:
        raise InvalidOperation(f"{where} is nested deeper than {MAX_NESTING} levels")
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, str):
                raise InvalidOperation(f"{where} has the field name {name!r}, which is not a string")
            check_value(name, f"a field name in {where}", depth)
            check_value(member, f"{where}.{name}", depth + 1)
    elif isinstance(value, list):
        for member in value:
            check_value(member, f"{where}[]", depth + 1)
    else:
        _check_scalar(value, where)


def _check_scalar(value: JsonValue, where: str) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidOperation(f"{where} holds half of a surrogate pair, which is not text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidOperation(f"{where} is {value}, which JSON cannot hold")
    elif isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise InvalidOperation(f"{where} is an integer beyond {MAX_SAFE_INTEGER}")
    elif value is not None:
        raise InvalidOperation(f"{where} is a {type(value).__name__}, which is not JSON")


def check_time_to_live(ttl: JsonValue) -> None:
    """Refuse a `ttl` that is neither absent nor a positive number of whole seconds."""
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 < ttl < 2**31):
        raise InvalidOperation(f"`ttl` must be a positive integer of seconds, not {ttl!r}")


def check_patch(
    container: Container, operations: Sequence[PatchOperation], conditions: Sequence[Condition]
) -> None:
    """Refuse a patch with too many or none operations, a bad path, or a value that does not fit its kind."""
    if not 1 <= len(operations) <= MAX_PATCH_OPERATIONS:
        raise InvalidOperation(f"a patch has 1 to {MAX_PATCH_OPERATIONS} operations, not {len(operations)}")
    for operation in operations:
        _check_patch_operation(container, operation)
    for condition in conditions:
        _check_condition(condition)


def _check_patch_operation(container: Container, operation: PatchOperation) -> None:
    first = path_fields(operation.path)[0]
    if first in {"id", container.partition_key} or first in SYSTEM_FIELDS:
        raise InvalidOperation(f"a patch may not touch {operation.path}")
    if operation.kind not in {"set", "remove", "increment", "append"}:
        raise InvalidOperation(f"{operation.kind!r} is no kind of patch operation")
    check_value(operation.value, operation.path)
    if operation.kind == "increment" and not is_number(operation.value):
        raise InvalidOperation(f"increment of {operation.path} needs a number, not {operation.value!r}")
    if operation.path == "/ttl" and operation.kind == "set":
        check_time_to_live(operation.value)


def _check_condition(condition: Condition) -> None:
    path_fields(condition.path)
    if condition.comparison in {"missing", "present"}:
        return
    check_value(condition.value, condition.path)
    if condition.comparison in _ORDERINGS:
        if not is_number(condition.value) and not isinstance(condition.value, str):
            raise InvalidOperation(
                f"{condition.path} {condition.comparison} needs a number or a string, not {condition.value!r}"
            )
    elif condition.comparison not in {"=", "!="}:
        raise InvalidOperation(f"{condition.comparison!r} is no comparison")
    elif isinstance(condition.value, (dict, list)):
        raise InvalidOperation(f"{condition.path} can only be compared with a scalar")


def check_batch(container: Container, partition: str, operations: Sequence[BatchOperation]) -> None:
    """Refuse a batch over two partitions or outside the limits of a transactional batch."""
    check_partition(partition, container)
    if not 1 <= len(operations) <= MAX_BATCH_OPERATIONS:
        raise InvalidOperation(f"a batch has 1 to {MAX_BATCH_OPERATIONS} operations, not {len(operations)}")
    size = 0
    for operation in operations:
        size += BATCH_OPERATION_OVERHEAD_BYTES
        if isinstance(operation, (Create, Replace)):
            own_partition, stored, own_size = _sized(container, operation.document)
            if own_partition != partition:
                raise InvalidOperation(
                    f"document {stored['id']!r} is of partition {own_partition!r}, its batch of {partition!r}"
                )
            size += own_size
        elif isinstance(operation, Patch):
            check_id(operation.id)
            check_patch(container, operation.operations, operation.conditions)
            size += sum(len(change.path) + encoded_size(change.value) for change in operation.operations)
            size += sum(len(test.path) + encoded_size(test.value) for test in operation.conditions)
        else:
            check_id(operation.id)
    if size > MAX_BATCH_BYTES:
        raise InvalidOperation(f"a batch may have at most {MAX_BATCH_BYTES} bytes, not {size}")


def check_query(
    container: Container, equals: Mapping[str, JsonValue], order_by: str | None, limit: int
) -> None:
    """Refuse field names outside the contract, values that are not scalars, and orders without an index."""
    if limit < 1:
        raise InvalidOperation(f"limit must be at least 1, not {limit}")
    for name, value in equals.items():
        check_field(name)
        if isinstance(value, (dict, list)):
            raise InvalidOperation(f"{name} can only be compared with a scalar")
        check_value(value, name)
        if isinstance(value, str) and "\0" in value:  # SQLite ends a JSON string there when it compares
            raise InvalidOperation(f"{name} cannot be compared with a text that holds U+0000")
    if order_by is None:
        return
    check_field(order_by)
    if order_by not in container.sortable_fields:
        raise InvalidOperation(
            f"{container.name} has no composite index to order by {order_by!r}; "
            f"it has {', '.join(sorted(container.sortable_fields))}"
        )
    if not isinstance(equals.get("type"), str):
        raise InvalidOperation(f"a query ordered by {order_by} names the `type` of its documents")


def check_field(name: str) -> None:
    """Refuse a field name that is neither top-level nor `generation_metadata.<name>`."""
    if not _FIELD.fullmatch(name):
        raise InvalidOperation(f"{name!r} is no field that a query can use")


def path_fields(path: str) -> list[str]:
    """Split a JSON pointer into field names.

    A purely numeric name would mean an array's element to one store and a field to another; a race would make
    an index wrong anyway, so both adapters refuse it.
    """
    if not _PATH.fullmatch(path):
        raise InvalidOperation(f"{path!r} is not a path of letters, digits, `_` and `-`")
    fields = path[1:].split("/")
    for name in fields:
        if name.isdecimal() or name == "-":
            raise InvalidOperation(f"{path!r} addresses an array's element")
    return fields


def is_number(value: JsonValue) -> bool:
    """Tell whether a value is a JSON number; Python counts `True` as one, JSON does not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def encoded_size(value: JsonValue) -> int:
    """Return the bytes of a value as it is sent."""
    return len(_encode(value))
