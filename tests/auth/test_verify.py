"""Tokens: the registered EHR's own is let in once, for this address, now; everything else is a refusal."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from cds_targets.auth.ehrs import Ehr
from cds_targets.auth.keys import COOLDOWN_SECONDS, FRESH_SECONDS, STALE_SECONDS, KeySet, usable_keys
from cds_targets.auth.verify import LEEWAY, Refused, Verifier
from cds_targets.ehr.guarded import FetchError, Why
from tests.auth.signing import CALLED, ISSUER, JWKS, NOW, PUBLIC, Signer, key_set

EPIC = Signer("k1")
RSA = Signer("k2", "RS384")
WEAK = Signer("weak", "RS384", bits=1024)
STRANGER = Signer("k1")
P256 = Signer("p256", "ES256")


class ForPs(Signer):
    """An RSA key that is published for another algorithm."""

    def public(self) -> dict[str, Any]:
        return {**RSA.public(), "kid": self.kid, "alg": "PS384"}


FOR_PS = ForPs("ps", "RS384")
EHR = Ehr(name="main", issuer=ISSUER, jwks_url=JWKS)


class Registry:
    """The registered EHR's key set, counting who asks."""

    def __init__(self, *signers: Signer) -> None:
        self.body = key_set(*signers)
        self.asked: list[str] = []
        self.down = False

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if self.down:
            raise FetchError(Why.TIMEOUT)
        return self.body


def verifier(fetch: Callable[[str], bytes] | None = None, ehr: Ehr = EHR, now: float = NOW) -> Verifier:
    used: set[tuple[str, str]] = set()

    def seen(issuer: str, jti: str, expires: int) -> bool:
        known = (issuer, jti) in used
        used.add((issuer, jti))
        return known

    return Verifier([ehr], PUBLIC, seen, fetch or Registry(EPIC, RSA, WEAK, P256, FOR_PS), lambda: now)


