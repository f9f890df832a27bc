"""host.json: the options that this host honours, checked and typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from devhost.durable.versions import FailureStrategy, MatchStrategy, VersionRule
from devhost.errors import HostJsonError
from devhost.json_file import parse_json_file
from devhost.settings import resolve_references
from devhost.time_span import parse_time_span

OVERRIDE_PREFIX = "AzureFunctionsJobHost__"
DEFAULT_TIMEOUT = timedelta(minutes=30)
# A hub's name becomes that of tables, queues and containers; the extension's message says 45 and means 50.
_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")

Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class StrictTransportSecurity:
    """`extensions.http.hsts`; ASP.NET's default age is 30 days."""

    enabled: bool = False
    max_age: timedelta = timedelta(days=30)
    include_subdomains: bool = False
    preload: bool = False


@dataclass(frozen=True)
class HttpOptions:
    """`extensions.http`; a limit of None means unlimited."""

    route_prefix: str = "api"
    max_concurrent_requests: int | None = None
    max_outstanding_requests: int | None = None
    custom_headers: Mapping[str, str] = field(default_factory=dict)
    hsts: StrictTransportSecurity = StrictTransportSecurity()


@dataclass(frozen=True)
class ServiceBusOptions:
    """`extensions.serviceBus` (extension 5.x)."""

    max_concurrent_calls: int = 16
    auto_complete_messages: bool = True
    max_auto_lock_renewal: timedelta = timedelta(minutes=5)
    prefetch_count: int = 0
    max_message_batch_size: int = 1000
    max_batch_wait: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class DurableOptions:
    """`extensions.durableTask`; the limits are the Consumption plan's for Python unless host.json sets
    them."""

    hub_name: str = "TestHubName"
    max_activities: int | None = None
    max_orchestrators: int | None = None
    versions: VersionRule = field(default_factory=VersionRule)


@dataclass(frozen=True)
class HostOptions:
    """All that host.json decides here; a `function_timeout` of None means none."""

    function_timeout: timedelta | None = DEFAULT_TIMEOUT
    log_levels: Mapping[str, str] = field(default_factory=dict)
    http: HttpOptions = HttpOptions()
    service_bus: ServiceBusOptions = ServiceBusOptions()
    durable: DurableOptions = DurableOptions()


def load_host_json(file: Path, environment: Mapping[str, str]) -> HostOptions:
    """Read host.json; a missing file means the defaults, as the real host writes one.

    `AzureFunctionsJobHost__a__b` in the environment overrides `a.b`. Raises HostJsonError naming the entry.
    """
    document: dict[str, Any] = {"version": "2.0"}
    if file.is_file():
        try:
            document = parse_json_file(file.read_text(encoding="utf-8-sig"))
        except ValueError as error:
            raise HostJsonError(f"{file}: Unable to parse host configuration file: {error}") from error
    if not isinstance(document, dict) or document.get("version") != "2.0":
        raise HostJsonError(
            f"{file}: The host.json file is missing the required 'version' property: it must be \"2.0\"."
        )
    _override(document, environment)
    root = _Section(file, (), document)
    extensions = root.section("extensions")
    return HostOptions(
        function_timeout=_timeout(root),
        log_levels={k: str(v) for k, v in root.section("logging").section("logLevel").values.items()},
        http=_http(extensions.section("http")),
        service_bus=_service_bus(extensions.section("serviceBus")),
        durable=_durable(extensions.section("durableTask"), environment),
    )


