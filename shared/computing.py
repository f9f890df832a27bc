"""Computing beside the event loop, so that whoever asks for a status is answered while lessons are judged.

The interpreter runs one thread at a time. Two things follow, both measured by `make bench` (part `load`):
more than one computing thread computes no faster, and each of them holds the interpreter for a whole turn
before the loop gets its own back, which a status read waits for several times.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

TURN_SECONDS = 0.0005
"""A tenth of Python's own turn: switching ten times as often costs less than a status that is late."""

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="computing")


async def computed(
    work: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
) -> _Result:
    """Return what the work returns, or raise what it raises; it sees the caller's context variables.

    For what takes milliseconds of the processor. It is done on the one thread for that, in the order of
    asking; what waits for a network or a disk would keep others from it.
    """
    context = contextvars.copy_context()
    call = partial(context.run, work, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_THREAD, call)


def take_short_turns() -> None:
    """Have the threads of this process pass the interpreter on after TURN_SECONDS."""
    sys.setswitchinterval(TURN_SECONDS)
