"""The service as it is run: a process with workers, a store and a log in a folder of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VIEW = "/cds-services/targeted-therapies"


class Service:
    """A running `cds-targets serve`."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.port = port
        self.process = process

    @property
    def store(self) -> Path:
        """Its records."""
        return self.folder / "store.db"

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, str]:
        """Status, body and headers of an answer; raises OSError where there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read(), str(answer.headers)
        except http.client.HTTPException as error:
            raise OSError from error
        finally:
            connection.close()

    def post(self, path: str, value: Any, headers: Mapping[str, str] | None = None) -> int:
        """The status of an answer to a JSON value."""
        return self.call("POST", path, json.dumps(value).encode(), headers)[0]

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in children.read_text("ascii").split()]


@contextmanager
def running(workers: int = 2, **settings: str) -> Iterator[Service]:
    """The service with these settings (`fhir_servers=...`), until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="cds-targets-verify-") as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CDS_TARGETS_")}
        environment |= {f"CDS_TARGETS_{key.upper()}": value for key, value in settings.items()}
        environment |= {"CDS_TARGETS_STORE": str(folder / "store.db"), "TMPDIR": name, "XDG_STATE_HOME": name}
        command = [sys.executable, "-m", "cds_targets", "serve", "--port", str(port), "--workers", str(workers)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        service = Service(folder, port, process)
        try:
            _wait(service)
            yield service
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(service: Service) -> None:
    for _ in range(600):
        if service.process.poll() is not None:
            break
        try:
            if service.call("GET", "/health/ready")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the service did not start:\n{(service.folder / 'log').read_text('utf-8')}")
