"""`cds-targets doctor`: the configuration in words."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cds_targets.cli import main
from tests.auth.signing import Signer, key_set
from tests.auth.test_calls import FILE


def run(**environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    return result.exit_code, result.output


def test_evaluation_is_explained_and_what_production_would_refuse_is_listed() -> None:
    code, text = run()
    assert code == 0
    assert "open to whoever can reach it" in text
    assert "Production would not start:" in text
    assert "no EHR is registered" in text


def test_a_sound_production_has_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "ehrs.yaml").write_text(FILE)
    (tmp_path / "keys.json").write_bytes(key_set(Signer("k1")))
    code, text = run(
        CDS_TARGETS_MODE="production",
        CDS_TARGETS_PUBLIC_URL="https://cds.example.org",
        CDS_TARGETS_EHRS=str(tmp_path / "ehrs.yaml"),
    )
    assert (code, "Nothing is wrong." in text) == (0, True)
    assert "main: https://ehr.example.org/issuer" in text


def test_an_unsound_production_is_a_finding() -> None:
    code, text = run(CDS_TARGETS_MODE="production")
    assert code == 1
    assert "It does not start:" in text


def test_a_missing_file_cannot_be_read() -> None:
    assert run(CDS_TARGETS_EHRS="/nowhere/ehrs.yaml")[0] == 2
