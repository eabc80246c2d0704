"""Fetching single studies, against a local stand-in for the registry."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cds_targets.trials.ctgov import RecordError, fetch
from tests.trials.records import record

BUSY = "NCT90000503"
failures = {BUSY: 1}


class _StandIn(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        nct = self.path.rsplit("/", 1)[-1]
        left = failures.get(nct, 0)
        failures[nct] = left - 1
        status = 503 if left > 0 else 404 if nct.endswith("404") else 200
        body = json.dumps(record(nct)).encode() if not nct.endswith("666") else b"<html>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v2"
    server.shutdown()
    thread.join()
    server.server_close()


def test_studies_are_asked_for_politely_and_again_when_the_registry_is_busy(base: str) -> None:
    failures[BUSY] = 1
    waited: list[float] = []
    found = dict(fetch(["NCT90000001", BUSY], base, waited.append))
    assert found == {"NCT90000001": record("NCT90000001"), BUSY: record(BUSY)}
    assert len(waited) == 2


@pytest.mark.parametrize(
    ("nct", "reason"), [("NCT90000404", "HTTP 404"), ("NCT90000666", "not JSON"), ("../../etc", "no NCT number")]
)
def test_what_cannot_be_had_is_refused_with_its_reason(base: str, nct: str, reason: str) -> None:
    ((_, found),) = fetch([nct], base, lambda seconds: None)
    assert isinstance(found, RecordError)
    assert reason in str(found)


def test_a_registry_out_of_reach_is_said(base: str) -> None:
    ((_, found),) = fetch(["NCT90000001"], "http://127.0.0.1:1/api/v2", lambda seconds: None)
    assert "could not be reached" in str(found)
