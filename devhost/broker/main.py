"""Entry point of the broker process."""

import asyncio
import os
import socket
import sqlite3
import sys
import time
from pathlib import Path

from devhost.broker.broker import Broker
from devhost.broker.entities_file import load_entities
from devhost.broker.namespace import Namespace
from devhost.broker.store import MessageStore
from devhost.console import set_up_logging
from devhost.errors import HostError
from devhost.exit_codes import FAILED, STOPPED
from devhost.host_json import load_host_json
from devhost.lifeline import hold_lifeline
from devhost.process_options import BrokerOptions, read_options


def main() -> int:
    """Serve until the supervisor says drain; the process's exit code."""
    options = read_options(BrokerOptions)
    os.dup2(2, 1)
    try:
        set_up_logging(
            "Broker", load_host_json(Path(options.app_directory) / "host.json", os.environ).log_levels
        )
        asyncio.run(_serve(options))
    except (HostError, sqlite3.Error, OSError) as error:
        print(f"broker: {error}", file=sys.stderr)
        return FAILED
    return STOPPED


async def _serve(options: BrokerOptions) -> None:
    store = MessageStore(Path(options.data) / "service-bus.db")
    broker = Broker(Namespace(load_entities(Path(options.entities_file)), store, time.time))
    loop = asyncio.get_running_loop()

    def drain() -> None:
        loop.call_soon_threadsafe(broker.stop)

    hold_lifeline(on_drain=drain)
    await broker.serve(socket.socket(fileno=options.listening_socket))
    store.close()


if __name__ == "__main__":
    sys.exit(main())
