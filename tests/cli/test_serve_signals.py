"""A running service under load: stopped and reloaded without losing a call, and not held up by slow clients."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_serve import Server
from tests.cli.test_serve_store import CARD, JSON, VIEW, shows
from tests.test_examples import IRIS, example

pytestmark = pytest.mark.slow
CARDS = Path(__file__).parents[2] / "cards"
CLIENTS = 12


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the content that the service reads."""
    shutil.copytree(CARDS, tmp_path / "cards")
    monkeypatch.setenv("CDS_TARGETS_CARDS", str(tmp_path / "cards"))
    monkeypatch.setenv("CDS_TARGETS_STORE", str(tmp_path / "store.db"))
    return tmp_path / "cards"


@pytest.fixture
def server(content: Path, tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "output")
    yield started
    if started.process.poll() is None:
        started.stop()


class Load:
    """Clients that call again and again, and what came of each call that reached the service."""

    def __init__(self, server: Server, keep: bool) -> None:
        self.came: Counter[object] = Counter()
        self._server, self._keep = server, keep
        self._body = json.dumps(example(IRIS, "patient-view"))
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def until(self, answered: int) -> None:
        while self.came[200] < answered:
            time.sleep(0.05)

    def _call(self) -> None:
        connection = None
        while not self._done.is_set():
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
                try:
                    connection.connect()
                except ConnectionRefusedError:  # the service said that it is not there: nothing was lost
                    connection = None
                    time.sleep(0.02)
                    continue
            try:
                connection.request("POST", VIEW, self._body, JSON)
                answer = connection.getresponse()
                answer.read()
                self.came[answer.status] += 1
                closed = answer.will_close
            except (OSError, http.client.HTTPException) as error:
                self.came[type(error).__name__] += 1
                closed = True
            if closed or not self._keep:
                connection.close()
                connection = None


@pytest.mark.parametrize("keep", [False, True], ids=["a connection for each call", "kept connections"])
def test_a_stop_under_load_loses_no_call(server: Server, keep: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with Load(server, keep) as load:
        load.until(50)
        assert server.stop() == 0
    assert set(load.came) == {200}
    with capsys.disabled():
        print(f"\n  stopped under load: {load.came[200]} calls answered, 0 lost ({CLIENTS} clients)")


def test_a_reload_under_load_loses_no_call_and_brings_the_new_content(
    server: Server, content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = next(path for path in content.rglob("*.yaml") if path.stem == CARD)
    assert shows(server)
    with Load(server, keep=False) as load:
        load.until(20)
        card.unlink()
        server.process.send_signal(signal.SIGHUP)
        while shows(server):
            time.sleep(0.1)
        load.until(load.came[200] + 50)
    assert set(load.came) == {200}
    with capsys.disabled():
        print(f"\n  reloaded under load: {load.came[200]} calls answered, 0 lost ({CLIENTS} clients)")


def test_a_reload_of_wrong_content_changes_nothing_and_says_so(server: Server, content: Path) -> None:
    (content / "therapy" / "broken.yaml").write_text("id: [", encoding="utf-8")
    server.process.send_signal(signal.SIGHUP)
    while "nothing was changed" not in server.log():
        time.sleep(0.1)
    assert all(shows(server) for _ in range(10))


SLOW = {
    "nothing is sent": b"",
    "half a head": b"POST /cds-services/targeted-therapies HTTP/1.1\r\nHost: a\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{",
}


def test_t15_two_hundred_slow_clients_keep_nobody_else_out(server: Server) -> None:
    clients = []
    for number in range(200):
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(list(SLOW.values())[number % len(SLOW)])
        clients.append(client)
    assert all(shows(server) for _ in range(10))
    for client in clients:
        client.close()
    assert server.stop() == 0


def test_a_client_that_asks_whether_to_send_its_body_is_told_once(server: Server) -> None:
    body = json.dumps(example(IRIS, "patient-view")).encode()
    head = f"POST {VIEW} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(f"{head}Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert CARD.encode() in answer
