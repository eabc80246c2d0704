"""Where feedback goes: the seam, and a bounded memory that forgets at the end of the process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    """What was done with one card of one service. `comment` may hold patient data."""

    service: str
    card: str
    outcome: str
    at: datetime
    suggestions: tuple[str, ...] = ()
    reason: tuple[str, str] | None = None
    comment: str | None = field(default=None, repr=False)


class FeedbackStore(Protocol):
    """Keeps feedback; the same record told twice is kept once."""

    def add(self, records: Sequence[FeedbackRecord]) -> int:
        """Keep the records and return how many were new; raises if they could not be kept."""


class MemoryFeedback:
    """The newest 10,000 records of this process."""

    def __init__(self, limit: int = MAX_KEPT) -> None:
        self._limit = limit
        self._kept: dict[FeedbackRecord, None] = {}
        self._lock = threading.Lock()

    def add(self, records: Sequence[FeedbackRecord]) -> int:
        """Keep the records, forgetting the oldest beyond the limit; returns how many were new."""
        with self._lock:
            fresh = [record for record in dict.fromkeys(records) if record not in self._kept]
            self._kept.update(dict.fromkeys(fresh))
            while len(self._kept) > self._limit:
                del self._kept[next(iter(self._kept))]
        return len(fresh)

    def all(self) -> tuple[FeedbackRecord, ...]:
        """Everything kept, oldest first."""
        with self._lock:
            return tuple(self._kept)
