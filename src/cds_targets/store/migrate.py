"""Bring a database to the newest tables; alembic is loaded only when there is something to do."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from cds_targets.errors import SettingsError
from cds_targets.store.database import SITE, show

HEAD = "0003"
_LOCK = 7_253_410_001  # any number that no other program of the database uses


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at, None if it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found is not None else None


def upgrade(connection: Connection, target: str = HEAD) -> None:
    """Run what is missing, in the connection's transaction; raises SettingsError for tables newer than this program."""
    _one_at_a_time(connection)
    found = revision_of(connection)
    if found is not None and found > HEAD:
        raise SettingsError(
            f"the store was written by a newer version of this program (its tables are {found}, this version knows "
            f"{HEAD}): install that version, or restore a backup"
        )
    if found != target:
        show(connection, SITE)
        _run("upgrade", connection, target)


def _one_at_a_time(connection: Connection) -> None:
    """Hosts that start together wait for each other; SQLite's write transaction does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def downgrade(connection: Connection, target: str) -> None:
    """Undo changes down to `target` (`base` for all), in the connection's transaction; what the tables held is lost."""
    show(connection, SITE)
    _run("downgrade", connection, target)


def _run(direction: str, connection: Connection, target: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "cds_targets.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    getattr(command, direction)(config, target)
