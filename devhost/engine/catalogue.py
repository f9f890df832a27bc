"""The app's functions as the host takes them up: checked, resolved, each with what keeps it from running.

Sources: azure-functions-host ScriptHost.ValidateFunction and ValidateHttpFunction, Utility.ValidateName,
WorkerFunctionMetadataProvider.ValidateBindings, FunctionDescriptorProvider, FunctionMetadataManager.
"""

import importlib.util
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from devhost import description as kinds
from devhost.description import FunctionDescription
from devhost.engine.keys import AccessLevel
from devhost.errors import SettingsError
from devhost.routing.table import Route
from devhost.routing.template import RouteTemplate, TemplateError
from devhost.service_bus.connection import DEFAULT_CONNECTION, EMBEDDED_CONNECTION, has_connection
from devhost.settings import resolve_references
from devhost.timers.schedule import parse_schedule

_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE | re.ASCII)
_TRIGGERS = {kinds.HTTP_TRIGGER, kinds.TIMER_TRIGGER, kinds.SERVICE_BUS_TRIGGER, *kinds.DURABLE_TRIGGERS}
_BINDINGS = frozenset({*_TRIGGERS, "http", "durableClient"})
_RESERVED = ("admin", "runtime")
_LEVELS = {"anonymous": AccessLevel.ANONYMOUS, "function": AccessLevel.FUNCTION, "admin": AccessLevel.ADMIN}
_RESOLVED_PROPERTIES = ("schedule", "queueName", "topicName", "subscriptionName", "connection")


class State(StrEnum):
    """What the host does with a function."""

    READY = "ready"
    DISABLED = "disabled"
    NOT_STARTED = "not started"
    IN_ERROR = "in error"


@dataclass(frozen=True)
class CatalogueEntry:
    """One function; `trigger` has its `%SETTING%`s resolved, `route` is set for HTTP functions that can be
    reached."""

    name: str
    trigger: Mapping[str, Any]
    state: State = State.READY
    note: str = ""
    route: Route | None = None
    template: str = ""
    level: AccessLevel = AccessLevel.FUNCTION

    @property
    def kind(self) -> str:
        """The trigger's type."""
        return str(self.trigger.get("type", ""))


class FunctionRefusedError(ValueError):
    """A function that the host does not load; the message is in the real host's words."""


def build_catalogue(
    functions: Iterable[FunctionDescription], route_prefix: str, environment: Mapping[str, str]
) -> list[CatalogueEntry]:
    """Check the functions in the order of their names; one in error does not keep the others from loading."""
    entries: list[CatalogueEntry] = []
    for function in sorted(functions, key=lambda f: f.name.lower()):
        try:
            entry = _load(function, route_prefix, environment)
            _check_against(entry, entries)
        except FunctionRefusedError as error:
            entry = CatalogueEntry(function.name, function.trigger, State.IN_ERROR, str(error))
        entries.append(entry)
    return entries


def _load(function: FunctionDescription, prefix: str, environment: Mapping[str, str]) -> CatalogueEntry:
    if not _NAME.fullmatch(function.name) or function.name.lower() == "host":
        raise FunctionRefusedError(f"'{function.name}' is not a valid function name.")
    _check_bindings(function)
    if _is_disabled(function.name, environment):
        entry = CatalogueEntry(function.name, function.trigger, State.DISABLED)
    else:
        trigger = _resolve(function, environment)
        entry = CatalogueEntry(function.name, trigger)
    if entry.kind == kinds.HTTP_TRIGGER:
        return _with_route(entry, prefix)
    if entry.state == State.READY and entry.kind == kinds.TIMER_TRIGGER:
        _check_schedule(entry)
    if entry.state == State.READY and entry.kind == kinds.SERVICE_BUS_TRIGGER:
        return _with_connection(entry, environment)
    return entry


