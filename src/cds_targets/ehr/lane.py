"""What is kept of one server between calls; nothing is shared, so that a slow server holds up only itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from cds_targets.ehr.breaker import Breaker
from cds_targets.ehr.guarded import Server

CALLS = 8  # that ask one server at a time; fewer than the threads that answer calls, so that other callers find one
_THREADS = 24


class Lane:
    """A server, its breaker, its threads, and the searches that are known to work there."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.breaker = Breaker()
        self.calls = threading.BoundedSemaphore(CALLS)
        self.answered: set[str] = set()  # searches that have returned something: empty is believed there
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def threads(self) -> ThreadPoolExecutor:
        """The threads that ask; made at first use, for the object is made before workers are forked."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ehr")
            return self._pool
