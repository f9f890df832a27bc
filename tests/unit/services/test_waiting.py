"""Long polls within their bounds: who is above them is answered at once, and every end frees its place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from shared.services.waiting import WAITS_PER_LEARNER, WAITS_PER_PROCESS, Waits

LONG = 30.0


class Thing:
    """Something whose state is waited for."""

    def __init__(self) -> None:
        self.state = "old"
        self.reads = 0

    async def read(self) -> str:
        self.reads += 1
        return self.state

    def wait(
        self,
        waits: Waits,
        user_id: str = "ada",
        seconds: float = LONG,
        known: tuple[str, ...] = ("old",),
        at_rest: Callable[[str], bool] = lambda _: False,
    ) -> asyncio.Task[str]:
        wait = waits.until_changed(self.read, str, at_rest, known, user_id, seconds)
        return asyncio.create_task(wait)


async def begun(*tasks: asyncio.Task[str]) -> None:
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)


async def given_up(*tasks: asyncio.Task[str]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def answered_at_once(task: asyncio.Task[str]) -> str:
    return await asyncio.wait_for(task, LONG / 3)


async def test_it_is_answered_by_a_change() -> None:
    thing = Thing()
    waiting = thing.wait(Waits())
    await begun(waiting)
    thing.state = "new"
    assert await asyncio.wait_for(waiting, 5) == "new"


async def test_it_ends_with_its_time() -> None:
    thing, started = Thing(), time.monotonic()
    assert await thing.wait(Waits(), seconds=0.3) == "old"
    assert 0.3 <= time.monotonic() - started < 2
    assert thing.reads == 2, "a short wait reads at its beginning and at its end"


async def test_what_is_news_already_is_answered_at_once() -> None:
    thing = Thing()
    assert await answered_at_once(thing.wait(Waits(), known=("older", "oldest"))) == "old"
    assert await answered_at_once(thing.wait(Waits(), known=(), at_rest=lambda _: True)) == "old"


async def test_a_learner_has_two_at_a_time() -> None:
    waits, thing = Waits(), Thing()
    waiting = [thing.wait(waits) for _ in range(WAITS_PER_LEARNER)]
    await begun(*waiting)
    assert await answered_at_once(thing.wait(waits)) == "old"
    other = thing.wait(waits, "grace")
    await begun(other)
    await given_up(waiting[0])
    again = thing.wait(waits)
    await begun(again)
    await given_up(*waiting, other, again)


async def test_a_process_has_two_hundred() -> None:
    waits, thing = Waits(), Thing()
    waiting = [thing.wait(waits, f"learner-{number}") for number in range(WAITS_PER_PROCESS)]
    await begun(*waiting)
    assert await answered_at_once(thing.wait(waits, "one too many")) == "old"
    await given_up(waiting[0])
    again = thing.wait(waits, "one in time")
    await begun(again)
    await given_up(*waiting, again)


def test_the_bounds_are_those_that_are_promised() -> None:
    assert (WAITS_PER_LEARNER, WAITS_PER_PROCESS) == (2, 200)


async def test_a_reading_that_fails_frees_its_place() -> None:
    waits, thing = Waits(), Thing()

    async def fails() -> str:
        if thing.reads:
            raise OSError
        return await thing.read()

    for _ in range(WAITS_PER_LEARNER + 1):
        thing.reads = 0
        wait = waits.until_changed(fails, str, lambda _: False, ("old",), "ada", 0.1)
        assert isinstance((await asyncio.gather(wait, return_exceptions=True))[0], OSError)
