"""What a machine may lack: a test that needs it is skipped by name, or fails where everything is required."""

from __future__ import annotations

import os

import pytest

REQUIRE_EVERY_TOOL = "REQUIRE_EVERY_TOOL"


def need(tool: str, found: bool, why: str = "") -> None:
    """Skip the test that asks for a tool which is not there; with REQUIRE_EVERY_TOOL=1 fail it instead.

    CI sets that variable on machines that have everything, so that a suite cannot shrink unseen.
    """
    if found:
        return
    message = f"{tool} is not available on this machine" + (f": {why}" if why else "")
    if os.environ.get(REQUIRE_EVERY_TOOL) == "1":
        pytest.fail(f"{message} ({REQUIRE_EVERY_TOOL}=1)", pytrace=False)
    pytest.skip(message, allow_module_level=True)
