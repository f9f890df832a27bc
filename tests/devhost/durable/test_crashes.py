"""Processes that are killed, drained and started again: nothing is lost, and what failed says why."""

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.devhost.durable.processes import Processes

KILLED = "python exited with code 137 (0x89)"


def settings(processes: Processes, n: int, seconds: float) -> dict[str, object]:
    return {"n": n, "seconds": seconds, "log": str(processes.log)}


# ---------------------------------------------------------------------- redeliver
def test_killed_app_process_loses_nothing(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start_engine()
        app = processes.start_app()
        instance_id = processes.start("roadmap", settings(processes, 6, 0.5))
        processes.wait_for_notes("start", 6)
        processes.kill(app)
        processes.start_app()
        assert processes.wait(instance_id) == ("Completed", [list(range(6)), 100])
        assert Counter(index for index, _ in processes.notes("start"))[0] == 2


def test_killed_engine_and_app_lose_nothing(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        engine, app = processes.start_engine(), processes.start_app()
        instance_id = processes.start("roadmap", settings(processes, 6, 0.5))
        processes.wait_for_notes("start", 6)
        processes.kill(engine)
        processes.kill(app)
        processes.start_engine()
        processes.start_app()
        assert processes.wait(instance_id) == ("Completed", [list(range(6)), 100])


def test_killed_engine_alone_is_found_again_by_the_app(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        engine = processes.start_engine()
        processes.start_app()
        instance_id = processes.start("roadmap", settings(processes, 4, 0.2))
        processes.wait_for_notes("start", 4)
        processes.kill(engine)
        processes.start_engine()
        assert processes.wait(instance_id) == ("Completed", [list(range(4)), 100])


def test_engine_state_survives_clean_restarts(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        engine, app = processes.start_engine(), processes.start_app()
        instance_id = processes.start("roadmap", settings(processes, 3, 0))
        assert processes.wait(instance_id)[0] == "Completed"
        assert processes.kill(app, signal.SIGTERM) == 0
        assert processes.kill(engine, signal.SIGTERM) == 0
        processes.start_engine()
        assert processes.wait(instance_id) == ("Completed", [list(range(3)), 100])


def test_killed_orchestrator_turn_is_computed_again(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start_engine()
        app = processes.start_app()
        marker = tmp_path / "first turn"
        instance_id = processes.start("blocks_in_orchestrator", str(marker))
        _wait_for(marker)
        processes.kill(app)
        processes.start_app()
        assert processes.wait(instance_id) == ("Completed", 1)


# ---------------------------------------------------------------------- fail
def test_killed_app_process_fails_its_activities(tmp_path: Path) -> None:
    with Processes(tmp_path, on_worker_exit="fail") as processes:
        processes.start_engine()
        app = processes.start_app()
        instance_id = processes.start("reports_failure", settings(processes, 1, 30))
        processes.wait_for_notes("start", 1)
        processes.kill(app)
        processes.start_app()
        assert processes.wait(instance_id) == ("Completed", f"Activity function 'step' failed: {KILLED}")
        assert len(processes.notes("start")) == 1


def test_killed_app_process_fails_the_orchestration_of_its_turn(tmp_path: Path) -> None:
    with Processes(tmp_path, on_worker_exit="fail") as processes:
        processes.start_engine()
        app = processes.start_app()
        marker = tmp_path / "first turn"
        instance_id = processes.start("blocks_in_orchestrator", str(marker))
        _wait_for(marker)
        processes.kill(app)
        assert processes.wait(instance_id) == (
            "Failed",
            f"Orchestrator function 'blocks_in_orchestrator' failed: One or more errors occurred. ({KILLED})",
        )


def test_lost_instance_redelivers_even_where_a_lost_process_fails(tmp_path: Path) -> None:
    with Processes(tmp_path, on_worker_exit="fail") as processes:
        engine, app = processes.start_engine(), processes.start_app()
        instance_id = processes.start("reports_failure", settings(processes, 1, 2))
        processes.wait_for_notes("start", 1)
        processes.kill(engine)
        processes.kill(app)
        processes.start_engine()
        processes.start_app()
        assert processes.wait(instance_id) == ("Completed", None)
        assert len(processes.notes("start")) == 2


# ---------------------------------------------------------------------- leaving
@pytest.mark.parametrize("on_worker_exit", ["fail", "redeliver"])
def test_drained_app_process_finishes_what_runs_and_gives_back_the_rest(
    tmp_path: Path, on_worker_exit: str
) -> None:
    with Processes(tmp_path, on_worker_exit=on_worker_exit) as processes:
        processes.start_engine()
        app = processes.start_app(max_activities=3)
        instance_id = processes.start("roadmap", settings(processes, 9, 0.4))
        processes.wait_for_notes("start", 3)
        assert processes.kill(app, signal.SIGTERM) == 0
        started = len(processes.notes("start"))
        assert started == len(processes.notes("end"))
        processes.start_app()
        assert processes.wait(instance_id) == ("Completed", [list(range(9)), 100])
        assert len(processes.notes("start")) == 10  # each once


def test_drained_app_process_gives_back_what_takes_too_long(tmp_path: Path) -> None:
    with Processes(tmp_path, on_worker_exit="fail") as processes:
        processes.start_engine()
        app = processes.start_app(drain_seconds=0.2)
        instance_id = processes.start("roadmap", settings(processes, 2, 6))
        processes.wait_for_notes("start", 2)
        started = time.monotonic()
        assert processes.kill(app, signal.SIGTERM) == 0
        assert time.monotonic() - started < 5
        processes.start_app()
        assert processes.wait(instance_id)[0] == "Completed"


# ---------------------------------------------------------------------- several processes
def test_work_is_shared_out_and_a_frozen_process_does_not_starve_the_others(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start_engine()
        apps = [processes.start_app(max_activities=4) for _ in range(2)]
        both = processes.start("roadmap", settings(processes, 8, 1))
        assert processes.wait(both)[0] == "Completed"
        assert {pid for _, pid in processes.notes("start")} == {app.pid for app in apps}
        apps[0].send_signal(signal.SIGSTOP)
        others = [processes.start("roadmap", settings(processes, 1, 0)) for _ in range(30)]
        # The frozen process keeps the few turns and activities of its limits; the rest go round it.
        deadline = time.monotonic() + 20
        while sum(processes.state(i).HasField("completedTimestamp") for i in others) < 10:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        processes.kill(apps[0])
        assert {processes.wait(instance_id)[0] for instance_id in others} == {"Completed"}


# ---------------------------------------------------------------------- chaos
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chaos(tmp_path: Path, seed: int) -> None:
    """Thirty orchestrations while app process and engine are killed at random moments."""
    randomness = random.Random(seed)
    with Processes(tmp_path) as processes:
        engine, app = processes.start_engine(), processes.start_app()
        ids = [processes.start("roadmap", {"n": 8, "seconds": 0.1}) for _ in range(30)]
        for _ in range(3):
            time.sleep(randomness.uniform(0.05, 0.5))
            if randomness.random() < 0.5:
                processes.kill(engine)
                engine = processes.start_engine()
            processes.kill(app)
            app = processes.start_app()
        for instance_id in ids:
            assert processes.wait(instance_id) == ("Completed", [list(range(8)), 100])


def _wait_for(marker: Path) -> None:
    deadline = time.monotonic() + 20
    while not marker.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
