"""The embedded Service Bus broker as a process of its own, for tests that use the real client."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devhost.process_options import BrokerOptions, write_options
from tests.support.local_host import ROOT
from tests.support.tools import need


def need_broker() -> None:
    """Skip the test, or its whole module, where the broker cannot run."""
    need("python-qpid-proton", found=importlib.util.find_spec("proton") is not None)


def entities(*queues: dict[str, Any], topics: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A document of entities, in the shape of the official emulator's."""
    namespace = {"Name": "tests", "Queues": list(queues), "Topics": topics or []}
    return {"UserConfig": {"Namespaces": [namespace]}}


def queue(name: str, **properties: object) -> dict[str, Any]:
    """A queue's entry in such a document."""
    return {"Name": name, "Properties": properties}


def topic(name: str, *subscriptions: str, **properties: object) -> dict[str, Any]:
    """A topic's entry in such a document."""
    return {
        "Name": name,
        "Properties": properties,
        "Subscriptions": [{"Name": each} for each in subscriptions],
    }


class BrokerProcess:
    """A broker over `folder`, from `with` to the end of its block; its port outlives a kill."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._entities = folder / "service-bus.json"
        self._entities.write_text(json.dumps(document))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._process: subprocess.Popen[bytes] | None = None
        self._port = self._listening.getsockname()[1]
        self.connection_string = (
            f"Endpoint=sb://127.0.0.1:{self._port};SharedAccessKeyName=test;SharedAccessKey=dGVzdA==;"
            "UseDevelopmentEmulator=true;"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()
        self._listening.close()

    @property
    def port(self) -> int:
        """Where it listens; it lets in whoever comes, with any key."""
        return int(self._port)

    @property
    def process_id(self) -> int:
        """The broker's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process; who connects before it listens waits."""
        options = BrokerOptions(
            app_directory=str(self._folder),
            data=str(self._folder),
            listening_socket=self._listening.fileno(),
            entities_file=str(self._entities),
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devhost.broker.main", write_options(options)],
            cwd=ROOT,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            pass_fds=(self._listening.fileno(),),
        )

    def kill(self) -> None:
        """kill -9; the socket keeps listening."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process = None

    def go_away(self) -> None:
        """kill -9, and nobody listens any more: connections are refused."""
        self.kill()
        self._listening.close()

    def come_back(self) -> None:
        """Start again on the same port after having gone away."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self.start()

    def stop(self) -> int:
        """Let it end by itself, as the supervisor does; the exit code."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"drain\n")
        self._process.stdin.flush()
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended; the exit code."""
        assert self._process is not None
        assert self._process.stdin is not None
        code = self._process.wait(10)
        self._process.stdin.close()
        self._process = None
        return code
