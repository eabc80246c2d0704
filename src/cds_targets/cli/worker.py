"""A gunicorn worker in which no slow client holds a thread, and that leaves nobody waiting when it stops.

gunicorn's own gives a connection to a thread at its first byte, so that as many slow clients as there are threads keep
everybody else out; and when it stops, connections that no worker has accepted yet are reset. This one collects a
request without a thread until it is whole, and accepts what waits before it stops listening.
"""

from __future__ import annotations

import re
import socket
import time
from collections import deque
from contextlib import suppress
from enum import StrEnum
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

ARRIVAL_SECONDS = 30.0  # in which a request must arrive
_STOPPING_SECONDS = 1.0  # the same for a request of which nothing arrived when the worker stops
_HEAD_BYTES = 64_000
_HELD_BYTES = 128_000_000  # of all requests that arrive at a worker; beyond it the one that takes longest is given up
_PART = 65_536
_TAIL_BYTES = 2_000
_CHUNKED_BYTES = 7  # a byte sent in a chunk of its own takes six
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_LAST_CHUNK = re.compile(rb"\r\n0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n\Z")


class Arrival(StrEnum):
    """How much of a request is there."""

    PARTIAL = "partial"
    WHOLE = "whole"
    TOO_LARGE = "too large"  # larger than anything that is accepted: it is refused without being read


def arrival(arrived: bytes | bytearray, most: int) -> Arrival:
    """How much of the first request is there, for a body of at most `most` bytes; the server itself parses it later."""
    end = arrived.find(b"\r\n\r\n")
    if end < 0:
        return Arrival.TOO_LARGE if len(arrived) > _HEAD_BYTES else Arrival.PARTIAL
    head = bytes(arrived[: end + 2])
    if _CHUNKED.search(head):
        if _LAST_CHUNK.search(bytes(arrived[-_TAIL_BYTES:])):
            return Arrival.WHOLE
        return Arrival.TOO_LARGE if len(arrived) > end + _CHUNKED_BYTES * most else Arrival.PARTIAL
    length = _LENGTH.search(head)
    needed = int(length[1]) if length else 0
    if needed > most:
        return Arrival.TOO_LARGE
    return Arrival.WHOLE if len(arrived) >= end + 4 + needed else Arrival.PARTIAL


class Connection(TConn):  # type: ignore[misc]
    """A connection, and what has arrived of its next request."""

    arrived = bytearray()
    all_read = True

    def close(self, graceful: bool = False) -> None:
        """At once where all of a request was read: nothing is left then that could cut the answer off."""
        super().close(graceful=graceful and not self.all_read)


class Worker(ThreadWorker):  # type: ignore[misc]
    """See the module. `app` has `max_body_bytes`."""

    _held = 0
    pending_conns: deque[Connection]

    def accept(self, listener: Any) -> bool:
        """Take a connection; False if none waits."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        self.nr_conns += 1
        self._await(Connection(self.cfg, client, address, listener.getsockname()))
        return True

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """The next request on a connection that was kept begins to arrive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await(conn)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Some more of a request arrived."""
        try:
            part = client.recv(_PART)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        conn.arrived += part
        self._held += len(part)
        if not part:
            self._leave(conn)
            self._drop(conn)
            return
        state = arrival(conn.arrived, self.app.max_body_bytes)
        if state is not Arrival.PARTIAL:
            conn.all_read = state is Arrival.WHOLE
            self._leave(conn)
            self._hand_over(conn)
            return
        self._encourage(conn, client)
        if self._held > _HELD_BYTES:
            longest = self.pending_conns[0]
            self._leave(longest)
            self._drop(longest)

    def murder_pending(self) -> None:
        """Give up requests that take too long to arrive."""
        before = len(self.pending_conns)
        super().murder_pending()
        if len(self.pending_conns) != before:
            self._held = sum(len(conn.arrived) for conn in self.pending_conns)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Stop listening only after everybody was let in who waits; then leave the queue to others, or to nobody."""
        if enabled or self.alive:
            super().set_accept_enabled(enabled)
            return
        for listener in self.sockets:
            while self.accept(listener):
                pass
        super().set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        soon = time.monotonic() + _STOPPING_SECONDS
        for conn in self.pending_conns:
            if not conn.arrived:
                conn.timeout = min(conn.timeout, soon)
        self.pending_conns = deque(sorted(self.pending_conns, key=lambda conn: conn.timeout))

    def _await(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.arrived = bytearray()
        conn.timeout = time.monotonic() + ARRIVAL_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _encourage(self, conn: Connection, client: socket.socket) -> None:
        """Answer a client that asks whether to send the body: yes. The server then need not."""
        end = conn.arrived.find(b"\r\n\r\n")
        expect = _EXPECT.search(conn.arrived, 0, end + 2) if end >= 0 else None
        if expect is not None:
            before = len(conn.arrived)
            del conn.arrived[expect.start() : expect.end()]
            self._held -= before - len(conn.arrived)
            with suppress(OSError):
                client.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _leave(self, conn: Connection) -> None:
        """No longer wait for the request of a connection."""
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self._held -= len(conn.arrived)

    def _hand_over(self, conn: Connection) -> None:
        conn.parser = conn.parser or get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(conn.arrived))
        conn.arrived = bytearray()
        conn.data_ready = True
        self.enqueue_req(conn)

    def _drop(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()
