"""A child process's tie to its supervisor: its stdin, on which commands arrive and whose end means 'end at
once'."""

import os
import sys
import threading
import time
from collections.abc import Callable

DRAIN = "drain"


def hold_lifeline(on_drain: Callable[[], None], linger_seconds: float = 0.0) -> None:
    """Watch stdin in a thread of its own: `drain` calls back (in that thread), the end of it ends the
    process.

    The pipe closes with the supervisor however that dies, so no child outlives even a kill -9. The process's
    own stdin becomes /dev/null, so that app code which reads it cannot swallow a command.

    `linger_seconds` delays that end: an app process goes after the engine, which would otherwise still see it
    die and fail its work, where the whole host is lost and the work has to be done again.
    """
    pipe = os.fdopen(os.dup(0), encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def watch() -> None:
        for line in pipe:
            if line.strip() == DRAIN:
                on_drain()
        time.sleep(linger_seconds)
        sys.stderr.flush()
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
