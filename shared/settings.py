"""The app's settings, read once per process from the environment (app settings on Azure).

A wrong or missing setting raises ConfigurationError with one line that names it.
`local.settings.json.example` lists every setting; docs/operations.md says what each costs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from shared.errors import ConfigurationError

# An app process on Azure has at least one of these. Some container tools set CONTAINER_NAME as well: `make
# serve` takes it away, because what is served there is served on a developer's machine.
AZURE_MARKERS = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "CONTAINER_NAME")

DEFAULT_CHAIN = ("deepseek", "groq", "gemini")
DEFAULT_SOURCES = ("docs", "stackoverflow", "github", "devto", "youtube", "wikipedia", "pydoc")
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
        "day_time_zone": "America/Los_Angeles",
        "price_in": 0.3,
        "price_out": 2.5,
    },
}
# A model server on this machine sets its own pace.
UNLIMITED: dict[str, object] = {
    "requests_per_minute": None,
    "requests_per_day": None,
    "tokens_per_minute": None,
}
SOURCE_DEFAULTS: dict[str, dict[str, object]] = {
    # The base URL is that of MDN's search; the sites themselves are DOCS_SITES.
    "docs": {"base_url": "https://developer.mozilla.org", "ttl_seconds": 7 * 86_400},
    "stackoverflow": {"base_url": "https://api.stackexchange.com/2.3", "ttl_seconds": 3 * 86_400},
    "github": {"base_url": "https://api.github.com", "ttl_seconds": 3 * 86_400},
    "devto": {"base_url": "https://dev.to/api", "ttl_seconds": 86_400},
    # A hundred searches a day are all that a key has.
    "youtube": {"base_url": "https://www.googleapis.com/youtube/v3", "ttl_seconds": 14 * 86_400},
    "wikipedia": {"base_url": "https://{lang}.wikipedia.org", "ttl_seconds": 7 * 86_400},
    "pydoc": {"ttl_seconds": 0},
}

HMAC_ALGORITHM = "HS256"
TOKEN_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", HMAC_ALGORITHM),
)
SMALLEST_SECRET_BYTES = 32
# So begins the secret of examples/jwt.settings.json, which everybody knows.
EXAMPLE_BEGINS = "only-for-development"

_NAME = re.compile(r"\w+", re.ASCII)
_CONNECTION_STRING = re.compile(r"(?:\S+=\S*;)*Endpoint=sb://\S", re.IGNORECASE)

M = TypeVar("M", bound=BaseModel)


def _blank_is_unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _algorithms(value: object) -> object:
    return _names(value) if isinstance(value, str) else value


OptionalText = Annotated[str | None, BeforeValidator(_blank_is_unset)]
OptionalUrl = Annotated[
    Annotated[str, Field(pattern=r"^https?://[^/\s]")] | None, BeforeValidator(_blank_is_unset)
]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)]
OptionalLimit = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_blank_is_unset)]
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


def _refuse_in_clear(url: str) -> None:
    if url.startswith("http://") and not is_loopback(url):
        raise ValueError("must use https unless it is on this machine")


@cache
def _knows_time_zones() -> bool:
    """Tell whether this system has the time zone database; slim images and Windows may not."""
    return any(Path(folder).is_dir() for folder in TZPATH) or find_spec("tzdata") is not None


class ProviderSettings(_Frozen):
    """One OpenAI-compatible model provider; prices in USD per million tokens.

    A limit that is None is not enforced: the default of a provider on this machine. `day_time_zone` is where
    the provider's day begins, and with it its quota of requests.
    """

    name: str
    base_url: str = Field(pattern=r"^https?://[^/\s]")
    model: str = Field(min_length=1)
    api_key: OptionalSecret = None
    requests_per_minute: OptionalLimit = 10
    requests_per_day: OptionalLimit = 1000
    tokens_per_minute: OptionalLimit = 100_000
    day_time_zone: str = "UTC"
    price_in: Price = 0.0
    price_out: Price = 0.0
    timeout_seconds: float = Field(default=60.0, gt=0, le=150)

    @property
    def usable(self) -> bool:
        """A provider needs a key, unless it runs on this machine."""
        return self.api_key is not None or is_loopback(self.base_url)

    @property
    def day_zone(self) -> tzinfo:
        """Where the provider's day begins at midnight; UTC on a system that knows no time zones."""
        return UTC if self.day_time_zone == "UTC" or not _knows_time_zones() else ZoneInfo(self.day_time_zone)

    @field_validator("day_time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            _ = name == "UTC" or not _knows_time_zones() or ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone that this system knows") from None
        return name

    @model_validator(mode="after")
    def _no_key_in_clear(self) -> Self:
        _refuse_in_clear(self.base_url)
        return self


def _parsed_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return {}
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON object: subject -> list of root URLs") from None


RootUrl = Annotated[str, Field(pattern=r"^https?://[^/\s@]+(/\S*)?$", max_length=500)]
DocsSites = Annotated[dict[str, tuple[RootUrl, ...]], BeforeValidator(_parsed_json)]


