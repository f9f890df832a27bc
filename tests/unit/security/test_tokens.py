"""Access tokens: what is believed, and everything that must not be."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from shared.security.identity import Caller, Role
from shared.security.signing_keys import SigningKey, read_key_set, select_key
from shared.security.tokens import MAX_TOKEN_CHARACTERS, InvalidToken, TokenRules, UnverifiedToken
from tests.support.tokens import AUDIENCE, ISSUER, SECRET, Signer, claims, encoded, jwk, private_key

RSA, OTHER_RSA = Signer(), Signer(key_id="key-1")
P256 = Signer("P-256", "ES256", "key-2")
ED25519 = Signer("Ed25519", "EdDSA", "key-3")
SIGNERS = (RSA, OTHER_RSA, P256, ED25519)
KEYS = read_key_set({"keys": [signer.jwk for signer in SIGNERS]})
RULES = TokenRules(("RS256", "ES256", "EdDSA"), ISSUER, AUDIENCE)
LEARNER = frozenset({Role.LEARNER})
CLAIM_NAMES = st.sampled_from(["sub", "exp", "nbf", "iat", "iss", "aud", "roles", "jti"])
ANY_JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


def verified(token: str, rules: TokenRules = RULES, keys: tuple[SigningKey, ...] = KEYS) -> Caller:
    """Do what authentication does, with keys that are at hand."""
    unverified = UnverifiedToken.read(token, rules)
    key = select_key(keys, unverified.algorithm, unverified.key_id)
    if key is None:
        raise InvalidToken("it is signed with an unknown key")
    return unverified.verified(key, rules)


def reason(token: str, rules: TokenRules = RULES, keys: tuple[SigningKey, ...] = KEYS) -> str:
    with pytest.raises(InvalidToken) as refused:
        verified(token, rules, keys)
    text = str(refused.value)
    # It goes into a header.
    assert text.isascii()
    assert text.isprintable()
    assert '"' not in text
    return text


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.algorithm)
def test_a_good_token_names_its_learner(signer: Signer) -> None:
    assert verified(signer.token("ada")) == Caller("ada", LEARNER)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"exp": time.time() - 3600}, "expired"),
        ({"exp": 0}, "expired"),
        ({"exp": -1}, "expired"),
        ({"exp": None}, "lacks exp"),
        ({"exp": "9999999999"}, "exp is no number"),
        ({"exp": True}, "exp is no number"),
        ({"exp": [9999999999]}, "exp is no number"),
        ({"exp": 10**400}, "exp is no number"),
        ({"nbf": time.time() + 3600}, "not valid yet"),
        ({"nbf": "soon"}, "nbf is no number"),
        ({"iat": time.time() + 3600}, "not valid yet"),
        ({"iss": None}, "lacks iss"),
        ({"iss": "https://elsewhere.example.org/"}, "issuer"),
        ({"iss": ISSUER.upper()}, "issuer"),
        ({"aud": None}, "lacks aud"),
        ({"aud": "another-api"}, "not meant for this API"),
        ({"aud": ["another-api", "a-third"]}, "not meant for this API"),
        ({"aud": []}, "lacks aud"),
        ({"aud": {AUDIENCE: True}}, "not meant for this API"),
        ({"sub": None}, "lacks sub"),
    ],
)
def test_a_claim_that_does_not_hold_is_named(changes: dict[str, Any], says: str) -> None:
    assert says in reason(RSA.token("ada", **changes))


@pytest.mark.parametrize("subject", ["", " ", "\u00a0", "a\nb", "a\x00", "a\u202eb", "x" * 129])
def test_a_subject_must_be_able_to_name_a_learner(subject: str) -> None:
    assert "sub" in reason(RSA.token(subject))


def test_a_subject_is_a_text() -> None:
    for subject in (7, ["ada"], {"id": "ada"}, True):
        reason(RSA.signed(RSA.header(), claims("") | {"sub": subject}))


@pytest.mark.parametrize("subject", ["x" * 128, "ada lovelace", "größe-日本語", "auth0|0123"])
def test_a_subject_may_be_any_printable_text(subject: str) -> None:
    assert verified(RSA.token(subject)).user_id == subject


def test_clocks_may_differ_by_a_minute() -> None:
    now = time.time()
    assert verified(RSA.token("ada", exp=int(now) - 50, nbf=int(now) + 50, iat=int(now) + 50))
    assert "expired" in reason(RSA.token("ada", exp=int(now) - 70))
    assert "not valid yet" in reason(RSA.token("ada", nbf=int(now) + 70))


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("number", [10**309, -(10**400), 10**4000], ids=["large", "small", "larger"])
def test_a_number_that_no_float_holds_is_no_time(claim: str, number: int) -> None:
    """Nobody must have signed it: what a token says of its times is read before its signature is."""
    forged = f"{encoded(RSA.header())}.{encoded(claims('ada') | {claim: number})}.{encoded(b'x')}"
    assert f"its {claim} is no number" in reason(forged)


def test_one_of_several_audiences_is_enough() -> None:
    assert verified(RSA.token("ada", aud=["another-api", AUDIENCE])).user_id == "ada"


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (None, LEARNER),
        ([], LEARNER),
        (["mentor"], {Role.MENTOR}),
        (["admin", "mentor", "learner"], set(Role)),
        (["emperor"], LEARNER),
        (["emperor", "admin"], {Role.ADMIN}),
        ("admin", {Role.ADMIN}),
        ("admin mentor", {Role.ADMIN, Role.MENTOR}),
        ("admin,mentor", {Role.ADMIN, Role.MENTOR}),
        ("  mentor ,  learner ", {Role.MENTOR, Role.LEARNER}),
        ("ADMIN", LEARNER),
        ("administrator", LEARNER),
        ([["admin"]], LEARNER),
        ([7, None, "mentor"], {Role.MENTOR}),
        ({"admin": True}, LEARNER),
        (True, LEARNER),
    ],
)
def test_roles_are_a_list_or_a_text(claim: Any, roles: set[Role]) -> None:
    assert verified(RSA.token("ada", roles=claim)).roles == roles


class TestAlgorithms:
    """Only what the settings name, with a key of its kind."""

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 7, ["RS256"]])
    def test_none_is_none(self, algorithm: Any) -> None:
        for signature in ("", encoded(b"x"), RSA.token("ada").rpartition(".")[2]):
            head = encoded({"alg": algorithm, "typ": "JWT", "kid": "key-0"})
            reason(f"{head}.{encoded(claims('ada'))}.{signature}")

    def test_a_public_key_is_no_shared_secret(self) -> None:
        """The oldest attack: HMAC with what everybody may read, under rules that accept both."""
        public = RSA.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        text = f"{encoded({'alg': 'HS256', 'kid': 'key-0'})}.{encoded(claims('ada'))}"
        signature = jwt.get_algorithm_by_name("HS256").sign(text.encode(), public)
        forged = f"{text}.{encoded(signature)}"
        assert "algorithm" in reason(forged)
        both = TokenRules((*RULES.algorithms, "HS256"), ISSUER, AUDIENCE)
        assert "unknown key" in reason(forged, both)
        with pytest.raises(InvalidToken, match="does not fit"):
            UnverifiedToken.read(forged, both).verified(KEYS[0], both)

    def test_an_algorithm_that_is_not_named_is_refused(self) -> None:
        assert "algorithm" in reason(RSA.token("ada"), TokenRules(("ES256",), ISSUER, AUDIENCE))
        assert "algorithm" in reason(Signer(algorithm="RS512").token("ada"))

    @pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
    def test_an_algorithm_must_fit_the_key_that_is_named(self, algorithm: str) -> None:
        token = P256.signed(P256.header(alg=algorithm), claims("ada"))
        assert "unknown key" in reason(token)

    def test_a_key_that_is_meant_for_another_algorithm_is_not_used(self) -> None:
        rules = TokenRules(("RS256", "RS512"), ISSUER, AUDIENCE)
        assert "unknown key" in reason(Signer(algorithm="RS512").token("ada"), rules)

    def test_a_small_key_is_refused(self) -> None:
        small = Signer("small RSA")
        with pytest.warns(jwt.InsecureKeyLengthWarning):
            token = small.token("ada")
        assert reason(token, keys=read_key_set({"keys": [small.jwk]})) == "it is not sound"

    def test_a_shared_secret_where_it_is_named(self) -> None:
        rules = TokenRules(("HS256",), ISSUER, AUDIENCE)
        keys = (SigningKey.secret(SECRET),)
        token = jwt.encode(claims("ada"), SECRET, "HS256")
        assert verified(token, rules, keys).user_id == "ada"
        forged = jwt.encode(claims("ada"), SECRET[::-1], "HS256")
        assert "signature" in reason(forged, rules, keys)


class TestKeys:
    """The id in a token only selects among the provider's own keys."""

    def test_anothers_signature_under_a_known_id_is_wrong(self) -> None:
        forged = Signer(key_id="forged").token("ada", headers={"kid": "key-0"})
        assert "signature" in reason(forged)

    @pytest.mark.parametrize("key_id", ["nobody", "", "../../etc/passwd", "key-0' OR '1'='1", "key-0\x00"])
    def test_an_unknown_id_selects_nothing(self, key_id: str) -> None:
        assert "unknown key" in reason(RSA.token("ada", headers={"kid": key_id}))

    @pytest.mark.parametrize("key_id", [7, ["key-0"], {"key": 0}, True])
    def test_an_id_is_a_text(self, key_id: Any) -> None:
        assert "kid" in reason(RSA.signed(RSA.header(kid=key_id), claims("ada")))

    def test_without_an_id_the_only_key_of_its_kind_is_meant(self) -> None:
        header = P256.header()
        del header["kid"]
        assert verified(P256.signed(header, claims("ada"))).user_id == "ada"
        rsa_header = RSA.header()
        del rsa_header["kid"]
        assert "unknown key" in reason(RSA.signed(rsa_header, claims("ada"))), "there are two RSA keys"

    @pytest.mark.parametrize("member", ["jku", "x5u"])
    def test_where_a_token_says_its_key_is_nobody_looks(self, member: str) -> None:
        """Sockets to anywhere but the loopback are closed to tests: a look would raise another error."""
        address = {member: "https://attacker.example.org/keys.json"}
        assert verified(RSA.token("ada", headers=address)).user_id == "ada"
        stranger = Signer(key_id="forged")
        assert "unknown key" in reason(stranger.token("ada", headers=address))

    def test_a_key_that_a_token_brings_along_is_not_used(self) -> None:
        stranger = Signer(key_id="forged")
        for members in ({"jwk": stranger.jwk}, {"jwk": stranger.jwk, "kid": "key-0"}, {"x5c": ["MIIB"]}):
            reason(stranger.token("ada", headers=members))

    def test_what_is_no_public_key_for_signatures_is_left_out(self) -> None:
        good = RSA.jwk
        secret = {"kty": "oct", "k": encoded(SECRET.encode()), "kid": "secret", "alg": "HS256"}
        private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.key))
        odd: list[Any] = [
            None,
            "key",
            {},
            {"kty": "RSA"},
            {"kty": "RSA", "n": "!", "e": "AQAB"},
            {"kty": "new"},
            {"kty": "EC", "crv": "P-1"},
            {"kty": ["RSA"]},
            {**good, "use": "enc"},
            {**good, "key_ops": ["encrypt"]},
            {**good, "key_ops": 7},
            {**good, "alg": "none"},
            private,
            secret,
        ]
        assert [key.key_id for key in read_key_set({"keys": [*odd, good]})] == ["key-0"]
        documents: list[Any] = [{"keys": odd}, {"keys": []}, {"keys": None}, {}, [], None, "keys"]
        for document in documents:
            with pytest.raises(ValueError, match="no public key"):
                read_key_set(document)

    def test_two_keys_of_one_id_are_told_apart_by_their_kind_or_not_at_all(self) -> None:
        twin = jwk(P256.key, kid="key-0", alg="ES256")
        keys = read_key_set({"keys": [RSA.jwk, twin]})
        assert verified(RSA.token("ada"), keys=keys).user_id == "ada"
        double = read_key_set({"keys": [RSA.jwk, jwk(OTHER_RSA.key, kid="key-0", alg="RS256")]})
        assert "unknown key" in reason(RSA.token("ada"), keys=double)


