"""The command: read what is asked, check it, supervise."""

import asyncio
import fcntl
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

from devhost.console import set_up_logging
from devhost.errors import HostError
from devhost.exit_codes import FAILED
from devhost.host_json import load_host_json
from devhost.service_bus.connection import EMBEDDED_CONNECTION
from devhost.settings import load_settings
from devhost.supervisor.command_line import DEFAULT_PORT, CommandOptions, parse_command_line
from devhost.supervisor.embedded_broker import plan_broker
from devhost.supervisor.sockets import Sockets
from devhost.supervisor.supervisor import Supervisor


def main() -> int:
    """Run the host; its exit code."""
    options = parse_command_line()
    try:
        return _run(options)
    except HostError as error:
        print(f"devhost: {error}", file=sys.stderr)
        return FAILED


def _run(options: CommandOptions) -> int:
    if not options.app.is_dir():
        raise HostError(f"{options.app} is not a folder")
    settings = load_settings(options.app, options.settings, os.environ)
    # Read here too, so that a mistake is one line at once and not a restarting engine.
    host = load_host_json(options.app / "host.json", settings.environment)
    set_up_logging("Supervisor", host.log_levels)
    port = next(p for p in (options.port, settings.port, DEFAULT_PORT) if p is not None)
    with _lock(options.data):
        broker = plan_broker(options.app, options.data, options.service_bus, settings.environment)
        if broker is not None:
            connection = {EMBEDDED_CONNECTION: broker.connection_string}
            settings = replace(settings, environment={**settings.environment, **connection})
        sockets = Sockets(port)
        try:
            return asyncio.run(Supervisor(options, settings, sockets, broker).run())
        finally:
            sockets.close()
            if broker is not None:
                broker.close()


def _lock(data: Path) -> IO[str]:
    """Hold the data folder for this host alone; raises HostError when another one has it."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        stream = (data / "lock").open("w")
    except OSError as error:
        raise HostError(f"the data folder {data} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        raise HostError(
            f"another host uses the data folder {data}; give this one its own with --data"
        ) from None
    return stream
