"""Results of markers in words, in English and German, against a table; and what only the whole Observation tells."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from cds_targets.facts.genomic import Biomarker
from tests.fhir.observations import coded, gene, one, read

ROWS = list(
    csv.DictReader(
        (Path(__file__).parent / "marker_words.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"
    )
)


def told(name: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result named in words."""
    return {"resourceType": "Observation", "status": "final", "code": {"text": name}, **value, **more}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['name']}: {row['value']}" for row in ROWS])
def test_a_result_in_words_is_read_as_the_table_says(row: dict[str, str]) -> None:
    fact = one(told(row["name"], {"valueString": row["value"]}))
    assert isinstance(fact, Biomarker)
    number = "" if fact.value is None else f"{fact.comparator or ''}{fact.value:g}"
    assert (fact.marker, fact.presence.value, fact.call or "", number) == (
        row["marker"],
        row["presence"],
        row["call"],
        row["number"],
    )


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ({"value": 12.3, "unit": "mut/Mb"}, 12.3),
        ({"value": 25, "code": "1/1000000{Base}"}, 25),
        ({"value": 25, "unit": "somatic variants per megabase of sequenced DNA", "code": "1/1000000"}, 25),
        ({"value": 25}, 25),
        ({"value": 420, "unit": "mutations"}, None),
        ({"value": 120, "unit": "mutations/exome"}, None),
        ({"value": 12, "unit": "%"}, None),
    ],
    ids=str,
)
def test_only_mutations_per_megabase_are_a_mutational_burden(quantity: dict[str, Any], value: float | None) -> None:
    fact = one(told("TMB", {"valueQuantity": quantity}))
    assert fact.value == value
    assert value is not None or "is not used" in fact.notes[0]


@pytest.mark.parametrize(
    ("proteins", "call"),
    [
        ({"MLH1": "Loss of expression", "PMS2": "Loss", "MSH2": "Intact", "MSH6": "Intact"}, "MSI-H"),
        ({"MLH1": "positive", "PMS2": "Retained", "MSH2": "Intact", "MSH6": "Intact"}, "MSS"),
        ({"MLH1": "not evaluable"}, None),
        ({"MLH1": "Intact"}, None),
        ({"MLH1": "Intact", "PMS2": "Retained"}, None),
        ({"MLH1": "positive", "PMS2": "Retained", "MSH2": "Intact"}, None),
        ({"MLH1": "Intact", "PMS2": "Intact", "MSH2": "Intact", "MSH6": "not evaluable"}, None),
        ({"MLH1": "Intact", "PMS2": "Intact", "MSH2": "Intact", "MSH6": "indeterminate"}, None),
        ({"MLH1": "Intact", "PMS2": "not evaluable", "MSH2": "Intact", "MSH6": "Lost"}, "MSI-H"),
    ],
    ids=str,
)
def test_repair_proteins_in_components_tell_the_repair(proteins: dict[str, str], call: str | None) -> None:
    parts = [{"code": {"text": protein}, "valueString": value} for protein, value in proteins.items()]
    assert one(told("Mismatch repair proteins by IHC", {}, component=parts)).call == call


def test_scores_of_a_stain_of_pd_l1_are_read_beside_its_call() -> None:
    scores = [
        {"code": coded("C184941", "PD-L1 Tumor Proportion Score"), "valueQuantity": {"value": 62, "unit": "%"}},
        {"code": coded("C176582", "PD-L1 Combined Positive Score"), "valueQuantity": {"value": 53}},
    ]
    stain = {
        **told(
            "", {"valueCodeableConcept": coded("exp", "Exprimiert")}, component=[gene("CD274", "HGNC:17635"), *scores]
        ),
        "code": coded("1234806008", "Observation using immunohistochemistry"),
    }
    facts = read(stain)
    assert [(f.marker, f.call, f.value) for f in facts if isinstance(f, Biomarker)] == [
        ("PD-L1", "positive", None),
        ("PD-L1 TPS", None, 62),
        ("PD-L1 CPS", None, 53),
    ]


@pytest.mark.parametrize(
    ("value", "notes", "scores"),
    [
        ("positive", ["5% tumor proportion score"], [("PD-L1", None), ("PD-L1 TPS", 5)]),
        ("TPS 60%, CPS 65", [], [("PD-L1 TPS", 60), ("PD-L1 CPS", 65)]),
        ("positive", ["TPS 1-49 %"], [("PD-L1", None)]),
    ],
)
def test_scores_of_pd_l1_are_read_from_text(
    value: str, notes: list[str], scores: list[tuple[str, float | None]]
) -> None:
    result = told("PD-L1 by clone 22C3", {"valueString": value}, note=[{"text": text} for text in notes])
    assert [(f.marker, f.value) for f in read(result) if isinstance(f, Biomarker)] == scores
