"""The port at which Service Bus listens in Azure: AMQP over TLS, here before the embedded broker."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from tests.support.server_thread import ServerThread

AMQPS = 5671
_CHUNK = 65_536


class TlsEntrance(ServerThread):
    """Takes TLS off on 127.0.0.1:5671, which the client asks whatever it is told; keeps what clients said."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        super().__init__("tls-entrance")
        self._context, self._target = context, port
        self._connections: set[asyncio.StreamWriter] = set()
        self._served: set[asyncio.Task[None]] = set()
        self.said = b""

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", AMQPS, ssl=self._context)

    async def _close(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.transport.abort()
        if self._served:
            await asyncio.wait(self._served, timeout=5)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._connections |= {writer, back}
        await asyncio.gather(self._listen(reader, back), self._answer(there, writer))

    async def _listen(self, client: asyncio.StreamReader, broker: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await client.read(_CHUNK):
                self.said += chunk
                broker.write(chunk)
                await broker.drain()
        broker.close()

    async def _answer(self, broker: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await broker.read(_CHUNK):
                client.write(chunk)
                await client.drain()
        client.close()
