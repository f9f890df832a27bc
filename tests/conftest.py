"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long one example takes tells of the machine, not of the code; time is measured by the benchmark.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
