"""Structured logs: one event name and a closed set of fields, so that no secret or body can slip in.

A record's message is one JSON object; with OpenTelemetry on, the fields arrive as attributes too.
"""

from __future__ import annotations

import errno
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import PurePath
from typing import TypedDict, Unpack

MOST_FRAMES = 5
MOST_CAUSES = 5
CAUSED_BY = ", caused by "

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
    """Write one structured record for a fault: what it was and where, but never in its words.

    An error's text may say what a caller, a provider or a store has said, and so may the text of its causes.
    """
    _refuse_unlisted(fields)
    told = {"event": event, "error": _kind(error), "at": CAUSED_BY.join(map(_place, _chain(error))), **fields}
    _logger.error(json.dumps(told), extra=told)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what caused it, as a traceback would."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen and len(seen) < MOST_CAUSES:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _kind(error: BaseException) -> str:
    """Return an error's type, with the code by which its library tells one such error from another."""
    name = type(error).__name__
    status = getattr(error, "status_code", None)  # azure-core
    if isinstance(status, int):
        return f"{name} {int(status)}"
    of_sqlite = getattr(error, "sqlite_errorname", None)
    if isinstance(of_sqlite, str):
        return f"{name} {of_sqlite}"
    of_system = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{name} {of_system}" if of_system else name


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    places = [f"{PurePath(one.filename).name}:{one.lineno} {one.name}" for one in reversed(frames)]
    return " < ".join([_kind(error), *places])


def quieten(library: str) -> None:
    """Let a library log warnings only: some log the address of every request, and some keys stand there."""
    logging.getLogger(library).setLevel(logging.WARNING)
