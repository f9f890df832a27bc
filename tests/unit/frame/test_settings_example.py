"""local.settings.json.example holds every setting, with a harmless value and no secret."""

from __future__ import annotations

import json
import re

from shared.settings import PROVIDER_FIELDS, SOURCE_FIELDS, Settings, load_settings
from tests.support.function_table import DEVELOPMENT, ROOT

EXAMPLE = ROOT / "local.settings.json.example"
VALUES: dict[str, str] = json.loads(EXAMPLE.read_text(encoding="utf-8"))["Values"]


def test_it_holds_every_setting_that_the_app_reads() -> None:
    expected = {field.alias for field in Settings.model_fields.values() if field.alias}
    for name in VALUES["LLM_CHAIN"].split(","):
        expected |= {f"LLM__{name.upper()}__{suffix}" for suffix in PROVIDER_FIELDS}
    for name in VALUES["RESEARCH_SOURCES"].split(","):
        if name != "pydoc":  # it asks nobody
            expected |= {f"RESEARCH__{name.upper()}__{suffix}" for suffix in SOURCE_FIELDS}
    assert expected - VALUES.keys() == set()


def test_it_holds_what_the_host_needs_and_nothing_else() -> None:
    host = {
        "AzureWebJobsStorage",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
        "FUNCTIONS_WORKER_RUNTIME",
        "TASK_HUB",
    }
    known = {field.alias for field in Settings.model_fields.values() if field.alias}
    groups = re.compile(
        rf"LLM__[A-Z]+__({'|'.join(PROVIDER_FIELDS)})|RESEARCH__[A-Z]+__({'|'.join(SOURCE_FIELDS)})"
    )
    unknown = {name for name in VALUES if name not in known | host and not groups.fullmatch(name)}
    assert unknown == set()
    assert VALUES["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert VALUES["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"


def test_it_holds_no_secret() -> None:
    secrets = [name for name in VALUES if re.search(r"KEY|SECRET|Connection|PASSWORD|TOKEN$", name)]
    assert {name: VALUES[name] for name in secrets} == dict.fromkeys(secrets, "")
    for name, value in VALUES.items():
        assert not re.search(r"AccountKey=|SharedAccess|sk-|[A-Za-z0-9+/]{40,}", value), name


def test_its_values_are_the_defaults() -> None:
    """Who copies the example gets what who sets nothing gets."""
    assert load_settings(VALUES) == load_settings(DEVELOPMENT)


def test_every_value_is_text() -> None:
    """The host refuses anything else in `Values`."""
    assert [name for name, value in VALUES.items() if not isinstance(value, str)] == []
