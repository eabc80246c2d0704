"""A word of its own in every field of a call, in tokens and headers: where does it turn up that it must not?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.test_examples import IRIS, example
from tests.web.test_canary import CANARY, SERVICES, access, places, put, shape

from verify.figure import Figure, control
from verify.service import VIEW, Service, running

_HEADERS = {
    "Authorization": f"Bearer {CANARY}",
    "X-Request-ID": CANARY,
    "X-Forwarded-For": CANARY,
    "Referer": f"https://{CANARY}.example",
}


def _calls() -> Iterator[tuple[str, bytes]]:
    """Every field of a call to every service with the canary in it, and bodies that cannot be read."""
    for service, hook in SERVICES.items():
        call = {**example(IRIS, hook), "fhirServer": "https://ehr.example.org/fhir", "fhirAuthorization": access()}
        for path in {shape(path): path for path in places(call)}.values():
            yield f"/cds-services/{service}", json.dumps(put(call, path, CANARY)).encode()
        yield f"/cds-services/{service}", CANARY.encode()
        yield f"/cds-services/{service}", json.dumps({CANARY: CANARY, "context": {CANARY: CANARY}}).encode()
    item = {"card": CANARY, "outcome": CANARY, "outcomeTimestamp": CANARY, CANARY: CANARY}
    yield f"{VIEW}/feedback", json.dumps({"feedback": [item]}).encode()
    yield f"/{CANARY}?name={CANARY}", b"{}"


def _turning_up(service: Service) -> Iterator[str]:
    """Log, records, metrics files: everything that the service wrote."""
    for path in sorted(Path(service.folder).rglob("*")):
        if path.is_file() and CANARY.encode() in path.read_bytes():
            yield f"in the file {path.name}"


def figures() -> Iterator[Figure]:
    """Answers that are no success must not repeat it; nothing at all may be written of it."""
    found: list[str] = []
    count = 0
    with running() as service:
        for path, body in _calls():
            status, told, headers = service.call("POST", path, body, _HEADERS)
            count += 1
            if CANARY in headers or (status != 200 and CANARY.encode() in told):
                found.append(f"in the answer {status} to call {count}, {path.split(CANARY)[0]}")
        if CANARY.encode() in service.call("GET", "/metrics")[1]:
            found.append("in the metrics")
        control((service.folder / "log").read_bytes().count(b'"answered"') >= count, "the log was not written")
        found += _turning_up(service)
    yield Figure("canaries found", len(found), f"{count} calls with one", why=tuple(found))
