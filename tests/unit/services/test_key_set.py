"""The identity provider's keys over real HTTP: fetched within bounds, and an outage is never a 401."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from shared.clients import Clients
from shared.errors import Problem
from shared.services import key_set
from shared.services.authentication import authenticate
from shared.settings import load_settings
from tests.support.function_table import DEVELOPMENT
from tests.support.tokens import KeySetServer, Signer

FIRST, SECOND = Signer(), Signer(key_id="key-1")


@pytest.fixture
def provider() -> Iterator[KeySetServer]:
    with KeySetServer(FIRST) as provider:
        yield provider


@pytest_asyncio.fixture
async def clients(provider: KeySetServer) -> AsyncIterator[Clients]:
    clients = Clients(load_settings({**DEVELOPMENT, **provider.settings()}))
    yield clients
    await clients.close()


async def user_of(clients: Clients, token: str) -> str:
    return (await authenticate(clients, {"authorization": f"Bearer {token}"})).user_id


async def refusal(clients: Clients, token: str) -> Problem:
    with pytest.raises(Problem) as refused:
        await user_of(clients, token)
    return refused.value


async def test_the_keys_are_fetched_once(clients: Clients, provider: KeySetServer) -> None:
    users = await asyncio.gather(*(user_of(clients, FIRST.token(f"user-{n}")) for n in range(20)))
    assert users == [f"user-{n}" for n in range(20)]
    assert provider.requests == 1


async def test_a_new_key_is_found_and_unknown_ones_cost_one_fetch_a_minute(
    clients: Clients, provider: KeySetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await user_of(clients, FIRST.token("ada")) == "ada"
    provider.publish(FIRST, SECOND)
    for _ in range(10):
        problem = await refusal(clients, SECOND.token("ada"))
        assert (problem.status, problem.code) == (401, "invalid_token")
    assert provider.requests == 1, "the minute is not over"
    assert key_set.REFRESH_PAUSE == 60
    monkeypatch.setattr(key_set, "REFRESH_PAUSE", 0.0)
    assert await user_of(clients, SECOND.token("ada")) == "ada"
    assert provider.requests == 2


async def test_a_key_that_was_withdrawn_is_forgotten_with_the_next_fetch(
    clients: Clients, provider: KeySetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await user_of(clients, FIRST.token("ada")) == "ada"
    provider.publish(SECOND)
    monkeypatch.setattr(key_set, "REFRESH_PAUSE", 0.0)
    monkeypatch.setattr(key_set, "FRESH_SECONDS", 0.0)
    assert (await refusal(clients, FIRST.token("ada"))).status == 401


class Clock:
    """Stands for the module `time`: it goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(key_set, "time", clock)
    return clock


async def test_a_key_that_was_withdrawn_is_believed_for_an_hour_at_most(
    clients: Clients, provider: KeySetServer, clock: Clock
) -> None:
    """Counted from the last fetch, however much it is used meanwhile."""
    token = FIRST.token("mallory")
    assert await user_of(clients, token) == "mallory"
    provider.publish(SECOND)
    for minutes in range(1, 61):
        clock.now += 60
        assert await user_of(clients, token) == "mallory", f"{minutes} minutes"
    assert provider.requests == 1
    clock.now += 1
    assert (await refusal(clients, token)).code == "invalid_token"
    assert provider.requests == 2
    assert await user_of(clients, SECOND.token("ada")) == "ada"


async def test_a_key_that_was_withdrawn_ends_when_a_new_one_is_first_used(
    clients: Clients, provider: KeySetServer, clock: Clock
) -> None:
    assert await user_of(clients, FIRST.token("mallory")) == "mallory"
    third = Signer(key_id="key-2")
    provider.publish(third)
    clock.now += 60
    assert await user_of(clients, third.token("ada")) == "ada"
    assert (await refusal(clients, FIRST.token("mallory"))).code == "invalid_token"


async def test_while_the_provider_is_away_a_key_is_believed_for_a_day_at_most(
    clients: Clients, provider: KeySetServer, clock: Clock
) -> None:
    token = FIRST.token("mallory")
    assert await user_of(clients, token) == "mallory"
    provider.status = 503
    for hours in range(1, 25):
        clock.now += 3600
        assert await user_of(clients, token) == "mallory", f"{hours} hours"
    clock.now += 1
    assert (await refusal(clients, token)).code == "identity_unavailable"
    provider.status = 200
    provider.publish(SECOND)
    clock.now += 60
    assert (await refusal(clients, token)).code == "invalid_token"


