"""Who is asking: a verified token, or on a developer's machine two headers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Problem
from shared.security.identity import Caller, caller_of_headers
from shared.security.signing_keys import SigningKey
from shared.security.tokens import InvalidToken, TokenRules, UnverifiedToken
from shared.settings import AuthMode


async def authenticate(clients: Clients, headers: Mapping[str, str]) -> Caller:
    """Return the caller.

    Raises Problem: 401 for nobody or a token that proves nothing, 503 while the identity provider cannot be
    asked.
    """
    if clients.settings.auth_mode is AuthMode.DEVELOPMENT:
        return caller_of_headers(headers)
    scheme, _, text = headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            "Send an access token: Authorization: Bearer TOKEN.",
            headers={"WWW-Authenticate": 'Bearer realm="skillsync"'},
        )
    try:
        rules = TokenRules.of(clients.settings)
        token = UnverifiedToken.read(text.strip() if scheme.casefold() == "bearer" else "", rules)
        return token.verified(await _key_of(clients, token), rules)
    except InvalidToken as error:
        raise _invalid(error) from None


async def _key_of(clients: Clients, token: UnverifiedToken) -> SigningKey:
    secret = clients.settings.jwt_secret
    if secret is not None:
        return SigningKey.secret(secret.get_secret_value())
    from shared.services.key_set import KeySet  # it needs the HTTP client, which a secret does not

    return await clients.kept(KeySet).key_of(token)


def _invalid(error: InvalidToken) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "invalid_token",
        f"The access token is not accepted: {error}.",
        headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'},
    )
