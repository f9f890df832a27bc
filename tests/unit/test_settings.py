"""Settings: the defaults of the contract, and one line that names whatever is wrong."""

from __future__ import annotations

import ipaddress
import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.settings import (
    AZURE_MARKERS,
    PROVIDER_FIELDS,
    SOURCE_FIELDS,
    AuthMode,
    ProviderSettings,
    Settings,
    get_settings,
    load_settings,
)
from tests.support.function_table import ROOT

DEVELOPMENT = {"AZURE_FUNCTIONS_ENVIRONMENT": "Development", "AUTH_MODE": "development"}
TOKENS = {
    "JWT_ISSUER": "https://identity.example.org/",
    "JWT_AUDIENCE": "skillsync",
    "JWT_JWKS_URL": "https://identity.example.org/keys",
}
PRODUCTION = {"PSEUDONYM_KEY": "a long random text", **TOKENS}
SECRET = "sk-this-must-never-be-seen"


def load(**changes: str) -> Settings:
    """Load a developer's settings with these changes."""
    return load_settings({**DEVELOPMENT, **changes})


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(environment)
    return str(refused.value)


def provider(settings: Settings, name: str) -> ProviderSettings:
    [found] = [provider for provider in settings.provider_settings if provider.name == name]
    return found


def test_the_defaults_of_the_contract() -> None:
    settings = load_settings(PRODUCTION)
    assert settings.environment == "Production"
    assert settings.auth_mode is AuthMode.JWT
    assert settings.cosmos_endpoint is None
    assert settings.cosmos_database == "skillsync"
    assert settings.sqlite_path == Path(".data/skillsync.db")
    assert settings.lesson_queue == "lesson-generation"
    assert settings.generation == "on"
    assert settings.chain == ("deepseek", "groq", "gemini")
    assert (settings.quota_roadmaps_per_day, settings.quota_lessons_per_day) == (20, 200)
    assert not settings.development


def test_without_a_key_the_chain_is_empty() -> None:
    settings = load()
    assert [provider.name for provider in settings.provider_settings] == ["deepseek", "groq", "gemini"]
    assert settings.providers == ()


