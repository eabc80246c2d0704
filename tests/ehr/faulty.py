"""A FHIR server on 127.0.0.1 that answers as it is told, also wrongly: the other side of the fetch tests."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Callable[["Exchange"], None]


class Exchange:
    """One request and the socket it is answered on."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.handler = handler
        self.parts = urlsplit(handler.path)
        self.query = parse_qs(self.parts.query)
        self.kind = self.parts.path.removeprefix("/fhir/").split("/")[0]
        self.headers = handler.headers

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def json(self, value: Any, status: int = 200) -> None:
        self.send(status, json.dumps(value).encode(), Content_Type="application/fhir+json")

    def reset(self) -> None:
        self.handler.close_connection = True
        self.handler.connection.close()

    def drip(self, body: bytes, seconds: float) -> None:
        self.handler.send_response(200)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        for byte in body:
            try:
                self.handler.wfile.write(bytes([byte]))
                self.handler.wfile.flush()
            except OSError:
                return
            time.sleep(seconds)


class Running:
    """The server's base address, and every request it got."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.requests: list[Exchange] = []

    def paths(self) -> list[str]:
        return [exchange.handler.path for exchange in self.requests]


@contextmanager
def running(answer: Answer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Running]:
    """A server that gives every request to `answer`; with `tls` it calls itself `host`."""
    told: list[Running] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            exchange = Exchange(self)
            told[0].requests.append(exchange)
            with suppress(OSError):
                answer(exchange)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that left is expected here."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    told.append(Running(f"{'https' if tls else 'http'}://{host}:{server.server_address[1]}/fhir"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield told[0]
    finally:
        server.shutdown()
        server.server_close()
