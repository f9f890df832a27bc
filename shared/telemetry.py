"""Structured logs: one event name and a closed set of fields, so that no secret or body can slip in.

A record's message is one JSON object; with OpenTelemetry on, the fields arrive as attributes too.
"""

from __future__ import annotations

import json
import logging
from typing import TypedDict, Unpack

_logger = logging.getLogger("skillsync")


class Fields(TypedDict, total=False):
    """Everything that may stand in a log record: ids, counts, codes. Never a key, a token or a text."""

    roadmap_id: str
    module_id: str
    lesson_id: str
    lesson_key: str
    batch_id: str
    instance_id: str
    learner: str
    attempt: int
    generation: int
    version: str
    provider: str
    tier: str
    code: str
    reason: str
    count: int
    seconds: float
    cost_usd: float
    status: int
    method: str
    route: str
    setting: str
    source: str
    message_id: str
    correlation_id: str


def _refuse_unlisted(fields: Fields) -> None:
    """Hold the list at run time too: a dictionary that is unpacked into a call escapes the type checker."""
    unlisted = fields.keys() - Fields.__optional_keys__
    if unlisted:
        raise TypeError(f"not a field of a log record: {', '.join(sorted(unlisted))}")


def log(event: str, level: int = logging.INFO, **fields: Unpack[Fields]) -> None:
    """Write one structured record, such as `log("roadmap.created", roadmap_id=...)`."""
    _refuse_unlisted(fields)
    _logger.log(level, json.dumps({"event": event, **fields}), extra={"event": event, **fields})


def log_fault(event: str, error: BaseException, **fields: Unpack[Fields]) -> None:
    """Write one structured record for a fault of the infrastructure, with its traceback."""
    _refuse_unlisted(fields)
    _logger.error(
        json.dumps({"event": event, "error": type(error).__name__, **fields}),
        exc_info=error,
        extra={"event": event, **fields},
    )


def quieten(library: str) -> None:
    """Let a library log warnings only: some log the address of every request, and some keys stand there."""
    logging.getLogger(library).setLevel(logging.WARNING)
