"""Engine and app processes that a test starts, kills and starts again."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs

from devhost.durable.status import STATUS_NAMES
from devhost.durable.wire import UNLIMITED_MESSAGES, is_terminal, text_of

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Processes:
    """One engine with its database, and app processes over it."""

    def __init__(self, folder: Path, app: str = "crashes", on_worker_exit: str = "redeliver") -> None:
        self.folder, self.app, self.on_worker_exit = folder, app, on_worker_exit
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.log = folder / "activities.log"
        self.log.touch()
        self._running: list[subprocess.Popen[str]] = []
        options = [
            *UNLIMITED_MESSAGES,
            ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.min_reconnect_backoff_ms", 50),
        ]
        self._channel = grpc.insecure_channel(self.address, options=options)
        self._stub: Any = stubs.TaskHubSidecarServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        for process in list(self._running):
            self.kill(process)

    def _spawn(self, script: str, *arguments: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(HERE / script), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    def start_engine(self) -> "subprocess.Popen[str]":
        return self._spawn("engine_process.py", self.port, self.folder / "engine.db", self.on_worker_exit)

    def start_app(self, max_activities: int = 20, drain_seconds: float = 10) -> "subprocess.Popen[str]":
        return self._spawn("app_process.py", self.address, self.app, max_activities, drain_seconds)

    def kill(self, process: "subprocess.Popen[str]", number: int = signal.SIGKILL) -> int:
        process.send_signal(number)
        code = process.wait(20)
        assert process.stdout is not None
        process.stdout.close()
        self._running.remove(process)
        return code

    # ------------------------------------------------------------------ the engine's client
    def start(self, name: str, value: Any) -> str:
        request = pb.CreateInstanceRequest(name=name)
        request.input.value = json.dumps(json.dumps(value))
        instance_id: str = self._stub.StartInstance(request, wait_for_ready=True, timeout=20).instanceId
        return instance_id

    def state(self, instance_id: str) -> pb.OrchestrationState:
        request = pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=True)
        response = self._stub.GetInstance(request, wait_for_ready=True, timeout=20)
        assert response.exists
        state: pb.OrchestrationState = response.orchestrationState
        return state

    def wait(self, instance_id: str, seconds: float = 30) -> tuple[str, Any]:
        """Return the final status and the output, or the failure's message."""
        deadline = time.monotonic() + seconds
        while not is_terminal((state := self.state(instance_id)).orchestrationStatus):
            assert time.monotonic() < deadline, state
            time.sleep(0.01)
        if state.HasField("failureDetails"):
            return STATUS_NAMES[state.orchestrationStatus], state.failureDetails.errorMessage
        return STATUS_NAMES[state.orchestrationStatus], json.loads(text_of(state, "output") or "null")

    # ------------------------------------------------------------------ the activities' trace
    def notes(self, what: str) -> list[tuple[int, int]]:
        """The (index, process id) of each activity that has started, or ended."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [(int(index), int(pid)) for kind, index, pid in lines if kind == what]

    def wait_for_notes(self, what: str, count: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.notes(what)) < count:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)
