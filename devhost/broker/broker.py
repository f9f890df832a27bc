"""The broker: a namespace, the connections to it, and the turns in which messages go out."""

import asyncio
import logging
import socket
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from devhost.broker.connection import Connection
from devhost.broker.links import Outlet
from devhost.broker.namespace import Namespace

_logger = logging.getLogger(__name__)


class Broker:
    """Serves a namespace on a listening socket until stopped."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.connections: set[Connection] = set()
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
    def turn(self) -> Iterator[None]:
        """What a client asks for in the block is done; then whatever is due and deliverable goes out.

        Where the disk fails, memory and disk may differ from then on: the broker ends, and is started again
        with what the disk has.
        """
        try:
            yield
            self._tend()
        except sqlite3.Error as error:
            if self._ended is not None and not self._ended.done():
                self._ended.set_exception(error)

    def _tend(self) -> None:
        self.namespace.advance()
        self._deliver()
        for connection in self.connections:
            connection.flush()
        self._schedule()

    def _deliver(self) -> None:
        """Hand out messages one by one, so that the receivers of a queue share them."""
        served = True
        while served:
            served = False
            for outlet in list(self.outlets):
                if outlet.is_hungry and outlet.queue.has_available:
                    with self.namespace.transaction():
                        served = outlet.deliver_one() or served
        for outlet in self.outlets:
            outlet.finish_drain()

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
