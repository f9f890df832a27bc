"""The app's settings, read once per process from the environment (app settings on Azure).

A wrong or missing setting raises ConfigurationError with one line that names it.
`local.settings.json.example` lists every setting; docs/operations.md says what each costs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from shared.errors import ConfigurationError

# An app process on Azure has at least one of these. Some container tools set CONTAINER_NAME as well: `make
# serve` takes it away, because what is served there is served on a developer's machine.
AZURE_MARKERS = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "CONTAINER_NAME")

DEFAULT_CHAIN = ("deepseek", "groq", "gemini")
DEFAULT_SOURCES = ("pydoc", "wikipedia")
PROVIDER_DEFAULTS: dict[str, dict[str, object]] = {
    "deepseek": {
        "base_url": "https://openrouter.ai/api/v1",
        "model": "deepseek/deepseek-v3.2",
        "requests_per_minute": 20,
        "requests_per_day": 1000,
        "tokens_per_minute": 200_000,
        "price_in": 0.27,
        "price_out": 0.41,
    },
    "groq": {
        "base_url": "https://api.groq.com/openai/v1",
        "model": "openai/gpt-oss-120b",
        "requests_per_minute": 30,
        "requests_per_day": 1000,
        "tokens_per_minute": 8_000,
        "price_in": 0.15,
        "price_out": 0.6,
    },
    "gemini": {
        "base_url": "https://generativelanguage.googleapis.com/v1beta/openai",
        "model": "gemini-2.5-flash",
        "requests_per_minute": 10,
        "requests_per_day": 250,
        "tokens_per_minute": 250_000,
        "price_in": 0.3,
        "price_out": 2.5,
    },
}
SOURCE_DEFAULTS: dict[str, dict[str, object]] = {
    "wikipedia": {"base_url": "https://{lang}.wikipedia.org", "ttl_seconds": 7 * 86_400},
}

_NAME = re.compile(r"\w+", re.ASCII)

M = TypeVar("M", bound=BaseModel)


def _blank_is_unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


OptionalText = Annotated[str | None, BeforeValidator(_blank_is_unset)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def is_loopback(url: str) -> bool:
    """Tell whether a URL points at this machine, so that it needs neither a key nor TLS."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class ProviderSettings(_Frozen):
    """One OpenAI-compatible model provider; prices in USD per million tokens."""

    name: str
    base_url: str = Field(pattern=r"^https?://[^/\s]")
    model: str = Field(min_length=1)
    api_key: OptionalSecret = None
    requests_per_minute: int = Field(default=10, ge=1)
    requests_per_day: int = Field(default=1000, ge=1)
    tokens_per_minute: int = Field(default=100_000, ge=1)
    price_in: Price = 0.0
    price_out: Price = 0.0
    timeout_seconds: float = Field(default=60.0, gt=0, le=150)

    @property
    def usable(self) -> bool:
        """A provider needs a key, unless it runs on this machine."""
        return self.api_key is not None or is_loopback(self.base_url)

    @model_validator(mode="after")
    def _no_key_in_clear(self) -> Self:
        if self.base_url.startswith("http://") and not is_loopback(self.base_url):
            raise ValueError("must use https unless it is on this machine")
        return self


class SourceSettings(_Frozen):
    """One research source."""

    name: str
    base_url: OptionalText = None
    api_key: OptionalSecret = None
    timeout_seconds: float = Field(default=8.0, gt=0, le=60)
    ttl_seconds: int = Field(default=86_400, ge=0)


class AuthMode(StrEnum):
    """How learners prove who they are."""

    JWT = "jwt"
    DEVELOPMENT = "development"


class Settings(_Frozen):
    """Every setting of the app, typed."""

    environment: str = Field(default="Production", alias="AZURE_FUNCTIONS_ENVIRONMENT")
    on_azure: bool = False

    cosmos_endpoint: OptionalText = Field(default=None, alias="COSMOS_ENDPOINT")
    cosmos_database: str = Field(default="skillsync", alias="COSMOS_DATABASE", min_length=1)
    cosmos_key: OptionalSecret = Field(default=None, alias="COSMOS_KEY")
    azure_client_id: OptionalText = Field(default=None, alias="AZURE_CLIENT_ID")
    sqlite_path: Path = Field(default=Path(".data/skillsync.db"), alias="SQLITE_PATH")

    service_bus_connection: OptionalSecret = Field(default=None, alias="ServiceBusConnection")
    service_bus_namespace: OptionalText = Field(
        default=None, alias="ServiceBusConnection__fullyQualifiedNamespace"
    )
    lesson_queue: str = Field(default="lesson-generation", alias="LESSON_QUEUE", min_length=1)

    generation: Literal["on", "cache", "off"] = Field(default="on", alias="GENERATION")

    auth_mode: AuthMode = Field(default=AuthMode.JWT, alias="AUTH_MODE")
    pseudonym_key: OptionalSecret = Field(default=None, alias="PSEUDONYM_KEY")

    research_contact: Annotated[str, Field(pattern=r"^[!-~ ]*$", max_length=100)] = Field(
        default="", alias="RESEARCH_CONTACT"
    )
    reconcile_after_seconds: int = Field(default=120, alias="RECONCILE_AFTER_S", ge=1)
    quota_roadmaps_per_day: int = Field(default=20, alias="QUOTA_ROADMAPS_PER_DAY", ge=0)
    quota_lessons_per_day: int = Field(default=200, alias="QUOTA_LESSONS_PER_DAY", ge=0)
    quota_regenerations_per_day: int = Field(default=10, alias="QUOTA_REGENERATIONS_PER_DAY", ge=0)
    lesson_refresh_after_days: int = Field(default=180, alias="LESSON_REFRESH_AFTER_DAYS", ge=0, le=36_500)

    chain: tuple[str, ...] = Field(default=DEFAULT_CHAIN, alias="LLM_CHAIN")
    sources: tuple[str, ...] = Field(default=DEFAULT_SOURCES, alias="RESEARCH_SOURCES")
    provider_settings: tuple[ProviderSettings, ...] = ()
    source_settings: tuple[SourceSettings, ...] = ()

    @property
    def development(self) -> bool:
        """Tell whether this is a developer's machine."""
        return self.environment.casefold() == "development" and not self.on_azure

    @property
    def providers(self) -> tuple[ProviderSettings, ...]:
        """The usable providers in the order of the chain; none when generation is not on."""
        if self.generation != "on":
            return ()
        return tuple(provider for provider in self.provider_settings if provider.usable)

    @model_validator(mode="after")
    def _development_stays_home(self) -> Self:
        if self.auth_mode is AuthMode.DEVELOPMENT and not self.development:
            raise ValueError(
                "AUTH_MODE: 'development' is refused outside a developer's machine "
                "(it needs AZURE_FUNCTIONS_ENVIRONMENT=Development and no App Service variables)"
            )
        if self.pseudonym_key is None and not self.development:
            raise ValueError("PSEUDONYM_KEY: must be set outside Development (any long random text)")
        return self


