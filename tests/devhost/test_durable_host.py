"""Durable functions through the whole host: what survives which death."""

import os
import signal
import time
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from tests.support.local_host import LocalHost

APP = Path(__file__).parent / "apps" / "durable_host"


def durable(tmp_path: Path, timeout: str = "00:05:00", **more: Any) -> LocalHost:
    env = {"HUB_SUFFIX": "One", "AzureFunctionsJobHost__functionTimeout": timeout}
    return LocalHost(APP, env=env, data=tmp_path / "data", **more)


def start(host: LocalHost, name: str, tmp_path: Path) -> dict[str, str]:
    response = httpx.post(f"{host.url}/api/start/{name}/{name}-1", json={"folder": str(tmp_path)}, timeout=60)
    assert response.status_code == 202
    return dict(response.json())


def finished(url: str, seconds: float = 60.0) -> dict[str, Any]:
    """Poll an instance's status until it has ended."""
    deadline = time.monotonic() + seconds
    while True:
        response = httpx.get(url, timeout=60)
        if response.status_code == 200:
            return dict(response.json())
        assert response.status_code == 202
        assert time.monotonic() < deadline, response.text
        time.sleep(0.1)


def runs(tmp_path: Path) -> list[str]:
    file = tmp_path / "runs"
    return file.read_text().splitlines() if file.exists() else []


def until_running(tmp_path: Path) -> None:
    deadline = time.monotonic() + 60
    while not runs(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_orchestration_runs_and_its_links_need_their_key(tmp_path: Path) -> None:
    with durable(tmp_path, workers=2) as host:
        links = start(host, "two_steps", tmp_path)
        assert "taskHub=HubOne" in links["statusQueryGetUri"]
        assert finished(links["statusQueryGetUri"])["output"] == [1, 2]
        assert httpx.get(links["statusQueryGetUri"].partition("?")[0]).status_code == 401
        assert httpx.get(f"{host.url}/durabletask/instances/two_steps-1").status_code == 404
        assert "Function.two_steps.User" in host.log()
        unknown = httpx.post(f"{host.url}/api/start/nothing/x", json={}, timeout=60)
        assert unknown.status_code == 500
        assert "The function 'nothing' doesn't exist" in host.log()


def test_a_failing_activity_is_logged_whole(tmp_path: Path) -> None:
    with durable(tmp_path) as host:
        status = finished(start(host, "breaks", tmp_path)["statusQueryGetUri"])
        assert status["runtimeStatus"] == "Failed"
        assert "the activity's own fault: x" in status["output"]
        log = host.log()
        assert "Executed 'Functions.raises' (Failed" in log
        assert "Traceback (most recent call last):" in log


@pytest.mark.parametrize("mode", ["fail", "redeliver"])
def test_what_a_killed_app_process_was_running(tmp_path: Path, mode: Literal["fail", "redeliver"]) -> None:
    (tmp_path / "hold").touch()
    with durable(tmp_path, on_worker_exit=mode) as host:
        links = start(host, "two_steps", tmp_path)
        until_running(tmp_path)
        os.kill(host.app_process_ids()[0], signal.SIGKILL)
        (tmp_path / "hold").unlink()
        output = finished(links["statusQueryGetUri"])["output"]
        if mode == "fail":
            assert output.startswith("failed: ")
            assert len(runs(tmp_path)) == 1
        else:
            assert output == [1, 2]
            assert [run.split()[0] for run in runs(tmp_path)] == ["1", "1", "2"]


def test_a_killed_engine_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    with durable(tmp_path) as host:
        links = start(host, "two_steps", tmp_path)
        until_running(tmp_path)
        engine = host.engine_process_id()
        assert engine is not None
        os.kill(engine, signal.SIGKILL)
        (tmp_path / "hold").unlink()
        assert finished(links["statusQueryGetUri"])["output"] == [1, 2]


def test_an_instance_goes_on_after_everything_was_killed(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    with durable(tmp_path) as host:
        links = start(host, "two_steps", tmp_path)
        until_running(tmp_path)
        host.kill()
        (tmp_path / "hold").unlink()
        host.start()
        path = links["statusQueryGetUri"].partition("/runtime")[2]
        assert finished(f"{host.url}/runtime{path}")["output"] == [1, 2]


def test_an_instance_goes_on_after_a_drained_stop(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    with durable(tmp_path) as host:
        links = start(host, "two_steps", tmp_path)
        until_running(tmp_path)
        assert host.stop(timeout=40) == 0
        (tmp_path / "hold").unlink()
        host.start()
        path = links["statusQueryGetUri"].partition("/runtime")[2]
        assert finished(f"{host.url}/runtime{path}")["output"] == [1, 2]


def test_an_activity_over_the_time_limit_ends_its_process_and_fails(tmp_path: Path) -> None:
    with durable(tmp_path, timeout="00:00:03") as host:
        before = host.app_process_ids()
        status = finished(start(host, "too_long", tmp_path)["statusQueryGetUri"])
        assert status["output"] == "the activity failed"
        assert "exceeded by function 'Functions.blocks'" in host.log()
        assert host.app_process_ids() != before
