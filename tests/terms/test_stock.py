"""The site's list of drugs that are not stocked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_targets.errors import SettingsError
from cds_targets.terms.stock import read_not_stocked
from tests.test_examples import advisor


def listed(tmp_path: Path, text: str) -> frozenset[str]:
    path = tmp_path / "not-stocked.txt"
    path.write_text(text, encoding="utf-8")
    return read_not_stocked(path, advisor().library.terms.drugs)


def test_a_list_has_one_drug_a_line_by_any_of_its_names(tmp_path: Path) -> None:
    assert listed(tmp_path, "# KRAS\nSotorasib\n\nKrazati  # brand\n") == {"sotorasib", "adagrasib"}
    assert listed(tmp_path, "") == frozenset()
    assert read_not_stocked(None, advisor().library.terms.drugs) == frozenset()


def test_a_name_that_nobody_knows_stops_the_start_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 2: no drug of ours: did you mean sotorasib"):
        listed(tmp_path, "adagrasib\nsotorasip\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_not_stocked(tmp_path / "nowhere", advisor().library.terms.drugs)
