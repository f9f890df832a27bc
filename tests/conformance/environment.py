"""A Python 3.13 with Microsoft's worker runtime: found on the machine, kept under build/ between runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VERSION = "3.13"

_PROBE_SECONDS = 30
_INSTALL_SECONDS = 600


class NotAvailable(Exception):
    """The environment cannot be made here; the text says what is missing."""


def candidates() -> Iterator[Path]:
    """Give every place where a Python 3.13 may be, the explicit ones first."""
    if named := os.environ.get("PYTHON313"):
        yield Path(named)
    if found := shutil.which(f"python{VERSION}"):
        yield Path(found)
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    for folder, pattern in ((pyenv / "versions", f"{VERSION}*"), (uv, f"cpython-{VERSION}*")):
        yield from sorted(folder.glob(f"{pattern}/bin/python{VERSION}"), reverse=True)


def find_interpreter() -> Path:
    """Return a Python 3.13 that runs and can make an environment; raises NotAvailable.

    Being on the PATH proves nothing: pyenv puts a shim there for versions that are not selected.
    """
    tried = []
    for candidate in candidates():
        tried.append(str(candidate))
        probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
        try:
            run = subprocess.run(
                [candidate, "-c", probe], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
            )
        except OSError:
            continue
        if run.returncode == 0 and run.stdout.strip() == VERSION:
            return candidate
    raise NotAvailable(f"no Python {VERSION} runs here (tried: {', '.join(tried) or 'no candidates'})")


def worker_python() -> Path:
    """Return the interpreter of an environment with the app's packages and the worker runtime.

    It is made anew when a requirements file changes, and never half: other test runs wait for the lock.
    Raises NotAvailable.
    """
    interpreter = find_interpreter()
    texts = [str(interpreter), (ROOT / "requirements.txt").read_text(), REQUIREMENTS.read_text()]
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    folder = build / f"worker-runtime-{key}"
    with (build / "worker-runtime.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for outdated in build.glob("worker-runtime-*"):
                shutil.rmtree(outdated)
            _make(interpreter, folder)
            (folder / "complete").touch()
    return folder / "bin" / "python"


def _make(interpreter: Path, folder: Path) -> None:
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    python = str(folder / "bin" / "python")
    for command in ([str(interpreter), "-m", "venv", str(folder)], [python, *install]):
        run = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
        if run.returncode != 0:
            last = (run.stderr.strip() or run.stdout.strip()).splitlines()[-1:]
            raise NotAvailable(f"the worker runtime could not be installed ({' '.join(last)})")
