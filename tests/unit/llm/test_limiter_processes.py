"""Several processes on one store: together they stay within the limits, and use them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.limiter_worker import PROVIDER
from tests.support.local_host import ROOT

PROCESSES = 3
SPEED = 60
"""A minute of the limiter's clock is a second of the machine's."""
SECONDS = 420


@pytest.mark.parametrize("staleness", [0.0, 0.5], ids=["fresh reads", "stale reads"])
def test_no_window_of_60_seconds_carries_more_than_the_setting(tmp_path: Path, staleness: float) -> None:
    command = [sys.executable, "-m", "tests.support.limiter_worker", str(tmp_path / "store.db")]
    arguments = [str(SPEED), str(SECONDS), str(staleness)]
    workers = [
        subprocess.Popen(
            [*command, str(seed), *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    reports = []
    try:
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        for worker in workers:
            output, _ = worker.communicate(timeout=100)
            assert worker.returncode == 0
            reports.append(json.loads(output))
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    sent = sorted(tuple(one) for report in reports for one in report["sent"])
    assert len([report for report in reports if report["sent"]]) >= 2, "the processes did not compete"
    assert PROVIDER.requests_per_minute is not None
    assert PROVIDER.tokens_per_minute is not None
    for end, _ in sent:
        inside = [tokens for at, tokens in sent if end - 60 < at <= end]
        assert len(inside) <= PROVIDER.requests_per_minute
        assert sum(inside) <= PROVIDER.tokens_per_minute
    # Nobody is starved: whoever comes late loses a place, but never the whole window.
    assert len(sent) > PROVIDER.requests_per_minute
