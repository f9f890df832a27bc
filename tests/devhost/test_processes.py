"""Processes: what happens when one of them dies, and how the host starts and stops."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.local_host import ROOT, LocalHost, LocalHostError

APPS = Path(__file__).parent / "apps"


def basics(tmp_path: Path, **more: object) -> LocalHost:
    settings = {"STARTUP_SCHEDULE": "0 0 5 * * *", "QUEUE": "q", "NOTES": str(tmp_path / "notes")}
    return LocalHost(APPS / "basics", settings=settings, data=tmp_path / "data", **more)  # type: ignore[arg-type]


def notes(tmp_path: Path, function: str) -> list[dict[str, object]]:
    file = tmp_path / "notes"
    lines = file.read_text().splitlines() if file.exists() else []
    return [note for line in lines if (note := json.loads(line))["function"] == function]


def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def is_alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


_APP = "import azure.functions as f\na = f.FunctionApp()\n"


def devhost(*arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "devhost", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_killed_app_process_is_started_again_and_fails_what_it_ran(tmp_path: Path) -> None:
    with basics(tmp_path) as host, ThreadPoolExecutor() as threads:
        victim = host.app_process_ids()[0]
        running = threads.submit(httpx.get, f"{host.url}/api/sleep/60", timeout=60)
        host.wait_for_log("Executing 'Functions.sleep'")
        os.kill(victim, signal.SIGKILL)
        response = running.result()
        assert (response.status_code, response.content) == (500, b"")
        # Arrives while no app process is up, and waits for the next one.
        assert httpx.get(f"{host.url}/api/default_route", timeout=60).status_code == 200
        assert host.app_process_ids() != [victim]
        assert "was ended by SIGKILL; starting it again" in host.log()


def test_a_killed_engine_comes_back_on_the_same_port_and_no_caller_is_refused(tmp_path: Path) -> None:
    with basics(tmp_path) as host:
        app, engine = host.app_process_ids(), host.engine_process_id()
        assert engine is not None
        os.kill(engine, signal.SIGKILL)
        assert httpx.get(f"{host.url}/api/default_route", timeout=60).status_code == 200
        assert host.app_process_ids() == app
        assert host.engine_process_id() not in {None, engine}


def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with basics(tmp_path) as host:
        engine = host.engine_process_id()
        assert engine is not None
        children = [engine, *filter(None, [host.broker_process_id()]), *host.app_process_ids()]
        host.kill()
        until(lambda: not any(map(is_alive, children)), "the end of the children")


def test_state_survives_a_restart_of_everything(tmp_path: Path) -> None:
    with basics(tmp_path) as host:
        keys, timers = host.keys(), tmp_path / "data" / "timers.json"
        until(timers.exists, "the first status of a timer")
        assert host.stop() == 0
        # A timer that was due while the host was down.
        stale = json.loads(timers.read_text())
        stale["new_year"] = {
            "Last": "2020-01-01T00:00:00+00:00",
            "Next": "2021-01-01T00:00:00+00:00",
            "LastUpdated": "2020-01-01T00:00:00+00:00",
        }
        timers.write_text(json.dumps(stale))
        host.start()
        assert host.keys() == keys
        until(lambda: bool(notes(tmp_path, "new_year")), "the timer that was missed")
        assert notes(tmp_path, "new_year")[0]["past_due"] is True


def test_each_timer_runs_once_however_many_app_processes_there_are(tmp_path: Path) -> None:
    with basics(tmp_path, workers=3) as host:
        assert len(host.app_process_ids()) == 3
        until(lambda: bool(notes(tmp_path, "at_startup")), "the timer of the start-up")
        assert httpx.get(f"{host.url}/api/default_route").status_code == 200
        assert host.stop() == 0
    assert len(notes(tmp_path, "at_startup")) == 1


async def test_app_processes_share_the_work(tmp_path: Path) -> None:
    with basics(tmp_path, workers=2) as host:
        async with httpx.AsyncClient(base_url=host.url, timeout=60) as client:
            responses = await asyncio.gather(*(client.get("/api/sleep/0.5") for _ in range(6)))
        served = {response.text for response in responses}
        assert served == {f"slept in {process_id}" for process_id in host.app_process_ids()}


async def test_a_request_goes_to_the_process_with_the_least_to_do(tmp_path: Path) -> None:
    with basics(tmp_path, workers=2) as host:
        async with httpx.AsyncClient(base_url=host.url, timeout=60) as client:
            long = asyncio.create_task(client.get("/api/sleep/4"))
            await asyncio.to_thread(host.wait_for_log, "Executing 'Functions.sleep'")
            short = [(await client.get("/api/sleep/0")).text for _ in range(4)]
            assert not long.done()
            assert (await long).text not in short
            assert len(set(short)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_invocations_end_before_the_host_does(tmp_path: Path, number: signal.Signals) -> None:
    with basics(tmp_path) as host, ThreadPoolExecutor() as threads:
        waiting = threads.submit(httpx.get, f"{host.url}/api/sleep/2", timeout=60)
        blocking = threads.submit(httpx.get, f"{host.url}/api/block/2", timeout=60)
        host.wait_for_log("Executing 'Functions.sleep'")
        host.wait_for_log("Executing 'Functions.block'")
        children = host.app_process_ids()
        host.process.send_signal(number)
        host.wait_for_log("draining")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{host.url}/api/default_route", timeout=60)
        assert waiting.result().status_code == 200
        assert blocking.result().text == "blocked"
        assert host.process.wait(30) == 0
        assert not any(map(is_alive, children))


def test_what_runs_too_long_is_cut_off(tmp_path: Path) -> None:
    with basics(tmp_path) as host:
        caller = threading.Thread(target=_ignore_errors, args=(f"{host.url}/api/block/60",))
        caller.start()
        host.wait_for_log("Executing 'Functions.block'")
        assert host.stop(timeout=40) == 0
        caller.join()
        assert "did not end within 10 s and are cut off" in host.log()


def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    with basics(tmp_path) as host:
        caller = threading.Thread(target=_ignore_errors, args=(f"{host.url}/api/block/60",))
        caller.start()
        host.wait_for_log("Executing 'Functions.block'")
        host.process.send_signal(signal.SIGINT)
        host.wait_for_log("draining")
        host.process.send_signal(signal.SIGINT)
        assert host.process.wait(8) == 130
        caller.join()


def _ignore_errors(url: str) -> None:
    try:
        httpx.get(url, timeout=60)
    except httpx.TransportError:
        return


def test_an_app_that_does_not_load_is_reported_once(tmp_path: Path) -> None:
    ended = devhost("--app", str(APPS / "broken"), "--port", "0", "--data", str(tmp_path), "--workers", "3")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("RuntimeError: nothing works today") == 1
    assert "in fail" in ended.stderr
    assert "devhost/app/" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == "devhost: the app does not load; see the error above"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "Could not find top level function app instances in function_app.py."),
        (
            "import azure.functions as f\na = f.FunctionApp()\nb = f.FunctionApp()\n",
            "More than one FunctionApp",
        ),
        ("import sys\nsys.exit(4)\n", "SystemExit: 4"),
        (
            f"{_APP}@a.route()\ndef x(req, other): return ''\n",
            "the following parameters are declared in Python but not in function.json: {'other'}",
        ),
        (
            f"{_APP}@a.route()\ndef x(req: int) -> str: return ''\n",
            'type of req binding in function.json "httpTrigger" does not match its Python annotation "int"',
        ),
        (
            f"{_APP}@a.route()\ndef x(req): ...\n@a.function_name('x')\n@a.route()\ndef y(req): ...\n",
            "does not have a unique function name",
        ),
    ],
)
def test_what_the_python_worker_refuses_is_refused(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "function_app.py").write_text(source)
    ended = devhost("--app", str(tmp_path), "--port", "0")
    assert ended.returncode == 1
    assert words in ended.stderr


def test_no_function_app_in_the_folder(tmp_path: Path) -> None:
    ended = devhost("--app", str(tmp_path), "--port", "0")
    assert ended.returncode == 1
    assert "function_app.py does not exist" in ended.stderr


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = devhost("--app", str(APPS / "strict"), "--port", str(port), "--data", str(tmp_path))
    assert ended.returncode == 1
    assert (
        ended.stderr
        == f"devhost: port {port} is already in use; give another one with --port (0 takes a free one)\n"
    )


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text("")
    (tmp_path / "host.json").write_text('{"version": "2.0", "functionTimeout": "x"}')
    ended = devhost("--app", str(tmp_path), "--port", "0")
    assert ended.returncode == 1
    assert ended.stderr.startswith("devhost: ")
    assert "functionTimeout must be a time span" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_two_hosts_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with basics(tmp_path):
        second = basics(tmp_path)
        with pytest.raises(LocalHostError, match="another host uses the data folder"), second:
            pass


def test_the_port_comes_from_the_settings_file_and_the_option_wins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "local.settings.json").write_text(json.dumps({"Host": {"LocalHttpPort": port}}))
    (tmp_path / "function_app.py").write_text((APPS / "strict" / "function_app.py").read_text())
    process = subprocess.Popen(
        [sys.executable, "-m", "devhost", "--app", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert f"listening on http://127.0.0.1:{port}\n" in lines
        process.terminate()
        assert process.wait(30) == 0


def test_the_app_sees_its_own_folder_and_not_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("NAME = 'the app own module'\n")
    (tmp_path / "function_app.py").write_text(
        "import os, sys, azure.functions as func\nimport shared\n"
        "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
        "@app.route()\ndef where(req: func.HttpRequest) -> str:\n"
        f"    return '|'.join([shared.NAME, os.getcwd(), str({str(ROOT)!r} in sys.path), sys.stdin.read()])\n"
    )
    with LocalHost(tmp_path) as host:
        answer = httpx.get(f"{host.url}/api/where").text
    assert answer == f"the app own module|{tmp_path}|False|"
