"""The table of the app's functions that the host prints when it is ready."""

from collections.abc import Sequence

_GROUPS = {
    "httpTrigger": "HTTP",
    "timerTrigger": "Timer",
    "serviceBusTrigger": "Service Bus",
    "orchestrationTrigger": "Orchestrator",
    "activityTrigger": "Activity",
    "entityTrigger": "Entity",
}


def function_table(rows: Sequence[Sequence[str]]) -> str:
    """The table: name, kind and detail of each function, grouped by kind."""
    order = list(_GROUPS)
    ranked = sorted(
        rows, key=lambda row: (order.index(row[1]) if row[1] in order else len(order), row[0].lower())
    )
    cells = [(name, _GROUPS.get(kind, kind), detail) for name, kind, detail in ranked]
    if not cells:
        return "\nNo functions found.\n"
    widths = [max(len(row[column]) for row in cells) for column in (0, 1)]
    lines = [f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  {detail}".rstrip() for name, kind, detail in cells]
    return "\n".join(["", f"Functions ({len(cells)}):", *lines, ""])
