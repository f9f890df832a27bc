"""Which code an instance was started by: orchestrators ask here, and nowhere else, before they differ.

Every instance carries the `defaultVersion` of the host.json that started it, for its whole life; one that was
started before there were versions carries none. Code that schedules something else than the version before
raises `defaultVersion` and keeps the old way behind `started_before`, until no instance of that time is left
(docs/operations.md).
"""

from __future__ import annotations

import azure.durable_functions as df


def started_before(context: df.DurableOrchestrationContext, version: str) -> bool:
    """Tell whether the instance was started by code older than `version`, such as "1.0"."""
    return _numbers(context.version) < _numbers(version)


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()
