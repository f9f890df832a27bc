"""The app's functions as the SDK describes them to the host, read in a process of its own.

A process of its own because `function_app` reads the settings while it is imported and its functions may be
asked for once only.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEVELOPMENT = {"AZURE_FUNCTIONS_ENVIRONMENT": "Development", "AUTH_MODE": "development"}

_ROWS = """
import json, function_app
from dataclasses import asdict
from triggers.endpoints import ENDPOINTS
print(json.dumps({name: asdict(row) for name, row in ENDPOINTS.items()}))
"""
_API = """
import json, function_app
from triggers.openapi.document import api_document
from triggers.openapi.page import to_html
from triggers.openapi.reference import to_markdown
document = api_document()
print(json.dumps({"document": document, "page": to_html(document), "reference": to_markdown(document)}))
"""
_SCRIPT = """
import json, function_app
print(json.dumps({
    function.get_function_name(): [json.loads(raw) for raw in function.get_raw_bindings()]
    for function in function_app.app.get_functions()
}))
"""


def run_app_script(script: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh process, in the app's folder and with a developer's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**kept, **DEVELOPMENT},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _printed(script: str) -> Any:
    run = run_app_script(script)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@functools.cache
def function_table() -> dict[str, list[dict[str, Any]]]:
    """Return the bindings of every function by its name."""
    table: dict[str, list[dict[str, Any]]] = _printed(_SCRIPT)
    return table


@functools.cache
def endpoint_rows() -> dict[str, dict[str, Any]]:
    """Return the rows of the route table by the functions' names."""
    rows: dict[str, dict[str, Any]] = _printed(_ROWS)
    return rows


@functools.cache
def api_description() -> dict[str, Any]:
    """Return the OpenAPI `document`, the `page` for people and the `reference` in Markdown."""
    description: dict[str, Any] = _printed(_API)
    return description


def http_triggers() -> dict[str, dict[str, Any]]:
    """Return the HTTP trigger of every HTTP function by its name."""
    return {
        name: binding
        for name, bindings in function_table().items()
        for binding in bindings
        if binding["type"] == "httpTrigger"
    }
