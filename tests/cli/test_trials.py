"""`cds-targets trials`, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cds_targets.cli import main
from cds_targets.settings import Settings
from tests.charts import BODIES
from tests.trials.records import record


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["trials", "--registry", str(folder / "registry.sqlite3"), *words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    study = record(title="A study that nobody curated")
    (tmp_path / "in" / "a.json").write_text(json.dumps(study))
    (tmp_path / "in" / "b.ndjson").write_text(json.dumps(record("NCT06345729", updated="2026-10-01")) + "\n")
    return tmp_path


def test_a_folder_is_imported_listed_and_shown(folder: Path) -> None:
    done = run(folder, "import", str(folder / "in"))
    assert (done.exit_code, "2 imported" in done.output) == (0, True)
    assert "NCT90000001  RECRUITING as of 2026-05-01 (not curated)" in run(folder, "list", "--all").output
    shown = run(folder, "show", "nct06345729").output
    assert "prior_lines" in shown
    assert "Registry: RECRUITING as of 2026-10-01" in shown


def test_a_refused_record_is_named_and_gives_exit_code_1(folder: Path) -> None:
    (folder / "in" / "c.json").write_text("{")
    done = run(folder, "import", str(folder / "in"))
    assert done.exit_code == 1
    assert "c.json: refused: is not JSON" in done.output


def test_a_record_newer_than_its_curation_is_stale(folder: Path) -> None:
    run(folder, "import", str(folder / "in"))
    done = run(folder, "stale")
    assert done.exit_code == 1
    assert "NCT06345729  curated as recruiting on 2026-06-15" in done.output


def test_diff_says_what_changed(folder: Path) -> None:
    run(folder, "import", str(folder / "in"))
    (folder / "in" / "b.ndjson").write_text(json.dumps(record("NCT06345729", updated="2026-11-01", status="COMPLETED")))
    run(folder, "import", str(folder / "in"))
    assert "status: RECRUITING -> COMPLETED" in run(folder, "diff", "NCT06345729").output


def test_a_patient_is_matched_against_both_kinds(folder: Path) -> None:
    run(folder, "import", str(folder / "in"))
    (folder / "ada.json").write_text(json.dumps(BODIES["matching-trials"]))
    done = run(folder, "match", str(folder / "ada.json"), "--as-of", "2026-03-01")
    assert done.exit_code == 0
    assert "Potential match: NCT06300177" in done.output
    assert "NCT90000001 A study that nobody curated" in done.output
    assert "not checked" in done.output


def test_a_bundle_is_taken_as_the_whole_record(folder: Path) -> None:
    chart = BODIES["matching-trials"]["prefetch"]
    entries = [entry for part in chart.values() for entry in part.get("entry", [])]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": chart["patient"]}, *entries]}
    (folder / "ada.json").write_text(json.dumps(bundle))
    done = run(folder, "match", str(folder / "ada.json"), "--as-of", "2026-03-01")
    assert "Potential match: NCT06300177" in done.output


def test_without_a_file_named_the_registry_lies_where_the_service_looks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    done = CliRunner().invoke(main, ["trials", "import", str(folder / "in")])
    assert "2 imported" in done.output
    assert Settings.from_environment({"XDG_STATE_HOME": str(folder / "state")}).registry == (
        folder / "state" / "cds-targets" / "registry.sqlite3"
    )


def test_records_are_listed_by_what_they_mention(folder: Path) -> None:
    run(folder, "import", str(folder / "in"))
    assert "NCT90000001" in run(folder, "list", "--about", "KRAS G12C").output
    assert "NCT90000001" in run(folder, "list", "--about", "sotorasib").output
    assert run(folder, "list", "--about", "MDM2").output == ""


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"resourceType": "Patient"}'])
def test_a_file_that_is_no_patient_is_a_sentence(folder: Path, body: str) -> None:
    (folder / "x.json").write_text(body)
    done = run(folder, "match", str(folder / "x.json"))
    assert done.exit_code == 2
    assert done.output.startswith("cds-targets: ")
