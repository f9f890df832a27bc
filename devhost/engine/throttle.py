"""`maxConcurrentRequests` and `maxOutstandingRequests`. Source: azure-functions-host HttpRequestQueue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Throttle:
    """Lets so many requests run and so many be present; one more is answered 429."""

    def __init__(self, concurrent: int | None, outstanding: int | None) -> None:
        self._outstanding = outstanding
        self._present = 0
        self._slots = asyncio.Semaphore(concurrent) if concurrent else None

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Hold a place while a request is answered; raises HTTPTooManyRequests when all are taken."""
        if self._outstanding is not None and self._present >= self._outstanding:
            raise web.HTTPTooManyRequests(headers={"X-FUNCTION-SCALEOUT": "1"}, body=b"")
        self._present += 1
        try:
            if self._slots is None:
                yield
            else:
                async with self._slots:
                    yield
        finally:
            self._present -= 1
