"""An access token for a developer's machine: `make token`, with no identity provider.

Signs with the JWT_SECRET of a settings file: local.settings.json where there is one, else
examples/jwt.settings.json, with which `make serve SETTINGS=examples/jwt.settings.json` tries `AUTH_MODE=jwt`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import jwt

from devhost.errors import SettingsError
from devhost.settings import load_settings as read_settings_file
from shared.errors import ConfigurationError
from shared.security.identity import Role
from shared.settings import HMAC_ALGORITHM, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
OWN, EXAMPLE = ROOT / "local.settings.json", ROOT / "examples" / "jwt.settings.json"


def make_token(settings: Settings, user: str, roles: list[str], minutes: float) -> str:
    """Return a signed token; raises ConfigurationError where the settings hold no secret."""
    secret = settings.jwt_secret
    if secret is None or settings.jwt_algorithms != (HMAC_ALGORITHM,):
        raise ConfigurationError("JWT_SECRET: must be set, with JWT_ALGORITHMS=HS256, to sign tokens here")
    now = int(time.time())
    claims: dict[str, object] = {"sub": user, "roles": roles, "iat": now, "exp": now + round(minutes * 60)}
    if settings.jwt_issuer is not None:
        claims["iss"] = settings.jwt_issuer
    if settings.jwt_audience is not None:
        claims["aud"] = settings.jwt_audience
    return jwt.encode(claims, secret.get_secret_value(), algorithm=HMAC_ALGORITHM)


def main() -> int:
    """Print a token; 1 with one line on stderr where none can be made."""
    parser = argparse.ArgumentParser(prog="python -m examples.token", description=__doc__)
    parser.add_argument("--user", default="me", help="the learner's id (me)")
    parser.add_argument(
        "--role", action="append", choices=[role.value for role in Role], help="may be repeated (learner)"
    )
    parser.add_argument("--minutes", type=float, default=60, help="how long it is valid (60)")
    parser.add_argument("--settings", type=Path, default=OWN if OWN.is_file() else EXAMPLE, help="the file")
    asked = parser.parse_args()
    try:
        settings = load_settings(read_settings_file(ROOT, asked.settings, os.environ).environment)
        print(make_token(settings, asked.user, asked.role or [Role.LEARNER.value], asked.minutes))
    except (ConfigurationError, SettingsError) as error:
        print(f"{asked.settings}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
