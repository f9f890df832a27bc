"""The environment of the conformance tests, and an app of the repository inside the runtime."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.environment import ROOT, NotAvailable, worker_python
from tests.conformance.runtime_process import WorkerRuntime
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


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app keeps its documents, for the tests to write and read them too."""
    return tmp_path_factory.mktemp("store") / "documents.db"


@pytest.fixture(scope="module")
def app(
    runtime_python: Path,
    bare_environment: dict[str, str],
    database: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WorkerRuntime]:
    """This app inside the runtime, with a developer's settings and no key."""
    environment = {
        **bare_environment,
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AUTH_MODE": "development",
        "SQLITE_PATH": str(database),
        "RESEARCH_SOURCES": "pydoc",
    }
    log = tmp_path_factory.mktemp("app") / "log.txt"
    with WorkerRuntime(runtime_python, ROOT, environment, log) as runtime:
        yield runtime
