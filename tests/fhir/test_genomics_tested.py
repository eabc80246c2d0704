"""What was tested: a studied region says which genes and codons were looked at, never what was found."""

from __future__ import annotations

from typing import Any

import pytest

from cds_targets.facts.genomic import Tested as GeneTested
from cds_targets.facts.genomic import Uninterpreted
from cds_targets.fhir.genomics.tested import NO_CODON
from tests.fhir.observations import HGNC, coded, component, gene, observation, one, read

REGION = coded("53041-0")


def region(*components: dict[str, Any]) -> dict[str, Any]:
    """A studied region without a value."""
    return observation(*components, code=REGION, value=None)


def test_every_gene_of_a_region_is_tested_and_nothing_is_said_to_be_found() -> None:
    facts = read(region(gene("KRAS", "HGNC:6407"), gene("NRAS"), gene("BRAF")))
    assert [fact.gene for fact in facts if isinstance(fact, GeneTested)] == ["KRAS", "NRAS", "BRAF"]
    assert not any(fact.found_nothing for fact in facts if isinstance(fact, GeneTested))


@pytest.mark.parametrize(
    ("text", "codons"),
    [
        ("protein-coding and exon-splicing regions.", frozenset()),
        ("Analyse aller kodierenden Exons", frozenset()),
        ("BRAF: Exon 15 (Codon 600)", frozenset({600})),
        ("codons 12, 13 and 61", frozenset({12, 13, 61})),
        ("Codon #582 - #585", frozenset({582, 583, 584, 585})),
        ("Exon 2", NO_CODON),
        ("hotspot regions", NO_CODON),
    ],
)
def test_a_test_of_some_codons_is_no_test_of_the_gene(text: str, codons: frozenset[int]) -> None:
    fact = one(region(gene("BRAF"), component("81293-3", text, "valueString")))
    assert fact.codons == codons


def test_codons_given_as_a_range_are_read() -> None:
    span = {"low": {"value": 582, "code": "{Codon}"}, "high": {"value": 612, "code": "{Codon}"}}
    fact = one(region(gene("BRAF"), component("51959-5", span, "valueRange")))
    assert fact.codons == set(range(582, 613))


def test_a_region_that_was_not_studied_is_not_tested() -> None:
    not_done = component("51959-5", coded("not-performed"), "dataAbsentReason")
    assert isinstance(one(region(gene("BRAF"), not_done)), Uninterpreted)


def test_a_region_without_a_gene_is_named() -> None:
    assert isinstance(one(region()), Uninterpreted)


def study(*regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The analysis of a genomic study, as the Genomics Reporting guide writes it since its third version."""
    url = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/genomic-study-analysis-regions"
    extension = [{"url": url, "extension": list(regions)}]
    return {"resourceType": "Procedure", "id": "p", "status": "completed", "extension": extension, **more}


def studied(url: str, symbol: str, number: str) -> dict[str, Any]:
    """A region that is a gene."""
    return {"url": url, "valueCodeableConcept": coded(number, symbol, HGNC)}


KRAS_AND_NRAS = (studied("studied", "KRAS", "HGNC:6407"), studied("studied", "NRAS", "HGNC:7989"))


@pytest.mark.parametrize(
    ("analysis", "genes", "codons"),
    [
        (study(*KRAS_AND_NRAS), ["KRAS", "NRAS"], frozenset()),
        (study(*KRAS_AND_NRAS, {"url": "description", "valueString": "exons 2-4"}), ["KRAS", "NRAS"], frozenset({0})),
        (study(*KRAS_AND_NRAS, studied("uncalled", "NRAS", "HGNC:7989")), ["KRAS"], frozenset()),
        (study(*KRAS_AND_NRAS, status="not-done"), [], frozenset()),
        (study({"url": "studied", "valueReference": {"reference": "DocumentReference/bed"}}), [], frozenset()),
        ({"resourceType": "Procedure", "id": "p", "status": "completed"}, [], frozenset()),
    ],
)
def test_the_genes_of_a_genomic_study_were_looked_at(
    analysis: dict[str, Any], genes: list[str], codons: frozenset[int]
) -> None:
    facts = read(analysis)
    assert all(isinstance(fact, GeneTested) and not fact.found_nothing for fact in facts)
    assert [fact.gene for fact in facts if isinstance(fact, GeneTested)] == genes
    assert all(fact.codons == codons for fact in facts if isinstance(fact, GeneTested))
