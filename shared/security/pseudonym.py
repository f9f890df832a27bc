"""The name of a learner where the user id must not stand: logs, and everything in the library."""

from __future__ import annotations

import hashlib
import hmac

from shared.settings import Settings

# Only a developer's machine may run without PSEUDONYM_KEY; there this constant protects nobody's data.
_DEVELOPMENT_KEY = "development"


def pseudonym(settings: Settings, user_id: str) -> str:
    """Return the first 128 bits in hex of HMAC-SHA-256 (RFC 2104) of the user id under PSEUDONYM_KEY."""
    key = settings.pseudonym_key.get_secret_value() if settings.pseudonym_key else _DEVELOPMENT_KEY
    return hmac.new(key.encode(), user_id.encode(), hashlib.sha256).hexdigest()[:32]
