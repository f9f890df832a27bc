"""One child process: started, told to drain, ended."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from devhost.lifeline import DRAIN
from devhost.process_options import AppOptions, BrokerOptions, EngineOptions, project_root, write_options


class Child:
    """A running child. Its stdin is the lifeline: closed when this process dies, whatever the reason."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.process_id = process.pid

    @classmethod
    async def start(
        cls,
        module: str,
        options: EngineOptions | AppOptions | BrokerOptions,
        environment: Mapping[str, str],
        inherited: tuple[int, ...] = (),
    ) -> "Child":
        """Start `python -m module` in a session of its own, so that a terminal's Ctrl-C reaches only the
        supervisor."""
        path = os.pathsep.join(filter(None, [str(project_root()), environment.get("PYTHONPATH", "")]))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the current folder must not come before the installed packages
            "-m",
            module,
            write_options(options),
            stdin=asyncio.subprocess.PIPE,
            pass_fds=inherited,
            start_new_session=True,
            cwd=Path(options.app_directory),
            env={**environment, "PYTHONPATH": path},
        )
        return cls(process)

    async def wait(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        return await self._process.wait()

    def drain(self) -> None:
        """Ask it to let its work end."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{DRAIN}\n".encode())

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
