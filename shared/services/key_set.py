"""The identity provider's public keys: fetched when needed, kept, and fetched again within bounds."""

from __future__ import annotations

import asyncio
import json
import math
import time
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Problem
from shared.research.fetching.bounded import read_bounded
from shared.research.protocol import SourceFailed
from shared.security.signing_keys import SigningKey, read_key_set, select_key
from shared.security.tokens import InvalidToken, UnverifiedToken
from shared.telemetry import log_fault

FETCH_SECONDS = 5.0
MAX_BYTES = 256 * 1024
# An unknown key id is a new key or an attack: neither may cost more than one fetch a minute.
REFRESH_PAUSE = 60.0
# While there is no key at all nobody can get in, so that is tried sooner.
FIRST_PAUSE = 5.0
FRESH_SECONDS = 3600.0
# Known keys outlast an outage of the provider, but a key that was withdrawn must end some time.
TRUSTED_SECONDS = 86_400.0


class KeySet:
    """The keys at JWT_JWKS_URL, for one event loop."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at = -math.inf
        self._tried_at = -math.inf
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key_of(self, token: UnverifiedToken) -> SigningKey:
        """Return the key that a token is signed with.

        Raises InvalidToken for a key that the provider does not have, and a 503 Problem while the provider
        cannot be asked.
        """
        self._forget_old_keys()
        if not self._keys:
            await self._refresh(FIRST_PAUSE)
        elif time.monotonic() - self._read_at > FRESH_SECONDS and not self._fetching.locked():
            await self._refresh(REFRESH_PAUSE)
        key = self._select(token)
        if key is None:
            await self._refresh(REFRESH_PAUSE)
            key = self._select(token)
        if key is not None:
            return key
        if self._failed:
            raise self._unavailable()
        raise InvalidToken("it is signed with an unknown key")

    def _select(self, token: UnverifiedToken) -> SigningKey | None:
        return select_key(self._keys, token.algorithm, token.key_id)

    def _forget_old_keys(self) -> None:
        if time.monotonic() - self._read_at > TRUSTED_SECONDS:
            self._keys = ()

    async def _refresh(self, pause: float) -> None:
        """Fetch the keys, once in `pause` seconds at most; a failure keeps the old ones."""
        async with self._fetching:
            if time.monotonic() - self._tried_at < pause:
                return
            self._tried_at = time.monotonic()
            # Until it has succeeded; a request that is cancelled on the way has not.
            self._failed = True
            try:
                self._keys = await self._fetched()
            except Exception as error:  # noqa: BLE001 - whatever fails on the way: the provider cannot be asked
                log_fault("identity.keys_unavailable", error)
                return
            self._failed = False
            self._read_at = time.monotonic()

    async def _fetched(self) -> tuple[SigningKey, ...]:
        url = str(self._clients.settings.jwt_jwks_url)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with (
            asyncio.timeout(FETCH_SECONDS),
            self._clients.http.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise SourceFailed(f"the key set answered {response.status_code}")
            body = await read_bounded(response, MAX_BYTES)
        return read_key_set(json.loads(body))

    def _unavailable(self) -> Problem:
        left = self._tried_at + (REFRESH_PAUSE if self._keys else FIRST_PAUSE) - time.monotonic()
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "identity_unavailable",
            "The identity provider cannot be asked for its keys, so the token cannot be checked. Try again.",
            headers={"Retry-After": str(max(1, math.ceil(left)))},
        )
