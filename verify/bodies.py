"""Bodies no client should send, to every address that takes one: is any answer a fault of the service (5xx)?"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.charts import BODIES
from tests.test_examples import IRIS, example
from tests.web.test_hostile_charts import JUNK, altered, places

from verify.figure import Figure, control
from verify.service import VIEW, running

BODIES_TRIED = 6_000
_FEEDBACK = {
    "feedback": [
        {
            "card": "c1",
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": "s1"}],
            "outcomeTimestamp": "2026-03-01T09:30:00Z",
        }
    ]
}
_TAKING: dict[str, Any] = {
    **{f"/cds-services/{service}": body for service, body in BODIES.items()},
    f"{VIEW}/feedback": _FEEDBACK,
    "/getClinicalTrial": example(IRIS, "patient"),
}


def _fuzzed(chance: random.Random, body: Any) -> tuple[bytes, dict[str, str]]:
    """A body with some of its places replaced by junk, then perhaps damaged as text, or said to be something else."""
    for _ in range(chance.randint(0, 4)):
        body = altered(body, chance.choice(list(places(body))), chance.choice(JUNK)) if list(places(body)) else body
    text = bytearray(json.dumps(body).encode())
    for _ in range(chance.choice([0, 0, 1, 3])):
        at = chance.randrange(len(text))
        text[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 4))
    kind = chance.choice(["", "", "", "gzip", "cut gzip", "another encoding"])
    if kind == "gzip":
        return gzip.compress(text), {"Content-Encoding": "gzip"}
    if kind == "cut gzip":
        return gzip.compress(text)[: chance.randrange(9, 40)], {"Content-Encoding": "gzip"}
    return bytes(text), {"Content-Encoding": "br"} if kind else {}


def figures() -> Iterator[Figure]:
    """The same bodies every time."""
    chance = random.Random(1815)
    with running() as service:
        for path, body in _TAKING.items():
            control(service.post(path, body) == 200, f"{path} refused a good body")
        faults = []
        for number in range(BODIES_TRIED):
            path = chance.choice(list(_TAKING))
            body, headers = _fuzzed(chance, _TAKING[path])
            status = service.call("POST", path, body, headers)[0]
            if status >= 500:
                faults.append(f"body {number} to {path}: {status}")
    yield Figure("answers that are faults (5xx)", len(faults), f"{BODIES_TRIED} fuzzed bodies", why=tuple(faults))
