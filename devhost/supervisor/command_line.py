"""The command's options."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from devhost.process_options import OnWorkerExit

DEFAULT_PORT = 7071


@dataclass(frozen=True)
class CommandOptions:
    """What the person asked for; `port`, `settings` and `service_bus` are None where not given."""

    app: Path
    port: int | None
    settings: Path | None
    data: Path
    workers: int
    on_worker_exit: OnWorkerExit
    service_bus: Path | None


def parse_command_line(arguments: Sequence[str] | None = None) -> CommandOptions:
    """Read the options; a wrong one ends the process with a usage line, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m devhost", description="Run an Azure Functions app (Python v2 model) on this machine."
    )
    parser.add_argument(
        "--app", type=Path, default=Path(), metavar="DIR", help="folder of function_app.py (default: .)"
    )
    parser.add_argument("--port", type=_port, metavar="N", help=f"default {DEFAULT_PORT}; 0 takes a free one")
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="default: local.settings.json of the app, else its .example",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="state that survives a restart (default: .data/host of the app)",
    )
    parser.add_argument("--workers", type=_workers, default=1, metavar="N", help="app processes (default 1)")
    parser.add_argument(
        "--on-worker-exit",
        choices=("fail", "redeliver"),
        default="fail",
        help="what happens to the activities of an app process that dies: they fail, as on the real host "
        "when a "
        "Python worker dies (default), or run again elsewhere, as when a whole instance is lost",
    )
    parser.add_argument(
        "--service-bus",
        type=Path,
        metavar="FILE",
        help="entities of the embedded Service Bus (default: service-bus.json of the app, else what its "
        "triggers name)",
    )
    given = parser.parse_args(arguments)
    app = given.app.resolve()
    return CommandOptions(
        app=app,
        port=given.port,
        settings=given.settings,
        data=(given.data or app / ".data" / "host").resolve(),
        workers=given.workers,
        on_worker_exit=cast("OnWorkerExit", given.on_worker_exit),
        service_bus=given.service_bus.resolve() if given.service_bus else None,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (0 to 65535)")
    return int(text)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of app processes (1 to 64)")
    return int(text)
