"""The audit: rows that are only ever added, each holding the hash of the one before.

Changing or removing any row breaks the chain at that place. The head row keeps the last link, keyed, so that cutting
the end off is seen as well; who wants proof against the holder of the key notes `verify`'s last line elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select, update

from cds_targets.store.keys import Keys
from cds_targets.store.tables import audit, audit_head, stamp

START = "0" * 64
Facts = Mapping[str, Any]  # texts, numbers and lists of texts

_HEAD = select(audit_head.c.seq, audit_head.c.hash, audit_head.c.since_seq, audit_head.c.since_hash, audit_head.c.mac)
_HEAD_TO_MOVE = _HEAD.with_for_update()  # PostgreSQL: one writer of the chain at a time; SQLite has one writer anyway
_ADD = insert(audit)
_MOVE = update(audit_head).values(
    seq=bindparam("new_seq"),
    hash=bindparam("new_hash"),
    since_seq=bindparam("new_since"),
    since_hash=bindparam("new_since_hash"),
    mac=bindparam("new_mac"),
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the chain found: rows read, the last link, and a sentence for each thing wrong."""

    rows: int
    seq: int
    hash: str
    problems: tuple[str, ...] = ()


def begin(connection: Connection, keys: Keys) -> None:
    """The head of a new chain, if there is none."""
    if connection.execute(select(func.count()).select_from(audit_head)).scalar() == 0:
        connection.execute(
            insert(audit_head).values(
                id=1, seq=0, hash=START, since_seq=0, since_hash=START, mac=_mac(keys, 0, START, 0, START)
            )
        )


def is_ours(connection: Connection, keys: Keys) -> bool:
    """Whether the head of the chain was written with this key."""
    head = connection.execute(_HEAD).one()
    return bool(head.mac == _mac(keys, head.seq, head.hash, head.since_seq, head.since_hash))


def append(connection: Connection, keys: Keys, at: datetime, event: str, tenant: str, facts: Facts) -> None:
    """Add a row in the connection's writing transaction. `facts` hold no patient data."""
    append_all(connection, keys, [(at, event, tenant, facts)])


def append_all(connection: Connection, keys: Keys, entries: Sequence[tuple[datetime, str, str, Facts]]) -> None:
    """Add rows (time, event, tenant, facts) in the connection's writing transaction."""
    head = connection.execute(_HEAD_TO_MOVE).one()
    seq, link, added = head.seq, head.hash, []
    for at, event, tenant, facts in entries:
        seq += 1
        told = orjson.dumps(dict(facts), option=orjson.OPT_SORT_KEYS).decode()
        row = {"seq": seq, "at": stamp(at), "event": event, "tenant": tenant, "facts": told, "prev": link}
        link = _link(row)
        added.append({**row, "hash": link})
    connection.execute(_ADD, added)
    _move(connection, keys, seq, link, head.since_seq, head.since_hash)


def forget_before(connection: Connection, keys: Keys, moment: datetime) -> int:
    """Remove the rows at the beginning that are older; the chain goes on from the last of them. Returns how many."""
    head = connection.execute(_HEAD_TO_MOVE).one()
    first_kept = connection.execute(select(func.min(audit.c.seq)).where(audit.c.at >= stamp(moment))).scalar()
    last = (first_kept if first_kept is not None else head.seq + 1) - 1
    if last <= head.since_seq:
        return 0
    link = connection.execute(select(audit.c.hash).where(audit.c.seq == last)).scalar_one()
    _move(connection, keys, head.seq, head.hash, last, link)
    connection.execute(delete(audit).where(audit.c.seq <= last))
    return int(last - head.since_seq)


def rows(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every row in order, as it is kept; `facts` are read."""
    found = connection.execution_options(yield_per=1_000).execute(select(audit).order_by(audit.c.seq))
    for row in found.mappings():
        yield {**{str(name): value for name, value in row.items()}, "facts": orjson.loads(row["facts"])}


def verify(connection: Connection, keys: Keys) -> Verified:
    """Follow the chain from its first row to its head."""
    head = connection.execute(_HEAD).one()
    problems = []
    if head.mac != _mac(keys, head.seq, head.hash, head.since_seq, head.since_hash):
        problems.append("the head of the chain was not written by this service, or with another key file")
    seq, link, count = head.since_seq, head.since_hash, 0
    found = connection.execution_options(yield_per=1_000).execute(select(audit).order_by(audit.c.seq))
    for row in found.mappings():
        count += 1
        if row["seq"] != seq + 1:
            problems.append(f"row {seq + 1}: missing (the next one found is {row['seq']})")
        elif row["prev"] != link:
            problems.append(f"row {row['seq']}: does not follow the row before it")
        if row["hash"] != _link(dict(row)):
            problems.append(f"row {row['seq']}: was changed after it was written")
        seq, link = row["seq"], row["hash"]
    if (seq, link) != (head.seq, head.hash):
        problems.append(f"row {seq + 1}: the chain ends before its head, which is row {head.seq}")
    return Verified(count, seq, link, tuple(problems))


def contains(connection: Connection, seq: int, link: str) -> bool:
    """Whether the chain still has that link, or begins after it."""
    head = connection.execute(_HEAD).one()
    if seq == head.since_seq:
        return bool(link == head.since_hash)
    return connection.execute(select(audit.c.hash).where(audit.c.seq == seq)).scalar() == link


def last_heartbeat(connection: Connection) -> datetime | None:
    """When the newest heartbeat was written; its index answers, however long the audit is."""
    # A literal, for SQLite chooses a partial index only when it can see what is asked for.
    found = connection.execute(select(func.max(audit.c.at)).where(audit.c.event == literal_column("'heartbeat'")))
    newest = found.scalar()
    return datetime.fromisoformat(newest) if newest is not None else None


def _link(row: Mapping[str, Any]) -> str:
    told = [row[name] for name in ("seq", "at", "event", "tenant", "facts", "prev")]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


def _move(connection: Connection, keys: Keys, seq: int, link: str, since: int, since_link: str) -> None:
    mac = _mac(keys, seq, link, since, since_link)
    values = {"new_seq": seq, "new_hash": link, "new_since": since, "new_since_hash": since_link, "new_mac": mac}
    connection.execute(_MOVE, values)


def _mac(keys: Keys, seq: int, link: str, since: int, since_link: str) -> str:
    return keys.hash("audit-head", str(seq), link, str(since), since_link)
