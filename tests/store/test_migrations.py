"""The tables: made from nothing, up, down and up again, and the same as the program believes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import cds_targets.store.migrations
from cds_targets.errors import SettingsError
from cds_targets.store.database import Database, url_of
from cds_targets.store.migrate import HEAD, downgrade, revision_of, upgrade
from cds_targets.store.store import Store
from cds_targets.store.tables import METADATA

FOLDER = Path(cds_targets.store.migrations.__file__).parent


def test_the_newest_migration_is_the_one_the_program_asks_for() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [HEAD]


def test_up_down_and_up_again_ends_in_the_tables_of_the_program(address: str) -> None:
    database = Database(url_of(address))
    with database.writing() as connection:
        upgrade(connection)
    for target, tables in (("base", set()), (HEAD, set(METADATA.tables))):
        with database.writing() as connection:
            downgrade(connection, "base") if target == "base" else upgrade(connection)
        with database.reading() as connection:
            assert set(inspect(connection).get_table_names()) - {"alembic_version"} == tables
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert revision_of(connection) == HEAD
    database.close()


def test_what_the_first_tables_held_is_there_after_the_change_up_and_down(address: str) -> None:
    database = Database(url_of(address))
    with database.writing() as connection:
        upgrade(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO issued (tenant, uuid, service, card, version, kind, indicator, at, knowledge, program, "
                "patient, viewer, content) VALUES ('', 'c1', 's', 'liver', 1, 'toxicity', 'info', 'a', 'k', 'p', 'x', "
                "'y', 'z')"
            )
        )
    for target in ("0002", "0001", "0002"):
        with database.writing() as connection:
            upgrade(connection, target) if target == "0002" else downgrade(connection, target)
        with database.reading() as connection:
            assert revision_of(connection) == target
            assert connection.execute(text("SELECT uuid, content FROM issued")).all() == [("c1", "z")]
    database.close()


REVISIONS = [script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_schema_there_was_comes_up_to_the_tables_of_the_program_and_back(address: str, revision: str) -> None:
    database = Database(url_of(address))

    def tables() -> dict[str, set[str]]:
        with database.reading() as connection:
            found = inspect(connection)
            return {name: {c["name"] for c in found.get_columns(name)} for name in found.get_table_names()}

    with database.writing() as connection:
        upgrade(connection, revision)
    before = tables()
    with database.writing() as connection:
        upgrade(connection)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    with database.writing() as connection:
        downgrade(connection, revision)
    assert tables() == before
    database.close()


def test_tables_of_a_newer_version_are_refused_and_left_alone(address: str, key_file: Path) -> None:
    Store.open(address, key_file).close()
    database = Database(url_of(address))
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer version"):
        Store.open(address, key_file)
    with database.reading() as connection:
        assert revision_of(connection) == "9999"
    database.close()


def test_every_migration_can_be_undone() -> None:
    for path in (FOLDER / "versions").glob("v*.py"):
        assert re.search(
            r"^def downgrade\(\) -> None:\n    \"\"\"[^\n]+\n    \w", path.read_text("utf-8"), re.MULTILINE
        )
