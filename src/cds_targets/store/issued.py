"""Cards that went out: enough to know later what was shown, of which content, and nothing of whom.

`patient`, `viewer`, `content` and each of `fields` are keyed hashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, distinct, func, select

from cds_targets.store.tables import feedback, issued, stamp
from cds_targets.store.writing import add_once


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """One card of an answer. `said` is what it said and of which drug, `fields` the same by field; both are hashed."""

    uuid: str
    card: str
    version: int
    kind: str
    indicator: str
    said: bytes
    fields: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A card that a service showed before. `answered`: feedback came on this very card, after it was shown."""

    service: str
    card: str
    version: int
    content: str
    answered: bool


def add(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Keep what went out; an answer that is given again is kept once."""
    add_once(connection, issued, rows)


def shown_since(
    connection: Connection, tenant: str, patient: str, viewer: str, services: Sequence[str], since: datetime
) -> tuple[Shown, ...]:
    """What these services showed this viewer of this patient since then."""
    told = and_(
        feedback.c.tenant == issued.c.tenant,
        feedback.c.uuid == issued.c.uuid,
        feedback.c.service == issued.c.service,
        feedback.c.received_at >= issued.c.at,
    )
    query = (
        select(
            issued.c.uuid,
            issued.c.service,
            issued.c.card,
            issued.c.version,
            issued.c.content,
            select(func.count()).where(told).correlate(issued).scalar_subquery().label("answers"),
        )
        .where(issued.c.tenant == tenant)
        .where(issued.c.patient == patient)
        .where(issued.c.at >= stamp(since))
        .where(issued.c.viewer == viewer)
        .where(issued.c.service.in_(services))
    )
    found = connection.execute(query).all()
    answered = {row.uuid for row in found if row.answers}
    mixed = _of_several_patients(connection, tenant, answered) if answered else frozenset()
    return tuple(Shown(row.service, row.card, row.version, row.content, row.uuid in answered - mixed) for row in found)


def _of_several_patients(connection: Connection, tenant: str, uuids: set[str]) -> frozenset[str]:
    """A client with one constant hookInstance gets one uuid for different patients: feedback on it says nothing."""
    query = (
        select(issued.c.uuid)
        .where(issued.c.tenant == tenant, issued.c.uuid.in_(sorted(uuids)))
        .group_by(issued.c.uuid)
        .having(func.count(distinct(issued.c.patient)) > 1)
    )
    return frozenset(connection.execute(query).scalars())
