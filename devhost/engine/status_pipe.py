"""What the engine tells the supervisor: one JSON object a line, over an inherited pipe."""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from devhost import description as kinds
from devhost.engine.catalogue import CatalogueEntry, State
from devhost.service_bus.connection import EMBEDDED_CONNECTION


@dataclass(frozen=True)
class TableRow:
    """One line of the function table."""

    name: str
    trigger: str
    detail: str


class StatusPipe:
    """Writes events for the supervisor; a supervisor that is gone is no error here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def app_ready(self, process_id: int, durable_port: int) -> None:
        """An app process takes work."""
        self._write(event="app_ready", process_id=process_id, durable_port=durable_port)

    def functions(self, entries: Sequence[CatalogueEntry], base_url: str) -> None:
        """The function table, once known, and what the embedded broker has to have for it."""
        rows = [table_row(entry, base_url) for entry in entries]
        self._write(
            event="functions",
            rows=[[row.name, row.trigger, row.detail] for row in rows],
            service_bus=[_entity(entry) for entry in entries if _is_received_from_embedded(entry)],
        )

    def failed(self, message: str) -> None:
        """The engine cannot go on; the message is for a person."""
        self._write(event="failed", message=message)

    def _write(self, **event: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._descriptor, json.dumps(event).encode() + b"\n")


def _is_received_from_embedded(entry: CatalogueEntry) -> bool:
    ready = entry.kind == kinds.SERVICE_BUS_TRIGGER and entry.state is State.READY
    return ready and str(entry.trigger.get("connection")) == EMBEDDED_CONNECTION


def _entity(entry: CatalogueEntry) -> dict[str, str]:
    trigger = entry.trigger
    if queue := trigger.get("queueName"):
        return {"queue": str(queue)}
    return {"topic": str(trigger.get("topicName")), "subscription": str(trigger.get("subscriptionName"))}


def table_row(entry: CatalogueEntry, base_url: str) -> TableRow:
    """A function as the table shows it: its URL or schedule or queue, and what keeps it from running."""
    detail = _detail(entry, base_url)
    if entry.state is not State.READY:
        note = f"{entry.state}: {entry.note}" if entry.note else str(entry.state)
        detail = f"{detail}  ({note})" if detail and entry.state is not State.IN_ERROR else note
    return TableRow(entry.name, entry.kind, detail)


def _detail(entry: CatalogueEntry, base_url: str) -> str:
    trigger = entry.trigger
    if entry.kind == kinds.HTTP_TRIGGER:
        methods = (
            ",".join(sorted(entry.route.methods)) if entry.route and entry.route.methods else "any method"
        )
        return f"[{methods}] {base_url}/{entry.template.lstrip('/')}"
    if entry.kind == kinds.TIMER_TRIGGER:
        return str(trigger.get("schedule", ""))
    if entry.kind == kinds.SERVICE_BUS_TRIGGER:
        topic = "/".join(str(trigger[k]) for k in ("topicName", "subscriptionName") if trigger.get(k))
        return str(trigger.get("queueName") or topic)
    return ""
