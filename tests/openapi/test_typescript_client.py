"""A TypeScript client that is generated from the description compiles, and plays a learner's journey."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.app import app_host
from tests.support.npm import NpmUnavailable, ensure_installed
from tests.support.tokens import KeySetServer, Signer
from tests.support.tools import need

CLIENT = Path(__file__).with_name("client")


def run(folder: Path, *command: str) -> str:
    """Run a command in the client's folder and return what it printed."""
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-4000:]
    return finished.stdout


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """The client's sources beside the packages that they need, in a folder where files can be made."""
    try:
        ensure_installed(CLIENT)
    except NpmUnavailable as error:
        need("Node.js packages for the TypeScript client", False, str(error))
    folder = tmp_path / "client"
    folder.mkdir()
    for name in ("journey.ts", "package.json", "tsconfig.json"):
        shutil.copyfile(CLIENT / name, folder / name)
    (folder / "node_modules").symlink_to(CLIENT / "node_modules")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_generated_client_plays_the_journey(client: Path, tmp_path: Path) -> None:
    signer = Signer()
    with KeySetServer(signer) as keys, app_host(tmp_path, settings=keys.settings()) as host:
        description = httpx.get(f"{host.url}/api/openapi.json", trust_env=False).text
        (client / "openapi.json").write_text(description, encoding="utf-8")
        run(client, "node_modules/.bin/openapi-typescript", "openapi.json", "--output", "api.d.ts")
        run(client, "node_modules/.bin/tsc", "--project", ".")
        printed = run(client, "node", "out/journey.js", host.url, signer.token("typescript"))
    seen = json.loads(printed.splitlines()[-1])
    assert seen["title"]
    assert seen["sections"] > 0
    assert (seen["tier"], seen["missing"]) == ("extractive", "not_found")
