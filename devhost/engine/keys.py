"""Access keys: made at the first start, kept in keys.json (mode 600), compared in constant time.

Source: azure-functions-host SecretManager.GetAuthorizationLevelAsync and AuthenticationLevelHandler.
"""

import hmac
import json
import os
import secrets
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any

from devhost.errors import HostError

KEY_HEADER = "x-functions-key"
KEY_PARAMETER = "code"
DURABLE_SYSTEM_KEY = "durabletask_extension"


class AccessLevel(IntEnum):
    """How far a key opens; a function's own level is the least that its callers need."""

    ANONYMOUS = 0
    FUNCTION = 2
    SYSTEM = 3
    ADMIN = 4

    def opens(self, needed: "AccessLevel") -> bool:
        """Whether a key of this level is enough: the master key always, any other only for its own level."""
        return needed in {AccessLevel.ANONYMOUS, self} or self is AccessLevel.ADMIN


class Keys:
    """The host's keys: master, default function key, the durable extension's system key, one per function."""

    def __init__(self, file: Path) -> None:
        """Read the keys, or make them; raises HostError if the file is not readable as keys."""
        self._file = file
        self._document = self._read()
        if not self._document:
            self._document = {
                "masterKey": _new_key(),
                "functionKeys": {"default": _new_key()},
                "systemKeys": {DURABLE_SYSTEM_KEY: _new_key()},
                "functions": {},
            }
            self._write()

    @property
    def master(self) -> str:
        """The master key, which opens everything."""
        return str(self._document["masterKey"])

    @property
    def durable(self) -> str:
        """The system key of the durable webhooks."""
        return str(self._document["systemKeys"][DURABLE_SYSTEM_KEY])

    def ensure_functions(self, names: Iterable[str]) -> None:
        """Make a key of its own for each function that has none yet."""
        missing = [name for name in names if name.lower() not in self._document["functions"]]
        for name in missing:
            self._document["functions"][name.lower()] = {"default": _new_key()}
        if missing:
            self._write()

    def level(self, key: str | None, function: str | None = None) -> AccessLevel:
        """What a key opens; a function's own key counts only for that function."""
        if not key:
            return AccessLevel.ANONYMOUS
        own = self._document["functions"].get(function.lower(), {}) if function else {}
        if _same(key, [self.master]):
            return AccessLevel.ADMIN
        if _same(key, [*self._document["functionKeys"].values(), *own.values()]):
            return AccessLevel.FUNCTION
        if _same(key, self._document["systemKeys"].values()):
            return AccessLevel.SYSTEM
        return AccessLevel.ANONYMOUS

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {}
        try:
            document = json.loads(self._file.read_text())
            complete = {"masterKey", "functionKeys", "systemKeys", "functions"} <= document.keys()
        except (ValueError, AttributeError):
            complete = False
        if not complete:
            raise HostError(f"{self._file}: not a file of keys; remove it and new keys are made")
        return dict(document)

    def _write(self) -> None:
        draft = self._file.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(self._document, stream, indent=2)
        draft.replace(self._file)


def _new_key() -> str:
    return secrets.token_urlsafe(40)


def _same(key: str, candidates: Iterable[str]) -> bool:
    given = key.encode("utf-8", "surrogatepass")
    # A sum, not any(): every candidate is compared, so that the time tells nothing.
    return sum(hmac.compare_digest(given, str(candidate).encode()) for candidate in candidates) > 0
