"""`cds-targets serve`, for real: a process, a port, and calls over a socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calls import patient_view

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A started server and what it printed until it was ready."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self._log = output.with_suffix(".log")
        self.port = free_port()
        command = [sys.executable, "-m", "cds_targets", "serve", "--port", str(self.port), "--workers", "2"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with output.open("w", encoding="utf-8") as file, self._log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=file, stderr=log, env=environment)  # noqa: S603
        self._wait()

    def greeting(self) -> str:
        return self.output.read_text("utf-8")

    def log(self) -> str:
        return self._log.read_text("utf-8")

    def _wait(self) -> None:
        """Until it answers and has said so."""
        for _ in range(600):
            time.sleep(0.1)
            try:
                self.call("GET", "/health/ready")
            except OSError:
                continue
            if self.greeting():
                return
        self.process.kill()
        self.process.wait()
        raise AssertionError(f"the server did not start: {self.log()[-2000:]}")

    def call(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return told

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("serve") / "output")
    yield started
    if started.process.poll() is None:
        started.stop()


def test_it_prints_its_address_and_a_call_that_works(server: Server) -> None:
    text = server.greeting()
    assert f"http://127.0.0.1:{server.port}" in text
    assert "synthetic patients only" in text
    call = re.search(r"curl .*--data-binary @(\S+) (http://\S+)", text)
    assert call is not None
    with open(call[1], encoding="utf-8") as file:
        status, _, body = server.call(
            "POST", call[2].split(str(server.port))[1], file.read(), **{"Content-Type": "application/json"}
        )
    assert status == 200
    assert json.loads(body)["cards"]


def test_a_browser_may_call_it(server: Server) -> None:
    asked = {"Origin": "https://sandbox.cds-hooks.org", "Access-Control-Request-Method": "POST"}
    status, headers, _ = server.call("OPTIONS", "/cds-services/targeted-therapies", **asked)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == "*"
    status, headers, _ = server.call("GET", "/cds-services", Origin="https://sandbox.cds-hooks.org")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_t15_a_body_too_large_is_refused_at_once(server: Server) -> None:
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/cds-services/targeted-therapies")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "600000000")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert time.monotonic() - started < 5


def test_a_taken_port_is_said(server: Server) -> None:
    command = [sys.executable, "-m", "cds_targets", "serve", "--port", str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert "choose another --port" in done.stderr


def test_it_stops_when_told(server: Server) -> None:
    body = json.dumps(patient_view())
    status, _, _ = server.call("POST", "/cds-services/targeted-therapies", body, **{"Content-Type": "application/json"})
    assert status in {200, 412}
    assert server.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        server.call("GET", "/health/live")
