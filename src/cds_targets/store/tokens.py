"""Tokens that were used: each once, over all processes and hosts that share the store."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from cds_targets.store.tables import tokens
from cds_targets.store.writing import once

_MARGIN = 3_600  # seconds a token is remembered after it expired: more than any leeway of clocks


def seen(connection: Connection, issuer: str, jti: str, expires: int) -> bool:
    """Whether the token was used before; from now on it was."""
    values = {"issuer": issuer, "jti": jti, "expires": expires}
    return connection.execute(once(connection, tokens).returning(tokens.c.jti), values).first() is None


def forget_expired(connection: Connection, now: int) -> int:
    """Forget tokens that no verifier would accept any more; returns how many."""
    return connection.execute(delete(tokens).where(tokens.c.expires < now - _MARGIN)).rowcount
