"""JSON files as people keep them: with comments and trailing commas, which the real host's parser takes.

Source: azure-functions-host HostJsonFileConfigurationSource.cs and azure-functions-core-tools
AppSettingsFile.cs, both `JObject.Parse` of Newtonsoft.Json. Its other liberties (single quotes, names without
quotes) are not emulated.
"""

import json
import re
from typing import Any

_STRING = r'"(?:\\.|[^"\\])*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_LAST_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL)


def parse_json_file(text: str) -> Any:
    """Read a JSON file's text; raises ValueError for what is none."""
    return json.loads(_without(_LAST_COMMA, _without(_COMMENT, text)))


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Blank what the pattern finds, strings excepted; places stay what they are, for messages of errors."""

    def blanked(match: re.Match[str]) -> str:
        found = match[0]
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)

    return pattern.sub(blanked, text)
