"""Threads that have something to write at the same time write it in one transaction.

A writer's lock is held while it waits for the disk, and for its turn among the threads of its process; one transaction
for all who wait costs that once. Nobody is told that something was kept before it was committed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cds_targets.errors import StoreUnavailable

T = TypeVar("T")
_MOST = 64  # in one transaction


@dataclass(slots=True)
class _Waiting(Generic[T]):
    thing: T
    done: bool = False
    error: StoreUnavailable | None = field(default=None)


class Together(Generic[T]):
    """Hands what several threads bring at once to `write`, which keeps all of it or raises StoreUnavailable."""

    def __init__(self, write: Callable[[Sequence[T]], None]) -> None:
        self._write = write
        self._queue: list[_Waiting[T]] = []
        self._queue_lock, self._turn = threading.Lock(), threading.Lock()

    def add(self, thing: T) -> None:
        """Return once the thing was kept; raises StoreUnavailable if it could not be."""
        mine = _Waiting(thing)
        with self._queue_lock:
            self._queue.append(mine)
        with self._turn:
            while not mine.done:
                with self._queue_lock:
                    batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
                self._keep(batch)
        if mine.error is not None:
            raise mine.error

    def _keep(self, batch: list[_Waiting[T]]) -> None:
        """Write the batch; if that fails, one by one, so that one thing that cannot be kept costs no other."""
        try:
            self._write([waiting.thing for waiting in batch])
        except StoreUnavailable as error:
            for waiting in batch:
                waiting.error = error if len(batch) == 1 else self._alone(waiting.thing)
        except BaseException:
            for waiting in batch:
                waiting.error = StoreUnavailable("the store failed (a fault)")
            raise
        finally:
            for waiting in batch:
                waiting.done = True

    def _alone(self, thing: T) -> StoreUnavailable | None:
        try:
            self._write([thing])
        except StoreUnavailable as error:
            return error
        return None
