"""Finding the app in function_app.py, as the Python worker's loader.py does."""

import importlib
import json
import os
import sys
from pathlib import Path

from azure.functions.decorators.function_app import Function, FunctionRegister

from devhost.description import FunctionDescription

SCRIPT_FILE_SETTING = "PYTHON_SCRIPT_FILE_NAME"


class AppLoadError(Exception):
    """The app's folder does not hold one function app; the message is in the worker's words."""


def load_functions(app_directory: Path) -> list[Function]:
    """Import the app's script and return its functions. `get_functions` may be called once only, so this may
    too.

    Raises AppLoadError, or whatever the app's own code raises while it is imported.
    """
    script = os.environ.get(SCRIPT_FILE_SETTING, "function_app.py")
    if not script.endswith(".py"):
        raise AppLoadError(f"Invalid Python script file name: {script}")
    if not (app_directory / script).is_file():
        raise AppLoadError(f"{app_directory / script} does not exist: this is no Python v2 function app")
    sys.path.insert(0, str(app_directory))
    module = importlib.import_module(Path(script).stem)
    registers = [
        value for name in dir(module) if isinstance(value := getattr(module, name, None), FunctionRegister)
    ]
    if not registers:
        raise AppLoadError(f"Could not find top level function app instances in {script}.")
    if len(registers) > 1:
        raise AppLoadError(
            f"More than one {type(registers[0]).__name__} or other top level function app instances are "
            "defined."
        )
    return list(registers[0].get_functions())


def describe(function: Function) -> FunctionDescription:
    """A function as the SDK describes it to the host."""
    bindings = tuple(json.loads(raw) for raw in function.get_raw_bindings())
    return FunctionDescription(str(function.get_function_name()), bindings)
