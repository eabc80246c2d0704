"""Every word of the card vocabulary against a table of patients: met, not met, and cannot be told."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_targets import yaml_source
from cds_targets.library.conditions import CONDITIONS, Line
from cds_targets.library.definition import WrittenLine
from cds_targets.library.patient import ExamplePatient
from cds_targets.matching.example import build_record
from cds_targets.matching.judge import JUDGES, judge_line
from cds_targets.matching.verdict import Outcome
from tests.fhir.observations import terms

# That a test is already drafted spares a prompt. What cannot be read spares none, so the word is never left open.
NEVER_UNKNOWN = {"ordering_test"}


@cache
def rows() -> list[tuple[str, Line, str, str, ExamplePatient]]:
    """Word, line, outcome, name and patient of every row."""
    document = yaml_source.read(Path(__file__).parent / "condition_words.yaml")
    found = []
    for word, blocks in document.data.items():
        for block in blocks:
            line = WrittenLine.model_validate({word: block["line"]}).line
            for outcome in Outcome:
                for name, patient in block.get(outcome.value, {}).items():
                    found.append((word, line, outcome.value, name, ExamplePatient.model_validate(patient)))
    return found


@pytest.mark.parametrize(
    ("line", "outcome", "patient"),
    [row[1:3] + row[4:] for row in rows()],
    ids=[f"{word}-{number}-{outcome}-{name}" for number, (word, _, outcome, name, _) in enumerate(rows())],
)
def test_the_word_comes_out_as_the_table_says(line: Line, outcome: str, patient: ExamplePatient) -> None:
    verdict = judge_line(line, build_record(patient, terms()), terms())
    assert verdict.outcome.value == outcome, verdict.sentence
    assert verdict.sentence


def test_every_word_is_judged_and_has_a_row_of_each_outcome_it_can_have() -> None:
    have = {(word, outcome) for word, _, outcome, _, _ in rows()}
    want = {(word, outcome.value) for word in CONDITIONS for outcome in Outcome}
    assert want - have == {(word, "unknown") for word in NEVER_UNKNOWN}
    assert set(JUDGES) == set(CONDITIONS.values())


def test_what_is_unknown_says_what_is_missing_and_never_that_nothing_was_found() -> None:
    for word, line, outcome, name, patient in rows():
        if outcome == "unknown" and "not sent" in str(patient.model_dump().values()):
            sentence = judge_line(line, build_record(patient, terms()), terms()).sentence
            assert "sent" in sentence or "reported" in sentence, (word, name, sentence)


@pytest.mark.parametrize(
    ("genes", "line", "said"),
    [
        ({}, {"gene": "BRAF", "codon": 600}, "no result for BRAF was reported: not tested, or not sent"),
        ({"variants": [{"gene": "BRAF", "protein": "V600E", "presence": "absent"}]}, {"gene": "BRAF", "codon": 600},
         "what was tested in BRAF does not cover codon 600"),
        ({"tested": [{"gene": "KRAS", "codons": [61]}]}, {"gene": "KRAS", "protein": "G12C"},
         "what was tested in KRAS does not cover G12C"),
        ({"tested": [{"gene": "KRAS", "codons": [61]}]}, {"gene": ["KRAS", "NRAS"]},
         "what was tested in KRAS does not cover all of it; no result for NRAS was reported: not tested, or not sent"),
    ],
)  # fmt: skip
def test_a_gene_that_was_tested_in_part_is_not_called_untested(
    genes: dict[str, Any], line: dict[str, Any], said: str
) -> None:
    record = build_record(ExamplePatient.model_validate({"tumour": "LUAD", **genes}), terms())
    verdict = judge_line(WrittenLine.model_validate({"variant": line}).line, record, terms())
    assert (verdict.outcome, verdict.sentence) == (Outcome.UNKNOWN, said)
