"""The `context` argument and output parameters, with the attributes that the Python worker gives them.

Source: azure-functions-python-worker azure_functions_worker/bindings/context.py, tracecontext.py and out.py.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func


@dataclass(frozen=True)
class TraceContext:
    """W3C trace context of an invocation; the old capitalised names are kept, as the worker keeps them."""

    trace_parent: str
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def Traceparent(self) -> str:  # noqa: N802 - the worker's public name
        """`trace_parent` under its old name."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:  # noqa: N802 - the worker's public name
        """`trace_state` under its old name."""
        return self.trace_state

    @property
    def Attributes(self) -> dict[str, str]:  # noqa: N802 - the worker's public name
        """`attributes` under its old name."""
        return self.attributes


@dataclass(frozen=True)
class InvocationContext:
    """What a function receives as `context`."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext
    retry_context: None = None
    thread_local_storage: Any = field(default_factory=threading.local)


class OutputParameter(func.Out[Any]):
    """A `func.Out` parameter: holds what the function sets."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value; the last one counts."""
        self._value = val

    def get(self) -> Any:
        """The value set, or None."""
        return self._value