class TestForm:
    """A token is one signed JWT in compact form, with each member once."""

    @pytest.mark.parametrize(
        "text",
        ["", "x", "a.b", "a.b.c", "..", "a..b", ".a.b", "a.b.c.d.e", "Ünsinn.b.c", "a b.c.d", "e30=.e30=.x"],
    )
    def test_what_is_none_is_refused(self, text: str) -> None:
        reason(text)

    def test_parts_that_are_no_objects_are_refused(self) -> None:
        for header, payload in (
            (b"[]", b"{}"),
            (b'"RS256"', b"{}"),
            (b"\xff\xfe", b"{}"),
            (json.dumps(RSA.header()).encode(), b"[]"),
            (json.dumps(RSA.header()).encode(), b"null"),
            (json.dumps(RSA.header()).encode(), b"{" * 3000),
            (json.dumps(RSA.header()).encode(), b"[" * 3000),
            (json.dumps(RSA.header()).encode(), b'{"exp": ' + b"9" * 5000 + b"}"),
            (json.dumps(RSA.header()).encode(), b'{"sub": "ada", "exp": 1e999}'),
            (json.dumps(RSA.header()).encode(), b'{"sub": "ada", "exp": NaN}'),
            (json.dumps(RSA.header()).encode(), b'{"sub": "ada", "exp": Infinity}'),
        ):
            reason(RSA.signed(header, payload))

    def test_a_claim_that_stands_twice_is_refused(self) -> None:
        good = json.dumps(claims("ada"))
        for twice in ('"sub": "admin"', '"roles": ["admin"], "roles": []', '"s\\u0075b": "admin"'):
            payload = f"{good[:-1]}, {twice}}}".encode()
            assert "once" in reason(RSA.signed(RSA.header(), payload))

    def test_a_header_member_that_stands_twice_is_refused(self) -> None:
        header = json.dumps(RSA.header())
        assert "once" in reason(RSA.signed(f'{header[:-1]}, "kid": "key-0"}}'.encode(), claims("ada")))

    @pytest.mark.parametrize("crit", [["exp"], [], ["b64"], None, "exp"])
    def test_a_token_that_demands_an_extension_is_refused(self, crit: Any) -> None:
        assert "extension" in reason(RSA.signed(RSA.header(crit=crit, b64=True), claims("ada")))

    def test_its_size_is_bounded(self) -> None:
        fits = RSA.token("ada", note="x" * 5000)
        assert len(fits) <= MAX_TOKEN_CHARACTERS
        assert verified(fits).user_id == "ada"
        assert "characters" in reason(RSA.token("ada", note="x" * 7000))

    @given(st.text(max_size=200))
    def test_any_text_is_refused(self, text: str) -> None:
        reason(text)

    @given(st.data())
    def test_a_token_with_any_character_changed_is_refused(self, data: st.DataObject) -> None:
        token = P256.token("ada")
        place = data.draw(st.integers(0, len(token) - 2))
        other = data.draw(
            st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
        )
        if other != token[place]:
            reason(token[:place] + other + token[place + 1 :])

    @given(st.dictionaries(CLAIM_NAMES, ANY_JSON))
    def test_any_claims_are_a_learner_or_a_reason(self, changes: dict[str, Any]) -> None:
        token = P256.signed(P256.header(), {**claims("ada"), **changes})
        try:
            caller = verified(token)
        except InvalidToken:
            return
        assert caller.user_id == changes.get("sub", "ada")
        assert caller.roles


def test_in_development_issuer_and_audience_may_be_left_open() -> None:
    rules = TokenRules(("RS256",), None, None)
    assert verified(RSA.token("ada", iss=None, aud=None), rules).user_id == "ada"
    assert verified(RSA.token("ada"), rules).user_id == "ada"
    assert private_key("RSA", hash("key-0")) is RSA.key
