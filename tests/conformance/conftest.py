"""The environment of the conformance tests, and an app of the repository inside the runtime."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.environment import NotAvailable, worker_python
from tests.support.tools import need


@pytest.fixture(scope="session")
def runtime_python() -> Path:
    """The interpreter that has the worker runtime."""
    try:
        return worker_python()
    except NotAvailable as error:
        need("Microsoft's Python worker runtime", False, str(error))
        raise


@pytest.fixture(scope="session")
def bare_environment() -> dict[str, str]:
    """Only what a process needs to run: no setting of the developer may decide a test."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
