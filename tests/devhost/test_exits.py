"""Functions that end with what is no Exception: `sys.exit`, a cancelled task. No Python worker survives or
answers that, and what else the app does must go on."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.local_host import LocalHost

APP = Path(__file__).parent / "apps" / "exits"
EXITED = "python exited with code 137 (0x89)"


def exits(tmp_path: Path, timeout: str = "00:05:00") -> LocalHost:
    env = {"AzureFunctionsJobHost__functionTimeout": timeout}
    return LocalHost(APP, env=env, data=tmp_path / "data")


def start(host: LocalHost, name: str, instance: str, given: str = "") -> str:
    response = httpx.post(f"{host.url}/api/start/{name}/{instance}", json=given, timeout=60)
    assert response.status_code == 202
    return str(response.json()["statusQueryGetUri"])


def finished(url: str, seconds: float = 30.0) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while (response := httpx.get(url, timeout=60)).status_code == 202:
        assert time.monotonic() < deadline, response.text
        time.sleep(0.05)
    return dict(response.json())


# 3 is also how an app process says that the app does not load.
@pytest.mark.parametrize("code", [0, 3])
def test_a_function_that_exits_ends_its_process_and_not_the_host(tmp_path: Path, code: int) -> None:
    with exits(tmp_path) as host:
        before = host.app_process_ids()
        response = httpx.get(f"{host.url}/api/exit/{code}", timeout=60)
        assert (response.status_code, response.content) == (500, b"")
        assert finished(start(host, "calls", "next", "works"))["output"] == "worked"
        assert host.app_process_ids() != before
        assert f"exited with code {code}; starting it again" in host.log()


@pytest.mark.parametrize("activity", ["exits_in_a_thread", "exits_on_the_loop"])
def test_an_activity_that_exits_fails_with_its_process(tmp_path: Path, activity: str) -> None:
    with exits(tmp_path) as host:
        output = finished(start(host, "calls", "one", activity))["output"]
        assert output.startswith(f"failed: Activity function '{activity}' failed: {EXITED}")
        assert finished(start(host, "calls", "two", "works"))["output"] == "worked"


def test_an_orchestrator_that_exits_fails_with_its_process(tmp_path: Path) -> None:
    with exits(tmp_path) as host:
        status = finished(start(host, "exits_itself", "one"))
        assert status["runtimeStatus"] == "Failed"
        assert EXITED in status["output"]
        assert finished(start(host, "calls", "two", "works"))["output"] == "worked"


def test_a_cancelled_activity_has_no_end_before_the_time_limit(tmp_path: Path) -> None:
    with exits(tmp_path, timeout="00:00:04") as host:
        lost = start(host, "calls", "lost", "awaits_what_was_cancelled")
        host.wait_for_log("'awaits_what_was_cancelled' ended with CancelledError")
        # The same process goes on with everything else.
        assert finished(start(host, "calls", "next", "works"), seconds=3)["output"] == "worked"
        assert httpx.get(lost).status_code == 202
        assert finished(lost)["output"].startswith("failed: ")
        assert "Timeout value of 4s exceeded by function 'Functions.awaits_what_was_canc" in host.log()


def test_a_cancelled_http_function_is_answered_at_the_time_limit(tmp_path: Path) -> None:
    with exits(tmp_path, timeout="00:00:03") as host, ThreadPoolExecutor() as threads:
        waiting = threads.submit(httpx.get, f"{host.url}/api/cancelled", timeout=60)
        host.wait_for_log("'cancelled' ended with CancelledError")
        assert not waiting.done()
        assert waiting.result().status_code == 500
