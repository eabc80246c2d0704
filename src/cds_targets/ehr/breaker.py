"""A circuit breaker: a server that keeps failing is left alone for a while, then tried once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FAILURES = 5
OPEN_SECONDS = 30.0


@dataclass(slots=True)
class Breaker:
    """One server's state; safe to share between threads."""

    now: Callable[[], float] = time.monotonic
    _failures: int = 0
    _open_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self) -> bool:
        """Whether the server may be asked. Once the pause is over one caller may try; the rest wait for its outcome."""
        with self._lock:
            if self._failures < FAILURES:
                return True
            if self.now() < self._open_until:
                return False
            self._open_until = self.now() + OPEN_SECONDS
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """The server did not."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._open_until = self.now() + OPEN_SECONDS

    @property
    def state(self) -> str:
        """closed, open or half-open, for operators."""
        with self._lock:
            if self._failures < FAILURES:
                return "closed"
            return "open" if self.now() < self._open_until else "half-open"
