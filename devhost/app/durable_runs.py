"""What surrounds each run of an orchestrator or activity: log tag, log lines, and the host's time limit."""

import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from devhost.console import InvocationTag, current_invocation
from devhost.description import ACTIVITY_TRIGGER

_logger = logging.getLogger(__name__)

_CHECK_SECONDS = 0.5


class DurableRuns:
    """Surrounds durable runs in this app process.

    A limit of None means none. An activity that takes longer ends this whole process, as the real host
    restarts a Python worker: what else runs here fails with it.
    """

    def __init__(self, timeout_seconds: float | None) -> None:
        self._timeout = timeout_seconds
        self._running: dict[str, tuple[float, str]] = {}
        if timeout_seconds is not None:
            # A thread of its own: an async activity may block the event loop, and that is what limits are
            # for.
            threading.Thread(
                target=self._watch, args=(timeout_seconds,), name="time-limit", daemon=True
            ).start()

    @contextmanager
    def around(self, name: str, trigger: str) -> Iterator[None]:
        """Tag the log lines of a run; for an activity, say when it begins and how it ends."""
        run_id = str(uuid.uuid4())
        tag = current_invocation.set(InvocationTag(name, run_id))
        try:
            if trigger == ACTIVITY_TRIGGER:
                with self._logged(name, run_id):
                    yield
            else:
                yield
        finally:
            current_invocation.reset(tag)

    @contextmanager
    def _logged(self, name: str, run_id: str) -> Iterator[None]:
        begun = time.monotonic()
        self._running[run_id] = begun, name
        _logger.info("Executing 'Functions.%s' (Id=%s)", name, run_id)
        try:
            yield
        except Exception:
            self._ended(run_id)
            took = (time.monotonic() - begun) * 1000
            _logger.exception("Executed 'Functions.%s' (Failed, Id=%s, Duration=%dms)", name, run_id, took)
            raise
        else:
            self._ended(run_id)
            took = (time.monotonic() - begun) * 1000
            _logger.info("Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%dms)", name, run_id, took)
        # What leaves by something else has no end for the host: only the time limit ends it.

    def _ended(self, run_id: str) -> None:
        del self._running[run_id]

    def _watch(self, limit: float) -> None:
        while True:
            time.sleep(_CHECK_SECONDS)
            now = time.monotonic()
            for begun, name in list(self._running.values()):
                if now - begun > limit:
                    _logger.error("Timeout value of %gs exceeded by function 'Functions.%s'.", limit, name)
                    os.kill(os.getpid(), signal.SIGKILL)
