"""Feedback: every event kept once, in whatever order it comes, for cards known or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, insert, select

from cds_targets.store.keys import Keys
from cds_targets.store.tables import comments, issued, stamp
from cds_targets.store.tables import feedback as table
from cds_targets.store.writing import once

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
Reasons = frozenset[tuple[str, str]]  # (system, code) of every override reason that cards offer


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    """What was done with one card of one service, as told: each text but `service` and `outcome` may hold patient data.

    `reason` is (system, code).
    """

    service: str
    card: str = field(repr=False)
    outcome: str
    at: datetime
    suggestions: tuple[str, ...] = field(default=(), repr=False)
    reason: tuple[str, str] | None = field(default=None, repr=False)
    comment: str | None = field(default=None, repr=False)


def add(
    connection: Connection,
    keys: Keys,
    tenant: str,
    now: datetime,
    records: Sequence[FeedbackRecord],
    offered: Reasons = frozenset(),
) -> int:
    """Keep what is new and return how many that were; a comment is kept only with a card that this tenant was shown."""
    known = _known(connection, tenant, {record.card for record in records})
    new = 0
    statement = once(connection, table).returning(table.c.id)
    for record in dict.fromkeys(records):
        system, code = _reason(record, offered)
        row = {
            "tenant": tenant,
            "service": record.service,
            "uuid": _identity(keys, tenant, record.card),
            "outcome": record.outcome,
            "told_at": stamp(record.at),
            "received_at": stamp(now),
            "suggestions": orjson.dumps([_identity(keys, tenant, one) for one in record.suggestions]).decode(),
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


def _identity(keys: Keys, tenant: str, told: str) -> str:
    """A UUID as told; whatever else is no id of ours may hold patient data, and is kept as a keyed hash."""
    return told if _UUID.fullmatch(told) else keys.hash("id", tenant, told)


def _reason(record: FeedbackRecord, offered: Reasons) -> tuple[str | None, str | None]:
    """A reason that was offered, its system as told or left out; any other is `other`, for it may hold patient data."""
    if record.reason is None:
        return None, None
    system, code = record.reason
    known = record.reason in offered or (not system and any(code == one for _, one in offered))
    return record.reason if known else ("", "other")


def _known(connection: Connection, tenant: str, uuids: set[str]) -> set[tuple[str, str]]:
    """(service, uuid) of the cards among these that this tenant was shown."""
    query = select(issued.c.service, issued.c.uuid).where(issued.c.tenant == tenant, issued.c.uuid.in_(sorted(uuids)))
    return {(row.service, row.uuid) for row in connection.execute(query)} if uuids else set()


def _digest(keys: Keys, record: FeedbackRecord) -> str:
    system, code = record.reason or ("", "")
    parts = [record.service, record.card, record.outcome, stamp(record.at), *record.suggestions, system, code]
    return keys.hash("feedback", *parts, record.comment or "", str(record.comment is None))
