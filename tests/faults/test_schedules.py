"""Random schedules of faults against the whole app: each ends well, as the auditor proves.

`make faults` plays more of them; a failing seed says how to replay it, and leaves its folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.__main__ import Result, available_stores, run_seed
from tests.support.broker import need_broker
from tests.support.sdk_sockets import closed_for_the_sdk
from tests.support.tools import need

need_broker()

SEEDS = range(1, 26)
AT_A_TIME = 6
"""They wait more than they compute; two cores keep up with so many."""


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[int, Future[Result]]]:
    """Begin the seeds that were selected, some at a time; each test waits for its own."""
    seeds: list[int] = [
        int(str(item.callspec.params["seed"]))
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
    ]
    folder: Path = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        stack.enter_context(closed_for_the_sdk())
        stores, emulator, missing = available_stores(stack, folder)
        for what in missing:
            need(what, found=False)
        pool = stack.enter_context(ThreadPoolExecutor(AT_A_TIME))
        yield {seed: pool.submit(run_seed, seed, stores, emulator, folder) for seed in seeds}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_all_ends_well(runs: Mapping[int, Future[Result]], seed: int) -> None:
    result = runs[seed].result()
    assert not result.violations, str(result)
