"""Log lines of the host's processes: time, level, category, invocation, message; one format for all, on
stderr."""

import contextvars
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}
_NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}


@dataclass(frozen=True)
class InvocationTag:
    """Which invocation a log line belongs to."""

    function: str
    invocation_id: str


current_invocation: contextvars.ContextVar[InvocationTag | None] = contextvars.ContextVar(
    "devhost_invocation", default=None
)


class LineFormatter(logging.Formatter):
    """`12:30:01.123 info  Function.name.User [0f3a9c1e] message`, time in UTC."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line, followed by the traceback if the record has one."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        level = _NAMES.get(record.levelno, record.levelname.lower())
        tag = current_invocation.get()
        source = f"{_category(record, self._process)} [{tag.invocation_id[:8]}]" if tag else self._process
        line = f"{moment} {level:<8} {source}: {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class CategoryLevels(logging.Filter):
    """host.json's `logging.logLevel`: the longest category that heads a record's own decides."""

    def __init__(self, levels: Mapping[str, str], process: str) -> None:
        super().__init__()
        self._process = process
        self._default = _LEVELS.get(levels.get("default", "information").lower(), logging.INFO)
        known = {k: _LEVELS[v.lower()] for k, v in levels.items() if k != "default" and v.lower() in _LEVELS}
        self._levels = sorted(known.items(), key=lambda item: -len(item[0]))

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        category = _category(record, self._process)
        level = next((lv for name, lv in self._levels if category.startswith(name)), self._default)
        return record.levelno >= level


def _category(record: logging.LogRecord, process: str) -> str:
    tag = current_invocation.get()
    if tag is None:
        return f"Host.{process}"
    # The real host's categories: what the app's own code logs, and what the host says of an invocation.
    return f"Function.{tag.function}" + ("" if record.name.startswith("devhost") else ".User")


def set_up_logging(process: str, levels: Mapping[str, str], root_level: int = logging.INFO) -> None:
    """Send this process's log records to stderr, filtered by host.json's levels."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(process))
    handler.addFilter(CategoryLevels(levels, process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(root_level)
    # Libraries that report every request or link at INFO would drown the app's own lines.
    for name in ("aiohttp.access", "azure", "grpc", "asyncio", "durabletask"):
        logging.getLogger(name).setLevel(logging.WARNING)