def test_a_blank_value_is_an_unset_one() -> None:
    settings = load(COSMOS_ENDPOINT=" ", SQLITE_PATH="", LLM_CHAIN="  ", LLM__GROQ__API_KEY="", GENERATION="")
    assert settings == load()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"AUTH_MODE": "none"}, "AUTH_MODE"),
        ({"GENERATION": "maybe"}, "GENERATION"),
        ({"QUOTA_ROADMAPS_PER_DAY": "many"}, "QUOTA_ROADMAPS_PER_DAY"),
        ({"QUOTA_ROADMAPS_PER_DAY": "-1"}, "QUOTA_ROADMAPS_PER_DAY"),
        ({"QUOTA_LESSONS_PER_DAY": "2.5"}, "QUOTA_LESSONS_PER_DAY"),
        ({"CHALLENGER_SHARE": "1.1"}, "CHALLENGER_SHARE"),
        ({"CHALLENGER_SHARE": "nan"}, "CHALLENGER_SHARE"),
        ({"REGENERATE_BELOW_SCORE": "-0.1"}, "REGENERATE_BELOW_SCORE"),
        ({"REGENERATE_MIN_VOTES": "0"}, "REGENERATE_MIN_VOTES"),
        ({"LLM__GROQ__BASE_URL": "api.groq.com"}, "LLM__GROQ__BASE_URL"),
        ({"LLM__GROQ__BASE_URL": "ftp://api.groq.com"}, "LLM__GROQ__BASE_URL"),
        ({"LLM__GROQ__BASE_URL": "http://api.groq.com/v1"}, "LLM__GROQ__BASE_URL"),
        ({"LLM__GROQ__BASE_URL": "https://"}, "LLM__GROQ__BASE_URL"),
        ({"LLM__GROQ__TIMEOUT_S": "0"}, "LLM__GROQ__TIMEOUT_S"),
        ({"LLM__GROQ__TIMEOUT_S": "151"}, "LLM__GROQ__TIMEOUT_S"),
        ({"LLM__GROQ__TIMEOUT_S": "nan"}, "LLM__GROQ__TIMEOUT_S"),
        ({"LLM__GROQ__REQUESTS_PER_MINUTE": "0"}, "LLM__GROQ__REQUESTS_PER_MINUTE"),
        ({"LLM__GROQ__REQUESTS_PER_DAY": "x"}, "LLM__GROQ__REQUESTS_PER_DAY"),
        ({"LLM__GROQ__TOKENS_PER_MINUTE": "-5"}, "LLM__GROQ__TOKENS_PER_MINUTE"),
        ({"LLM__GROQ__DAY_TIME_ZONE": "Mars/Olympus"}, "LLM__GROQ__DAY_TIME_ZONE"),
        ({"LLM_DAILY_BUDGET_USD": "-1"}, "LLM_DAILY_BUDGET_USD"),
        ({"LEARNER_DAILY_BUDGET_USD": "much"}, "LEARNER_DAILY_BUDGET_USD"),
        ({"LLM__GROQ__PRICE_IN": "-0.1"}, "LLM__GROQ__PRICE_IN"),
        ({"LLM__GROQ__PRICE_OUT": "inf"}, "LLM__GROQ__PRICE_OUT"),
        ({"LLM_CHAIN": "local"}, "LLM__LOCAL__BASE_URL"),
        ({"LLM_CHAIN": "local", "LLM__LOCAL__BASE_URL": "http://localhost:8080"}, "LLM__LOCAL__MODEL"),
        ({"LLM_CHAIN": "groq,Groq"}, "LLM_CHAIN"),
        ({"LLM_CHAIN": "my model"}, "LLM_CHAIN"),
        ({"LLM_CHAIN": "groq;gemini"}, "LLM_CHAIN"),
        ({"RESEARCH_SOURCES": "pydoc,pydoc"}, "RESEARCH_SOURCES"),
        ({"RESEARCH_SOURCES": "pydoc,gopher"}, "RESEARCH_SOURCES"),
        ({"RESEARCH__GITHUB__BASE_URL": "api.github.com"}, "RESEARCH__GITHUB__BASE_URL"),
        (
            {"RESEARCH__GITHUB__BASE_URL": "http://api.github.com", "RESEARCH__GITHUB__API_KEY": SECRET},
            "RESEARCH__GITHUB__BASE_URL",
        ),
        ({"COSMOS_ENDPOINT": "account.documents.azure.com"}, "COSMOS_ENDPOINT"),
        ({"COSMOS_ENDPOINT": "http://account.documents.azure.com"}, "COSMOS_ENDPOINT"),
        ({"RESEARCH__WIKIPEDIA__TIMEOUT_S": "soon"}, "RESEARCH__WIKIPEDIA__TIMEOUT_S"),
        ({"RESEARCH__WIKIPEDIA__TTL_S": "-1"}, "RESEARCH__WIKIPEDIA__TTL_S"),
        ({"ServiceBusConnection": "bus.example"}, "ServiceBusConnection"),
        ({"ServiceBusConnection__credential": "password"}, "ServiceBusConnection__credential"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(changes: dict[str, str], named: str) -> None:
    message = refusal({**DEVELOPMENT, **changes})
    assert re.fullmatch(rf"{named}: \S.+", message), message


def test_a_source_that_is_not_there_is_told_which_are() -> None:
    message = refusal({**DEVELOPMENT, "RESEARCH_SOURCES": "gopher"})
    assert message.startswith("RESEARCH_SOURCES: no source is called 'gopher'; there are devto, docs, ")


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("COSMOS_KEY", ""),
        ("ServiceBusConnection", "Endpoint=sb://bus.example;SharedAccessKeyName=app;SharedAccessKey="),
        ("PSEUDONYM_KEY", ""),
        ("JWT_SECRET", ""),
        ("LLM__GROQ__API_KEY", ""),
        ("RESEARCH__PYDOC__API_KEY", ""),
    ],
)
def test_a_secret_is_in_no_text_of_the_settings(name: str, before: str) -> None:
    settings = load(**{name: before + SECRET})
    assert SECRET in pickle.dumps(settings).decode("latin-1"), "the secret was not read at all"
    for text in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.model_dump()}"):
        assert SECRET not in text


