"""Computing beside the event loop."""

import asyncio
import contextvars
import threading
import time
from itertools import pairwise

import pytest

from shared.computing import TURN_SECONDS, computed
from tests.support.function_table import run_app_script

LESSON = contextvars.ContextVar("LESSON", default="")


async def test_the_loop_goes_on_meanwhile() -> None:
    release = threading.Event()
    computing = asyncio.create_task(computed(release.wait, timeout=10))
    await asyncio.sleep(0)
    release.set()  # which only a loop that goes on can do
    assert await computing


async def test_one_thing_is_computed_at_a_time_in_the_order_of_asking() -> None:
    spans: list[tuple[int, float, float, str]] = []

    def work(number: int) -> None:
        began = time.monotonic()
        time.sleep(0.01)
        spans.append((number, began, time.monotonic(), threading.current_thread().name))

    await asyncio.gather(*(computed(work, number) for number in range(5)))
    assert [number for number, *_ in spans] == [0, 1, 2, 3, 4]
    assert all(ended <= began for (_, _, ended, _), (_, began, _, _) in pairwise(spans))
    assert len({name for *_, name in spans}) == 1


async def test_log_lines_of_the_work_know_whose_it_is() -> None:
    LESSON.set("a lesson")
    assert await computed(LESSON.get) == "a lesson"


async def test_what_the_work_raises_arrives_and_ends_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        await computed(lambda: 1 / 0)
    assert await computed(sum, [1, 2]) == 3


def test_threads_of_the_app_take_short_turns() -> None:
    run = run_app_script("import sys, function_app; print(sys.getswitchinterval())")
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) == pytest.approx(TURN_SECONDS)
