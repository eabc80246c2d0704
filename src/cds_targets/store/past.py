"""Answers of the past, as far as they are on record: what was judged by, and hashes of what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from cds_targets.store.tables import audit, issued, knowledge

# The settings that shape an answer, kept with each call.
SETTINGS = ("mode", "time_zone", "max_cards", "max_entries")
_EVENTS = ("call", "heartbeat", "heartbeat-failed")


@dataclass(frozen=True, slots=True)
class PastCard:
    """A card that went out. `contents`: keyed hashes of all that is on record of it, the newest last, with its fields.

    There are several where a client sends one hookInstance again and the answer was another; none for a heartbeat.
    """

    id: str
    version: int
    uuid: str
    contents: tuple[tuple[str, Mapping[str, str]], ...] = ()


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call that was answered. `day`, `body`, `sent` and `settings` are empty in rows of the first version."""

    at: datetime
    request: str
    tenant: str
    service: str
    outcome: str
    patient: str
    knowledge: str
    program: str
    cards: tuple[PastCard, ...]
    held: tuple[str, ...]
    day: date | None = None
    body: str = ""
    sent: tuple[str, ...] = ()
    settings: Mapping[str, str | int] = field(default_factory=dict)

    def held_as(self, why: str) -> frozenset[str]:
        """Ids of what applied and was not shown, for this reason: `shadow` or `repeated`."""
        return frozenset(one.removeprefix(f"{why}:") for one in self.held if one.startswith(f"{why}:"))


def find(connection: Connection, which: str) -> list[PastCall]:
    """The calls of that request number (X-Request-ID), or that gave the card of that uuid, oldest first."""
    query = select(audit).where(audit.c.event.in_(_EVENTS), audit.c.facts.contains(which, autoescape=True))
    found = []
    for row in connection.execute(query.order_by(audit.c.seq)).mappings():
        facts = orjson.loads(row["facts"])
        if which == facts["request"] or which in {told.rpartition(" ")[2] for told in facts["cards"]}:
            found.append(_call(connection, row["at"], row["tenant"], facts))
    return found


def files_of(connection: Connection, content: str) -> Mapping[str, str] | None:
    """The files (path -> SHA-256) of the content of that hash, None if it was never loaded here."""
    told = connection.execute(select(knowledge.c.files).where(knowledge.c.hash == content)).scalar()
    files: dict[str, str] | None = orjson.loads(told) if told is not None else None
    return files


def _call(connection: Connection, at: str, tenant: str, facts: Mapping[str, Any]) -> PastCall:
    day = facts.get("day")
    return PastCall(
        at=datetime.fromisoformat(at),
        request=facts["request"],
        tenant=tenant,
        service=facts["service"],
        outcome=facts["outcome"],
        patient=facts["patient"],
        knowledge=facts["knowledge"],
        program=facts["program"],
        cards=tuple(_card(connection, at, tenant, facts["patient"], told) for told in facts["cards"]),
        held=tuple(facts["held"]),
        day=date.fromisoformat(day) if day else None,
        body=facts.get("body", ""),
        sent=tuple(facts.get("sent", ())),
        settings={name: facts[name] for name in SETTINGS if name in facts},
    )


def _card(connection: Connection, at: str, tenant: str, patient: str, told: str) -> PastCard:
    """What is on record of a card; a repeated answer is kept once, so its row may be older than the call."""
    identity, version, uuid = told.rsplit(" ", 2)
    query = select(issued.c.at, issued.c.content, issued.c.fields).where(
        issued.c.tenant == tenant, issued.c.uuid == uuid, issued.c.patient == patient, issued.c.at <= at
    )
    rows = connection.execute(query.order_by(issued.c.at, issued.c.id)).all()
    exact = [row for row in rows if row.at == at] or rows
    contents = tuple((row.content, orjson.loads(row.fields or "{}")) for row in exact)
    return PastCard(identity, int(version), uuid, contents)
