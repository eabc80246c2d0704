"""Stores to test with: a file always, PostgreSQL where a server can be started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text

from cds_targets.store.database import Database, url_of
from cds_targets.store.store import Store
from tests.store.servers import postgresql, programs

GRANTS = (  # as the README tells operators
    "GRANT USAGE ON SCHEMA public TO service",
    "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO service",
    "GRANT UPDATE ON audit_head TO service",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO service",
)
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
    database = Database(url_of(found))
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


@pytest.fixture
def owner(server: str, key_file: Path) -> Iterator[Store]:
    """A store as the owner of its tables opens it, who is no superuser."""
    with superuser(server) as connection:
        for statement in (
            "DROP SCHEMA public CASCADE",
            "DROP ROLE IF EXISTS keeper",
            "CREATE ROLE keeper LOGIN",
            "CREATE SCHEMA public AUTHORIZATION keeper",
        ):
            connection.execute(text(statement))
    opened = Store.open(make_url(server).set(username="keeper").render_as_string(), key_file)
    yield opened
    opened.close()


@pytest.fixture
def service(server: str, owner: Store, key_file: Path) -> Iterator[Store]:
    """The same store as the service opens it, whose role has no more than it needs."""
    with superuser(server) as connection:
        connection.execute(text("DROP ROLE IF EXISTS service"))
        connection.execute(text("CREATE ROLE service LOGIN"))
    with owner.database.writing() as connection:
        for grant in GRANTS:
            connection.execute(text(grant))
    opened = Store.open(make_url(server).set(username="service").render_as_string(), key_file)
    yield opened
    opened.close()
    with superuser(server) as connection:
        connection.execute(text("DROP OWNED BY service"))


@contextmanager
def superuser(server: str) -> Iterator[Connection]:
    """A transaction of the role that no policy binds."""
    database = Database(url_of(server))
    with database.writing() as connection:
        yield connection
    database.close()