def test_an_error_does_not_quote_the_secret_beside_it() -> None:
    wrong = {**DEVELOPMENT, "LLM__GROQ__API_KEY": SECRET, "LLM__GROQ__BASE_URL": f"http://{SECRET}@groq.com"}
    assert SECRET not in refusal(wrong)


@pytest.mark.parametrize("environment", ["", "Production", "Staging", "developmental"])
def test_development_mode_is_refused_outside_development(environment: str) -> None:
    message = refusal({**PRODUCTION, "AUTH_MODE": "development", "AZURE_FUNCTIONS_ENVIRONMENT": environment})
    assert message.startswith("AUTH_MODE: ")
    assert "\n" not in message


@pytest.mark.parametrize("marker", AZURE_MARKERS)
def test_development_mode_is_refused_wherever_azure_shows(marker: str) -> None:
    assert set(AZURE_MARKERS) == {"WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "CONTAINER_NAME"}
    assert refusal({**DEVELOPMENT, **PRODUCTION, marker: "anything"}).startswith("AUTH_MODE: ")
    assert not load_settings({**DEVELOPMENT, **PRODUCTION, marker: "x", "AUTH_MODE": "jwt"}).development


def test_the_environment_is_compared_without_regard_to_case() -> None:
    assert load(AZURE_FUNCTIONS_ENVIRONMENT="development").development


def test_production_needs_a_key_for_pseudonyms() -> None:
    assert refusal(TOKENS).startswith("PSEUDONYM_KEY: ")
    assert refusal({**TOKENS, "PSEUDONYM_KEY": "  "}).startswith("PSEUDONYM_KEY: ")


class TestTokens:
    """Tokens can be verified, or the app does not start."""

    GOOD_SECRET = "0123456789abcdef0123456789abcdef"

    def test_the_defaults(self) -> None:
        settings = load_settings(PRODUCTION)
        assert settings.jwt_algorithms == ("RS256",)
        assert settings.jwt_secret is None

    @pytest.mark.parametrize("missing", TOKENS)
    def test_outside_development_everything_is_pinned(self, missing: str) -> None:
        assert refusal({**PRODUCTION, missing: ""}).startswith(f"{missing}: ")

    def test_in_development_issuer_and_audience_may_be_left_open(self) -> None:
        settings = load(AUTH_MODE="jwt", JWT_JWKS_URL=TOKENS["JWT_JWKS_URL"])
        assert (settings.jwt_issuer, settings.jwt_audience) == (None, None)

    def test_a_key_set_or_a_secret_is_needed_in_development_too(self) -> None:
        assert refusal({**DEVELOPMENT, "AUTH_MODE": "jwt"}).startswith("JWT_JWKS_URL: ")

    def test_algorithms_are_a_list(self) -> None:
        assert load_settings({**PRODUCTION, "JWT_ALGORITHMS": "RS256, ES256"}).jwt_algorithms == (
            "RS256",
            "ES256",
        )

    @pytest.mark.parametrize(
        "names", ["none", "RS256,none", "rs256", "HS512", "HS256,RS256", "RS256 ES256", "ES256K", ","]
    )
    def test_only_sound_algorithms_can_be_named(self, names: str) -> None:
        changes = {"JWT_ALGORITHMS": names, "JWT_SECRET": self.GOOD_SECRET}
        assert refusal({**PRODUCTION, **changes}).startswith("JWT_ALGORITHMS: ")

    def test_a_secret_is_for_hs256_alone(self) -> None:
        assert refusal({**PRODUCTION, "JWT_SECRET": self.GOOD_SECRET}).startswith("JWT_SECRET: ")
        settings = load_settings({**PRODUCTION, "JWT_ALGORITHMS": "HS256", "JWT_SECRET": self.GOOD_SECRET})
        assert settings.jwt_algorithms == ("HS256",)

    @pytest.mark.parametrize("secret", ["", "   ", "short", "x" * 31])
    def test_a_secret_is_long(self, secret: str) -> None:
        message = refusal({**PRODUCTION, "JWT_ALGORITHMS": "HS256", "JWT_SECRET": secret})
        assert message.startswith("JWT_SECRET: ")
        assert not secret.strip() or secret not in message

    def test_the_secret_of_the_example_does_not_leave_development(self) -> None:
        example = json.loads((ROOT / "examples" / "jwt.settings.json").read_text(encoding="utf-8"))["Values"]
        assert load_settings(example).development
        assert refusal({**example, **PRODUCTION, "AZURE_FUNCTIONS_ENVIRONMENT": ""}).startswith(
            "JWT_SECRET: "
        )

    @pytest.mark.parametrize(
        "url",
        [
            "http://identity.example.org/keys",
            "identity.example.org/keys",
            "https://",
            "https://user:password@identity.example.org/keys",
            "file:///etc/passwd",
            "http://127.0.0.1/keys",
            "http://localhost:8080/keys",
        ],
    )
    def test_keys_come_over_https(self, url: str) -> None:
        message = refusal({**PRODUCTION, "JWT_JWKS_URL": url})
        assert message.startswith("JWT_JWKS_URL: ")
        assert "password" not in message

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:5000/keys", "http://localhost/keys", "http://[::1]/keys"]
    )
    def test_in_development_they_may_come_from_this_machine(self, url: str) -> None:
        assert load(AUTH_MODE="jwt", JWT_JWKS_URL=url).jwt_jwks_url == url
        assert refusal({**DEVELOPMENT, "AUTH_MODE": "jwt", "JWT_JWKS_URL": "http://10.0.0.1/keys"})


