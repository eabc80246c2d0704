"""`cds-targets doctor`: the configuration in words."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from click.testing import CliRunner

from cds_targets.cli import main
from tests.auth.signing import Signer, key_set
from tests.auth.test_calls import FILE
from tests.test_examples import advisor


def run(**environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    return result.exit_code, result.output


def test_evaluation_is_explained_and_what_production_would_refuse_is_listed() -> None:
    code, text = run()
    assert code == 0
    assert "open to whoever can reach it" in text
    assert "Production would not start:" in text
    assert "no EHR is registered" in text


def sound(tmp_path: Path) -> dict[str, str]:
    """A production in which only the approvals lack."""
    (tmp_path / "ehrs.yaml").write_text(FILE)
    (tmp_path / "keys.json").write_bytes(key_set(Signer("k1")))
    return {
        "CDS_TARGETS_MODE": "production",
        "CDS_TARGETS_PUBLIC_URL": "https://cds.example.org",
        "CDS_TARGETS_EHRS": str(tmp_path / "ehrs.yaml"),
        "CDS_TARGETS_STORE": str(tmp_path / "store.db"),
    }


def test_a_sound_production_has_nothing_wrong(tmp_path: Path) -> None:
    code, text = run(**sound(tmp_path))
    assert (code, "no content is approved" in text) == (1, True)
    approve = ["cards", "approve", "kras-g12c-nsclc-second-line", "--by", "Tumour board"]
    assert CliRunner().invoke(main, approve, env=sound(tmp_path)).exit_code == 0
    code, text = run(**sound(tmp_path))
    assert (code, "Nothing is wrong." in text) == (0, True)
    assert "main: https://ehr.example.org/issuer" in text
    assert ": 1 of " in text
    assert "approved; tenants are parted by every query, not by the database\n" in text


def test_the_hosts_of_all_links_are_listed_for_the_ehr_to_allow() -> None:
    cards = advisor().library.cards
    links = [evidence.link for card in cards for evidence in card.evidence.values() if evidence.link is not None]
    told = next(line for line in run()[1].splitlines() if line.startswith("links "))
    hosts = set(told.removeprefix("links          lead to ").split(", "))
    assert hosts == {str(urlsplit(link).hostname) for link in [*links, "https://clinicaltrials.gov/"]}


def test_an_unsound_production_is_a_finding() -> None:
    code, text = run(CDS_TARGETS_MODE="production")
    assert code == 1
    assert "It does not start:" in text


def test_a_missing_file_cannot_be_read() -> None:
    assert run(CDS_TARGETS_EHRS="/nowhere/ehrs.yaml")[0] == 2
