"""Stores to test with: a file always, PostgreSQL where a server can be started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from cds_targets.store.database import Database
from cds_targets.store.store import Store
from tests.store.servers import postgresql, programs

BACKENDS = ["sqlite", *(["postgresql"] if programs() is not None else [])]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL database."""
    with postgresql() as address:
        yield address


@pytest.fixture(params=BACKENDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    found: str = request.getfixturevalue("server")
    database = Database(make_url(found).set(drivername="postgresql+psycopg"))
    with database.writing() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "site.key"


@pytest.fixture
def store(address: str, key_file: Path) -> Iterator[Store]:
    opened = Store.open(address, key_file)
    yield opened
    opened.close()
