"""Running `python -m devhost` in tests, as a process of its own."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]
LISTENING = "listening on "
SERVICE_BUS = "Service Bus: "


class LocalHostError(AssertionError):
    """The host did not come up; the message holds what it printed and its log."""


class LocalHost:
    """A host serving `app`, from `with` to the end of its block.

    `settings` become a settings file of the host's own (so the app's local.settings.json is not read) and
    `env` variables of its environment; `data` defaults to a folder that is removed at the end.
    """

    def __init__(
        self,
        app: Path,
        *,
        settings: Mapping[str, str] | None = None,
        host_settings: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        workers: int = 1,
        on_worker_exit: Literal["fail", "redeliver"] = "fail",
        data: Path | None = None,
        service_bus: Path | None = None,
        port: int = 0,
        timeout: float = 60.0,
    ) -> None:
        self._app, self._env, self._workers = app, dict(env or {}), workers
        self._service_bus = service_bus
        self._on_worker_exit, self._port, self._timeout = on_worker_exit, port, timeout
        self._temporary = tempfile.TemporaryDirectory(prefix="localhost-test-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._settings = {"Values": dict(settings or {}), "Host": dict(host_settings or {})}
        self.data = data or self._folder / "data"
        self.url = ""
        self.output: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"--- log of the host ---\n{self.log()}")
        self.close()

    def start(self) -> None:
        """Start the host and wait until it listens; may be called again after `stop` or `kill`."""
        settings = self._folder / "settings.json"
        settings.write_text(json.dumps(self._settings))
        command = [
            sys.executable, "-m", "devhost", "--app", str(self._app), "--port", str(self._port),
            "--settings", str(settings), "--data", str(self.data), "--workers", str(self._workers),
            "--on-worker-exit", self._on_worker_exit,
        ]  # fmt: skip
        if self._service_bus is not None:
            command += ["--service-bus", str(self._service_bus)]
        with self._log_file.open("a") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **self._env},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.output, self.url = [], ""
        self._await_listening()

    def _await_listening(self) -> None:
        lines: queue.Queue[str | None] = queue.Queue()
        assert self._process is not None
        assert self._process.stdout is not None
        stream = self._process.stdout

        def read() -> None:
            with stream:
                for line in stream:
                    lines.put(line.rstrip("\n"))
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        while not self.url:
            try:
                line = lines.get(timeout=self._timeout)
            except queue.Empty:
                line = None
            if line is None:
                self._process.kill()
                code = self._process.wait()
                raise LocalHostError(
                    f"the host did not listen (exit code {code})\n"
                    + "\n".join(self.output)
                    + "\n"
                    + self.log()
                )
            self.output.append(line)
            if line.startswith(LISTENING):
                self.url = line.removeprefix(LISTENING)

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The supervisor."""
        assert self._process is not None
        return self._process

    @property
    def _log_file(self) -> Path:
        return self._folder / "host.log"

    def log(self) -> str:
        """All that the host has written to stderr so far."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def wait_for_log(self, text: str, timeout: float = 30.0) -> None:
        """Wait until the log holds `text`; AssertionError if it does not come."""
        deadline = time.monotonic() + timeout
        while text not in self.log():
            if time.monotonic() > deadline:
                raise AssertionError(f"'{text}' did not appear in the log:\n{self.log()[-5000:]}")
            time.sleep(0.05)

    def keys(self) -> dict[str, Any]:
        """The host's access keys."""
        return dict(json.loads((self.data / "keys.json").read_text()))

    def function_key(self) -> str:
        """The key that opens every function of level function."""
        return str(self.keys()["functionKeys"]["default"])

    def master_key(self) -> str:
        """The key for /admin."""
        return str(self.keys()["masterKey"])

    def run_timer(self, function: str) -> None:
        """Run a timer's function now, as an operator may."""
        answer = httpx.post(
            f"{self.url}/admin/functions/{function}",
            json={"input": ""},
            headers={"x-functions-key": self.master_key()},
            trust_env=False,
        )
        assert answer.status_code == 202, answer.text

    def instance(self, instance_id: str) -> dict[str, Any] | None:
        """The state of an orchestration, None when there is none."""
        answer = httpx.get(
            f"{self.url}/runtime/webhooks/durabletask/instances/{instance_id}",
            headers={"x-functions-key": self.keys()["systemKeys"]["durabletask_extension"]},
            trust_env=False,
        )
        return None if answer.status_code == 404 else dict(answer.json())

    def app_process_ids(self) -> list[int]:
        """The process ids of the app processes that are up."""
        return list(self._processes()["apps"])

    def engine_process_id(self) -> int | None:
        """The process id of the engine, None while it is being started again."""
        engine: int | None = self._processes()["engine"]
        return engine

    def broker_process_id(self) -> int | None:
        """The process id of the embedded broker; None where there is none, or it is being started again."""
        broker: int | None = self._processes()["broker"]
        return broker

    def service_bus(self) -> str:
        """The connection string of the embedded broker."""
        lines = [line for line in self.output if line.startswith(SERVICE_BUS)]
        return lines[0].removeprefix(SERVICE_BUS)

    def _processes(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "processes.json").read_text()))

    def stop(self, timeout: float = 30.0) -> int:
        """Send SIGTERM and wait for the drained end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self) -> None:
        """kill -9 of the supervisor; its children end by themselves."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Stop the host if it runs, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        self._temporary.cleanup()
