"""What holds for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# How long one example takes tells of the machine, not of the code; time is measured by the benchmark.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)  # unknown where xdist is switched off
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Give `-n auto` two workers for each core, since most tests wait for processes and for clocks."""
    return 2 * (os.cpu_count() or 1)
