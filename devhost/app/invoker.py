"""Running one invocation: arguments in, the call on loop or thread, the answer out."""

import asyncio
import contextvars
import sys
import traceback
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from azure.functions.meta import Datum

from devhost.app.context import InvocationContext, OutputParameter, TraceContext
from devhost.app.converters import decode, encode, http_output, metadata_datum, trigger_datum
from devhost.app.signature import BoundFunction
from devhost.channel import Message
from devhost.console import InvocationTag, current_invocation


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: an error with its traceback, or the HTTP answer (None where there is
    none)."""

    error: str | None = None
    http: dict[str, Any] | None = None
    payload: bytes = b""


class Invoker:
    """Invokes an app's functions: async ones on the running loop, sync ones on the worker's thread pool."""

    def __init__(self, functions: Mapping[str, BoundFunction], executor: Executor, directory: str) -> None:
        self._functions, self._executor, self._directory = functions, executor, directory
        self.client_binding = "{}"

    async def invoke(self, message: Message) -> Outcome:
        """Run what a message of kind `invoke` asks for; a fault of the function comes back as an outcome."""
        function = self._functions[message["function"]]
        current_invocation.set(InvocationTag(function.name, message["id"]))
        try:
            arguments = self._arguments(function, message)
            outputs = {name: OutputParameter() for name in function.outputs}
            result = await self._call(function, {**arguments, **outputs})
            return _outcome(function, result, outputs)
        except Exception as error:  # noqa: BLE001 - a function may raise anything; the host reports it
            return Outcome(error="".join(traceback.format_exception(error)))
        finally:
            sys.stdout.flush()  # what the function printed, as the worker does

    async def _call(self, function: BoundFunction, arguments: dict[str, Any]) -> object:
        if function.is_async:
            return await function.call(**arguments)
        # The thread sees this invocation's context variables, so its log lines carry the invocation's id.
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: context.run(function.call, **arguments))

    def _arguments(self, function: BoundFunction, message: Message) -> dict[str, Any]:
        metadata = {key: metadata_datum(value) for key, value in message["metadata"].items()}
        arguments: dict[str, Any] = {}
        for name, binding_type in function.inputs.items():
            if name == function.trigger_parameter:
                arguments[name] = decode(binding_type, trigger_datum(message), metadata)
            else:  # the only input beside the trigger that this host knows is the durable client
                arguments[name] = decode(binding_type, Datum(self.client_binding, "string"), {})
        if function.needs_context:
            trace = TraceContext(message["trace_parent"])
            arguments["context"] = InvocationContext(message["id"], function.name, self._directory, trace)
        return arguments


def _outcome(function: BoundFunction, result: object, outputs: Mapping[str, OutputParameter]) -> Outcome:
    if result is not None and function.return_type is None:
        raise RuntimeError(f"function {function.name!r} without a $return binding returned a non-None value")
    answer = encode(function.return_type, result) if function.return_type is not None else None
    for name, binding_type in function.outputs.items():
        if (value := outputs[name].get()) is not None:
            answer = encode(binding_type, value)
    if answer is None:
        return Outcome()
    fields, payload = http_output(answer)
    return Outcome(http=fields, payload=payload)
