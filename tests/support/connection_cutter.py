"""A TCP proxy that loses connections: what a network, a broker's fail-over or a firewall does to a client."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.support.server_thread import ServerThread

_CHUNK = 65_536


class ConnectionCutter(ServerThread):
    """Forwards to a port of this machine until told otherwise."""

    def __init__(self, port: int) -> None:
        super().__init__("connection-cutter")
        self.port = 0
        self._target = port
        self._away = False
        self._connections: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections) // 2

    def cut(self) -> int:
        """Reset every connection; returns how many there were. New ones are forwarded."""
        return asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(10)

    def leave(self) -> int:
        """Reset every connection, and each new one as soon as it is there, until `come_back`."""
        self._away = True
        return self.cut()

    def come_back(self) -> None:
        """Forward again."""
        self._away = False

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._reset()

    async def _reset(self) -> int:
        connections, self._connections = self._connections, set()
        for connection in connections:
            connection.transport.abort()
        return len(connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._away:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._connections |= {writer, back}
        await asyncio.gather(_pour(reader, back), _pour(there, writer))
        self._connections -= {writer, back}


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Forward one direction until it ends, then end the other side of it too."""
    with suppress(ConnectionError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
    target.close()
