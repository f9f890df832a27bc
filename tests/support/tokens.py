"""An identity provider for tests: it signs tokens, and publishes its keys on a real socket."""

from __future__ import annotations

import base64
import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER = "https://identity.example.org/"
AUDIENCE = "skillsync-tests"
SECRET = "planted-secret-0123456789-0123456789"


@cache
def private_key(kind: str, number: int = 0) -> Any:
    """Return a private key, the same for each kind and number: making one takes a while."""
    del number  # it only tells keys of one kind apart
    match kind:
        case "RSA":
            return rsa.generate_private_key(65537, 2048)
        case "small RSA":
            return rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
        case "P-256":
            return ec.generate_private_key(ec.SECP256R1())
        case "P-384":
            return ec.generate_private_key(ec.SECP384R1())
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            raise ValueError(kind)


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """Return a public key as a JSON Web Key; a member that is None is left out."""
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        entry = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        entry = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        entry = OKPAlgorithm.to_jwk(public, as_dict=True)
    changed = {**entry, "use": "sig", "key_ops": None, **members}
    return {name: value for name, value in changed.items() if value is not None}


def claims(user: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; a claim that is None is left out."""
    now = int(time.time())
    good = {"sub": user, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def encoded(part: bytes | dict[str, Any]) -> str:
    """Return a part of a token in base64url."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer:
    """One key of the identity provider."""

    def __init__(self, kind: str = "RSA", algorithm: str = "RS256", key_id: str = "key-0") -> None:
        self.key = private_key(kind, hash(key_id))
        self.algorithm, self.key_id = algorithm, key_id

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as it is published."""
        return jwk(self.key, kid=self.key_id, alg=self.algorithm)

    def token(self, user: str, *, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a signed token; `changes` are claims."""
        members = {"kid": self.key_id, **(headers or {})}
        return jwt.encode(claims(user, **changes), self.key, self.algorithm, members)

    def signed(self, header: bytes | dict[str, Any], payload: bytes | dict[str, Any]) -> str:
        """Return a token of these very parts, with a signature that fits them."""
        text = f"{encoded(header)}.{encoded(payload)}"
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(text.encode(), self.key)
        return f"{text}.{encoded(signature)}"

    def header(self, **members: Any) -> dict[str, Any]:
        """Return the header of a good token with these changes."""
        return {"typ": "JWT", "alg": self.algorithm, "kid": self.key_id, **members}


class KeySetServer:
    """Publishes a key set; a context manager. What it answers can be changed at any time."""

    def __init__(self, *signers: Signer) -> None:
        self.document: Any = {"keys": [signer.jwk for signer in signers]}
        self.status, self.seconds, self.requests = 200, 0.0, 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests += 1
                time.sleep(server.seconds)
                document = server.document
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the output of the tests readable."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def publish(self, *signers: Signer) -> None:
        """Change the keys."""
        self.document = {"keys": [signer.jwk for signer in signers]}

    def settings(self, **settings: str) -> dict[str, str]:
        """Return the settings of an app that trusts this provider."""
        return {
            "AUTH_MODE": "jwt",
            "JWT_ISSUER": ISSUER,
            "JWT_AUDIENCE": AUDIENCE,
            "JWT_JWKS_URL": self.url,
            **settings,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
