"""An EHR that signs: its keys, its key set, and tokens as it makes them or as somebody forges them."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

NOW = 1_800_000_000
ISSUER = "https://ehr.example.org/issuer"
JWKS = "https://ehr.example.org/jwks.json"
PUBLIC = "https://cds.example.org"
CALLED = "/cds-services/targeted-therapies"


@dataclass
class Signer:
    """One private key with its id."""

    kid: str
    algorithm: str = "ES384"
    bits: int = 2048
    private: Any = field(init=False)

    def __post_init__(self) -> None:
        if self.algorithm.startswith("ES"):
            curve = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}[self.algorithm]
            self.private = ec.generate_private_key(curve)
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=self.bits)

    def public(self) -> dict[str, Any]:
        """The key as a JWK."""
        maker = ECAlgorithm if self.algorithm.startswith("ES") else RSAAlgorithm
        return {**json.loads(maker.to_jwk(self.private.public_key())), "kid": self.kid, "use": "sig"}

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token; a claim or header given as `...` is left out."""
        whole = {
            "iss": ISSUER,
            "aud": PUBLIC + CALLED,
            "iat": NOW,
            "exp": NOW + 300,
            "jti": "one",
            **claims,
        }
        head = {"typ": "JWT", "kid": self.kid, "jku": JWKS, **(header or {})}
        body = json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()
        written = {name: value for name, value in head.items() if value is not ...} | (
            {"typ": ""} if head["typ"] is ... else {}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a weak key is what some of the tests are about
            return jwt.PyJWS().encode(body, self.private, self.algorithm, written)


def key_set(*signers: Signer) -> bytes:
    """A published key set."""
    return json.dumps({"keys": [signer.public() for signer in signers]}).encode()
