"""What the store promises of its files and connections: strict tables, synced commits, and a full disk that is said."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from cds_targets.settings import Settings
from cds_targets.store.store import Store
from cds_targets.store.tables import METADATA
from cds_targets.web.app import create_app
from tests.store.servers import programs
from tests.test_examples import DAY, IRIS, advisor, example

VIEW = "/cds-services/targeted-therapies"


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(str(tmp_path / "store.db"))
    yield opened
    opened.close()


def test_t32_every_table_of_a_file_is_strict_about_types(file_store: Store) -> None:
    with file_store.database.reading() as connection:
        found = connection.execute(text("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")).all()
    strict = {row.name for row in found if row.strict}
    assert set(METADATA.tables) <= strict


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5_000), ("trusted_schema", 0)],
)
def test_t32_commits_of_a_file_are_synced_and_writers_wait(file_store: Store, pragma: str, value: object) -> None:
    for way in (file_store.database.writing, file_store.database.reading):
        with way() as connection:
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_t32_a_writer_holds_the_lock_from_its_first_statement(file_store: Store) -> None:
    """BEGIN IMMEDIATE: a transaction that reads first and then writes cannot be refused in the middle."""
    with file_store.database.writing() as connection:
        connection.execute(text("SELECT count(*) FROM audit"))
        with file_store.database.reading() as other:
            other.execute(text("PRAGMA busy_timeout = 0"))
            with pytest.raises(Exception, match="locked"):
                other.execute(text("BEGIN IMMEDIATE"))


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """What a full disk does to a process that writes: from here on files do not grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_t32_a_full_disk_is_a_503_and_what_was_answered_is_kept(file_store: Store) -> None:
    client = create_app(Settings(), advisor(), file_store, lambda: DAY).test_client()

    def ask() -> int:
        return client.post(VIEW, json=example(IRIS, "patient-view")).status_code

    statuses = [ask()]
    assert file_store.database.path is not None
    log = file_store.database.path.with_name("store.db-wal")
    with files_no_larger_than(log.stat().st_size + 100_000):
        statuses += [ask() for _ in range(30)]
        assert client.get("/health/live").status_code == 200
    full = statuses.index(503)
    assert statuses == [200] * full + [503] * (31 - full)
    assert ask() == 200  # once there is room again
    with file_store.audit_rows() as rows:
        assert sum(row["event"] == "call" for row in rows) == full + 1
    assert file_store.verify().problems == ()


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_t32_a_database_server_that_drops_its_connections_is_connected_to_again(store: Store) -> None:
    store.note("started", {"number": 1})
    with store.database.reading() as connection:
        others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'cds'"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    store.note("started", {"number": 2})
    assert (store.verify().rows, store.verify().problems) == (2, ())


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_t30_every_row_about_a_call_has_a_tenant(store: Store) -> None:
    with store.database.reading() as connection:
        columns = {name: {c["name"] for c in inspect(connection).get_columns(name)} for name in METADATA.tables}
    assert {name for name, found in columns.items() if "tenant" in found} == {"audit", "issued", "feedback"}