@pytest.mark.parametrize("status", [404, 500, 503, 301])
async def test_an_outage_is_a_503_with_a_time(clients: Clients, provider: KeySetServer, status: int) -> None:
    provider.status = status
    for _ in range(5):
        problem = await refusal(clients, FIRST.token("ada"))
        assert (problem.status, problem.code) == (503, "identity_unavailable")
        assert 1 <= int(problem.headers["Retry-After"]) <= 5
    assert provider.requests == 1


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"{", {"keys": []}, [], b"[" * 100_000, b"x" * (key_set.MAX_BYTES + 1)],
    ids=["empty", "html", "cut", "no keys", "list", "deep", "large"],
)
async def test_what_is_no_key_set_is_an_outage(
    clients: Clients, provider: KeySetServer, document: object
) -> None:
    provider.document = document
    assert (await refusal(clients, FIRST.token("ada"))).code == "identity_unavailable"


async def test_nobody_listens(provider: KeySetServer) -> None:
    settings = {**DEVELOPMENT, **provider.settings(JWT_JWKS_URL="http://127.0.0.1:9/keys")}
    clients = Clients(load_settings(settings))
    assert (await refusal(clients, FIRST.token("ada"))).code == "identity_unavailable"
    await clients.close()


async def test_a_slow_provider_holds_nobody_for_long(
    clients: Clients, provider: KeySetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key_set.FETCH_SECONDS <= 5
    monkeypatch.setattr(key_set, "FETCH_SECONDS", 0.2)
    provider.seconds = 1.0
    async with asyncio.timeout(0.9):
        assert (await refusal(clients, FIRST.token("ada"))).code == "identity_unavailable"


async def test_who_gives_up_waiting_leaves_an_outage_and_no_refusal(
    clients: Clients, provider: KeySetServer
) -> None:
    provider.seconds = 1.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await user_of(clients, FIRST.token("ada"))
    assert (await refusal(clients, FIRST.token("ada"))).code == "identity_unavailable"


async def test_known_keys_outlast_an_outage_but_not_for_ever(
    clients: Clients, provider: KeySetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await user_of(clients, FIRST.token("ada")) == "ada"
    provider.status = 503
    monkeypatch.setattr(key_set, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(key_set, "REFRESH_PAUSE", 0.0)
    assert await user_of(clients, FIRST.token("ada")) == "ada"
    assert provider.requests == 2, "it was asked again and did not answer"
    problem = await refusal(clients, SECOND.token("ada"))
    assert problem.code == "identity_unavailable", "the unknown key may be a new one"
    monkeypatch.setattr(key_set, "TRUSTED_SECONDS", 0.0)
    assert (await refusal(clients, FIRST.token("ada"))).code == "identity_unavailable"


async def test_the_provider_is_asked_again_after_an_outage(
    clients: Clients, provider: KeySetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.status = 503
    await refusal(clients, FIRST.token("ada"))
    provider.status = 200
    monkeypatch.setattr(key_set, "FIRST_PAUSE", 0.0)
    assert await user_of(clients, FIRST.token("ada")) == "ada"


async def test_a_token_without_sense_asks_nobody(clients: Clients, provider: KeySetServer) -> None:
    for token in ("", "nonsense", "a.b.c", FIRST.token("ada")[:-5] + "!!!!!"):
        assert (await refusal(clients, token)).status == 401
    assert provider.requests == 0


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "Token x", "Bearer a b", "x"])
async def test_another_scheme_is_no_token(clients: Clients, header: str) -> None:
    with pytest.raises(Problem) as refused:
        await authenticate(clients, {"authorization": header})
    assert refused.value.code == "invalid_token"
    assert refused.value.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", ')


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": " "}, {"x-user-id": "ada", "x-user-roles": "admin"}]
)
async def test_nobody_is_told_how_to_come_in(clients: Clients, headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        await authenticate(clients, headers)
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_read_in_any_case(clients: Clients, scheme: str) -> None:
    caller = await authenticate(clients, {"authorization": f"{scheme} {FIRST.token('ada')}"})
    assert caller.user_id == "ada"