def test_a_provider_is_read_from_its_group() -> None:
    values = {
        "BASE_URL": "https://models.example.org/v1",
        "MODEL": "tiny",
        "API_KEY": SECRET,
        "REQUESTS_PER_MINUTE": "3",
        "REQUESTS_PER_DAY": "40",
        "TOKENS_PER_MINUTE": "5000",
        "DAY_TIME_ZONE": "Asia/Tokyo",
        "PRICE_IN": "0.5",
        "PRICE_OUT": "1.5",
        "TIMEOUT_S": "12.5",
    }
    assert set(values) == set(PROVIDER_FIELDS)
    settings = load(LLM_CHAIN="mine", **{f"LLM__MINE__{name}": value for name, value in values.items()})
    [mine] = settings.providers
    assert mine.api_key is not None
    assert mine.api_key.get_secret_value() == SECRET
    assert mine.model_dump(exclude={"api_key"}) == {
        "name": "mine",
        "base_url": "https://models.example.org/v1",
        "model": "tiny",
        "requests_per_minute": 3,
        "requests_per_day": 40,
        "tokens_per_minute": 5000,
        "day_time_zone": "Asia/Tokyo",
        "price_in": 0.5,
        "price_out": 1.5,
        "timeout_seconds": 12.5,
    }


def test_a_server_on_this_machine_has_no_limits_but_those_that_are_set() -> None:
    [mine] = load(
        LLM_CHAIN="mine", LLM__MINE__BASE_URL="http://127.0.0.1:9/v1", LLM__MINE__MODEL="m"
    ).providers
    assert (mine.requests_per_minute, mine.requests_per_day, mine.tokens_per_minute) == (None, None, None)
    [known] = load(LLM_CHAIN="groq", LLM__GROQ__BASE_URL="http://127.0.0.1:9/v1").providers
    assert (known.requests_per_minute, known.tokens_per_minute) == (30, 8_000)


