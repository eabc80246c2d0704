"""Feedback: every event kept once, in whatever order it comes, for cards known or not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import orjson
from sqlalchemy import Connection, insert, select

from cds_targets.store.keys import Keys
from cds_targets.store.tables import comments, issued, stamp
from cds_targets.store.tables import feedback as table
from cds_targets.store.writing import once


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


def add(connection: Connection, keys: Keys, tenant: str, now: datetime, records: Sequence[FeedbackRecord]) -> int:
    """Keep what is new and return how many that were; a comment is kept only with a card that this tenant was shown."""
    known = _known(connection, tenant, {record.card for record in records})
    new = 0
    statement = once(connection, table).returning(table.c.id)
    for record in dict.fromkeys(records):
        system, code = record.reason or (None, None)
        row = {
            "tenant": tenant,
            "service": record.service,
            "uuid": record.card,
            "outcome": record.outcome,
            "told_at": stamp(record.at),
            "received_at": stamp(now),
            "suggestions": orjson.dumps(list(record.suggestions)).decode(),
            "reason_system": system,
            "reason_code": code,
            "commented": int(record.comment is not None),
            "digest": _digest(keys, record),
        }
        identity = connection.execute(statement, row).scalar()
        if identity is None:
            continue
        new += 1
        if record.comment is not None and (record.service, record.card) in known:
            connection.execute(insert(comments), {"feedback": identity, "text": record.comment})
    return new


def _known(connection: Connection, tenant: str, uuids: set[str]) -> set[tuple[str, str]]:
    """(service, uuid) of the cards among these that this tenant was shown."""
    query = select(issued.c.service, issued.c.uuid).where(issued.c.tenant == tenant, issued.c.uuid.in_(sorted(uuids)))
    return {(row.service, row.uuid) for row in connection.execute(query)} if uuids else set()


def _digest(keys: Keys, record: FeedbackRecord) -> str:
    system, code = record.reason or ("", "")
    parts = [record.service, record.card, record.outcome, stamp(record.at), *record.suggestions, system, code]
    return keys.hash("feedback", *parts, record.comment or "", str(record.comment is None))


class FeedbackStore(Protocol):
    """Keeps feedback; the same record told twice is kept once."""

    def add(self, records: Sequence[FeedbackRecord]) -> int:
        """Keep the records and return how many were new; raises if they could not be kept."""


class MemoryFeedback:
    """The newest 10,000 records of this process."""

    def __init__(self, limit: int = 10_000) -> None:
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
