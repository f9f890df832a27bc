"""A Functions app inside Microsoft's worker runtime, as a process of its own."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

RUNNER = Path(__file__).with_name("worker_runtime.py")
_STOP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What one invocation came to."""

    succeeded: bool
    value: dict[str, Any]
    error: str

    @property
    def json(self) -> Any:
        """The returned value of an activity or orchestrator."""
        return json.loads(self.value.get("json") or self.value["string"])


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an HTTP function answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class WorkerRuntime:
    """The runtime serving `app`, from `with` to the end of its block."""

    def __init__(self, python: Path, app: Path, environment: Mapping[str, str], log: Path) -> None:
        self._command = [str(python), "-P", str(RUNNER), str(app)]
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self._dead_port = socket.socket()
        self.load: dict[str, Any] = {}

    def __enter__(self) -> Self:
        # Bound and never listening: whoever connects is refused, and nobody else can take the port.
        self._dead_port.bind(("127.0.0.1", 0))
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.load = self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        self._dead_port.close()
        _pipe(process.stdin).close()
        try:
            code = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        _pipe(process.stdout).close()
        if error is None:
            assert code == 0, f"the runtime ended with {code}:\n{self.log()}"

    def log(self) -> str:
        """What the app and the runtime have printed and logged."""
        return self._log.read_text(encoding="utf-8")

    @property
    def functions(self) -> dict[str, list[dict[str, Any]]]:
        """The bindings of every indexed function."""
        assert "functions" in self.load, f"the app does not load: {self.load}\n{self.log()}"
        functions: dict[str, list[dict[str, Any]]] = self.load["functions"]
        return functions

    def invoke(
        self,
        function: str,
        inputs: Mapping[str, dict[str, Any]],
        metadata: Mapping[str, dict[str, Any]] | None = None,
        seconds: float = 60.0,
    ) -> Result:
        """Invoke any function; an argument is `{"string": ...}`, `{"json": ...}` or `{"http": ...}`."""
        invocation = {
            "function": function,
            "inputs": dict(inputs),
            "metadata": dict(metadata or {}),
            "seconds": seconds,
        }
        _pipe(self._running().stdin).write(json.dumps(invocation) + "\n")
        _pipe(self._running().stdin).flush()
        answer = self._answer()
        error = answer["error"] or {"message": "", "trace": ""}
        return Result(answer["succeeded"], answer["value"] or {}, error["message"])

    def request(
        self,
        function: str,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        client: str | None = None,
        parameter: str = "req",
    ) -> HttpAnswer:
        """Invoke an HTTP function, which must answer; `client` names its durable client parameter."""
        http = {
            "method": method,
            "url": f"http://localhost:7071/api/{path}",
            "headers": dict(headers or {}),
            "params": dict(params or {}),
            "query": dict(query or {}),
            "body": base64.b64encode(body).decode(),
        }
        inputs = {parameter: {"http": http}}
        if client is not None:
            inputs[client] = self.durable_client()
        result = self.invoke(function, inputs)
        assert result.succeeded, f"{function} failed: {result.error}\n{self.log()}"
        answer = result.value["http"]
        names = {name.lower(): value for name, value in answer["headers"].items()}
        return HttpAnswer(answer["status"], names, base64.b64decode(answer["body"]))

    def durable_client(self) -> dict[str, Any]:
        """Return a durable client's binding data, for a Durable Functions extension that does not answer."""
        url = f"http://127.0.0.1:{self._dead_port.getsockname()[1]}/runtime/webhooks/durabletask/"
        binding = {
            "taskHubName": "Conformance",
            "creationUrls": {},
            "managementUrls": {"id": "INSTANCEID"},
            "baseUrl": url,
            "rpcBaseUrl": url,
        }
        return {"string": json.dumps(binding)}

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def _answer(self) -> dict[str, Any]:
        line = _pipe(self._running().stdout).readline()
        assert line, f"the runtime ended:\n{self.log()}"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
