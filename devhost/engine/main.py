"""Entry point of the engine process."""

import asyncio
import os
import sys
from pathlib import Path

from devhost.console import set_up_logging
from devhost.engine.engine import Engine
from devhost.engine.status_pipe import StatusPipe
from devhost.errors import HostError
from devhost.exit_codes import FAILED, STOPPED
from devhost.host_json import HostOptions, load_host_json
from devhost.lifeline import hold_lifeline
from devhost.process_options import EngineOptions, read_options


def main() -> int:
    """Serve until the supervisor says drain; the process's exit code."""
    options = read_options(EngineOptions)
    os.dup2(2, 1)
    try:
        host = load_host_json(Path(options.app_directory) / "host.json", os.environ)
        set_up_logging("Engine", host.log_levels)
        asyncio.run(_serve(options, host))
    except HostError as error:
        StatusPipe(options.status_pipe).failed(str(error))
        return FAILED
    return STOPPED


async def _serve(options: EngineOptions, host: HostOptions) -> None:
    engine = Engine(options, host)
    loop = asyncio.get_running_loop()

    def drain() -> None:
        loop.call_soon_threadsafe(engine.request_drain)

    hold_lifeline(on_drain=drain)
    await engine.run()


if __name__ == "__main__":
    sys.exit(main())
