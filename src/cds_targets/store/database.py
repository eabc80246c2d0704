"""One database, two ways in: a single writer that begins IMMEDIATE, and readers.

SQLite is set up for several processes and for `kill -9`: write-ahead log, synchronous FULL, foreign keys, a busy
timeout, file mode 0600. PostgreSQL serves several hosts, and there the rows of tenants are seen and written only by a
transaction that says whose (row-level security); on SQLite the tenant in every query is the only wall. Every database
error becomes StoreUnavailable, without its text, which can hold what was being written.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from cds_targets.errors import SettingsError, StoreUnavailable

NOBODYS, SITE = "", "site"  # whose rows are seen: no tenant's; every tenant's, for the owner of the tables only
BUSY_SECONDS = 5
MEMORY = "sqlite://"
_HINT = "set CDS_TARGETS_STORE to a file that can be written, or to a postgresql:// address"
_OWNERS_ONLY = "only the owner of the store's tables sees the rows of all tenants: set CDS_TARGETS_STORE to its address"
# File systems on which SQLite's locks cannot be trusted: https://www.sqlite.org/wal.html ("all processes ... on the
# same host computer; WAL does not work over a network filesystem").
_NETWORKED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs"}
_SHOW = text("SELECT set_config('cds_targets.rows', :rows, true)")  # until the transaction ends
_IS_OWNER = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('issued')")


def of_tenant(tenant: str) -> str:
    """The rows of one tenant; the empty name is a tenant as well, the one of an unsigned call."""
    return f"tenant/{tenant}"


def show(connection: Connection, rows: str) -> None:
    """From here to the end of the connection's transaction, these rows are there and can be written."""
    if rows != NOBODYS and connection.dialect.name == "postgresql":
        connection.execute(_SHOW, {"rows": rows})


class Database:
    """Connections to one database; holds none open until it is used, so that workers may be forked."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self.path = Path(url.database) if self.sqlite and url.database else None
        self._writer = self._engine(1 if self.sqlite else 5, "BEGIN IMMEDIATE")
        # A database in memory is one connection: whoever wants it waits for it.
        self._reader = self._writer if self.sqlite and self.path is None else self._engine(5, "")

    @contextmanager
    def writing(self, rows: str = NOBODYS) -> Iterator[Connection]:
        """A transaction that is committed at the end; raises StoreUnavailable if anything could not be kept."""
        with self._transaction(self._writer, rows) as connection:
            yield connection

    @contextmanager
    def reading(self, rows: str = NOBODYS) -> Iterator[Connection]:
        """A connection to read with; on SQLite each statement sees its own moment. Raises StoreUnavailable."""
        with self._transaction(self._reader, rows) as connection:
            yield connection

    @contextmanager
    def snapshot(self, rows: str = NOBODYS) -> Iterator[Connection]:
        """A connection to read with, whose statements all see one moment; raises StoreUnavailable."""
        first = "BEGIN" if self.path is not None else ""
        if not self.sqlite:
            first = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
        with self._transaction(self._reader, rows, first) as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine, rows: str, first: str = "") -> Iterator[Connection]:
        """Raises SettingsError where rows of the whole site are asked for by a role that does not own the tables."""
        try:
            with engine.begin() as connection:
                if first:
                    connection.exec_driver_sql(first)
                show(connection, rows)
                if rows == SITE and not self.sqlite and connection.execute(_IS_OWNER).scalar() is False:
                    raise SettingsError(_OWNERS_ONLY)
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreUnavailable(f"the store failed ({_kind(error)})") from None

    def close(self) -> None:
        """Let go of every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def _engine(self, size: int, begin: str) -> Engine:
        options: dict[str, Any] = {
            "poolclass": QueuePool,
            "pool_size": size,
            "max_overflow": 0,
            "hide_parameters": True,
        }
        if not self.sqlite:
            arguments = {
                "connect_timeout": BUSY_SECONDS,
                "options": "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC",
            }
            return create_engine(
                self.url, **options, pool_timeout=BUSY_SECONDS, pool_pre_ping=True, connect_args=arguments
            )
        engine = create_engine(
            self.url,
            **options,
            pool_timeout=BUSY_SECONDS,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )

        @event.listens_for(engine, "connect")
        def _connected(connection: sqlite3.Connection, record: object) -> None:
            connection.isolation_level = None  # the driver begins nothing by itself
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begun(connection: Connection) -> None:
            if begin:
                connection.exec_driver_sql(begin)

        return engine


def _kind(error: BaseException) -> str:
    """The name of a database error, which says nothing of what was written."""
    cause = error.orig if isinstance(error, DatabaseError) and error.orig is not None else error
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {name}" if name else type(cause).__name__


def default_path(environment: dict[str, str] | None = None) -> Path:
    """Where the store is when nothing is set: the user's state folder (XDG Base Directory Specification)."""
    environment = dict(os.environ) if environment is None else environment
    state = environment.get("XDG_STATE_HOME", "")
    folder = Path(state) if state.startswith("/") else Path("~/.local/state")
    return folder.expanduser() / "cds-targets" / "store.db"


def url_of(chosen: str | None) -> URL:
    """The address of the store: a `postgresql://` address, a file, or the default file; raises SettingsError."""
    if chosen is None:
        try:
            return URL.create("sqlite", database=str(default_path()))
        except RuntimeError:
            raise SettingsError(f"the store has no default place, because this user has no home: {_HINT}") from None
    if "://" not in chosen:
        return URL.create("sqlite", database=str(Path(chosen).expanduser().absolute()))
    try:
        url = make_url(chosen)
    except ArgumentError:
        url = None
    backend = url.get_backend_name() if url is not None else ""
    if url is None or backend not in {"postgresql", "sqlite"}:
        raise SettingsError("CDS_TARGETS_STORE must be a file or a postgresql:// address")
    return url.set(drivername="postgresql+psycopg") if backend == "postgresql" else url


def prepare_file(path: Path) -> None:
    """Make the file of a SQLite store, for this user only; raises SettingsError where it cannot be kept."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        beside = path.parent / f".{path.name}.{os.getpid()}"  # the write-ahead log is made beside the file
        os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        beside.unlink()
    except OSError as error:
        raise SettingsError(f"the store cannot be kept in {path}: {error.strerror}; {_HINT}") from None
    kind = _file_system(path)
    if kind in _NETWORKED:
        raise SettingsError(f"the store cannot be kept in {path}: SQLite must not be on {kind}; {_HINT}")


def _file_system(path: Path) -> str:
    """The kind of file system a path is on, as far as the system tells (Linux), else an empty text."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return ""
    resolved = path.resolve()
    fitting = [(len(row[1]), row[2]) for row in mounts if len(row) > 2 and resolved.is_relative_to(row[1])]
    return max(fitting)[1] if fitting else ""
