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

_SYSTEM = re.compile(r"(https?://|urn:)[A-Za-z0-9./:_~#%-]{1,240}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


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
        system, code = _reason(record)
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


def _reason(record: FeedbackRecord) -> tuple[str | None, str | None]:
    """The reason as far as it is a code of a system; free text in its place may hold patient data and is not kept."""
    if record.reason is None:
        return None, None
    system, code = record.reason
    return system if _SYSTEM.fullmatch(system) else "", code if _CODE.fullmatch(code) else "other"


def _known(connection: Connection, tenant: str, uuids: set[str]) -> set[tuple[str, str]]:
    """(service, uuid) of the cards among these that this tenant was shown."""
    query = select(issued.c.service, issued.c.uuid).where(issued.c.tenant == tenant, issued.c.uuid.in_(sorted(uuids)))
    return {(row.service, row.uuid) for row in connection.execute(query)} if uuids else set()


def _digest(keys: Keys, record: FeedbackRecord) -> str:
    system, code = record.reason or ("", "")
    parts = [record.service, record.card, record.outcome, stamp(record.at), *record.suggestions, system, code]
    return keys.hash("feedback", *parts, record.comment or "", str(record.comment is None))
