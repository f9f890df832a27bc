"""Entry point of an app process."""

import asyncio
import importlib
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from devhost.app.loader import load_functions
from devhost.app.process import AppProcess
from devhost.app.signature import bind
from devhost.console import set_up_logging
from devhost.exit_codes import APP_DOES_NOT_LOAD
from devhost.host_json import load_host_json
from devhost.lifeline import hold_lifeline
from devhost.process_options import AppOptions, project_root, read_options

_LINGER_SECONDS = 1.0
DEBUG_SETTING = "PYTHON_ENABLE_DEBUG_LOGGING"


def main() -> NoReturn:
    """Load the app, serve the engine, end with the process's exit code."""
    options = read_options(AppOptions)
    # The engine says when to drain, over the channel.
    hold_lifeline(on_drain=lambda: None, linger_seconds=_LINGER_SECONDS)
    directory = Path(options.app_directory)
    os.environ.pop("PYTHONPATH", None)
    # The app must see its own folder and the installed packages, not whatever lies beside the host.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != project_root()]
    os.chdir(directory)
    # stdout is the supervisor's: what functions print belongs to the log.
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    levels = load_host_json(directory / "host.json", os.environ).log_levels
    debug = os.environ.get(DEBUG_SETTING, "").lower() in {"1", "true"}
    set_up_logging("App", levels, logging.DEBUG if debug else logging.INFO)
    try:
        code = asyncio.run(_serve(options, directory))
    except SystemExit as error:  # a function's own: nothing else survives it
        _end_at_once(error.code if isinstance(error.code, int) else int(error.code is not None))
    if code is None:
        _end_at_once(0)
    sys.exit(code)


def _end_at_once(code: int) -> NoReturn:
    """End without waiting for what other threads still run."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


async def _serve(options: AppOptions, directory: Path) -> int | None:
    try:
        # Inside the running loop, as in the worker: code that asks for the loop while it is imported finds
        # it.
        functions = load_functions(directory)
        bound = {f.name: f for f in map(bind, functions)}
    except BaseException as error:  # noqa: BLE001 - also a SystemExit or a KeyboardInterrupt of the app's own
        _report(error, directory)
        return APP_DOES_NOT_LOAD
    return await AppProcess(options, functions, bound).run()


def _report(error: BaseException, directory: Path) -> None:
    """Print why the app does not load: its own traceback, without the host's frames."""
    frames = traceback.extract_tb(error.__traceback__)
    host = f"{project_root() / 'devhost'}{os.sep}"
    own = [f for f in frames if not f.filename.startswith((host, "<frozen", importlib.__file__))]
    lines = traceback.format_list(own) if own else []
    heading = ["Traceback (most recent call last):\n"] if lines else []
    text = "".join([*heading, *lines, *traceback.format_exception_only(error)])
    print(f"{directory}: the app does not load\n{text}", file=sys.stderr, end="", flush=True)


if __name__ == "__main__":
    main()
