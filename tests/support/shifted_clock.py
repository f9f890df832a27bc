"""The app with a clock that a test turns: hours pass in its processes while the host's own time goes on."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

from tests.support.local_host import ROOT

_DIGITS = 12
_FUNCTION_APP = """
import importlib.util
import sys

sys.path.insert(0, {root!r})

from tests.support.shifted_clock import follow

follow({file!r})
specification = importlib.util.spec_from_file_location("the_app_itself", {root!r} + "/function_app.py")
module = importlib.util.module_from_spec(specification)
specification.loader.exec_module(module)
app = module.app
"""


class ShiftedClock:
    """An app folder for the local host, whose processes' clocks are ahead by what `turn` was given so far."""

    def __init__(self, folder: Path) -> None:
        self.app = folder
        folder.mkdir()
        self._file = folder / "seconds"
        self._ahead = 0
        self.turn(0)
        shutil.copy(ROOT / "host.json", folder)
        text = _FUNCTION_APP.format(root=str(ROOT), file=str(self._file))
        (folder / "function_app.py").write_text(text, encoding="utf-8")

    def turn(self, seconds: int) -> None:
        """Let time pass."""
        self._ahead += seconds
        if not self._file.exists():
            self._file.write_text("0" * _DIGITS)
        with self._file.open("r+") as file:  # in place: the processes keep it open
            file.write(f"{self._ahead:0{_DIGITS}}")


def follow(file: str) -> None:
    """Turn this process's clocks with the file: the app's moments, and how long something lasts."""
    from shared.models import document

    descriptor = os.open(file, os.O_RDONLY)
    monotonic, moment = time.monotonic, datetime.now

    def ahead() -> int:
        return int(os.pread(descriptor, _DIGITS, 0))

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return moment(tz) + timedelta(seconds=ahead())  # type: ignore[return-value] # a plain datetime

    assert abs(document.now() - moment(UTC)) < timedelta(seconds=5)
    time.monotonic = lambda: monotonic() + ahead()
    vars(document)["datetime"] = Shifted  # it only ever asks for now
