"""Record examples of bodies and answers from the running app: `make api-examples`.

Each route is called once as its row says, on the local host, with no key and no network. What is long is cut
short; a test holds that what is left still fits its schema.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from devhost.routing.template import RouteTemplate
from tests.support.access_rows import FUNCTION_KEY, ROWS, Owner, ask, filled, new_owner
from tests.support.app import app_host
from tests.support.function_table import endpoint_rows
from tests.support.tokens import KeySetServer, Signer
from triggers.openapi.examples import FILE

USER = "ada"
LONGEST_TEXT = 160
MOST_TEXTS, MOST_OBJECTS = 4, 1


def shortened(value: Any) -> Any:
    """Return JSON with long texts and long lists cut."""
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"{value[:LONGEST_TEXT].rstrip()}..."
        case list():
            most = MOST_OBJECTS if value and isinstance(value[0], dict) else MOST_TEXTS
            return [shortened(one) for one in value[:most]]
        case dict():
            return {name: shortened(one) for name, one in value.items()}
        case _:
            return value


def parameters(url: str, name: str) -> dict[str, str]:
    """Return the values that a request had for the parameters of its path and query."""
    split = urlsplit(url)
    template = RouteTemplate(f"api/{endpoint_rows()[name]['route']}")
    in_path = {parameter: value for parameter, value in (template.match(split.path) or {}).items() if value}
    return {**in_path, **dict(parse_qsl(split.query))}


def record(http: httpx.Client, owner: Owner, token: str, function_key: str) -> dict[str, dict[str, Any]]:
    """Return for each function a body, and what it answered by status."""
    found: dict[str, dict[str, Any]] = {}
    for name, row in sorted(ROWS.items(), key=lambda item: item[1].spends):
        headers = {"x-functions-key": function_key} if row.access == FUNCTION_KEY else {}
        answer = ask(http, name, owner, headers or {"Authorization": f"Bearer {token}"})
        assert answer.status_code == row.status, f"{name}: {answer.status_code} {answer.text}"
        example: dict[str, Any] = {"parameters": parameters(str(answer.request.url), name)}
        if row.body is not None:
            example["body"] = filled(row.body, asdict(owner))
        if answer.is_success and answer.headers.get("content-type", "").startswith("application/json"):
            example[str(answer.status_code)] = shortened(answer.json())
        if name != "get_openapi":
            found[name] = {part: value for part, value in example.items() if value}
    return dict(sorted(found.items()))


def main() -> None:
    """Write the file that the API's description takes its examples from."""
    signer = Signer()
    token = signer.token(USER, roles=["admin"])
    with (
        tempfile.TemporaryDirectory() as folder,
        KeySetServer(signer) as keys,
        app_host(Path(folder), settings=keys.settings()) as host,
        httpx.Client(base_url=f"{host.url}/api/", timeout=60, trust_env=False) as http,
    ):
        found = record(http, new_owner(host.url, USER, token), token, host.function_key())
    FILE.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
