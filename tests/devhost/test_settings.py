"""local.settings.json and host.json."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devhost.durable.versions import VersionRule
from devhost.errors import HostJsonError, SettingsError
from devhost.host_json import load_host_json
from devhost.settings import load_settings, resolve_references


def write(file: Path, document: object) -> Path:
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def test_the_example_is_read_where_there_is_no_settings_file(tmp_path: Path) -> None:
    write(tmp_path / "local.settings.json.example", {"Values": {"A": "example"}})
    assert load_settings(tmp_path, None, {}).environment["A"] == "example"
    write(tmp_path / "local.settings.json", {"Values": {"A": "mine"}})
    assert load_settings(tmp_path, None, {}).environment["A"] == "mine"
    other = write(tmp_path / "other.json", {"Values": {"A": "given"}})
    assert load_settings(tmp_path, other, {}).environment["A"] == "given"


def test_environment_variables_win(tmp_path: Path) -> None:
    write(tmp_path / "local.settings.json", {"Values": {"A": "file", "B": "file"}})
    environment = load_settings(tmp_path, None, {"A": "shell"}).environment
    assert (environment["A"], environment["B"]) == ("shell", "file")


def test_core_tools_defaults_are_set_and_may_be_overridden(tmp_path: Path) -> None:
    assert load_settings(tmp_path, None, {}).environment["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    given = load_settings(tmp_path, None, {"AZURE_FUNCTIONS_ENVIRONMENT": "Production"})
    assert given.environment["AZURE_FUNCTIONS_ENVIRONMENT"] == "Production"


def test_host_section(tmp_path: Path) -> None:
    host = {
        "CORS": "http://localhost:3000/, https://x.example",
        "CORSCredentials": True,
        "LocalHttpPort": 7099,
    }
    write(tmp_path / "local.settings.json", {"Host": host})
    settings = load_settings(tmp_path, None, {})
    assert settings.cors.origins == ("http://localhost:3000", "https://x.example")
    assert settings.cors.credentials
    assert settings.port == 7099


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "not valid JSON"),
        ([], "must hold a JSON object"),
        ({"IsEncrypted": True}, "encrypted"),
        ({"Values": {"A": {"b": 1}}}, "Values.A must be a string"),
        ({"Values": ["A"]}, "'Values' must be a JSON object"),
        ({"Host": {"CORS": ["*"]}}, "Host.CORS"),
        ({"Host": {"LocalHttpPort": "x"}}, "Host.LocalHttpPort"),
    ],
)
def test_a_wrong_settings_file_is_one_line_that_names_the_entry(
    tmp_path: Path, document: object, words: str
) -> None:
    file = write(tmp_path / "local.settings.json", document)
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(tmp_path, None, {})
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_settings_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path, tmp_path / "none.json", {})


def test_references_are_resolved_in_the_real_hosts_words() -> None:
    assert resolve_references("a-%X%-%Y%", {"X": "1", "Y": ""}) == "a-1-"
    with pytest.raises(SettingsError, match=r"'%Z%' does not resolve to a value\."):
        resolve_references("%Z%", {})


def host(tmp_path: Path, document: dict[str, Any], environment: dict[str, str] | None = None) -> Any:
    return load_host_json(write(tmp_path / "host.json", {"version": "2.0"} | document), environment or {})


def test_host_json_defaults(tmp_path: Path) -> None:
    options = load_host_json(tmp_path / "host.json", {})
    assert options.function_timeout == timedelta(minutes=30)
    assert options.http.route_prefix == "api"
    assert options.http.max_outstanding_requests is None
    assert options.durable.hub_name == "TestHubName"
    assert options.durable.versions == VersionRule(None, "CurrentOrOlder", "Reject")
    assert options.service_bus.auto_complete_messages


def test_host_json_is_read_without_regard_to_case(tmp_path: Path) -> None:
    document = {
        "functionTimeout": "00:10:00",
        "extensions": {
            "http": {"RoutePrefix": "/v1/", "maxConcurrentRequests": 5, "maxOutstandingRequests": -1},
            "serviceBus": {"maxConcurrentCalls": 3, "maxAutoLockRenewalDuration": "00:10:00"},
            "durabletask": {
                "HubName": "Hub%ENV%",
                "maxConcurrentActivityFunctions": 7,
                "defaultVersion": "%ENV%",
                "versionmatchstrategy": "strict",
                "VersionFailureStrategy": "FAIL",
            },
        },
    }
    options = host(tmp_path, document, {"ENV": "Test"})
    assert options.function_timeout == timedelta(minutes=10)
    assert (options.http.route_prefix, options.http.max_concurrent_requests) == ("v1", 5)
    assert options.http.max_outstanding_requests is None
    assert options.service_bus.max_concurrent_calls == 3
    assert options.service_bus.max_auto_lock_renewal == timedelta(minutes=10)
    assert (options.durable.hub_name, options.durable.max_activities) == ("HubTest", 7)
    assert options.durable.versions == VersionRule("%ENV%", "Strict", "Fail")


def test_the_environment_overrides_host_json(tmp_path: Path) -> None:
    environment = {"AzureFunctionsJobHost__extensions__http__routePrefix": "other"}
    assert (
        host(tmp_path, {"extensions": {"HTTP": {"routePrefix": "api"}}}, environment).http.route_prefix
        == "other"
    )


def test_no_time_out(tmp_path: Path) -> None:
    assert host(tmp_path, {"functionTimeout": "-1"}).function_timeout is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"version": "1.0"}, "version"),
        ({"functionTimeout": "soon"}, "functionTimeout must be a time span"),
        ({"functionTimeout": "00:00:00"}, "functionTimeout must be positive"),
        (
            {"extensions": {"http": {"maxConcurrentRequests": "many"}}},
            "extensions.http.maxConcurrentRequests",
        ),
        ({"extensions": {"http": {"hsts": {"isEnabled": "perhaps"}}}}, "extensions.http.hsts.isEnabled"),
        (
            {"extensions": {"durableTask": {"versionMatchStrategy": "Newest"}}},
            "extensions.durableTask.versionMatchStrategy must be one of None, Strict, CurrentOrOlder",
        ),
        ({"extensions": []}, "extensions must be an object"),
        *(
            (
                {"extensions": {"durableTask": {"hubName": name}}},
                f"hubName: Task hub name '{name}' should contain only alphanumeric characters, start with",
            )
            for name in ("my-hub", "1hub", "ab", "a" * 51)
        ),
        ({"extensions": {"durableTask": {"hubName": ""}}}, "A non-empty HubName configuration is required"),
        (
            {"extensions": {"durableTask": {"maxConcurrentActivityFunctions": 0}}},
            "MaxConcurrentActivityFunctions must be a positive integer value",
        ),
    ],
)
def test_a_wrong_host_json_names_the_entry(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    with pytest.raises(HostJsonError, match=words):
        host(tmp_path, document)


def test_another_storage_has_other_names_of_hubs(tmp_path: Path) -> None:
    durable = {"hubName": "my-hub", "storageProvider": {"type": "azureManaged"}}
    assert host(tmp_path, {"extensions": {"durableTask": durable}}).durable.hub_name == "my-hub"


def test_an_unset_setting_in_the_hub_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'%NOPE%' does not resolve"):
        host(tmp_path, {"extensions": {"durableTask": {"hubName": "%NOPE%"}}})
