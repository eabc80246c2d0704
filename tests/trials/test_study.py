"""The study files: complete, well-formed, and their own examples hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_targets.errors import ContentError
from cds_targets.library.library import content_folder
from cds_targets.trials.checks import check_studies
from cds_targets.trials.study import load_studies
from tests.trials.records import library, studies


def test_every_study_file_passes_its_checks_and_examples() -> None:
    read, documents = load_studies(content_folder() / "trials")
    assert check_studies(read, documents, library()) == []


def test_all_54_studies_of_the_review_are_there() -> None:
    assert len({study.nct for study in studies()}) == 54


def test_every_study_has_a_match_and_two_patients_it_leaves_out_or_open() -> None:
    for study in studies():
        expected = [example.expect for example in study.examples]
        assert "match" in expected, study.nct
        assert len(expected) >= 3, study.nct


@pytest.mark.parametrize(
    ("nct", "drugs"),
    [("NCT05198934", ("panitumumab",)), ("NCT05920356", ()), ("NCT04303780", ())],
)
def test_the_reviews_wrong_combinations_are_corrected(nct: str, drugs: tuple[str, ...]) -> None:
    study = next(study for study in studies() if study.nct == nct)
    assert study.combination == drugs
    assert any("Table 3 names" in note for note in study.notes)


def test_a_wrong_file_is_reported_with_its_line(tmp_path: Path) -> None:
    text = (content_folder() / "trials" / "nct06345729.yaml").read_text(encoding="utf-8")
    (tmp_path / "nct00000001.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "nct00000002.yaml").write_text(text.replace("      - variant:", "      - varient:"), encoding="utf-8")
    with pytest.raises(ContentError, match=r"cards/trials/nct00000002.yaml:\d+: ") as raised:
        load_studies(tmp_path)
    assert "the file is nct00000001.yaml" in str(raised.value)
