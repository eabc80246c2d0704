"""Insert what is not there yet, on either database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def once(connection: Connection, table: Table) -> Any:
    """An INSERT that leaves a row alone which is there already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def add_once(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Insert the rows that are new."""
    if rows:
        connection.execute(once(connection, table), list(rows))
