"""A server of a test's own, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Self


class ServerThread:
    """Runs `_open` and, at the end of the block, `_close` on a loop that serves meanwhile."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _open(self) -> None:
        """Listen."""
        raise NotImplementedError

    async def _close(self) -> None:
        """Close every connection."""
        raise NotImplementedError