def _override(document: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if not name.lower().startswith(OVERRIDE_PREFIX.lower()):
            continue
        *parents, leaf = name[len(OVERRIDE_PREFIX) :].split("__")
        section = document
        for parent in parents:
            key = next((k for k in section if k.lower() == parent.lower()), parent)
            if not isinstance(section.get(key), dict):
                section[key] = {}
            section = section[key]
        section[next((k for k in section if k.lower() == leaf.lower()), leaf)] = value


class _Section:
    """One object of host.json, read without regard to case, that knows its place for error messages."""

    def __init__(self, file: Path, path: tuple[str, ...], values: dict[str, Any]) -> None:
        self._file, self._path, self.values = file, path, values

    def _find(self, name: str) -> object:
        return next((v for k, v in self.values.items() if k.lower() == name.lower()), None)

    def refused(self, name: str, words: str) -> HostJsonError:
        """Return the refusal of one entry, in the real host's words."""
        return HostJsonError(f"{self._file}: {'.'.join([*self._path, name])}: {words}")

    def _wrong(self, name: str, expected: str, value: object) -> HostJsonError:
        return HostJsonError(
            f"{self._file}: {'.'.join([*self._path, name])} must be {expected}, not {value!r}"
        )

    def section(self, name: str) -> "_Section":
        value = self._find(name)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(name, "an object", value)
        return _Section(self._file, (*self._path, name), cast("dict[str, Any]", value or {}))

    def text(self, name: str, default: str) -> str:
        value = self._find(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, "a string", value)
        return value

    def integer(self, name: str, default: int | None) -> int | None:
        value = self._find(name)
        if value is None:
            return default
        try:
            return int(str(value))
        except ValueError:
            raise self._wrong(name, "a whole number", value) from None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._find(name)
        if value is None:
            return default
        if str(value).lower() not in {"true", "false"}:
            raise self._wrong(name, "true or false", value)
        return str(value).lower() == "true"

    def choice(self, name: str, choices: Sequence[Choice], default: Choice) -> Choice:
        value = self._find(name)
        if value is None:
            return default
        for choice in choices:
            if str(value).lower() == choice.lower():
                return choice
        raise self._wrong(name, f"one of {', '.join(choices)}", value)

    def span(self, name: str, default: timedelta) -> timedelta:
        value = self._find(name)
        if value is None:
            return default
        try:
            return parse_time_span(str(value))
        except ValueError:
            raise self._wrong(name, "a time span such as 00:05:00", value) from None


def _timeout(root: _Section) -> timedelta | None:
    text = root.text("functionTimeout", "")
    if text in {"-1", "-00:00:00.0010000"}:
        return None
    timeout = root.span("functionTimeout", DEFAULT_TIMEOUT)
    if timeout <= timedelta():
        raise HostJsonError(f"functionTimeout must be positive, or -1 for none, not {text!r}")
    return timeout


def _http(http: _Section) -> HttpOptions:
    hsts = http.section("hsts")
    return HttpOptions(
        route_prefix=http.text("routePrefix", "api").strip("/"),
        max_concurrent_requests=_limit(http.integer("maxConcurrentRequests", None)),
        max_outstanding_requests=_limit(http.integer("maxOutstandingRequests", None)),
        custom_headers={k: str(v) for k, v in http.section("customHeaders").values.items()},
        hsts=StrictTransportSecurity(
            enabled=hsts.flag("isEnabled", default=False),
            max_age=hsts.span("maxAge", timedelta(days=30)),
            include_subdomains=hsts.flag("includeSubDomains", default=False),
            preload=hsts.flag("preload", default=False),
        ),
    )


def _limit(value: int | None) -> int | None:
    return None if value == -1 else value


def _service_bus(section: _Section) -> ServiceBusOptions:
    default = ServiceBusOptions()
    return ServiceBusOptions(
        max_concurrent_calls=section.integer("maxConcurrentCalls", None) or default.max_concurrent_calls,
        auto_complete_messages=section.flag("autoCompleteMessages", default=True),
        max_auto_lock_renewal=section.span("maxAutoLockRenewalDuration", default.max_auto_lock_renewal),
        prefetch_count=section.integer("prefetchCount", None) or 0,
        max_message_batch_size=section.integer("maxMessageBatchSize", None) or default.max_message_batch_size,
        max_batch_wait=section.span("maxBatchWaitTime", default.max_batch_wait),
    )


def _durable(section: _Section, environment: Mapping[str, str]) -> DurableOptions:
    return DurableOptions(
        hub_name=_hub_name(section, environment),
        max_activities=_concurrency(section, "maxConcurrentActivityFunctions"),
        max_orchestrators=_concurrency(section, "maxConcurrentOrchestratorFunctions"),
        # As it stands: the extension replaces %SETTING% in the hub's name only.
        versions=VersionRule(
            section.text("defaultVersion", "") or None,
            section.choice("versionMatchStrategy", get_args(MatchStrategy), VersionRule.match),
            section.choice("versionFailureStrategy", get_args(FailureStrategy), VersionRule.failure),
        ),
    )


def _hub_name(section: _Section, environment: Mapping[str, str]) -> str:
    """Read the hub's name (extension: DurableTaskOptions.Validate, AzureStorageOptions.ValidateHubName)."""
    name = resolve_references(section.text("hubName", "TestHubName"), environment)
    if not name:
        raise section.refused("hubName", "A non-empty HubName configuration is required.")
    storage = section.section("storageProvider").text("type", "AzureStorage")
    if storage.lower() == "azurestorage" and not _HUB_NAME.fullmatch(name):
        raise section.refused(
            "hubName",
            f"Task hub name '{name}' should contain only alphanumeric characters, start with a letter, "
            "and have length between 3 and 45.",
        )
    return name


def _concurrency(section: _Section, name: str) -> int | None:
    limit = section.integer(name, None)
    if limit is not None and limit <= 0:
        raise section.refused(name, f"{name[0].upper()}{name[1:]} must be a positive integer value.")
    return limit
