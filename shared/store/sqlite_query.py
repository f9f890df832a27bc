"""The SQL of queries on the SQLite store.

Field names are checked against a pattern before they become part of a JSON path (limits.check_query); values
are always parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.store.continuation import Position
from shared.store.contract import JsonValue
from shared.store.limits import is_number

SqlValue = str | int | float | None


@dataclass(slots=True)
class Filter:
    """Clauses that are joined by AND, and their parameters in order."""

    clauses: list[str] = field(default_factory=list)
    parameters: list[SqlValue] = field(default_factory=list)

    def add(self, clause: str, *parameters: SqlValue) -> None:
        """Add one clause with the values of its question marks."""
        self.clauses.append(clause)
        self.parameters.extend(parameters)

    def add_equality(self, name: str, value: JsonValue) -> None:
        """Compare a field as JSON does: by type, so that true is not 1 and null is not absent."""
        path = f"'$.{name}'"
        if isinstance(value, bool):
            self.add(f"json_type(body, {path}) = ?", "true" if value else "false")
        elif value is None:
            self.add(f"json_type(body, {path}) = ?", "null")
        elif name == "type":
            self.add("type = ? AND json_type(body, '$.type') = 'text'", value)
        else:
            kinds = "('integer', 'real')" if is_number(value) else "('text')"
            self.add(f"json_type(body, {path}) IN {kinds} AND json_extract(body, {path}) = ?", value)

    def add_alive(self, now: float) -> None:
        """Leave out what has expired."""
        self.add("(expires_at IS NULL OR expires_at > ?)", now)


def select_page(
    conditions: Filter, *, order_by: str | None, descending: bool, after: Position | None, limit: int
) -> tuple[str, list[SqlValue]]:
    """Return the statement for one page and its parameters; rows are (etag, body)."""
    comparison, direction = ("<", "DESC") if descending else (">", "ASC")
    if order_by is None:
        order = f"id {direction}"
        if after is not None:
            conditions.add(f"id {comparison} ?", after.document_id)
    else:
        value = f"json_extract(body, '$.{order_by}')"
        order = f"{value} {direction}, id {direction}"
        # As Cosmos DB orders: numbers before strings. What is neither has no place in an order.
        conditions.add(f"json_type(body, '$.{order_by}') IN ('integer', 'real', 'text')")
        if after is not None:
            conditions.add(f"({value}, id) {comparison} (?, ?)", after.value, after.document_id)
    where = " AND ".join(conditions.clauses)
    statement = f"SELECT etag, body FROM documents WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608 - see above
    return statement, [*conditions.parameters, limit]
