"""A task hub in the test's own process: engine, one app's worker and the HTTP API, driven through HTTP."""

import asyncio
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import httpx
from aiohttp import web
from azure.durable_functions.models.utils import http_utils

from devhost.durable.binding import client_binding_json
from devhost.durable.engine import DurableEngine
from devhost.durable.management import ManagementApi
from devhost.durable.orchestration import TimerLimits
from devhost.durable.registry import DurableFunctions
from devhost.durable.versions import VersionRule
from devhost.durable.worker import DurableWorker

APPS = Path(__file__).parent.parent / "apps"
ENDED = ("Completed", "Failed", "Terminated")
HUB, KEY = "TestHub", "a system key"
PUBLIC_URL = "http://localhost:7071"


def load_app(name: str) -> Any:
    """Import a sample app anew, under a name of its own, as the host's loader would."""
    directory = APPS / name
    sys.path.insert(0, str(directory))
    try:
        spec = importlib.util.spec_from_file_location(f"sample_{name}", directory / "function_app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(directory))
    return module


class EventLoopThread:
    """An event loop in a thread, for async functions and for the HTTP server."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        self.run(self.loop.shutdown_asyncgens())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _close_client_session() -> None:
    """Close the SDK's one client session if an activity of the app has opened it on this loop."""
    session = http_utils._client_session
    if session is not None and session._loop is asyncio.get_running_loop():
        await session.close()
        http_utils._client_session = None


class Hub:
    """A running task hub with one sample app."""

    def __init__(
        self,
        app: str,
        *,
        database: Path | None = None,
        timers: TimerLimits | None = None,
        versions: VersionRule | None = None,
        workers: int = 1,
        threads: int = 6,
        max_activities: int = 64,
        max_orchestrators: int = 32,
    ) -> None:
        self.module = load_app(app)
        versions = versions or VersionRule()
        self.engine = DurableEngine(database=database, versions=versions)
        self.address = self.engine.start()
        self._threads = EventLoopThread()
        self.executor = ThreadPoolExecutor(threads)
        runner, port = self._threads.run(self._serve(versions.default))
        self._runner: web.AppRunner = runner
        self.rpc_url = f"http://127.0.0.1:{port}"
        self.binding = client_binding_json(PUBLIC_URL, self.rpc_url, HUB, KEY)
        self.functions = DurableFunctions(
            self.module.app.get_functions(),
            client_binding=self.binding,
            loop=self._threads.loop,
            executor=self.executor,
        )
        self.workers = [
            DurableWorker(
                self.functions,
                self.address,
                max_activities=max_activities,
                max_orchestrators=max_orchestrators,
                timers=timers,
                default_version=versions.default,
            )
            for _ in range(workers)
        ]
        for worker in self.workers:
            worker.start()
        self.http = httpx.Client(base_url=f"{self.rpc_url}/durabletask/", timeout=20)
        self.webhook = httpx.Client(base_url=f"{self.rpc_url}/runtime/webhooks/durabletask/", timeout=20)

    async def _serve(self, default_version: str | None) -> tuple[web.AppRunner, int]:
        self.api = ManagementApi(
            self.address,
            lambda: self.functions.orchestrators,
            lambda: PUBLIC_URL,
            HUB,
            KEY,
            default_version=default_version,
        )
        app = web.Application()
        self.api.register(app)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.webhook.close()
        for worker in self.workers:
            worker.stop()
        self._threads.run(_close_client_session())
        self._threads.run(self.api.close())
        self._threads.run(self._runner.cleanup())
        self.engine.stop()
        self.executor.shutdown(wait=False, cancel_futures=True)
        self._threads.close()

    # ------------------------------------------------------------------ what a client does
    def start(self, name: str, value: Any = None, instance_id: str | None = None, **query: Any) -> str:
        """Start an instance as the Python client does: JSON text within a JSON string."""
        path = f"orchestrators/{name}" + (f"/{instance_id}" if instance_id else "")
        body = None if value is None else json.dumps(json.dumps(value))
        response = self.http.post(path, content=body, params=query)
        assert response.status_code == 202, response.text
        started: str = response.json()["id"]
        return started

    def status(self, instance_id: str, **query: Any) -> dict[str, Any]:
        response = self.http.get(f"instances/{instance_id}", params=query)
        assert response.status_code in {200, 202}, response.text
        status: dict[str, Any] = response.json()
        return status

    def wait(self, instance_id: str, statuses: Iterable[str] = ENDED, seconds: float = 30) -> dict[str, Any]:
        """Wait for one of the statuses and return the instance; fails the test after `seconds`."""
        deadline = time.monotonic() + seconds
        while (status := self.status(instance_id))["runtimeStatus"] not in statuses:
            assert time.monotonic() < deadline, status
            time.sleep(0.01)
        return status

    def wait_for_custom_status(self, instance_id: str, expected: Any, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while (status := self.status(instance_id))["customStatus"] != expected:
            assert time.monotonic() < deadline, status
            time.sleep(0.01)

    def run(self, name: str, value: Any = None, **query: Any) -> dict[str, Any]:
        """Start an instance and wait for its end."""
        return self.wait(self.start(name, value, **query))

    def result(self, name: str, value: Any = None) -> Any:
        """Start an instance, expect it to complete, and return its output."""
        status = self.run(name, value)
        assert status["runtimeStatus"] == "Completed", status
        return status["output"]

    def failure(self, name: str, value: Any = None) -> str:
        """Start an instance, expect it to fail, and return the message."""
        status = self.run(name, value)
        assert status["runtimeStatus"] == "Failed", status
        message: str = status["output"]
        return message

    def raise_event(self, instance_id: str, name: str, value: Any) -> httpx.Response:
        """Send an event whose payload is plain JSON (the Python client would encode it twice)."""
        return self.http.post(f"instances/{instance_id}/raiseEvent/{name}", json=value)

    def operate(self, instance_id: str, operation: str, **query: Any) -> httpx.Response:
        return self.http.post(f"instances/{instance_id}/{operation}", params=query)

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.status(
            instance_id, showHistory="true", showHistoryOutput="true", showInput="true"
        )["historyEvents"]
        return events
