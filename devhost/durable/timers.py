"""One thread that runs callbacks at their due time, under the engine's lock."""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime

from devhost.durable.wire import utc_now

# The longest sleep: a wall clock that was set forward is noticed after this many seconds.
_LONGEST_SLEEP = 1.0


class TimerQueue:
    """Durable timers and the engine's own short delays.

    Callbacks run with `lock` held; `after_batch` runs after each group of them, still under the lock, so that
    what they changed can be made durable before anyone else sees it.
    """

    def __init__(self, lock: threading.RLock, after_batch: Callable[[], None]) -> None:
        self._wake = threading.Condition(lock)
        self._after_batch = after_batch
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stopped = False

    def start(self) -> None:
        """Start the thread; timers added before are kept."""
        self._stopped = False
        threading.Thread(target=self._run, name="durable-timers", daemon=True).start()

    def stop(self) -> None:
        """End the thread; what is not due yet never runs."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def add(self, due: datetime, callback: Callable[[], None]) -> None:
        """Run `callback` at `due` (aware; a moment in the past means at once)."""
        with self._wake:
            heapq.heappush(self._due, (due, next(self._order), callback))
            if self._due[0][0] >= due:
                self._wake.notify()

    def _run(self) -> None:
        with self._wake:
            while not self._stopped:
                ran = False
                while self._due and self._due[0][0] <= utc_now():
                    heapq.heappop(self._due)[2]()
                    ran = True
                if ran:
                    self._after_batch()
                self._wake.wait(self._pause())

    def _pause(self) -> float:
        if not self._due:
            return _LONGEST_SLEEP
        return min(_LONGEST_SLEEP, max(0.0, (self._due[0][0] - utc_now()).total_seconds()))
