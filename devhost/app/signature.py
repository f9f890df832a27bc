"""What a function's Python signature says about its bindings, checked by the Python worker's rules.

Source: azure-functions-python-worker azure_functions_worker/functions.py and bindings/meta.py. A function
that fails here fails the whole app there, so it does here too.
"""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.functions.decorators.function_app import Function

from devhost.app.converters import converter_of, has_implicit_output

RETURN = "$return"
_OUT, _INOUT = 1, 2


class FunctionLoadError(Exception):
    """A signature and its bindings do not fit together."""

    def __init__(self, function: str, message: str) -> None:
        super().__init__(f"cannot load the {function} function: {message}")


@dataclass(frozen=True)
class BoundFunction:
    """A function ready to be invoked: its callable, the binding type of each parameter and of its return
    value."""

    name: str
    call: Callable[..., Any]
    is_async: bool
    inputs: dict[str, str]
    outputs: dict[str, str]
    return_type: str | None
    needs_context: bool
    trigger_parameter: str | None


def bind(function: Function) -> BoundFunction:
    """Check a function's parameters against its bindings; raises FunctionLoadError."""
    name, call = str(function.get_function_name()), function.get_user_function()
    parameters = dict(inspect.signature(call).parameters)
    annotations = typing.get_type_hints(call)
    bindings = {b.name: b for b in function.get_bindings()}
    for binding in bindings.values():
        _check_direction(name, binding)
    bound = {key: b for key, b in bindings.items() if key != RETURN}

    needs_context = "context" in parameters and "context" not in bound
    if needs_context:
        parameters.pop("context")
        _check_context(name, annotations)
    _check_names(name, set(parameters), set(bound))

    inputs = {key: str(b.type) for key, b in bound.items() if b.direction != _OUT}
    outputs = {key: str(b.type) for key, b in bound.items() if b.direction == _OUT}
    for key, binding in bound.items():
        if key in annotations:
            _check_annotation(name, binding, annotations[key])
    triggers = [key for key, kind in inputs.items() if kind.lower().endswith("trigger")]
    return BoundFunction(
        name=name,
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        inputs=inputs,
        outputs=outputs,
        return_type=_return_type(bindings),
        needs_context=needs_context,
        trigger_parameter=triggers[0] if triggers else None,
    )


def _check_direction(function: str, binding: Any) -> None:
    if binding.direction == _INOUT:
        raise FunctionLoadError(function, '"inout" bindings are not supported')
    if binding.name == RETURN and binding.direction != _OUT:
        raise FunctionLoadError(function, '"$return" binding must have direction set to "out"')


def _check_context(function: str, annotations: dict[str, Any]) -> None:
    annotation = annotations.get("context")
    if annotation is not None and getattr(annotation, "__name__", "") != "Context":
        raise FunctionLoadError(
            function,
            f'the "context" parameter is expected to be of type azure.functions.Context, got {annotation!r}',
        )


def _check_names(function: str, parameters: set[str], bound: set[str]) -> None:
    if unbound := parameters - bound:
        raise FunctionLoadError(
            function, f"the following parameters are declared in Python but not in function.json: {unbound!r}"
        )
    if missing := bound - parameters:
        raise FunctionLoadError(
            function, f"the following parameters are declared in function.json but not in Python: {missing!r}"
        )


def _check_annotation(function: str, binding: Any, annotation: Any) -> None:
    origin = typing.get_origin(annotation)
    is_out = getattr(origin, "__name__", "") == "Out" or getattr(annotation, "__name__", "") == "Out"
    if binding.direction == _OUT and not is_out:
        raise FunctionLoadError(
            function,
            f'binding {binding.name} is declared to have the "out" direction, but its annotation in Python '
            "is not "
            "a subclass of azure.functions.Out",
        )
    if binding.direction != _OUT and is_out:
        raise FunctionLoadError(
            function,
            f'binding {binding.name} is declared to have the "in" direction in function.json, but its '
            "annotation "
            "is azure.functions.Out in Python",
        )
    python_type = typing.get_args(annotation)[0] if is_out and typing.get_args(annotation) else annotation
    if not isinstance(python_type, type) and typing.get_origin(python_type) is None:
        raise FunctionLoadError(
            function, f"binding {binding.name} has invalid non-type annotation {annotation!r}"
        )
    if not _fits(binding.type, python_type, is_out=is_out):
        raise FunctionLoadError(
            function,
            f'type of {binding.name} binding in function.json "{binding.type}" does not match its Python '
            f'annotation "{getattr(python_type, "__name__", python_type)}"',
        )


def _fits(binding_type: str, python_type: Any, *, is_out: bool) -> bool:
    converter = converter_of(binding_type)
    if converter is None:
        return True
    if python_type in {str, bytes} and not has_implicit_output(binding_type):
        return True  # the worker's generic binding hands text and bytes through
    check = converter.check_output_type_annotation if is_out else converter.check_input_type_annotation
    try:
        return bool(check(python_type))
    except TypeError:
        return False


def _return_type(bindings: dict[str, Any]) -> str | None:
    """The binding type that encodes the return value: an explicit $return, else a trigger that answers by
    itself."""
    if RETURN in bindings:
        return str(bindings[RETURN].type)
    return next((str(b.type) for b in bindings.values() if has_implicit_output(b.type)), None)
