"""The table of signatures by which the local host refuses functions, against Microsoft's own runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.runtime_process import WorkerRuntime
from tests.devhost.signatures import SIGNATURES

pytestmark = pytest.mark.timeout(900)  # the first run installs the runtime


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_runtime_says_the_same(
    name: str, runtime_python: Path, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    source, refusal = SIGNATURES[name]
    (tmp_path / "function_app.py").write_text(source)
    with WorkerRuntime(runtime_python, tmp_path, bare_environment, tmp_path / "log.txt") as runtime:
        if refusal is None:
            assert "function" in runtime.functions
        else:
            assert refusal in runtime.load["error"]["message"]
