"""Examples of bodies and answers: recorded from the running app, long texts and lists cut short.

`make api-examples` records them anew.
"""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")


def example_of(function: str, status: HTTPStatus) -> Any | None:
    """Return what a function has once answered with a status, if that was recorded."""
    return _recorded().get(function, {}).get(str(status.value))


def body_of(function: str) -> Any | None:
    """Return a body that a function has once taken."""
    return _recorded().get(function, {}).get("body")


def parameter_of(function: str, name: str) -> str | None:
    """Return what a function has once been given for a parameter of its path or query."""
    parameters: dict[str, str] = _recorded().get(function, {}).get("parameters", {})
    return parameters.get(name)


@cache
def _recorded() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
