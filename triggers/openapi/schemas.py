"""The schemas of all models that the route table names, as pydantic tells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from shared.models.problems import ProblemDocument
from triggers.endpoints import Endpoint, model_named

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
PREFIX = "#/components/schemas/"


class _Plain(GenerateJsonSchema):
    """Schemas without what says nothing: titles that repeat a field's name, null where a field may be absent.

    Generators of typed clients take a field with a default for one that is always there.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - a fixed signature
        return False

    def default_schema(self, schema: Any) -> Schema:
        told = super().default_schema(schema)
        return {name: value for name, value in told.items() if (name, value) != ("default", None)}


class Schemas:
    """The component schemas, and where each model stands among them."""

    def __init__(self, rows: Iterable[Endpoint]) -> None:
        rows = list(rows)
        received = {name for row in rows for name in (row.query, row.body) if name}
        sent = {answer.model for row in rows for answer in row.answers if answer.model}
        wanted: list[tuple[Any, Mode]] = [
            *((model_named(name), "validation") for name in sorted(received)),
            *((model_named(name), "serialization") for name in sorted(sent)),
            (ProblemDocument, "serialization"),
        ]
        self._places, document = models_json_schema(
            wanted, ref_template=f"{PREFIX}{{model}}", schema_generator=_Plain
        )
        self.components: dict[str, Schema] = document["$defs"]
        self._queries = {row.query: self.received(row.query) for row in rows if row.query}
        queries = {place["$ref"].removeprefix(PREFIX) for place in self._queries.values()}
        self.query_schemas = {name: self.components.pop(name) for name in sorted(queries)}

    def received(self, model: str) -> Schema:
        """Return a reference to what callers send."""
        return dict(self._places[model_named(model), "validation"])

    def sent(self, model: str) -> Schema:
        """Return a reference to what is answered."""
        return dict(self._places[model_named(model), "serialization"])

    def query(self, model: str) -> Schema:
        """Return the schema of a query: an object whose properties are its parameters."""
        place = str(self._queries[model]["$ref"])
        schema: Schema = self.query_schemas[place.removeprefix(PREFIX)]
        return schema

    @property
    def problem(self) -> Schema:
        """A reference to the problem document."""
        return dict(self._places[ProblemDocument, "serialization"])
