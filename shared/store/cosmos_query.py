"""The Cosmos DB SQL of queries and of patch conditions.

Queries are parameterised. A patch condition cannot be: the service takes it as text only. Its paths are
checked against a pattern (limits.path_fields) and its values are written as JSON with every non-ASCII
character escaped, which is how Cosmos DB SQL writes literals, so a value cannot leave its quotes.

Fields are written `c["name"]`: `c.order` would be a syntax error, as `order` is a reserved word.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from shared.store.continuation import Position
from shared.store.contract import Condition, JsonValue
from shared.store.limits import is_number, path_fields

Parameters = list[dict[str, JsonValue]]


class QueryBuilder:
    """Collects the clauses of one SELECT and its parameters."""

    def __init__(self) -> None:
        self._clauses: list[str] = []
        self._parameters: Parameters = []
        self._order = ""

    def add_equality(self, name: str, value: JsonValue) -> None:
        """Only documents whose field has this value; types are compared too, as JSON does."""
        self._clauses.append(f"{_field(name)} = {self._parameter(value)}")

    def add_less_than(self, name: str, value: str) -> None:
        """Only documents whose field is a string before this one."""
        self._clauses.append(f"{_field(name)} < {self._parameter(value)}")

    def add_order(self, order_by: str | None, *, descending: bool, after: Position | None) -> None:
        """Order by `type`, the field and the id, as the composite index has it, from a position on.

        Without a field the order is that of ids. Documents in which the field is neither a number nor a
        string are left out, as in the other adapter; numbers come before strings.
        """
        comparison, direction = ("<", "DESC") if descending else (">", "ASC")
        identity = _field("id")
        beyond_id = "" if after is None else f"{identity} {comparison} {self._parameter(after.document_id)}"
        if order_by is None:
            if after is not None:
                self._clauses.append(beyond_id)
            self._order = f" ORDER BY {identity} {direction}"
            return
        value = _field(order_by)
        self._clauses.append(f"(IS_NUMBER({value}) OR IS_STRING({value}))")
        if after is not None:
            last = self._parameter(after.value)
            # An ordering across types is undefined in SQL, though ORDER BY has one.
            if descending:
                other = "" if is_number(after.value) else f" OR IS_NUMBER({value})"
            else:
                other = f" OR IS_STRING({value})" if is_number(after.value) else ""
            self._clauses.append(
                f"({value} {comparison} {last}{other} OR ({value} = {last} AND {beyond_id}))"
            )
        self._order = f" ORDER BY {_field('type')} {direction}, {value} {direction}, {identity} {direction}"

    def build(self) -> tuple[str, Parameters]:
        """Return the statement and its parameters."""
        where = f" WHERE {' AND '.join(self._clauses)}" if self._clauses else ""
        # Only checked field names and names of parameters are part of the text.
        return f"SELECT * FROM c{where}{self._order}", self._parameters  # noqa: S608 - see above

    def _parameter(self, value: JsonValue) -> str:
        name = f"@p{len(self._parameters)}"
        self._parameters.append({"name": name, "value": value})
        return name


def filter_predicate(conditions: Sequence[Condition]) -> str | None:
    """Return the conditions of a patch as the service takes them, None when there are none."""
    if not conditions:
        return None
    return "from c where " + " and ".join(_predicate(condition) for condition in conditions)


def _predicate(condition: Condition) -> str:
    actual = "c" + "".join(f'["{name}"]' for name in path_fields(condition.path))
    match condition.comparison:
        case "missing":
            return f"(NOT IS_DEFINED({actual}))"
        case "present":
            return f"IS_DEFINED({actual})"
    literal = json.dumps(condition.value)
    match condition.comparison:
        case "=":
            return f"({actual} = {literal})"
        case "!=":
            # Comparing with a missing value or one of another type is undefined, which would not satisfy.
            return f"(NOT {_type_test(condition.value)}({actual}) OR {actual} != {literal})"
    return f"({_type_test(condition.value)}({actual}) AND {actual} {condition.comparison} {literal})"


def _type_test(value: JsonValue) -> str:
    if value is None:
        return "IS_NULL"
    if isinstance(value, bool):
        return "IS_BOOL"
    return "IS_NUMBER" if is_number(value) else "IS_STRING"


def _field(name: str) -> str:
    return "c" + "".join(f'["{part}"]' for part in name.split("."))
