"""(b) How long a fresh process imports the app, over the import of the SDK that it cannot do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Spread
from bench.processes import environment
from bench.progress import say
from bench.results import Measurement, Row
from tests.support.local_host import ROOT

REPETITIONS = 9
LIMIT = 1.5
SDK, APP = "azure.durable_functions", "function_app"
METHOD = (
    f"Seconds that 'import' takes in a new interpreter, {REPETITIONS} times each, in turns; byte code was "
    "compiled before. The ratio is taken in each turn."
)
_PROGRAM = """
import sys, time
began = time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - began)
"""


def measure() -> Measurement:
    """Run the measurement."""
    with TemporaryDirectory(prefix="bench-import-") as folder:
        settings = os.environ | environment(Path(folder)) | _byte_code_in(Path(folder))
        say("import of the app and of the SDK alone")
        for module in (SDK, APP):  # writes the byte code
            _import_seconds(module, settings)
        turns = [(_import_seconds(SDK, settings), _import_seconds(APP, settings)) for _ in range(REPETITIONS)]
    return Measurement(
        "Cold start: import of the app over the import of the SDK",
        METHOD,
        [
            Row(
                "function_app over azure.durable_functions", Spread.of([a / s for s, a in turns]), "×", LIMIT
            ),
            Row("  function_app", Spread.of([1000 * app for _, app in turns]), "ms"),
            Row("  azure.durable_functions", Spread.of([1000 * sdk for sdk, _ in turns]), "ms"),
        ],
    )


def _byte_code_in(folder: Path) -> dict[str, str]:
    """Have byte code written and read, whatever the environment says of it, as in a deployed app."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "byte-code")}


def _import_seconds(module: str, settings: dict[str, str]) -> float:
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM, module],
        cwd=ROOT,
        env=settings,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return float(finished.stdout)
