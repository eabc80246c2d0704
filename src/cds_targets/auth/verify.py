"""Whether a call's token was signed by a registered EHR, for this address, now, and for the first time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from cds_targets.auth.ehrs import LIFETIME_CAP, Ehr
from cds_targets.auth.keys import Fetch, Key, KeySet, fetched
from cds_targets.errors import CdsTargetsError

LEEWAY = 60
_TOKEN_BYTES = 16_000
_JTI = 255

Seen = Callable[[str, str, int], bool]


class Refused(CdsTargetsError):
    """A call that is not let in; `reason` is for the audit only and holds nothing of the token."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    ehr: Ehr
    jti: str


class Verifier:
    """Checks tokens of the registered EHRs. `seen(issuer, jti, exp)` remembers tokens over all processes."""

    def __init__(
        self,
        ehrs: Iterable[Ehr],
        public_url: str,
        seen: Seen,
        fetch: Fetch = fetched,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ehrs = tuple(ehrs)
        self._keys = {
            ehr.name: {place: KeySet(place, fetch) for place in (*ehr.jwks_url, ehr.jwks_file) if place is not None}
            for ehr in self._ehrs
        }
        self._public_url = public_url.rstrip("/")
        self._seen = seen
        self._now = now

    def verify(self, authorization: str | None, path: str) -> Caller:
        """The caller whose token names this service's address of `path`; raises Refused."""
        token = _bearer(authorization)
        header = _header(token)
        ehr = self._claimed(token)
        if header["alg"] not in ehr.algorithms:
            raise Refused("algorithm not registered")
        key = self._key(ehr, header)
        claims = _signed(token, key, header["alg"])
        self._check(claims, ehr, f"{self._public_url}{path.rstrip('/')}")
        if self._seen(ehr.issuer, claims["jti"], claims["exp"]):
            raise Refused("token used before")
        return Caller(ehr, claims["jti"])

    def _claimed(self, token: str) -> Ehr:
        """The EHR whose token it says it is: its keys must have signed it."""
        issuer, tenant = _issuer(token)
        registered = [ehr for ehr in self._ehrs if ehr.issuer == issuer]
        if not registered:
            raise Refused("issuer not registered")
        for ehr in registered:
            if ehr.tenant in (None, tenant):
                return ehr
        raise Refused("another tenant")

    def _key(self, ehr: Ehr, header: dict[str, Any]) -> Key:
        jku = header.get("jku")
        if jku is not None and jku not in ehr.jwks_url:
            raise Refused("jku not registered")
        for place, keys in self._keys[ehr.name].items():
            key = keys.key(header["kid"]) if jku in (None, place) else None
            if key is not None and key.fits(header["alg"]):
                return key
        raise Refused("key unknown")

    def _check(self, claims: dict[str, Any], ehr: Ehr, audience: str) -> None:
        if claims.get("iss") != ehr.issuer:
            raise Refused("issuer changed")
        aud = claims.get("aud")
        named = aud if isinstance(aud, list) else [aud]
        if not any(accepted in named for accepted in (audience, *ehr.audiences)):
            raise Refused("audience is another address")
        now = self._now()
        expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
        if now >= expires + LEEWAY:
            raise Refused("expired")
        if issued > now + LEEWAY:
            raise Refused("issued in the future")
        if not 0 < expires - issued <= min(ehr.max_lifetime, LIFETIME_CAP):
            raise Refused("lifetime too long")
        if "nbf" in claims and _seconds(claims, "nbf") > now + LEEWAY:
            raise Refused("not valid yet")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _JTI:
            raise Refused("no usable jti")
        if ehr.tenant is not None and claims.get("tenant") != ehr.tenant:
            raise Refused("another tenant")


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if not authorization:
        raise Refused("no token")
    if scheme.lower() != "bearer" or not token or len(token) > _TOKEN_BYTES or token != token.strip():
        raise Refused("no bearer token")
    return token


def _header(token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise Refused("no JWT") from None
    if str(header.get("typ", "")).upper() != "JWT" or "crit" in header:
        raise Refused("header not accepted")
    if not isinstance(header.get("kid"), str) or not isinstance(header.get("alg"), str):
        raise Refused("header without kid or alg")
    if not isinstance(header.get("jku", ""), str):
        raise Refused("header not accepted")
    return header


def _issuer(token: str) -> tuple[str, Any]:
    """The issuer and tenant a token claims."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Refused("no JWT") from None
    return str(claims.get("iss", "")), claims.get("tenant")


def _signed(token: str, key: Key, algorithm: str) -> dict[str, Any]:
    """The claims under a valid signature; everything else about them is checked by us, against our clock."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public,
            algorithms=[algorithm],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise Refused("signature not valid") from None
    return claims


def _seconds(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**11:
        raise Refused(f"no usable {name}")
    return value
