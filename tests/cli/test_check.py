"""`cds-targets check`: quiet on good content, and each mistake with its file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_targets.cli import main

CARDS = Path(__file__).parents[2] / "cards"
CARD = "therapy/kras-g12c-nsclc-second-line.yaml"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content") / "cards"
    shutil.copytree(CARDS, folder)
    return folder


def check(folder: Path, *words: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(main, ["check", *words], env={"CDS_TARGETS_CARDS": str(folder)})
    return result.exit_code, result.output.splitlines()


def changed(folder: Path, old: str, new: str) -> None:
    text = (CARDS / CARD).read_text("utf-8")
    assert old in text
    (folder / CARD).write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_content_has_no_problems() -> None:
    code, lines = check(CARDS, "--as-of", "2026-11-23")
    assert (code, lines[:-1]) == (0, [])
    assert "no problems" in lines[-1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("variant: {gene: KRAS, protein: G12C}", "variant: {gene: KRASS, protein: G12C}", "'KRASS' is no gene"),
        ("{at_least: 1, because: lumakras, as: lines}", "{at_least: 1, as: lines}", "say `because:`"),
        (
            "{at_least: 1, because: lumakras, as: lines}",
            "{at_least: 2, because: lumakras, as: lines}",
            "expected shown",
        ),
        ("therapies: [[sotorasib]", "therapies: [[sotorazib]", "'sotorazib' is no drug"),
        ("kind: therapy", "kind: therapies", "should be 'therapy'"),
        ("when:\n", "on: x\nwhen:\n", "on"),
    ],
)
def test_a_mistake_is_shown_with_its_file_and_line(copied: Path, old: str, new: str, said: str) -> None:
    changed(copied, old, new)
    code, lines = check(copied, "--as-of", "2026-11-23")
    assert code == 1
    assert any(line.startswith(f"cards/{CARD}:") and said in line for line in lines), lines


def test_with_files_only_their_problems_are_shown(copied: Path) -> None:
    changed(copied, "therapies: [[sotorasib]", "therapies: [[sotorazib]")
    other = copied / "notice" / "hras-mutated.yaml"
    assert check(copied, "--as-of", "2026-11-23", str(other))[0] == 0
    assert check(copied, "--as-of", "2026-11-23", str(copied / CARD))[0] == 1


def test_a_lapsed_review_is_a_problem() -> None:
    code, lines = check(CARDS, "--as-of", "2031-01-01")
    assert code == 1
    assert "the review was due" in lines[0]
