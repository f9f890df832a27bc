"""Reading and verifying access tokens: signed JWTs (RFC 7519) with everything pinned that can be.

What a token says of where its key is (`jku`, `jwk`, `x5u`, `x5c`) is never looked at.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from shared.errors import SkillSyncError
from shared.models.learner import is_user_id
from shared.security.identity import Caller, roles_of
from shared.security.signing_keys import SigningKey
from shared.settings import Settings

MAX_TOKEN_CHARACTERS = 8192
SKEW_SECONDS = 60
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_TIMES = ("exp", "nbf", "iat")


class InvalidToken(SkillSyncError):
    """A token that proves nothing; the text says why, in words that may be shown to whoever sent it."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What every token must hold to; issuer and audience may be missing in Development."""

    algorithms: tuple[str, ...]
    issuer: str | None
    audience: str | None

    @classmethod
    def of(cls, settings: Settings) -> TokenRules:
        """Return the rules that the settings pin."""
        return cls(settings.jwt_algorithms, settings.jwt_issuer, settings.jwt_audience)


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token whose form is sound; what it says is not to be believed before `verified` has returned."""

    text: str
    algorithm: str
    key_id: str | None

    @classmethod
    def read(cls, text: str, rules: TokenRules) -> UnverifiedToken:
        """Return the token; raises InvalidToken for all but a plain signed JWT of an accepted algorithm."""
        if len(text) > MAX_TOKEN_CHARACTERS:
            raise InvalidToken(f"it has more than {MAX_TOKEN_CHARACTERS} characters")
        parts = _COMPACT.fullmatch(text)
        if parts is None:
            raise InvalidToken("it is no signed JWT")
        header, claims = (_json_object(part) for part in parts.groups()[:2])
        if "crit" in header:
            raise InvalidToken("it demands an extension")
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in rules.algorithms:
            raise InvalidToken("its algorithm is not accepted here")
        if key_id is not None and not isinstance(key_id, str):
            raise InvalidToken("its kid is no text")
        for name in _TIMES:
            if name in claims and not _is_time(claims[name]):
                raise InvalidToken(f"its {name} is no number")
        return cls(text, algorithm, key_id)

    def verified(self, key: SigningKey, rules: TokenRules) -> Caller:
        """Return whom the token names; raises InvalidToken unless signature and claims hold."""
        import jwt

        if not key.fits(self.algorithm):
            raise InvalidToken("its algorithm does not fit its key")
        try:
            claims = jwt.decode(
                self.text,
                key.key,
                algorithms=[self.algorithm],
                issuer=rules.issuer,
                audience=rules.audience,
                leeway=SKEW_SECONDS,
                options={
                    "require": ["exp", "sub"],
                    "verify_aud": rules.audience is not None,
                    "verify_jti": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.PyJWTError as error:
            raise InvalidToken(_reason(error)) from None
        if not is_user_id(claims["sub"]):
            raise InvalidToken("its sub is blank, too long or unprintable")
        return Caller(claims["sub"], roles_of(_role_names(claims.get("roles"))))


def _json_object(part: str) -> dict[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        found = json.loads(raw.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse)
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidToken("it does not hold plain JSON objects with each member once") from None
    if not isinstance(found, dict):
        raise InvalidToken("it does not hold JSON objects")
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: two readers might believe two different values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_time(value: object) -> bool:
    """Tell whether a claim is a finite number; an integer has no bound by itself, and may fit no float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _reason(error: Exception) -> str:
    """Return what is wrong in our own words: a library's text may quote the token."""
    import jwt

    reasons: dict[type[Exception], str] = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it is not valid yet",
        jwt.InvalidIssuerError: "its issuer is not accepted here",
        jwt.InvalidAudienceError: "it is not meant for this API",
        jwt.InvalidSignatureError: "its signature is wrong",
    }
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks {error.claim}"
    return next((text for kind, text in reasons.items() if isinstance(error, kind)), "it is not sound")


def _role_names(claim: object) -> Iterable[str]:
    """Return the names in a `roles` claim: a list, or a text separated by blanks or commas."""
    if isinstance(claim, str):
        return claim.replace(",", " ").split()
    return [name for name in claim if isinstance(name, str)] if isinstance(claim, list) else []
