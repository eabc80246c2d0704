"""`cds-targets cards`, `store` and `audit`: decisions, retention, backup, and whether the audit is whole."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cds_targets.cli import main
from cds_targets.store.feedback import FeedbackRecord
from cds_targets.store.store import Store
from tests.store.test_store import AT

CARD = "kras-g12c-nsclc-second-line"
BY = ("--by", "Dr Berg", "--reason", "wrong threshold")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CDS_TARGETS_STORE", str(tmp_path / "store.db"))
    return tmp_path / "store.db"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def held() -> str:
    return run("cards", "list", "--held").output


def test_a_card_is_switched_off_and_on_by_somebody_for_a_reason(place: Path) -> None:
    assert held() == ""
    assert run("cards", "off", CARD, *BY).exit_code == 0
    assert re.match(rf"off     card     {CARD} \d+  \(Dr Berg, 20", held())
    assert "wrong threshold" in held()
    run("cards", "shadow", CARD, "nct05132075", "matching-trials", *BY)
    assert [line.split()[:3] for line in held().splitlines()] == [
        ["shadow", "service", "matching-trials"],
        ["shadow", "card", CARD],
        ["shadow", "card", "nct05132075"],
    ]
    run("cards", "on", CARD, "nct05132075", "matching-trials", *BY)
    assert held() == ""


def test_f15_in_production_only_what_was_approved_as_it_is_now_is_shown(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_TARGETS_MODE", "production")
    assert f"shadow  card     {CARD} " in held()
    assert run("cards", "approve", CARD, "--by", "Tumour board").exit_code == 0
    assert CARD not in held()
    assert run("cards", "withdraw", CARD, *BY).exit_code == 0
    assert f"shadow  card     {CARD} " in held()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("off", "kras-g12c-nsclc-second-lin", *BY), f"did you mean {CARD}?"),
        (("approve", "matching-trials", "--by", "x"), "is a service"),
    ],
)
def test_what_cannot_be_decided_is_refused(place: Path, arguments: tuple[str, ...], says: str) -> None:
    told = run("cards", *arguments)
    assert told.exit_code == 2
    assert says in told.output
    assert held() == ""


def test_nobody_decides_without_a_name_and_a_reason(place: Path) -> None:
    assert run("cards", "off", CARD, "--by", "x").exit_code == 2
    assert run("cards", "off", CARD, "--reason", "x").exit_code == 2


def test_the_audit_is_verified_exported_and_a_noted_link_is_found_again(place: Path) -> None:
    run("cards", "off", CARD, *BY)
    whole = run("audit", "verify")
    assert (whole.exit_code, whole.output.splitlines()[0]) == (0, "1 rows: whole")
    noted = whole.output.splitlines()[1]
    run("cards", "on", CARD, *BY)
    assert run("audit", "verify", "--contains", noted).exit_code == 0
    assert run("audit", "verify", "--contains", "1:" + "0" * 64).exit_code == 1
    assert run("audit", "verify", "--contains", "x").exit_code == 2
    rows = [json.loads(line) for line in run("audit", "export").output.splitlines()]
    assert [row["facts"]["decision"] for row in rows] == ["off", "on"]


def test_a_changed_audit_is_reported(place: Path) -> None:
    run("cards", "off", CARD, *BY)
    connection = sqlite3.connect(place, isolation_level=None)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET facts = '{}'")
    connection.close()
    told = run("audit", "verify")
    assert told.exit_code == 1
    assert "row 1: was changed after it was written" in told.output


def test_the_store_is_shown_backed_up_and_purged(place: Path, tmp_path: Path) -> None:
    store = Store.open(str(place))
    store.add_feedback([FeedbackRecord("targeted-therapies", "c1", "overridden", AT)])
    store.close()
    assert "feedback: 1" in run("store", "show").output
    assert run("store", "backup", str(tmp_path / "copy.db")).exit_code == 0
    assert run("store", "backup", str(tmp_path / "copy.db")).exit_code == 2
    assert "removed: 0 cards, 0 feedback" in run("store", "purge").output
    assert run("store", "upgrade").exit_code == 0


def test_a_store_that_cannot_be_opened_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_TARGETS_STORE", "/proc/none/store.db")
    told = run("audit", "verify")
    assert told.exit_code == 2
    assert "cannot be kept in /proc/none/store.db" in told.output
