"""Forged tokens and tokens used again, against a service with workers and a registered EHR."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.auth import signing, test_verify
from tests.auth.test_verify import EPIC, FOR_PS, FORGED, P256, RSA, WEAK
from tests.ehr.faulty import Exchange
from tests.ehr.faulty import running as answering
from tests.test_examples import IRIS, example

from verify.figure import Figure, control
from verify.service import Service, running

TOKENS, TIMES = 100, 5


def _keys(exchange: Exchange) -> None:
    exchange.send(200, signing.key_set(EPIC, RSA, WEAK, P256, FOR_PS), Content_Type="application/json")


def _sign_now(jwks: str) -> None:
    """What the tests forge at a fixed hour is forged now, with the key address that is registered here."""
    signing.NOW = test_verify.NOW = int(time.time())
    signing.JWKS = test_verify.JWKS = jwks


def _status(service: Service, token: str) -> int:
    return service.post(signing.CALLED, example(IRIS, "patient-view"), {"Authorization": f"Bearer {token}"})


def figures() -> Iterator[Figure]:
    """Each forgery once; then tokens that are good, each sent several times at once."""
    with answering(_keys) as keys, TemporaryDirectory() as folder:
        jwks = keys.base + "/jwks.json"
        registered = Path(folder) / "ehrs.yaml"
        registered.write_text(f"ehrs:\n  - {{name: main, issuer: '{signing.ISSUER}', jwks_url: '{jwks}'}}\n", "utf-8")
        with running(ehrs=str(registered), public_url=signing.PUBLIC) as service:
            _sign_now(jwks)
            control(_status(service, EPIC.token(jti="control")) == 200, "a good token was refused")
            accepted = tuple(name for name, forge in FORGED.items() if _status(service, forge()) == 200)
            yield Figure("forged tokens accepted", len(accepted), f"{len(FORGED)} tried", why=accepted)
            _sign_now(jwks)
            tokens = [EPIC.token(jti=f"replay-{number}") for number in range(TOKENS)] * TIMES
            with ThreadPoolExecutor(16) as callers:
                statuses = list(callers.map(lambda token: _status(service, token), tokens))
            let_in = Counter(token for token, status in zip(tokens, statuses, strict=True) if status == 200)
            control(len(let_in) == TOKENS, "a good token was refused")
            again = sum(let_in.values()) - TOKENS
            yield Figure("replays accepted", again, f"{TOKENS * (TIMES - 1)} tried, on several workers")
