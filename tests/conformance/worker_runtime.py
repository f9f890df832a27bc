"""Loads a Functions app into Microsoft's Python worker runtime and invokes its functions.

    python3.13 -P worker_runtime.py APP_DIR

The runtime library (`azure-functions-runtime`) is what the host's worker process runs on Azure; here this
script stands in for that process. The library never imports the host's protobuf messages: it is handed a
module of message classes, so plain classes with the same fields serve.

On standard output: first the report of the load, then, for each invocation read as one JSON line from
standard input, one JSON line with its result. What the app prints goes to standard error.

    load        {"python", "runtime", "functions": {name: [binding, ...]}} or {"error": {"message", "trace"}}
    invocation  {"function", "inputs": {parameter: data}, "metadata": {name: data}, "seconds"}
    result      {"succeeded", "value": data or null, "error": {"message", "trace"} or null}
    data        {"string": text} or {"json": text} or {"http": {...}} with bodies in base64
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import platform
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import azure_functions_runtime as runtime  # type: ignore[import-not-found] # installed for Python 3.13 only

Json = dict[str, Any]


class Message:
    """A protobuf message as the runtime sees it: an unset field is None, and one field of a oneof is set."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> None:
        # `TypedData` is asked for to tell a wrapper from the message itself.
        if name.startswith("__") or name == "TypedData":
            raise AttributeError(name)

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the name of the field that is set."""
        return next((name for name, value in self.__dict__.items() if value is not None), None)


class ParameterBinding(Message):
    """One argument: its name, and its value in the field `data`."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        """Shared memory, the other way to carry a value, is never used here."""
        return "data"


MESSAGES = (
    "FunctionLoadResponse",
    "FunctionMetadataResponse",
    "InvocationResponse",
    "NullableBool",
    "NullableDouble",
    "NullableString",
    "NullableTimestamp",
    "RpcException",
    "RpcFunctionMetadata",
    "RpcHttp",
    "RpcRetryOptions",
    "TypedData",
    "WorkerInitResponse",
    "WorkerMetadata",
)
SUCCESS = 1


def protocol() -> SimpleNamespace:
    """Return the messages of FunctionRpc.proto (azure-functions-language-worker-protobuf), with its enums."""
    same_site = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})
    directions = {"in": 0, "out": 1, "inout": 2}
    data_types = {"undefined": 0, "string": 1, "binary": 2, "stream": 3}
    return SimpleNamespace(
        **{name: type(name, (Message,), {}) for name in MESSAGES},
        ParameterBinding=ParameterBinding,
        StatusResult=type("StatusResult", (Message,), {"Failure": 0, "Success": SUCCESS, "Cancelled": 2}),
        BindingInfo=type("BindingInfo", (Message,), {**directions, **data_types}),
        RpcHttpCookie=type("RpcHttpCookie", (Message,), {"SameSite": same_site}),
    )


class Worker:
    """The worker process's part of the conversation between host and runtime."""

    def __init__(self, app: Path) -> None:
        self._app = app
        self._protocol = protocol()
        self._ids: dict[str, str] = {}

    async def load(self) -> Json:
        """Index the app; returns the report of the load."""
        runtime.start_threadpool_executor()
        start = SimpleNamespace(capabilities={}, function_app_directory=str(self._app))
        response = await runtime.worker_init_request(self._request(worker_init_request=start))
        if response.result.status != SUCCESS:
            return {"error": error_of(response)}
        metadata = await runtime.functions_metadata_request(self._request())
        functions = metadata.function_metadata_results or []
        self._ids = {function.name: function.function_id for function in functions}
        return {
            "python": platform.python_version(),
            "runtime": runtime.handle_event.VERSION,
            "functions": {
                function.name: [json.loads(raw) for raw in function.raw_bindings] for function in functions
            },
        }

    async def invoke(self, invocation: Json) -> Json:
        """Run one function; an invocation that takes longer than its `seconds` has failed."""
        if invocation["function"] not in self._ids:
            return failure(f"no function is named {invocation['function']}")
        message = SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=self._ids[invocation["function"]],
            input_data=[
                ParameterBinding(name=name, data=self._typed(data))
                for name, data in invocation["inputs"].items()
            ],
            trigger_metadata={name: self._typed(data) for name, data in invocation["metadata"].items()},
            trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        request = self._request(invocation_request=message)
        try:
            response = await asyncio.wait_for(runtime.invocation_request(request), invocation["seconds"])
        except TimeoutError:
            return failure(f"still running after {invocation['seconds']} s")
        if response.result.status != SUCCESS:
            return {"succeeded": False, "value": None, "error": error_of(response)}
        return {"succeeded": True, "value": plain(response.return_value), "error": None}

    def _request(self, **kinds: Any) -> SimpleNamespace:
        properties = {"host": "127.0.0.1", "protos": self._protocol}
        return SimpleNamespace(request=SimpleNamespace(**kinds), properties=properties)

    def _typed(self, data: Mapping[str, Any]) -> Any:
        [(kind, value)] = data.items()
        if kind == "http":
            body = self._protocol.TypedData(bytes=base64.b64decode(value["body"]))
            value = self._protocol.RpcHttp(**{**value, "body": body})
        return self._protocol.TypedData(**{kind: value})


def failure(message: str) -> Json:
    """Return the result of an invocation that the runtime gave no response to."""
    return {"succeeded": False, "value": None, "error": {"message": message, "trace": ""}}


def error_of(response: Any) -> Json:
    """Return what a failed response says."""
    exception = response.result.exception
    return {"message": exception.message, "trace": exception.stack_trace}


def plain(data: Any) -> Json | None:
    """Return the plain form of a returned value."""
    if data is None:
        return None
    kind = data.WhichOneof("data")
    if kind != "http":
        return {kind: getattr(data, kind)}
    http = data.http
    body = http.body.bytes if http.body.string is None else http.body.string.encode()
    return {
        "http": {
            "status": int(http.status_code),
            "headers": http.headers,
            "body": base64.b64encode(body).decode(),
        }
    }


def private_output() -> IO[str]:
    """Return the real standard output, and send what the app prints to standard error."""
    ours = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return ours


async def serve(app: Path, read_line: Callable[[], str], output: IO[str]) -> None:
    """Load the app and answer invocations until the input ends."""
    worker = Worker(app)
    print(json.dumps(await worker.load()), file=output, flush=True)
    while line := await asyncio.to_thread(read_line):
        print(json.dumps(await worker.invoke(json.loads(line))), file=output, flush=True)


def main() -> None:
    """Serve the app in the folder of the first argument, from that folder and with it on the path."""
    app = Path(sys.argv[1]).resolve()
    os.chdir(app)
    sys.path.insert(0, str(app))
    asyncio.run(serve(app, sys.stdin.readline, private_output()))
    runtime.stop_threadpool_executor()


if __name__ == "__main__":
    main()