def test_a_source_is_read_from_its_group() -> None:
    values = {
        "BASE_URL": "https://docs.example.org",
        "API_KEY": SECRET,
        "TIMEOUT_S": "3",
        "TTL_S": "60",
    }
    assert set(values) == set(SOURCE_FIELDS)
    settings = load(RESEARCH_SOURCES="docs", **{f"RESEARCH__DOCS__{n}": value for n, value in values.items()})
    [docs] = settings.source_settings
    assert (docs.name, docs.base_url, docs.timeout_seconds, docs.ttl_seconds) == (
        "docs",
        "https://docs.example.org",
        3.0,
        60,
    )


def test_the_chain_keeps_its_order_and_leaves_out_who_has_no_key() -> None:
    settings = load(
        LLM_CHAIN="gemini, deepseek ,groq", LLM__GROQ__API_KEY=SECRET, LLM__GEMINI__API_KEY=SECRET
    )
    assert [provider.name for provider in settings.providers] == ["gemini", "groq"]


def test_one_provider_s_key_is_not_another_s() -> None:
    settings = load(LLM__GROQ__API_KEY=SECRET)
    assert provider(settings, "groq").api_key is not None
    assert provider(settings, "deepseek").api_key is None


@pytest.mark.parametrize("switch", ["cache", "off"])
def test_the_operator_s_switch_empties_the_chain(switch: str) -> None:
    assert load(LLM__GROQ__API_KEY=SECRET, GENERATION=switch).providers == ()


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/v1", "http://127.0.0.1/v1", "http://127.9.9.9", "http://[::1]:1234/v1"]
)
def test_a_provider_on_this_machine_needs_neither_a_key_nor_tls(url: str) -> None:
    settings = load(LLM_CHAIN="local", LLM__LOCAL__BASE_URL=url, LLM__LOCAL__MODEL="tiny")
    assert [provider.name for provider in settings.providers] == ["local"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost.example.org",
        "127.0.0.1.example.org",
        "example.org#localhost",
        "127.0.0.1@example.org",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "2130706433",
    ],
)
def test_what_only_looks_like_this_machine_does_not_pass(host: str) -> None:
    changes = {
        "LLM_CHAIN": "local",
        "LLM__LOCAL__BASE_URL": f"http://{host}/v1",
        "LLM__LOCAL__MODEL": "tiny",
    }
    assert refusal({**DEVELOPMENT, **changes}).startswith("LLM__LOCAL__BASE_URL: ")


@given(st.ip_addresses(v=4))
def test_in_clear_only_to_loopback(address: ipaddress.IPv4Address) -> None:
    environment = {
        **DEVELOPMENT,
        "LLM_CHAIN": "x",
        "LLM__X__MODEL": "m",
        "LLM__X__BASE_URL": f"http://{address}/",
    }
    if address.is_loopback:
        assert load_settings(environment).providers
    else:
        assert refusal(environment).startswith("LLM__X__BASE_URL: ")


@given(st.dictionaries(st.sampled_from(sorted(
    {field.alias for field in Settings.model_fields.values() if field.alias}
    | {f"LLM__GROQ__{suffix}" for suffix in PROVIDER_FIELDS}
    | {f"RESEARCH__PYDOC__{suffix}" for suffix in SOURCE_FIELDS}
)), st.text(max_size=30), max_size=4))  # fmt: skip
def test_any_values_load_or_are_refused_in_one_line(changes: dict[str, str]) -> None:
    refused = ""
    try:
        load_settings({**DEVELOPMENT, **changes})
    except ConfigurationError as error:
        refused = str(error)
    assert re.fullmatch(r"|\w+: \S[^\n\r]*", refused), refused


def test_a_wrong_algorithm_of_two_lines_is_told_in_one() -> None:
    told = refusal({**DEVELOPMENT, "JWT_ALGORITHMS": "RS256,0\n0"})
    assert told.startswith("JWT_ALGORITHMS: '0\\n0' is none of RS256, ")


def test_the_settings_of_a_process_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for marker in AZURE_MARKERS:
        monkeypatch.delenv(marker, raising=False)
    for name, value in DEVELOPMENT.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        first = get_settings()
        monkeypatch.setenv("LESSON_QUEUE", "another")
        assert get_settings() is first
    finally:
        get_settings.cache_clear()
