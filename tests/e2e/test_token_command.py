"""`make token`: the app can be tried with tokens as it is deployed, and no identity provider."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest

from tests.support.app import app_host
from tests.support.local_host import ROOT, LocalHost

EXAMPLE = ROOT / "examples" / "jwt.settings.json"
VALUES: dict[str, str] = json.loads(EXAMPLE.read_text(encoding="utf-8"))["Values"]
FOREIGN = ("AZURE_", "AUTH_", "CONTAINER_", "JWT_", "WEBSITE_")


def make_token(*options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return subprocess.run(
        [sys.executable, "-m", "examples.token", *options],
        cwd=ROOT,
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> LocalHost:
    settings = {name: value for name, value in VALUES.items() if name.startswith(("AUTH_", "JWT_"))}
    return app_host(tmp_path_factory.mktemp("token"), settings=settings)


def test_what_it_prints_opens_the_app_that_the_example_settings_start(host: LocalHost) -> None:
    with host, httpx.Client(base_url=f"{host.url}/api", timeout=30, trust_env=False) as http:
        printed = make_token("--user", "ada", "--role", "admin", "--settings", str(EXAMPLE))
        assert printed.returncode == 0, printed.stderr
        [token] = printed.stdout.split()
        bearer = {"Authorization": f"Bearer {token}"}
        assert http.get("/roadmaps", headers=bearer).json()["items"] == []
        assert http.get("/ops/metrics", headers=bearer).status_code == 200, "the role was not believed"
        assert http.get("/roadmaps").status_code == 401
        learner = make_token("--settings", str(EXAMPLE)).stdout.strip()
        refused = http.get("/ops/metrics", headers={"Authorization": f"Bearer {learner}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_a_token_says_what_was_asked_for() -> None:
    printed = make_token(
        *("--user", "ada", "--role", "mentor", "--role", "learner", "--minutes", "5"),
        *("--settings", str(EXAMPLE)),
    )
    claims = jwt.decode(
        printed.stdout.strip(),
        VALUES["JWT_SECRET"],
        algorithms=["HS256"],
        audience=VALUES["JWT_AUDIENCE"],
        issuer=VALUES["JWT_ISSUER"],
    )
    assert (claims["sub"], claims["roles"]) == ("ada", ["mentor", "learner"])
    assert claims["exp"] - claims["iat"] == 300


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"JWT_SECRET": ""}, "JWT_SECRET"),
        (
            {"JWT_ALGORITHMS": "RS256", "JWT_SECRET": "", "JWT_JWKS_URL": "https://a.example/keys"},
            "JWT_SECRET",
        ),
        ({"AUTH_MODE": "odd"}, "AUTH_MODE"),
    ],
)
def test_where_no_token_can_be_made_one_line_says_why(settings: dict[str, str], says: str) -> None:
    refused = make_token("--settings", str(EXAMPLE), **settings)
    assert (refused.returncode, refused.stdout) == (1, "")
    [line] = refused.stderr.splitlines()
    assert says in line
    assert VALUES["JWT_SECRET"] not in line


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = make_token("--settings", str(tmp_path / "none.json"))
    assert refused.returncode == 1
    assert "none.json" in refused.stderr