class SourceSettings(_Frozen):
    """One research source.

    `allow_private` lets it fetch pages from this machine and its network, for tests; `docs_sites` are the
    operator's own documentation sites by subject.
    """

    name: str
    base_url: OptionalUrl = None
    api_key: OptionalSecret = None
    timeout_seconds: float = Field(default=8.0, gt=0, le=60)
    ttl_seconds: int = Field(default=86_400, ge=0)
    allow_private: bool = False
    docs_sites: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_key_in_clear(self) -> Self:
        if self.api_key is not None and self.base_url is not None:
            _refuse_in_clear(self.base_url)
        return self


class AuthMode(StrEnum):
    """How learners prove who they are."""

    JWT = "jwt"
    DEVELOPMENT = "development"


class Settings(_Frozen):
    """Every setting of the app, typed."""

    environment: str = Field(default="Production", alias="AZURE_FUNCTIONS_ENVIRONMENT")
    on_azure: bool = False

    cosmos_endpoint: OptionalUrl = Field(default=None, alias="COSMOS_ENDPOINT")
    cosmos_database: str = Field(default="skillsync", alias="COSMOS_DATABASE", min_length=1)
    cosmos_key: OptionalSecret = Field(default=None, alias="COSMOS_KEY")
    azure_client_id: OptionalText = Field(default=None, alias="AZURE_CLIENT_ID")
    sqlite_path: Path = Field(default=Path(".data/skillsync.db"), alias="SQLITE_PATH")

    service_bus_connection: OptionalSecret = Field(default=None, alias="ServiceBusConnection")
    service_bus_namespace: OptionalText = Field(
        default=None, alias="ServiceBusConnection__fullyQualifiedNamespace"
    )
    service_bus_client_id: OptionalText = Field(default=None, alias="ServiceBusConnection__clientId")
    service_bus_credential: Annotated[Literal["managedidentity"] | None, BeforeValidator(_blank_is_unset)] = (
        Field(default=None, alias="ServiceBusConnection__credential")
    )
    lesson_queue: str = Field(default="lesson-generation", alias="LESSON_QUEUE", min_length=1)
    events_topic: str = Field(default="learning-events", alias="EVENTS_TOPIC", min_length=1)

    generation: Literal["on", "cache", "off"] = Field(default="on", alias="GENERATION")
    daily_budget_usd: Price = Field(default=5.0, alias="LLM_DAILY_BUDGET_USD")
    learner_daily_budget_usd: Price = Field(default=0.5, alias="LEARNER_DAILY_BUDGET_USD")

    auth_mode: AuthMode = Field(default=AuthMode.JWT, alias="AUTH_MODE")
    jwt_issuer: OptionalText = Field(default=None, alias="JWT_ISSUER")
    jwt_audience: OptionalText = Field(default=None, alias="JWT_AUDIENCE")
    jwt_algorithms: Annotated[tuple[str, ...], BeforeValidator(_algorithms)] = Field(
        default=("RS256",), alias="JWT_ALGORITHMS", min_length=1
    )
    jwt_jwks_url: OptionalText = Field(default=None, alias="JWT_JWKS_URL")
    jwt_secret: OptionalSecret = Field(default=None, alias="JWT_SECRET")
    pseudonym_key: OptionalSecret = Field(default=None, alias="PSEUDONYM_KEY")

    research_contact: Annotated[str, Field(pattern=r"^[!-~ ]*$", max_length=100)] = Field(
        default="", alias="RESEARCH_CONTACT"
    )
    docs_sites: DocsSites = Field(default_factory=dict, alias="DOCS_SITES")
    research_allow_private: bool = Field(default=False, alias="RESEARCH_ALLOW_PRIVATE")
    reconcile_after_seconds: int = Field(default=120, alias="RECONCILE_AFTER_S", ge=1)
    quota_roadmaps_per_day: int = Field(default=20, alias="QUOTA_ROADMAPS_PER_DAY", ge=0)
    quota_lessons_per_day: int = Field(default=200, alias="QUOTA_LESSONS_PER_DAY", ge=0)
    quota_regenerations_per_day: int = Field(default=10, alias="QUOTA_REGENERATIONS_PER_DAY", ge=0)
    history_kept_days: int = Field(default=7, alias="HISTORY_KEPT_DAYS", ge=0, le=365)
    challenger_share: float = Field(default=0.05, alias="CHALLENGER_SHARE", ge=0, le=1)
    regenerate_below_score: float = Field(default=0.2, alias="REGENERATE_BELOW_SCORE", ge=0, le=1)
    regenerate_min_votes: int = Field(default=5, alias="REGENERATE_MIN_VOTES", ge=1)
    removal_settle_seconds: int = Field(default=360, alias="REMOVAL_SETTLE_S", ge=0, le=3600)
    batch_lessons_per_learner: int = Field(default=4, alias="BATCH_LESSONS_PER_LEARNER", ge=1)
    batch_lessons_in_all: int = Field(default=40, alias="BATCH_LESSONS_IN_ALL", ge=1)
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
    def has_service_bus(self) -> bool:
        """Tell whether there is a broker; without one nothing is sent and nothing is kept to be sent."""
        return self.service_bus_connection is not None or self.service_bus_namespace is not None

    @property
    def providers(self) -> tuple[ProviderSettings, ...]:
        """The usable providers in the order of the chain; none when generation is not on."""
        if self.generation != "on":
            return ()
        return tuple(provider for provider in self.provider_settings if provider.usable)

    @field_validator("cosmos_endpoint")
    @classmethod
    def _no_identity_in_clear(cls, endpoint: str | None) -> str | None:
        if endpoint is not None:
            _refuse_in_clear(endpoint)
        return endpoint

    @field_validator("service_bus_connection")
    @classmethod
    def _is_connection_string(cls, connection: SecretStr | None) -> SecretStr | None:
        # The SDK would only find it out at the first message.
        if connection is not None and not _CONNECTION_STRING.match(connection.get_secret_value()):
            raise ValueError("must be a connection string that begins with Endpoint=sb://")
        return connection

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

    @field_validator("jwt_algorithms")
    @classmethod
    def _known_algorithms(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in TOKEN_ALGORITHMS]
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))} is none of {', '.join(TOKEN_ALGORITHMS)}")
        return names

    @model_validator(mode="after")
    def _tokens_can_be_verified(self) -> Self:
        if self.auth_mode is not AuthMode.JWT:
            return self
        if HMAC_ALGORITHM in self.jwt_algorithms:
            self._check_secret()
        else:
            self._check_key_set()
        for name, value in {"JWT_ISSUER": self.jwt_issuer, "JWT_AUDIENCE": self.jwt_audience}.items():
            if value is None and not self.development:
                raise ValueError(f"{name}: must be set outside Development")
        return self

    def _check_secret(self) -> None:
        secret = self.jwt_secret.get_secret_value() if self.jwt_secret else ""
        if len(self.jwt_algorithms) > 1:
            raise ValueError(f"JWT_ALGORITHMS: {HMAC_ALGORITHM} cannot stand beside other algorithms")
        if len(secret.encode()) < SMALLEST_SECRET_BYTES:
            raise ValueError(f"JWT_SECRET: must be set for {HMAC_ALGORITHM}, to at least 32 random bytes")
        if secret.startswith(EXAMPLE_BEGINS) and not self.development:
            raise ValueError("JWT_SECRET: is the example's, which everybody knows; make one of your own")

    def _check_key_set(self) -> None:
        if self.jwt_secret is not None:
            raise ValueError(f"JWT_SECRET: is used only with JWT_ALGORITHMS={HMAC_ALGORITHM}; unset it")
        if self.jwt_jwks_url is None:
            raise ValueError(
                "JWT_JWKS_URL: must be set, to where the identity provider publishes its keys "
                f"(or JWT_ALGORITHMS={HMAC_ALGORITHM} with JWT_SECRET)"
            )
        url = urlsplit(self.jwt_jwks_url)
        is_local = url.scheme == "http" and is_loopback(self.jwt_jwks_url) and self.development
        if not url.hostname or "@" in url.netloc or not (url.scheme == "https" or is_local):
            raise ValueError("JWT_JWKS_URL: must be an https URL without credentials")


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
    "DAY_TIME_ZONE": "day_time_zone",
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
    local = is_loopback(str(given.get("base_url", "")))
    defaults = PROVIDER_DEFAULTS.get(name, UNLIMITED if local else {})
    values: dict[str, Any] = {"name": name, **defaults, **given}
    return _validated(ProviderSettings, values, lambda field: _variable("LLM", name, field, PROVIDER_FIELDS))


def _source(environment: Mapping[str, str], name: str, settings: Settings) -> SourceSettings:
    given = _group(environment, "RESEARCH", name, SOURCE_FIELDS)
    values: dict[str, Any] = {
        "name": name,
        **SOURCE_DEFAULTS[name],
        **given,
        "docs_sites": settings.docs_sites,
        # What tests need would open a way into the network of a deployed app.
        "allow_private": settings.research_allow_private and settings.development,
    }
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
    for name in sources:
        if name not in SOURCE_DEFAULTS:
            known = ", ".join(sorted(SOURCE_DEFAULTS))
            raise ConfigurationError(f"RESEARCH_SOURCES: no source is called {name!r}; there are {known}")
    values["on_azure"] = any(environment.get(marker) for marker in AZURE_MARKERS)
    values["provider_settings"] = tuple(_provider(environment, name) for name in chain)
    settings = _validated(Settings, values, lambda field: field)
    found = tuple(_source(environment, name, settings) for name in sources)
    return settings.model_copy(update={"source_settings": found})


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
