"""The tables, as the newest migration leaves them.

Times are RFC 3339 texts in UTC with microseconds, so that they sort; hashes are hexadecimal. No table holds a name, an
identifier or a value of a patient: `patient` and `viewer` are keyed hashes. `comments` is the exception, because what
clinicians write may hold anything: it is a table of its own, can be denied to a role, and is kept for a shorter time.
`issued`, `feedback` and, by its feedback, `comments` belong to tenants; all else is the site's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint, text

METADATA = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")
_STRICT: dict[str, Any] = {"sqlite_strict": True}
_HEARTBEATS = text("event = 'heartbeat'")


def stamp(moment: datetime) -> str:
    """An instant as the tables write it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


audit = Table(
    "audit",
    METADATA,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("facts", Text, nullable=False),  # a JSON object with its keys in order
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("audit_heartbeats", "at", sqlite_where=_HEARTBEATS, postgresql_where=_HEARTBEATS),
    **_STRICT,
)
# One row: the last link of the chain, and the link before the first that is still kept; `mac` is keyed.
audit_head = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", _Number, nullable=False),
    Column("hash", Text, nullable=False),
    Column("since_seq", _Number, nullable=False),
    Column("since_hash", Text, nullable=False),
    Column("mac", Text, nullable=False),
    **_STRICT,
)
issued = Table(
    "issued",
    METADATA,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("knowledge", Text, nullable=False),
    Column("program", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("viewer", Text, nullable=False),
    Column("content", Text, nullable=False),  # keyed hash of what the card said, and of which drug
    Column("fields", Text),  # a JSON object: keyed hash of each field of the card; rows of 0001 have none
    UniqueConstraint("tenant", "uuid", "patient", "content", name="issued_once"),
    Index("issued_of_patient", "tenant", "patient", "at"),
    Index("issued_at", "at"),
    **_STRICT,
)
feedback = Table(
    "feedback",
    METADATA,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("told_at", Text, nullable=False),  # outcomeTimestamp, as the client's clock has it
    Column("received_at", Text, nullable=False),
    Column("suggestions", Text, nullable=False),  # a JSON list of uuids
    Column("reason_system", Text),
    Column("reason_code", Text),
    Column("commented", Integer, nullable=False),
    Column("digest", Text, nullable=False),  # keyed hash of all of it: the same told twice is one row
    UniqueConstraint("tenant", "digest", name="feedback_once"),
    Index("feedback_on_card", "tenant", "uuid"),
    **_STRICT,
)
comments = Table(
    "comments",
    METADATA,
    Column("feedback", _Number, ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    **_STRICT,
)
tokens = Table(
    "tokens",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires", _Number, nullable=False),  # seconds since 1970
    Index("tokens_expire", "expires"),
    **_STRICT,
)
# What the content consisted of whenever it was loaded: which file changed since can be told.
knowledge = Table(
    "knowledge",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("at", Text, nullable=False),  # when it was loaded first
    Column("files", Text, nullable=False),  # a JSON object: path -> SHA-256
    **_STRICT,
)
decisions = Table(
    "decisions",
    METADATA,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),  # card | service
    Column("subject", Text, nullable=False),
    Column("decision", Text, nullable=False),  # off | shadow | on | approved | withdrawn
    Column("version", Integer),
    Column("content", Text),  # hash of the card file that was approved
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    **_STRICT,
)