def _listed(environment: Mapping[str, str], setting: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Read a list of names; each is part of other settings' names and can stand in it once."""
    names = _names(environment.get(setting, "")) or default
    for name in names:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{setting}: {name!r} is no name; use letters, digits and underscores, separated by commas"
            )
    folded = [name.casefold() for name in names]
    repeated = sorted({name for name in folded if folded.count(name) > 1})
    if repeated:
        raise ConfigurationError(f"{setting}: names {', '.join(repeated)} more than once")
    return names


def _group(
    environment: Mapping[str, str], prefix: str, name: str, fields: Mapping[str, str]
) -> dict[str, object]:
    """Collect `PREFIX__NAME__FIELD` variables of one provider or source; the name's case does not matter."""
    found: dict[str, object] = {}
    for suffix, field in fields.items():
        for key in (f"{prefix}__{name}__{suffix}", f"{prefix}__{name.upper()}__{suffix}"):
            if environment.get(key, "").strip():
                found[field] = environment[key]
    return found


PROVIDER_FIELDS = {
    "BASE_URL": "base_url",
    "MODEL": "model",
    "API_KEY": "api_key",
    "REQUESTS_PER_MINUTE": "requests_per_minute",
    "REQUESTS_PER_DAY": "requests_per_day",
    "TOKENS_PER_MINUTE": "tokens_per_minute",
    "PRICE_IN": "price_in",
    "PRICE_OUT": "price_out",
    "TIMEOUT_S": "timeout_seconds",
}
SOURCE_FIELDS = {
    "BASE_URL": "base_url",
    "API_KEY": "api_key",
    "TIMEOUT_S": "timeout_seconds",
    "TTL_S": "ttl_seconds",
}


def _provider(environment: Mapping[str, str], name: str) -> ProviderSettings:
    given = _group(environment, "LLM", name, PROVIDER_FIELDS)
    values: dict[str, Any] = {"name": name, **PROVIDER_DEFAULTS.get(name, {}), **given}
    return _validated(ProviderSettings, values, lambda field: _variable("LLM", name, field, PROVIDER_FIELDS))


def _source(environment: Mapping[str, str], name: str) -> SourceSettings:
    given = _group(environment, "RESEARCH", name, SOURCE_FIELDS)
    values: dict[str, Any] = {"name": name, **SOURCE_DEFAULTS.get(name, {}), **given}
    return _validated(SourceSettings, values, lambda field: _variable("RESEARCH", name, field, SOURCE_FIELDS))


def _variable(prefix: str, name: str, field: str, fields: Mapping[str, str]) -> str:
    suffix = next((key for key, value in fields.items() if value == field), field.upper() or "BASE_URL")
    return f"{prefix}__{name.upper()}__{suffix}"


def _validated(model: type[M], values: dict[str, Any], name_of: Callable[[str], str]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"{name_of(field)}: {message}" if field or name_of("") else message
        ) from None


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read settings from a mapping of variables; raises ConfigurationError with one line."""
    names = {field.alias for field in Settings.model_fields.values() if field.alias}
    values: dict[str, Any] = {
        name: value for name, value in environment.items() if name in names and value.strip()
    }
    chain = values["LLM_CHAIN"] = _listed(environment, "LLM_CHAIN", DEFAULT_CHAIN)
    sources = values["RESEARCH_SOURCES"] = _listed(environment, "RESEARCH_SOURCES", DEFAULT_SOURCES)
    values["on_azure"] = any(environment.get(marker) for marker in AZURE_MARKERS)
    values["provider_settings"] = tuple(_provider(environment, name) for name in chain)
    values["source_settings"] = tuple(_source(environment, name) for name in sources)
    return _validated(Settings, values, lambda field: field)


@cache
def get_settings() -> Settings:
    """Return the settings of this process."""
    return load_settings(os.environ)


__all__ = [
    "AuthMode",
    "ProviderSettings",
    "Settings",
    "SourceSettings",
    "get_settings",
    "load_settings",
]
