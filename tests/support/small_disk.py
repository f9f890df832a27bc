"""A disk of a few megabytes that can be filled to the last byte and emptied again: a tmpfs of its own.

What is written to it when it is full fails with ENOSPC, as on any full disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

_PAGE = 4096


class CannotMount(Exception):
    """This machine lets us mount nothing; the text says why."""


class SmallDisk:
    """Mounted on `folder` from `with` to the end of its block; needs root, or sudo without a password."""

    def __init__(self, folder: Path, megabytes: int = 16) -> None:
        self.folder, self._megabytes = folder, megabytes
        self._ballast = folder / "ballast"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"size={self._megabytes}m,mode=0777"
        _as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        # Lazily: a process that is about to end may still have a file open.
        _as_root("umount", "--lazy", str(self.folder))

    def fill(self) -> None:
        """Leave no room for a single page; what is written meanwhile by others is filled up again."""
        with self._ballast.open("ab", buffering=0) as ballast:
            while free := shutil.disk_usage(self.folder).free:
                try:
                    ballast.write(b"\0" * min(free, 256 * _PAGE))
                except OSError:
                    return  # somebody else took the last page

    def release(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)


def _as_root(*command: str) -> None:
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    try:
        subprocess.run([*prefix, *command], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotMount(f"{error.filename} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise CannotMount(error.stderr.strip()) from error
