"""The sockets that azure-servicebus opens: closed in its place, where its broker is killed.

The SDK (7.15) leaves the socket of a connection that breaks to the garbage collector. Tests that kill brokers
close such sockets themselves, so that what is still collected open is a leak of ours.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.servicebus._pyamqp._transport import _AbstractTransport


@contextmanager
def closed_for_the_sdk() -> Iterator[None]:
    """Keep every socket of the SDK's blocking clients, and close those that are open in the end."""
    transports: Any = _AbstractTransport
    connect = transports.connect
    opened: list[socket.socket] = []

    def remembering(transport: Any) -> None:
        connect(transport)
        opened.append(transport.sock)

    transports.connect = remembering
    try:
        yield
    finally:
        transports.connect = connect
        for one in opened:
            one.close()