def refusal(token: str | None, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        verifier(**options).verify(None if token is None else f"Bearer {token}", CALLED)
    return caught.value.reason


@pytest.mark.parametrize("signer", [EPIC, RSA])
def test_a_token_of_the_registered_ehr_is_let_in(signer: Signer) -> None:
    assert verifier().verify(f"Bearer {signer.token()}", CALLED).ehr == EHR


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _unsigned(alg: str) -> str:
    _, claims, _ = EPIC.token().split(".")
    return f"{_b64({'typ': 'JWT', 'alg': alg, 'kid': 'k1'})}.{claims}."


def _symmetric() -> str:
    """Signed with the public key as if it were a shared secret."""
    import hashlib
    import hmac

    _, claims, _ = RSA.token().split(".")
    first = f"{_b64({'typ': 'JWT', 'alg': 'HS256', 'kid': 'k2'})}.{claims}"
    mac = hmac.new(json.dumps(RSA.public()).encode(), first.encode(), hashlib.sha256).digest()
    return f"{first}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _changed(**claims: Any) -> str:
    head, body, signature = EPIC.token().split(".")
    whole = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{_b64({**whole, **claims})}.{signature}"


FORGED: dict[str, Callable[[], str]] = {
    "t1 no algorithm": lambda: _unsigned("none"),
    "t1 no algorithm, other spelling": lambda: _unsigned("nOnE"),
    "t1 signature left out": lambda: _unsigned("ES384"),
    "t1 public key as secret": _symmetric,
    "t1 algorithm not registered": lambda: Signer("k1", "ES256").token(),
    "t1 key of another kind": lambda: RSA.token({"kid": "k1"}),
    "t1 curve of another algorithm": lambda: Signer("k1", "ES384").token({"kid": "p256"}),
    "t1 key published for another algorithm": lambda: RSA.token({"kid": "ps"}),
    "t1 weak RSA key": WEAK.token,
    "t1 another's key under a known id": STRANGER.token,
    "t1 claims changed after signing": lambda: _changed(jti="two"),
    "t1 signature cut": lambda: EPIC.token()[:-8],
    "t1 key in the header": lambda: STRANGER.token({"jwk": STRANGER.public()}),
    "t1 critical header": lambda: EPIC.token({"crit": ["b64"], "b64": True}),
    "t1 another type of token": lambda: EPIC.token({"typ": "at+jwt"}),
    "t1 no type": lambda: EPIC.token({"typ": ...}),
    "t1 no key id": lambda: EPIC.token({"kid": ...}),
    "t1 unknown key id": lambda: EPIC.token({"kid": "k9"}),
    "t2 another service": lambda: EPIC.token(aud=PUBLIC + "/cds-services/matching-trials"),
    "t2 a final slash": lambda: EPIC.token(aud=PUBLIC + CALLED + "/"),
    "t2 the base address": lambda: EPIC.token(aud=PUBLIC),
    "t2 http": lambda: EPIC.token(aud="http://cds.example.org" + CALLED),
    "t2 a list without ours": lambda: EPIC.token(aud=[PUBLIC, "https://other.example.org"]),
    "t2 no audience": lambda: EPIC.token(aud=...),
    "t3 expired": lambda: EPIC.token(iat=NOW - 400, exp=NOW - 100),
    "t3 ten years": lambda: EPIC.token(exp=NOW + 315_360_000),
    "t3 longer than registered": lambda: EPIC.token(exp=NOW + 301),
    "t3 exp as text": lambda: EPIC.token(exp=str(NOW + 300)),
    "t3 exp as a fraction": lambda: EPIC.token(exp=NOW + 299.5),
    "t3 exp beyond measure": lambda: EPIC.token(exp=10**30),
    "t3 exp true": lambda: EPIC.token(exp=True),
    "t3 no exp": lambda: EPIC.token(exp=...),
    "t3 no iat": lambda: EPIC.token(iat=...),
    "t3 issued in the future": lambda: EPIC.token(iat=NOW + 100, exp=NOW + 300),
    "t3 exp before iat": lambda: EPIC.token(iat=NOW + 50, exp=NOW + 10),
    "t3 not valid yet": lambda: EPIC.token(nbf=NOW + 100),
    "t4 no jti": lambda: EPIC.token(jti=...),
    "t4 empty jti": lambda: EPIC.token(jti=""),
    "t4 endless jti": lambda: EPIC.token(jti="x" * 256),
    "t4 jti as a number": lambda: EPIC.token(jti=7),
    "t5 jku elsewhere": lambda: EPIC.token({"jku": "https://evil.example/jwks.json"}),
    "t5 jku with a query": lambda: EPIC.token({"jku": JWKS + "?x"}),
    "t5 jku as a file": lambda: EPIC.token({"jku": "file:///etc/passwd"}),
    "t5 another issuer": lambda: EPIC.token(iss="https://evil.example"),
    "t5 issuer with a slash": lambda: EPIC.token(iss=ISSUER + "/"),
    "t5 issuer as a list": lambda: EPIC.token(iss=[ISSUER]),
    "t5 no issuer": lambda: EPIC.token(iss=...),
    "not a token": lambda: "not.a.token",
    "an endless token": lambda: "a" * 20_000,
    "nothing": lambda: "",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(name: str) -> None:
    assert refusal(FORGED[name]())


def test_forged_tokens_tried_and_accepted() -> None:
    check = verifier()
    accepted = 0
    for make in FORGED.values():
        try:
            check.verify(f"Bearer {make()}", CALLED)
            accepted += 1
        except Refused:
            continue
    print(f"\nforged tokens tried {len(FORGED)}, accepted {accepted}")
    assert accepted == 0


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer  x", "Bearer null"])
def test_a_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Refused):
        verifier().verify(header, CALLED)


@pytest.mark.parametrize("past", [LEEWAY - 1, LEEWAY])
def test_t3_a_token_is_good_for_the_leeway_after_it_expired_and_no_longer(past: int) -> None:
    check = verifier(now=NOW + 300 + past)
    if past < LEEWAY:
        assert check.verify(f"Bearer {EPIC.token()}", CALLED)
    else:
        with pytest.raises(Refused, match="expired"):
            check.verify(f"Bearer {EPIC.token()}", CALLED)


@pytest.mark.parametrize(("ahead", "good"), [(LEEWAY, True), (LEEWAY + 1, False)])
def test_t3_a_clock_may_be_ahead_by_the_leeway(ahead: int, good: bool) -> None:
    token = EPIC.token(iat=NOW + ahead, exp=NOW + ahead + 100)
    if good:
        assert verifier().verify(f"Bearer {token}", CALLED)
    else:
        assert refusal(token) == "issued in the future"


def test_t2_a_list_of_audiences_must_hold_ours() -> None:
    assert verifier().verify(f"Bearer {EPIC.token(aud=['https://x.example', PUBLIC + CALLED])}", CALLED)


def test_t4_a_token_is_good_once() -> None:
    check = verifier()
    token = f"Bearer {EPIC.token()}"
    check.verify(token, CALLED)
    replayed = 0
    for _ in range(20):
        try:
            check.verify(token, CALLED)
            replayed += 1
        except Refused:
            continue
    print(f"\nreplays tried 20, accepted {replayed}")
    assert replayed == 0


def test_a_tenant_that_is_registered_must_be_named() -> None:
    ehr = EHR.model_copy(update={"tenant": "north"})
    assert verifier(ehr=ehr).verify(f"Bearer {EPIC.token(tenant='north')}", CALLED)
    assert refusal(EPIC.token(tenant="south"), ehr=ehr) == "another tenant"
    assert refusal(EPIC.token(), ehr=ehr) == "another tenant"


def test_t2_an_audience_that_is_registered_stands_for_the_address_and_only_for_its_ehr() -> None:
    ehr = EHR.model_copy(update={"audiences": ("sand_man",)})
    assert verifier(ehr=ehr).verify(f"Bearer {EPIC.token(aud='sand_man')}", CALLED)
    assert verifier(ehr=ehr).verify(f"Bearer {EPIC.token()}", CALLED)
    assert refusal(EPIC.token(aud="sand_man/"), ehr=ehr) == "audience is another address"
    assert refusal(EPIC.token(aud="sand_man")) == "audience is another address"


def test_t30_one_issuer_may_sign_for_several_tenants_each_with_its_own_registration() -> None:
    north, south = (EHR.model_copy(update={"name": name, "tenant": name}) for name in ("north", "south"))
    check = Verifier([north, south], PUBLIC, lambda *token: False, Registry(EPIC), lambda: NOW)
    for name in ("north", "south"):
        assert check.verify(f"Bearer {EPIC.token(tenant=name)}", CALLED).ehr.name == name
    for stranger in (EPIC.token(tenant="west"), EPIC.token(), EPIC.token(tenant=["north"])):
        with pytest.raises(Refused, match="another tenant"):
            check.verify(f"Bearer {stranger}", CALLED)


def test_t5_an_ehr_may_publish_at_several_addresses_and_a_token_names_one_of_them_or_none() -> None:
    other = "https://ehr.example.org/region-2.json"
    ehr = EHR.model_copy(update={"jwks_url": (JWKS, other)})
    published = {JWKS: key_set(EPIC), other: key_set(RSA)}
    options: dict[str, Any] = {"ehr": ehr, "fetch": published.__getitem__}
    assert verifier(**options).verify(f"Bearer {RSA.token({'jku': other})}", CALLED)
    assert verifier(**options).verify(f"Bearer {RSA.token({'jku': ...})}", CALLED)
    assert refusal(RSA.token({"jku": JWKS}), **options) == "key unknown"
    assert refusal(RSA.token({"jku": other + "/"}), **options) == "jku not registered"


@pytest.mark.parametrize("name", [name for name in FORGED if name.startswith("t5")])
def test_t5_a_strange_issuer_or_key_set_is_never_asked(name: str) -> None:
    registry = Registry(EPIC)
    refusal(FORGED[name](), fetch=registry)
    assert set(registry.asked) <= {JWKS}


def test_t6_a_new_key_is_fetched_and_the_old_one_stays() -> None:
    clock = [0.0]
    registry = Registry(EPIC)
    keys = KeySet(JWKS, registry, lambda: clock[0])
    assert keys.key("k1") is not None
    registry.body = key_set(EPIC, RSA)
    clock[0] += COOLDOWN_SECONDS
    assert keys.key("k2") is not None
    assert keys.key("k1") is not None


def test_t6_a_flood_of_unknown_keys_asks_once_in_the_cooldown() -> None:
    clock = [0.0]
    registry = Registry(EPIC)
    keys = KeySet(JWKS, registry, lambda: clock[0])
    for number in range(1000):
        clock[0] = number * COOLDOWN_SECONDS / 1000
        assert keys.key(f"unknown-{number}") is None
    assert len(registry.asked) == 1


def test_t6_known_keys_serve_while_the_address_is_down_but_not_for_ever() -> None:
    clock = [0.0]
    registry = Registry(EPIC)
    keys = KeySet(JWKS, registry, lambda: clock[0])
    assert keys.key("k1") is not None
    registry.down = True
    clock[0] = FRESH_SECONDS + 1
    assert keys.key("k1") is not None
    clock[0] = STALE_SECONDS + 1
    assert keys.key("k1") is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"keys": 1}', b'{"keys": [' + b"{}," * 30 + b"{}]}", b'{"keys": []}' + b" " * 70_000]
)
def test_t6_what_is_no_key_set_is_not_taken(body: bytes) -> None:
    keys = KeySet(JWKS, lambda url: body, lambda: 0.0)
    assert keys.key("k1") is None


def test_only_public_signing_keys_of_enough_strength_are_taken() -> None:
    private = {**EPIC.public(), "kid": "private", "d": "AA"}
    secret = {"kty": "oct", "kid": "secret", "k": "AA"}
    for_encryption = {**EPIC.public(), "kid": "enc", "use": "enc"}
    body = json.dumps({"keys": [EPIC.public(), WEAK.public(), private, secret, for_encryption, 7, {}]}).encode()
    assert set(usable_keys(body)) == {"k1"}


def test_the_library_alone_would_have_taken_some_of_these() -> None:
    """Why the claims are checked by us: the library lets a lifetime of ten years through."""
    assert jwt.decode(
        EPIC.token(exp=NOW + 315_360_000),
        EPIC.private.public_key(),
        ["ES384"],
        options={"verify_aud": False, "verify_iat": False},
    )