def _check_bindings(function: FunctionDescription) -> None:
    names = [str(b.get("name", "")).lower() for b in function.bindings]
    for binding in function.bindings:
        if names.count(str(binding.get("name", "")).lower()) > 1:
            raise FunctionRefusedError(
                f"Multiple bindings with name '{binding.get('name')}' discovered. Binding names must be "
                "unique."
            )
    unknown = [str(b.get("type")) for b in function.bindings if b.get("type") not in _BINDINGS]
    if unknown:
        raise FunctionRefusedError(
            f"The binding type(s) '{', '.join(unknown)}' are not registered. "
            "Please ensure the type is correct and the binding extension is installed."
        )
    if not function.trigger:
        raise FunctionRefusedError(
            "No trigger binding specified. A function must have a trigger input binding."
        )


def _is_disabled(name: str, environment: Mapping[str, str]) -> bool:
    value = (
        environment.get(f"AzureWebJobs.{name}.Disabled")
        or environment.get(f"AzureWebJobs_{name}_Disabled")
        or ""
    )
    return value.lower() in {"1", "true"}


def _resolve(function: FunctionDescription, environment: Mapping[str, str]) -> dict[str, Any]:
    trigger = dict(function.trigger)
    for name in _RESOLVED_PROPERTIES:
        if isinstance(trigger.get(name), str):
            try:
                trigger[name] = resolve_references(trigger[name], environment)
            except SettingsError as error:
                raise FunctionRefusedError(
                    f"Error indexing method 'Functions.{function.name}'. {error}"
                ) from None
    return trigger


def _with_route(entry: CatalogueEntry, prefix: str) -> CatalogueEntry:
    route = str(entry.trigger.get("route") or "").strip() or entry.name
    if route.strip("/").lower().startswith(_RESERVED):
        raise FunctionRefusedError("The specified route conflicts with one or more built in routes.")
    template = f"{prefix}/{route}" if prefix else route
    try:
        parsed = RouteTemplate(template)
    except TemplateError as error:
        raise FunctionRefusedError(
            f"An error occurred while creating the route with name '{entry.name}' and template "
            f"'{template}'. {error}"
        ) from None
    methods = entry.trigger.get("methods")
    allowed = frozenset(str(m).upper() for m in methods) if methods else None
    level = _LEVELS.get(str(entry.trigger.get("authLevel", "function")).lower(), AccessLevel.FUNCTION)
    return replace(entry, route=Route(entry.name, parsed, allowed), template=template, level=level)


def _check_schedule(entry: CatalogueEntry) -> None:
    try:
        parse_schedule(str(entry.trigger.get("schedule", "")))
    except ValueError as error:
        raise FunctionRefusedError(f"Error indexing method 'Functions.{entry.name}'. {error}") from None


def _with_connection(entry: CatalogueEntry, environment: Mapping[str, str]) -> CatalogueEntry:
    if str(entry.trigger.get("isSessionsEnabled", False)).lower() == "true":
        raise FunctionRefusedError("Sessions are not supported by this host.")
    connection = str(entry.trigger.get("connection") or DEFAULT_CONNECTION)
    if has_connection(connection, environment):
        return entry
    note = f"no {connection}"
    if connection == EMBEDDED_CONNECTION and importlib.util.find_spec("proton") is None:
        note += " (the embedded broker needs python-qpid-proton)"
    return replace(entry, state=State.NOT_STARTED, note=note)


def _check_against(entry: CatalogueEntry, earlier: list[CatalogueEntry]) -> None:
    for other in earlier:
        if other.state == State.IN_ERROR:
            continue
        if entry.route and other.route and _conflict(entry, other):
            raise FunctionRefusedError(
                f"The route specified conflicts with the route defined by function '{other.name}'."
            )
        if entry.name.lower() == other.name.lower():
            raise FunctionRefusedError(
                f"The function or proxy name '{entry.name}' must be unique within the function app."
            )


def _conflict(entry: CatalogueEntry, other: CatalogueEntry) -> bool:
    if entry.template.strip("/").lower() != other.template.strip("/").lower():
        return False
    mine, theirs = entry.route and entry.route.methods, other.route and other.route.methods
    return not mine or not theirs or bool(mine & theirs)
