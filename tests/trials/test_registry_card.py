"""Registry studies on a card: named with what they mention, never as a match."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds_targets.advice import Advisor
from cds_targets.errors import SettingsError
from cds_targets.settings import Settings
from cds_targets.trials.registry import Registry
from tests.test_advice import call, cards, read
from tests.test_examples import GRETA, advisor
from tests.trials.records import record


def asking(registry: Path) -> Advisor:
    return Advisor(Settings(registry=registry), advisor().library, advisor().studies)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "registry.sqlite3"
    with Registry(path) as opened:
        opened.import_studies(
            [
                ("a", record("NCT90000001", title="KRAS G12C [NSCLC](http://x) *study*")),
                ("b", record("NCT90000002", title="Another", status="COMPLETED")),
            ],
            advisor().library.terms,
        )
    return path


def test_a_study_that_mentions_the_change_is_named_and_is_no_match(registry: Path) -> None:
    last = cards(call(), "matching-trials", asking(registry))[-1]
    assert last["summary"] == "1 more registry study mentions a finding of this patient: criteria not checked"
    assert "NCT90000001" in last["detail"]
    assert "NCT90000002" not in last["detail"]
    assert "not checked" in last["detail"]
    assert {"trials", "trials_unknown"}.isdisjoint(read(last))
    assert last["links"][0]["url"] == "https://clinicaltrials.gov/study/NCT90000001"


def test_the_text_of_a_registry_is_shown_as_text(registry: Path) -> None:
    assert "\\[NSCLC\\]" in cards(call(), "matching-trials", asking(registry))[-1]["detail"]


def test_a_patient_whose_findings_nobody_mentions_gets_no_such_card(registry: Path) -> None:
    shown = cards(call(GRETA), "matching-trials", asking(registry))
    assert "registry-mentions" not in [read(card)["id"] for card in shown]


def test_a_registry_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database " * 200)
    last = cards(call(), "matching-trials", asking(broken))[-1]
    assert "the registry could not be searched" in json.dumps(read(last)["unknown"])


def test_a_registry_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file"):
        Advisor.load(Settings(registry=tmp_path / "none.sqlite3"))
