"""How long things are kept, and copies of them."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select

from cds_targets.errors import SettingsError, StoreUnavailable
from cds_targets.store import audit, tokens
from cds_targets.store.database import SITE
from cds_targets.store.store import Store
from cds_targets.store.tables import comments, feedback, issued, stamp


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows a purge removed."""

    cards: int
    feedback: int
    comments: int
    tokens: int
    audit: int


def purge(store: Store, now: datetime, keep_days: int, comment_days: int) -> Forgotten:
    """Remove what is older than it is to be kept, and say so in the audit, whose chain goes on unbroken."""
    old, old_comment = now - timedelta(days=keep_days), now - timedelta(days=min(comment_days, keep_days))
    with store.database.writing(SITE) as connection:
        late = select(feedback.c.id).where(feedback.c.received_at < stamp(old_comment))
        forgotten = Forgotten(
            comments=connection.execute(delete(comments).where(comments.c.feedback.in_(late))).rowcount,
            feedback=connection.execute(delete(feedback).where(feedback.c.received_at < stamp(old))).rowcount,
            cards=connection.execute(delete(issued).where(issued.c.at < stamp(old))).rowcount,
            tokens=tokens.forget_expired(connection, int(now.timestamp())),
            audit=audit.forget_before(connection, store.keys, old),
        )
        facts = {name: getattr(forgotten, name) for name in Forgotten.__slots__}
        audit.append(connection, store.keys, now, "purge", "", facts)
    return forgotten


def backup(store: Store, target: Path) -> None:
    """A consistent copy of a file store while it is in use; raises SettingsError where that cannot be."""
    source = store.database.path
    if source is None:
        raise SettingsError("a PostgreSQL store is backed up with pg_dump; back up the key file as well")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise SettingsError(f"the backup cannot be written to {target}: {error.strerror}") from None
    try:
        connection = sqlite3.connect(source, timeout=30, isolation_level=None)
        try:
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
        copy = sqlite3.connect(target)
        try:
            whole = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        finally:
            copy.close()
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise StoreUnavailable(f"the backup failed ({type(error).__name__})") from None
    if not whole:
        target.unlink(missing_ok=True)
        raise StoreUnavailable("the backup is not whole")
