"""App settings: local.settings.json under the environment, as Core Tools reads it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devhost.errors import SettingsError
from devhost.json_file import parse_json_file

SETTINGS_FILES = ("local.settings.json", "local.settings.json.example")

# What Core Tools sets when the person did not.
_DEFAULTS = {"AZURE_FUNCTIONS_ENVIRONMENT": "Development", "FUNCTIONS_WORKER_RUNTIME": "python"}
_REFERENCE = re.compile(r"%([^%]*)%")


@dataclass(frozen=True)
class CorsSettings:
    """`Host.CORS` and `Host.CORSCredentials`: the origins allowed, `*` among them for all."""

    origins: tuple[str, ...] = ()
    credentials: bool = False


@dataclass(frozen=True)
class HostSettings:
    """What the settings file and the environment say together."""

    source: Path | None
    environment: Mapping[str, str]
    cors: CorsSettings
    port: int | None


def load_settings(app_directory: Path, file: Path | None, environment: Mapping[str, str]) -> HostSettings:
    """Read `file`, else the app's local.settings.json, else its example; variables in `environment` win.

    Raises SettingsError naming the file and the entry at fault.
    """
    source = file or next((p for name in SETTINGS_FILES if (p := app_directory / name).is_file()), None)
    document = _read(source) if source else {}
    if document.get("IsEncrypted") is True:
        raise SettingsError(f"{source}: encrypted settings cannot be read; run 'func settings decrypt' first")
    values = {
        name: _text(source, name, value) for name, value in _section(source, document, "Values").items()
    }
    host = _section(source, document, "Host")
    return HostSettings(
        source=source,
        environment={**_DEFAULTS, **values, **environment},
        cors=_cors(source, host),
        port=_port(source, host),
    )


def resolve_references(text: str, environment: Mapping[str, str]) -> str:
    """Replace each `%NAME%` by the setting NAME; a missing one raises SettingsError in the real host's
    words."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1])
        if found is None:
            raise SettingsError(f"'%{match[1]}%' does not resolve to a value.")
        return found

    return _REFERENCE.sub(value, text)


def _read(file: Path) -> dict[str, Any]:
    try:
        document = parse_json_file(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{file}: not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{file}: must hold a JSON object")
    return document


def _section(file: Path | None, document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name) or {}
    if not isinstance(section, dict):
        raise SettingsError(f"{file}: '{name}' must be a JSON object")
    return section


def _text(file: Path | None, name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise SettingsError(f"{file}: Values.{name} must be a string, not an object or a list")


def _cors(file: Path | None, host: dict[str, Any]) -> CorsSettings:
    origins = host.get("CORS", "")
    if not isinstance(origins, str):
        raise SettingsError(f"{file}: Host.CORS must be a string of origins separated by commas")
    return CorsSettings(
        origins=tuple(o.strip().rstrip("/") for o in origins.split(",") if o.strip()),
        credentials=bool(host.get("CORSCredentials", False)),
    )


def _port(file: Path | None, host: dict[str, Any]) -> int | None:
    port = host.get("LocalHttpPort")
    if port is None:
        return None
    if isinstance(port, bool) or not str(port).isdecimal() or int(port) > 65535:
        raise SettingsError(f"{file}: Host.LocalHttpPort must be a port number, not {port!r}")
    return int(port)
