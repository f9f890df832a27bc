"""The keys that tokens are verified with: from a JSON Web Key Set (RFC 7517), or one shared secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_KEYS = 100
_PRIVATE_PARTS = frozenset({"d", "k"})
# The type of key, or the curve, that an algorithm's signatures are made with.
_KINDS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    "EdDSA": "Ed25519",
    "HS256": "secret",
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key: its kind, the id that tokens name it by, and the one algorithm it is meant for, where told."""

    key: Any
    kind: str
    key_id: str | None = None
    algorithm: str | None = None

    @classmethod
    def secret(cls, text: str) -> SigningKey:
        """Return the key that is a shared secret."""
        return cls(text.encode(), "secret")

    def fits(self, algorithm: str) -> bool:
        """Tell whether signatures of an algorithm are made with this kind of key."""
        return _KINDS.get(algorithm) == self.kind and self.algorithm in {None, algorithm}


def read_key_set(document: Any) -> tuple[SigningKey, ...]:
    """Return the public keys for signatures in a key set; what is none is left out.

    Raises ValueError for a document without a usable key.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        listed = []
    found = tuple(key for entry in listed[:MAX_KEYS] if (key := _read_key(entry)) is not None)
    if not found:
        raise ValueError("there is no public key for signatures in it")
    return found


def _read_key(entry: Any) -> SigningKey | None:
    import jwt

    if not isinstance(entry, dict) or not _is_for_signatures(entry):
        return None
    try:
        key = jwt.PyJWK.from_dict(entry).key
    except (jwt.PyJWTError, ValueError, TypeError, LookupError, ArithmeticError, NotImplementedError):
        return None  # what one entry is must not keep the others from being used
    kind = "RSA" if entry["kty"] == "RSA" else entry.get("crv")
    return SigningKey(key, str(kind), _text(entry, "kid"), _text(entry, "alg"))


def _text(entry: dict[str, Any], member: str) -> str | None:
    value = entry.get(member)
    return value if isinstance(value, str) else None


def _is_for_signatures(entry: dict[str, Any]) -> bool:
    """Tell whether a key is public and may verify; a secret that is published is none."""
    operations = entry.get("key_ops", ["verify"])
    return (
        _PRIVATE_PARTS.isdisjoint(entry)
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


def select_key(keys: Sequence[SigningKey], algorithm: str, key_id: str | None) -> SigningKey | None:
    """Return the one key of these that a token is signed with, by its id or, without one, by its type."""
    fitting = [key for key in keys if (key_id is None or key.key_id == key_id) and key.fits(algorithm)]
    return fitting[0] if len(fitting) == 1 else None
