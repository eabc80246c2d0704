"""The public keys of an EHR: cached, renewed when it signs with a new one, kept while its address does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from cds_targets.ehr.guarded import FetchError, Guarded, Server
from cds_targets.errors import RequestError
from cds_targets.fhir.reading import decode

COOLDOWN_SECONDS = 30.0
FRESH_SECONDS = 3_600.0
STALE_SECONDS = 86_400.0
_BYTES = 64_000
_KEYS = 20
_FETCH_SECONDS = 2.0
_RSA_BITS = 2_048
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}

Fetch = Callable[[str], bytes]


def fetched(url: str, ca: Path | None = None) -> bytes:
    """The bytes of a key set; raises FetchError. Public addresses only, except on loopback."""
    local = url.startswith("http://")  # the registration allows http on loopback only
    with Guarded.open(Server(url, local, ca), time.monotonic() + _FETCH_SECONDS) as guarded:
        return guarded.get(url, {"Accept": "application/json"}, _BYTES)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the algorithm it was published for (none: any that fits its kind)."""

    public: EllipticCurvePublicKey | RSAPublicKey
    algorithm: str | None

    def fits(self, algorithm: str) -> bool:
        """Whether a signature of that algorithm can be this key's."""
        if self.algorithm not in (None, algorithm):
            return False
        if isinstance(self.public, RSAPublicKey):
            return algorithm.startswith(("RS", "PS"))
        return _CURVES.get(algorithm) == self.public.curve.name


@dataclass(slots=True)
class KeySet:
    """The keys of one address, or one file, by their id; safe to share between threads."""

    place: str | Path
    fetch: Fetch = fetched
    now: Callable[[], float] = time.monotonic
    _keys: dict[str, Key] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, kid: str) -> Key | None:
        """The key of that id; asks again for one that is not known, at most once in the cooldown."""
        with self._lock:
            now = self.now()
            due = now - self._read_at > FRESH_SECONDS or kid not in self._keys
            if due and now - self._tried_at >= COOLDOWN_SECONDS:
                self._tried_at = now
                self._renew(now)
            return self._keys.get(kid) if now - self._read_at <= STALE_SECONDS else None

    def _renew(self, now: float) -> None:
        try:
            body = self.place.read_bytes() if isinstance(self.place, Path) else self.fetch(self.place)
            self._keys = usable_keys(body)
            self._read_at = now
        except (FetchError, RequestError, OSError, ValueError):
            return  # the keys known so far stay, until they are too old


def usable_keys(body: bytes) -> dict[str, Key]:
    """The signing keys of a JWK set by id; raises ValueError or RequestError for what is none."""
    value = decode(body[: _BYTES + 1])
    given = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(given, list) or len(given) > _KEYS or len(body) > _BYTES:
        raise ValueError("no JWK set")
    found = {}
    for item in given:
        if not isinstance(item, dict) or not isinstance(item.get("kid"), str) or item.get("use", "sig") != "sig":
            continue
        if item.get("kty") not in ("EC", "RSA") or "d" in item:
            continue
        try:
            public = jwt.PyJWK({**item, "alg": None}).key
        except (jwt.PyJWTError, ValueError):
            continue
        if isinstance(public, RSAPublicKey) and public.key_size < _RSA_BITS:
            continue
        if isinstance(public, EllipticCurvePublicKey | RSAPublicKey):
            found[item["kid"]] = Key(public, item.get("alg"))
    return found
