"""The containers of containers.json as typed objects.

containers.json is a list of container resources in the shape that Azure Resource Manager takes
(`Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers`, property `resource`), so that the
infrastructure code and the tests create exactly what this code expects. The app itself never creates a
container: an Entra identity may not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.errors import InvalidOperation
from shared.store.contract import JsonValue


@dataclass(frozen=True, slots=True)
class Container:
    """One container: its name, the field that is its partition key, the fields a query can be ordered by.

    Cosmos DB orders by several fields only along a composite index, so a field is sortable when the container
    has the composite index (type, field, id).
    """

    name: str
    partition_key: str
    sortable_fields: frozenset[str]
    definition: Mapping[str, JsonValue]


@cache
def all_containers() -> Mapping[str, Container]:
    """Return every container by its name."""
    definitions = json.loads(Path(__file__).with_name("containers.json").read_text(encoding="utf-8"))
    return {definition["id"]: _container(definition) for definition in definitions}


def container_named(name: str) -> Container:
    """Return one container; raises InvalidOperation for a name that containers.json does not hold."""
    container = all_containers().get(name)
    if container is None:
        raise InvalidOperation(
            f"there is no container {name!r}; containers.json has {', '.join(all_containers())}"
        )
    return container


def _container(definition: Mapping[str, JsonValue]) -> Container:
    (partition_path,) = definition["partitionKey"]["paths"]
    indexes = [
        [_field(part["path"]) for part in index] for index in definition["indexingPolicy"]["compositeIndexes"]
    ]
    sortable = frozenset(index[1] for index in indexes if index[0] == "type" and index[2:] == ["id"])
    return Container(definition["id"], _field(partition_path), sortable, definition)


def _field(path: str) -> str:
    return path.removeprefix("/").replace("/", ".")
