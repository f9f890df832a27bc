"""Installing the pinned npm packages of a test tool, once."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

_INSTALL_TIMEOUT_S = 300


class NpmUnavailable(Exception):
    """The packages cannot be had on this machine; the text says what is missing."""


def ensure_installed(folder: Path) -> None:
    """Install what the folder's lock file pins unless it is there; raises NpmUnavailable."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise NpmUnavailable(f"{tool} is not installed")
    pinned = folder / "package-lock.json"
    installed = folder / "node_modules" / ".package-lock.json"
    with pinned.open("rb") as lock:
        # Tests run in several processes; one of them installs, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= pinned.stat().st_mtime:
            return
        _install(folder)


def _install(folder: Path) -> None:
    result = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_INSTALL_TIMEOUT_S,
        check=False,
    )
    if result.returncode != 0:
        raise NpmUnavailable(f"npm ci failed: {result.stderr.strip()[-500:]}")
