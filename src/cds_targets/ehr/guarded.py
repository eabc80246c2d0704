"""GET from one registered server and from nowhere else: its address is checked and pinned, its answer bounded.

No redirect is followed, no proxy or .netrc of the environment is used, every wait and every byte is counted. When the
time is over the connections are shut, so that a server that drips holds no thread.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cds_targets.errors import SettingsError

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
_CHUNK = 65_536
_TRANSIENT = frozenset({502, 503, 504})

Resolver = Callable[[str, int], list[str]]


class Why(StrEnum):
    """Why there is no answer."""

    FORBIDDEN = "forbidden"
    EXPIRED = "expired"
    REFUSED = "refused"
    BUSY = "busy"
    PAUSED = "paused"
    TIMEOUT = "timeout"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    REDIRECTED = "redirected"
    ADDRESS = "address"
    UNPROVEN = "unproven"


class FetchError(Exception):
    """A GET without a usable answer; `transient` says that asking again may help. Names no address and no data."""

    def __init__(self, why: Why, transient: bool = False) -> None:
        self.why = why
        self.transient = transient
        super().__init__(why.value)


@dataclass(frozen=True, slots=True)
class Server:
    """A registered FHIR base (`https://ehr.example.org/fhir`).

    `internal`: it may live on a private address. `ca`: certificates trusted in place of the public ones.
    """

    base: str
    internal: bool = False
    ca: Path | None = None


def resolved(host: str, port: int) -> list[str]:
    """Every address of a host; raises OSError."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def refuse_unreadable(ca: Path | None) -> None:
    """Raise SettingsError for a file of certificate authorities that holds none."""
    try:
        if ca is not None:
            ssl.create_default_context(cafile=ca)
    except OSError:
        raise SettingsError(f"CDS_TARGETS_CA_BUNDLE: no certificates can be read from {ca}") from None


class Guarded:
    """A session with one server, on one of its addresses, that ends at `deadline` (monotonic seconds)."""

    def __init__(self, server: Server, address: str, deadline: float) -> None:
        parts = urlsplit(server.base)
        self.server = server
        self.address = address
        self.deadline = deadline
        self._open: list[socket.socket] = []
        self._session = requests.Session()
        self._session.trust_env = False
        if server.ca is not None:
            self._session.verify = str(server.ca)
        self._session.mount(f"{parts.scheme}://", _Pinned(parts.hostname or "", address, self._opened))
        self._alarm = threading.Timer(max(0.0, deadline - time.monotonic()), self._shut)
        self._alarm.daemon = True
        self._alarm.start()

    @classmethod
    def open(cls, server: Server, deadline: float, resolve: Resolver = resolved) -> Self:
        """Resolve once and check every address; raises FetchError."""
        parts = urlsplit(server.base)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = resolve(parts.hostname or "", port)
        except OSError:
            raise FetchError(Why.FAILED, transient=True) from None
        if not addresses or not all(server.internal or _is_public(address) for address in addresses):
            raise FetchError(Why.ADDRESS)
        return cls(server, addresses[0], deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._alarm.cancel()
        self._shut()
        self._session.close()

    def _opened(self, connection: socket.socket) -> None:
        self._open.append(connection)
        if time.monotonic() >= self.deadline:
            self._shut()

    def _shut(self) -> None:
        """End every read that still waits."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def get(self, url: str, headers: dict[str, str], cap: int) -> bytes:
        """The body of a 200 answer, no longer than `cap` bytes; raises FetchError."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise FetchError(Why.TIMEOUT)
        timeout = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
        try:
            answer = self._session.get(url, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
            with answer:
                _check(answer)
                return _body(answer, self.deadline, cap)
        except requests.ConnectTimeout:
            raise FetchError(Why.TIMEOUT, transient=True) from None
        except requests.Timeout:
            raise FetchError(Why.TIMEOUT) from None
        except (requests.RequestException, OSError, ValueError) as error:
            if time.monotonic() >= self.deadline:
                raise FetchError(Why.TIMEOUT) from None
            raise FetchError(Why.FAILED, not isinstance(error, requests.exceptions.SSLError)) from None


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if status == 200:
        return
    if status in (401, 403):
        raise FetchError(Why.FORBIDDEN)
    if 300 <= status < 400:
        raise FetchError(Why.REDIRECTED)
    if status == 429:
        raise FetchError(Why.BUSY)
    if 400 <= status < 500:
        raise FetchError(Why.REFUSED)
    raise FetchError(Why.FAILED, transient=status in _TRANSIENT)


def _body(answer: requests.Response, deadline: float, cap: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in answer.iter_content(_CHUNK):
        size += len(chunk)
        if size > cap:
            raise FetchError(Why.TOO_LARGE)
        parts.append(chunk)
    if time.monotonic() >= deadline:  # what was shut looks like an end
        raise FetchError(Why.TIMEOUT)
    declared = answer.headers.get("Content-Length", "")
    if declared.isdigit() and "Content-Encoding" not in answer.headers and size != int(declared):
        raise FetchError(Why.FAILED, transient=True)
    return b"".join(parts)


class _Pinned(HTTPAdapter):
    """Connects to one address, while the name is kept for TLS and for the Host header."""

    def __init__(self, host: str, address: str, opened: Callable[[socket.socket], None]) -> None:
        self._host = host
        self._opened = opened
        self._address = f"[{address}]" if ":" in address else address
        super().__init__(pool_connections=1, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """The pool's TLS checks are those of the name, not of the address."""
        super().init_poolmanager(*args, server_hostname=self._host, assert_hostname=self._host, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._opened)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send to the address; a request to any other host is refused."""
        parts = urlsplit(request.url or "")
        if parts.hostname != self._host:
            raise requests.exceptions.InvalidURL
        port = f":{parts.port}" if parts.port else ""
        request.headers["Host"] = parts.netloc
        request.url = parts._replace(netloc=f"{self._address}{port}").geturl()
        return super().send(request, *args, **options)


def _pools(opened: Callable[[socket.socket], None]) -> dict[str, type[HTTPConnectionPool]]:
    """The usual pools, whose connections are told to `opened`."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            opened(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            opened(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
