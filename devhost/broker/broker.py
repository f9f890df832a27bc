"""The broker: a namespace, the connections to it, and the turns in which messages go out."""

import asyncio
import socket
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from devhost.broker.connection import Connection
from devhost.broker.links import Outlet
from devhost.broker.namespace import Namespace


class Broker:
    """Serves a namespace on a listening socket until stopped."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.outlets: list[Outlet] = []
        self._timer: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] | None = None

    async def serve(self, listening: socket.socket) -> None:
        """Serve until `stop`; raises sqlite3.Error when the disk fails."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        server = await loop.create_server(lambda: Connection(self), sock=listening)
        self._tend()
        try:
            await self._ended
        finally:
            server.close()

    def stop(self) -> None:
        """Ask `serve` to return."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def forget(self, outlets: Iterable[Outlet]) -> None:
        """These receivers are gone."""
        gone = set(outlets)
        self.outlets = [outlet for outlet in self.outlets if outlet not in gone]

    @contextmanager
    def turn(self, *connections: Connection) -> Iterator[None]:
        """What clients ask for in the block is done; then whatever is due and deliverable goes out, to them
        and to others.

        Where the disk fails, memory and disk may differ from then on: the broker ends, and is started again
        with what the disk has.
        """
        try:
            yield
            self._tend(connections)
        except sqlite3.Error as error:
            if self._ended is not None and not self._ended.done():
                self._ended.set_exception(error)

    def _tend(self, connections: Iterable[Connection] = ()) -> None:
        self.namespace.advance()
        for connection in {*connections, *self._deliver()}:
            connection.flush()
        self._schedule()

    def _deliver(self) -> set[Connection]:
        """Hand out messages one by one, in turn to each receiver of a queue; who got some."""
        served: set[Connection] = set()
        hungry = [outlet for outlet in self.outlets if outlet.is_hungry and outlet.queue.has_available]
        if hungry:
            with self.namespace.transaction():
                while hungry:
                    outlet = hungry.pop(0)
                    if outlet.is_hungry and outlet.deliver_one():
                        served.add(outlet.connection)
                        hungry.append(outlet)
                        # The next message, also one that comes later, is somebody else's turn.
                        self.outlets.remove(outlet)
                        self.outlets.append(outlet)
        for outlet in self.outlets:
            outlet.finish_drain()
        return served

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moment = self.namespace.next_moment
        if moment is not None:
            delay = max(0.0, moment - self.namespace.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_time)

    def _on_time(self) -> None:
        with self.turn():
            pass
