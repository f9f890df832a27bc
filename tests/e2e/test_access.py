"""Who may call what: every route with every kind of credential, over real HTTP where tokens are verified."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.access_rows import (
    ADMIN,
    FUNCTION_KEY,
    LEARNER,
    MENTOR,
    OPEN,
    ROWS,
    Owner,
    ask,
    new_owner,
)
from tests.support.broker import need_broker
from tests.support.function_table import endpoint_rows, http_triggers
from tests.support.local_host import LocalHost
from tests.support.tokens import Signer, claims, encoded

ROLES = {LEARNER: {"learner", "mentor", "admin"}, MENTOR: {"mentor", "admin"}, ADMIN: {"admin"}}

Headers = dict[str, str]


@pytest.fixture(scope="module")
def owner(token_host: LocalHost, signer: Signer) -> Owner:
    user_id = f"owner-{uuid.uuid4()}"
    return new_owner(token_host.url, user_id, signer.token(user_id))


@pytest.fixture(scope="module")
def http(token_host: LocalHost) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{token_host.url}/api/", timeout=60, trust_env=False) as http:
        yield http


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def refused_credentials(signer: Signer, user_id: str) -> dict[str, Headers]:
    """Return credentials that name the owner and prove nothing."""
    public = signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = f"{encoded({'alg': 'HS256', 'kid': signer.key_id})}.{encoded(claims(user_id))}"
    confused += f".{encoded(jwt.get_algorithm_by_name('HS256').sign(confused.encode(), public))}"
    unsigned = f"{encoded({'alg': 'none'})}.{encoded(claims(user_id))}."
    elliptic = Signer("P-256", "ES256", signer.key_id)
    return {
        "no token": {},
        "an empty token": {"Authorization": "Bearer"},
        "another scheme": {"Authorization": "Basic b3duZXI6cGFzc3dvcmQ="},
        "the header of development": {"X-User-Id": user_id, "X-User-Roles": "admin"},
        "expired": bearer(signer.token(user_id, exp=int(time.time()) - 300)),
        "not valid yet": bearer(signer.token(user_id, nbf=int(time.time()) + 300)),
        "wrong audience": bearer(signer.token(user_id, aud="another-api")),
        "no audience": bearer(signer.token(user_id, aud=None)),
        "wrong issuer": bearer(signer.token(user_id, iss="https://elsewhere.example.org/")),
        "no expiry": bearer(signer.token(user_id, exp=None)),
        "no subject": bearer(signer.token(user_id, sub=None)),
        "wrong algorithm": bearer(elliptic.token(user_id)),
        "the public key as a secret": bearer(confused),
        "no algorithm": bearer(unsigned),
        "a stranger's key": bearer(Signer(key_id="forged").token(user_id, headers={"kid": signer.key_id})),
        "an unknown key": bearer(Signer(key_id="unknown").token(user_id)),
        "a large token": bearer(signer.token(user_id, note="x" * 9000)),
    }


def rows_with(*access: str) -> list[str]:
    return [name for name, row in ROWS.items() if row.access in access]


def test_every_route_has_its_row() -> None:
    assert {name: row.access for name, row in ROWS.items()} == {
        name: row["access"] for name, row in endpoint_rows().items()
    }
    assert set(ROWS) == set(http_triggers()), "an HTTP function beside the route table"


@pytest.mark.parametrize("name", rows_with(LEARNER, MENTOR, ADMIN))
def test_who_proves_nothing_gets_nowhere(
    name: str, http: httpx.Client, owner: Owner, signer: Signer, token_host: LocalHost
) -> None:
    credentials = refused_credentials(signer, owner.user_id)
    credentials["a function key"] = {"x-functions-key": token_host.function_key(), "X-User-Id": owner.user_id}
    for kind, headers in credentials.items():
        answer = ask(http, name, owner, headers)
        assert answer.status_code == 401, f"{kind}: {answer.status_code} {answer.text}"
        assert answer.json()["code"] in {"unauthenticated", "invalid_token"}, kind
        assert answer.headers["WWW-Authenticate"].startswith("Bearer "), kind
        assert answer.headers["Cache-Control"] == "no-store", kind
        assert owner.user_id not in answer.text, kind


@pytest.mark.parametrize("name", rows_with(LEARNER, MENTOR, ADMIN))
def test_a_role_decides(
    name: str, http: httpx.Client, owner: Owner, signer: Signer, token_host: LocalHost
) -> None:
    row = ROWS[name]
    if row.needs_queue:
        need_broker()
    for role in ("learner", "mentor", "admin", "emperor", None):
        if row.spends:
            user_id = f"spender-{uuid.uuid4()}"
            owner = new_owner(token_host.url, user_id, signer.token(user_id))
        token = signer.token(owner.user_id, roles=[role] if role else None)
        answer = ask(http, name, owner, bearer(token))
        if (role if role in ROLES[LEARNER] else "learner") in ROLES[row.access]:
            assert answer.status_code == row.status, f"{role}: {answer.text}"
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), role
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", rows_with(LEARNER))
def test_what_is_anothers_is_not_there(name: str, http: httpx.Client, owner: Owner, signer: Signer) -> None:
    """Not even for a mentor or an admin; and nothing in the answer tells it from what nobody has."""
    nothing = str(uuid.uuid4())
    absent = dict.fromkeys(("roadmap", "module", "lesson", "task"), nothing)
    for role in ("learner", "mentor", "admin"):
        stranger = bearer(signer.token(f"stranger-{uuid.uuid4()}", roles=[role]))
        answer = ask(http, name, owner, stranger)
        if ROWS[name].shared:
            assert answer.status_code == ROWS[name].status, answer.text
            assert owner.roadmap not in answer.text
            continue
        unknown = ask(http, name, owner, stranger, **absent)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
        assert (answer.status_code, answer.content) == (unknown.status_code, unknown.content)
        assert {n: v for n, v in answer.headers.items() if n != "date"} == {
            n: v for n, v in unknown.headers.items() if n != "date"
        }


@pytest.mark.parametrize("name", rows_with(OPEN))
def test_an_open_route_asks_nobody(name: str, http: httpx.Client, owner: Owner, signer: Signer) -> None:
    for headers in refused_credentials(signer, owner.user_id).values():
        assert ask(http, name, owner, headers).status_code == ROWS[name].status


@pytest.mark.parametrize("name", rows_with(FUNCTION_KEY))
def test_a_function_key_and_nothing_else_opens_the_routes_of_back_ends(
    name: str, http: httpx.Client, owner: Owner, signer: Signer, token_host: LocalHost
) -> None:
    right = token_host.function_key()
    admin = bearer(signer.token(owner.user_id, roles=["admin"]))
    refused: dict[str, Headers] = {
        "absent": {},
        "wrong": {"x-functions-key": "wrong"},
        "empty": {"x-functions-key": ""},
        "cut": {"x-functions-key": right[:-1]},
        "a token": admin,
        "a token as the key": {"x-functions-key": signer.token(owner.user_id)},
    }
    for kind, headers in refused.items():
        answer = ask(http, name, owner, headers)
        assert (answer.status_code, answer.content) == (401, b""), kind
    for headers in ({"x-functions-key": right}, {"x-functions-key": right, **admin}):
        answer = ask(http, name, owner, headers)
        assert answer.status_code == ROWS[name].status, answer.text
    for stranger in ("a-stranger", owner.user_id.upper()):
        answer = ask(http, name, owner, {"x-functions-key": right}, user_id=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
