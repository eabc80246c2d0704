"""T32: the audit is only added to, and whatever else is done to it is found, with its row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cds_targets.errors import StoreUnavailable
from cds_targets.store.keep import purge
from cds_targets.store.keys import Keys
from cds_targets.store.store import Store


@pytest.fixture
def chain(store: Store) -> Store:
    for number in range(1, 7):
        store.note("started", {"number": number}, tenant="north")
    return store


def without_guards(store: Store, statement: str) -> None:
    """What somebody does who owns the database."""
    with store.database.writing() as connection:
        if store.database.sqlite:
            connection.execute(text("DROP TRIGGER audit_no_update"))
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text(statement))


def test_an_untouched_chain_is_whole(chain: Store) -> None:
    found = chain.verify()
    assert (found.rows, found.seq, found.problems) == (6, 6, ())
    with chain.audit_rows() as rows:
        first, *_ = rows
    assert first["facts"] == {"number": 1}


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET event = 'x' WHERE seq = 3", "DELETE FROM audit WHERE seq = 3", "DELETE FROM audit"]
)
def test_the_database_refuses_changes(chain: Store, statement: str) -> None:
    with pytest.raises(StoreUnavailable), chain.database.writing() as connection:
        connection.execute(text(statement))
    assert chain.verify().problems == ()


TAMPERED = [
    ("UPDATE audit SET at = 'x' WHERE seq = 3", "row 3: was changed"),
    ("UPDATE audit SET event = 'x' WHERE seq = 3", "row 3: was changed"),
    ("UPDATE audit SET tenant = 'x' WHERE seq = 3", "row 3: was changed"),
    ("UPDATE audit SET hash = 'x' WHERE seq = 3", "row 3: was changed"),
    ("UPDATE audit SET facts = '{}' WHERE seq = 3", "row 3: was changed"),
    ("UPDATE audit SET prev = 'x' WHERE seq = 3", "row 3: does not follow"),
    ("UPDATE audit SET seq = 9 WHERE seq = 3", "row 3: missing"),
    ("DELETE FROM audit WHERE seq = 1", "row 1: missing"),
    ("DELETE FROM audit WHERE seq = 3", "row 3: missing"),
    ("DELETE FROM audit WHERE seq >= 5", "row 5: the chain ends before its head"),
    ("DELETE FROM audit", "row 1: the chain ends before its head"),
    ("UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)", "the head of the chain"),
    ("UPDATE audit_head SET since_seq = 2, since_hash = (SELECT hash FROM audit WHERE seq = 2)", "the head"),
]


@pytest.mark.parametrize(("statement", "says"), TAMPERED, ids=[row[0] for row in TAMPERED])
def test_tampering_is_found_with_its_row(chain: Store, statement: str, says: str) -> None:
    without_guards(chain, statement)
    assert any(problem.startswith(says) for problem in chain.verify().problems), chain.verify().problems


def test_another_key_is_noticed(chain: Store) -> None:
    assert "key" in Store(chain.database, Keys.random()).verify().problems[0]


def test_t39_a_clock_that_jumps_breaks_nothing(address: str, key_file: Path) -> None:
    moments = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=days) for days in (0, 400, -400, 0, 1, 2)]
    clock = iter([*moments, *moments])
    opened = Store.open(address, key_file)
    store = Store(opened.database, opened.keys, lambda: next(clock))
    for number in range(6):
        store.note("started", {"number": number})
    assert store.verify().problems == ()
    # Only what is older at the very beginning is forgotten: an old date in the middle keeps its place.
    assert purge(store, moments[0] + timedelta(days=30), keep_days=10, comment_days=10).audit == 1
    assert (store.verify().rows, store.verify().problems) == (6, ())
    store.close()
