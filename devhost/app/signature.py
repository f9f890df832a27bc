"""What a function's Python signature says about its bindings, checked by the Python worker's rules.

Source: azure-functions-python-worker azure_functions_worker/functions.py and bindings/meta.py. A function
that fails here fails the whole app there, so it does here too.
"""

import collections.abc
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.functions.decorators.function_app import Function

from devhost.app.converters import GENERIC, converter_of, has_implicit_output

RETURN = "$return"
_OUT, _INOUT = 1, 2
# What `typing` makes of List[str] or Iterable, as the worker's copy of typing_inspect tells it from a type.
_ALIASES = (typing._GenericAlias, typing._SpecialGenericAlias)  # type: ignore[attr-defined] # noqa: SLF001
_NO_GENERICS = (typing.Union, tuple, typing.ClassVar, collections.abc.Callable)


class FunctionLoadError(Exception):
    """A signature and its bindings do not fit together."""

    def __init__(self, function: str, message: str) -> None:
        super().__init__(f"cannot load the {function} function: {message}")


@dataclass(frozen=True)
class BoundFunction:
    """A function ready to be invoked: its callable, and the binding type that converts each parameter and the
    return value."""

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

    types = {key: _bound_type(name, binding, annotations) for key, binding in bound.items()}
    if RETURN in bindings and "return" in annotations:
        _check_return(name, str(bindings[RETURN].type), annotations["return"])
    triggers = [key for key, b in bound.items() if str(b.type).lower().endswith("trigger")]
    return BoundFunction(
        name=name,
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        inputs={key: types[key] for key, b in bound.items() if b.direction != _OUT},
        outputs={key: types[key] for key, b in bound.items() if b.direction == _OUT},
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


def _bound_type(function: str, binding: Any, annotations: dict[str, Any]) -> str:
    """Check a parameter's annotation; the binding type that converts it, which text and bytes pass by."""
    if binding.name not in annotations:
        return str(binding.type)
    annotation = annotations[binding.name]
    is_out = getattr(typing.get_origin(annotation) or annotation, "__name__", "") == "Out"
    python_type = _set_type(function, binding.name, annotation) if is_out else annotation
    if not isinstance(python_type, type) and not _is_generic(python_type):
        raise FunctionLoadError(
            function, f"binding {binding.name} has invalid non-type annotation {annotation!r}"
        )
    _check_out(function, binding, is_out=is_out)
    plain = python_type in (str, bytes) and not has_implicit_output(binding.type)
    if not plain and not _fits(binding.type, python_type, is_out=is_out):
        raise FunctionLoadError(
            function,
            f'type of {binding.name} binding in function.json "{binding.type}" does not match its Python '
            f'annotation "{getattr(python_type, "__name__", python_type)}"',
        )
    return GENERIC if plain else str(binding.type)


def _set_type(function: str, name: str, annotation: Any) -> Any:
    """What a `func.Out[...]` is set to."""
    arguments = typing.get_args(annotation)
    if len(arguments) != 1:
        raise FunctionLoadError(function, f"binding {name} has invalid Out annotation {annotation!r}")
    return arguments[0]


def _check_out(function: str, binding: Any, *, is_out: bool) -> None:
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


def _check_return(function: str, binding_type: str, annotation: Any) -> None:
    if not isinstance(annotation, type):
        raise FunctionLoadError(function, f"has invalid non-type return annotation {annotation!r}")
    if not _fits(binding_type, annotation, is_out=True):
        raise FunctionLoadError(
            function,
            f'Python return annotation "{annotation.__name__}" does not match binding type "{binding_type}"',
        )


def _is_generic(annotation: Any) -> bool:
    """Tell List[str] from list[str], Optional[str] and the like, which the worker refuses."""
    if isinstance(annotation, type):
        return issubclass(annotation, typing.Generic)
    return isinstance(annotation, _ALIASES) and annotation.__origin__ not in _NO_GENERICS


def _fits(binding_type: str, python_type: Any, *, is_out: bool) -> bool:
    converter = converter_of(binding_type)
    if converter is None:
        return True
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
