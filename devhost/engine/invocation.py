"""An invocation as the engine sees it: what is asked of an app process, and what comes back."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Invocation:
    """One call of one function. `data` names the payload's form: http, json, string, bytes or a collection of
    them."""

    function: str
    data: str
    payload: bytes = b""
    reason: str = ""
    http: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()
    trace_parent: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def fields(self) -> dict[str, Any]:
        """The header fields of the `invoke` message."""
        return {
            "id": self.id,
            "function": self.function,
            "data": self.data,
            "http": dict(self.http),
            "metadata": dict(self.metadata),
            "lengths": list(self.lengths),
            "trace_parent": self.trace_parent,
        }


@dataclass(frozen=True)
class InvocationResult:
    """What came back: `error` is the function's traceback or the host's own words, `http` an HTTP answer's
    fields."""

    error: str | None = None
    http: Mapping[str, Any] | None = None
    payload: bytes = b""

    @property
    def succeeded(self) -> bool:
        """Whether the function ended without an error."""
        return self.error is None


class NoAppProcessError(Exception):
    """No app process took the invocation within the host's patience."""
