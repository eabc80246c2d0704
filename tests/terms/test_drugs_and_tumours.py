"""Drug and tumour terms: every name and code of the vocabularies points to something, and to the right one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fhir.observations import terms

CODES = Path(__file__).parents[3] / "shared" / "knowledge" / "codes.jsonl"


def drug_rows() -> Iterator[tuple[str, str, str]]:
    """Drug, code system and code of the published list, where it lies beside the repository."""
    if CODES.exists():
        for line in CODES.read_text().splitlines():
            row = json.loads(line)
            for system in ("rxnorm", "ncit", "snomed"):
                listed = row.get(system, []) if row["kind"] == "drug" else []
                for code in [listed] if isinstance(listed, str) else listed:
                    yield row["name"], system, code


@pytest.mark.skipif(not CODES.exists(), reason="the list of codes is not here")
def test_every_published_code_of_a_drug_finds_the_drug_that_its_name_finds() -> None:
    known = terms().drugs
    wrong = [row for row in drug_rows() if known.by_code(row[1], row[2]) != known.in_text(row[0])]
    assert {name for name, _, _ in wrong} <= {"Corticosteroid"}  # a class


def test_further_names_and_codes_belong_to_drugs_there_are() -> None:
    known = terms().drugs
    assert set(known.in_text("Tegretol 200 mg")) == {"carbamazepine"}
    for drug in {name for names in known._by_code.values() for name in names}:
        assert drug in known.by_name


def test_regimens_sites_and_histologies_name_what_there_is() -> None:
    drugs, tumours = terms().drugs, terms().tumours
    assert {drug for regimen in drugs.regimens.values() for drug in regimen.drugs} <= set(drugs.by_name)
    placed = {node for histology in tumours._histologies.by_word for node in (*histology.at, *histology.at.values())}
    placed |= {histology.alone for histology in tumours._histologies.by_word if histology.alone}
    assert placed | set(tumours._primary_sites.by_word) <= set(tumours.by_id)


@pytest.mark.parametrize(
    ("system", "code", "node"),
    [
        ("icd10cm", "C3490", "LUNG"),
        ("icd10cm", "C15.4", "STOMACH"),
        ("icd10cm", "C92.00", "AML"),
        ("icd10cm", "C92.01", None),
        ("icd9cm", "162.0", None),
        ("icd9cm", "157.4", "PANET"),
        ("ncit", "C12468", None),
    ],
)
def test_a_code_stands_at_the_node_of_its_meaning(system: str, code: str, node: str | None) -> None:
    assert terms().tumours.by_code(system, code) == node
