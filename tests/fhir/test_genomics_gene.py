"""Which gene a report names, in all its spellings; contradictions are reported."""

from __future__ import annotations

from typing import Any

import pytest

from cds_targets.facts.genomic import Presence, Uninterpreted, Variant
from cds_targets.facts.genomic import Tested as GeneTested
from tests.fhir.observations import ABSENT, GENE, PROTEIN, coded, component, gene, observation, one, read

KRAS_FORMS: list[dict[str, Any]] = [
    coded("HGNC:6407", "KRAS", "http://www.genenames.org/geneId"),
    coded("HGNC:6407", "KRAS", "http://www.genenames.org"),
    coded("HGNC:6407", "KRAS", "https://www.genenames.org/"),
    coded("HGNC:6407", "KRAS", "https://www.genenames.org"),
    coded("HGNC:6407", "KRAS", "https://www.genenames.org/geneId"),
    coded("HGNC:6407", "KRAS", "http://www.genenames.org/"),
    coded("6407", "KRAS", "http://www.genenames.org"),
    coded("6407", "", "http://www.genenames.org/geneId"),
    coded("HGNC:6407", "", "http://www.genenames.org/geneId"),
    coded("HGNC:6407"),
    coded("3845", "KRAS", "https://www.ncbi.nlm.nih.gov/gene"),
    coded("3845", "", "http://www.ncbi.nlm.nih.gov/gene"),
    coded("KRAS", "", "http://www.genenames.org"),
    coded("", "KRAS"),
    coded(text="KRAS"),
    coded(text="kras"),
    coded("KRAS", "HGNC:6407", "http://www.genenames.org"),
    coded("", "KRAS2"),
    coded("", "KI-RAS"),
    coded(text="K-RAS"),
    {"coding": [{"system": "http://www.genenames.org", "code": "HGNC:6407"},
                {"system": "https://www.ncbi.nlm.nih.gov/gene", "code": "3845"}]},
]  # fmt: skip


@pytest.mark.parametrize("form", KRAS_FORMS, ids=str)
def test_every_way_to_write_a_gene_is_read(form: dict[str, Any]) -> None:
    fact = one(observation(component(GENE, form), component(PROTEIN, "p.G12C")))
    assert (fact.gene, fact.presence) == ("KRAS", Presence.PRESENT)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("MDM2 proto-oncogene", "MDM2"),
        ("Cyclin D1", "CCND1"),
        ("HER2", "ERBB2"),
        ("LKB1", "STK11"),
        ("c-MET", "MET"),
        ("BRCA 1", "BRCA1"),
    ],
)
def test_long_names_and_aliases_are_read(name: str, symbol: str) -> None:
    assert one(observation(component(GENE, coded(text=name)), component(PROTEIN, "p.A10T"))).gene == symbol


def test_an_id_and_a_name_of_two_genes_are_reported_and_neither_is_chosen() -> None:
    facts = read(observation(gene("NRAS", "HGNC:6407"), component(PROTEIN, "p.G12C")))
    assert {fact.gene for fact in facts if isinstance(fact, Uninterpreted)} == {"NRAS", "KRAS"}
    assert not any(isinstance(fact, Variant) for fact in facts)
    assert all(fact.presence is Presence.UNKNOWN for fact in facts if isinstance(fact, Uninterpreted))
    assert "different genes" in facts[0].why  # type: ignore[union-attr]


def test_an_id_that_is_no_known_genes_is_noted_and_the_name_stands() -> None:
    fact = one(observation(gene("KRAS", "HGNC:999999"), component(PROTEIN, "p.G12C")))
    assert fact.gene == "KRAS"
    assert "HGNC:999999 is not the id of KRAS" in fact.notes[0]


def test_a_second_id_that_disagrees_with_name_and_first_id_is_noted() -> None:
    written = {
        "coding": [
            {"system": "http://www.genenames.org", "code": "HGNC:950", "display": "BAP1"},
            {"system": "https://www.ncbi.nlm.nih.gov/gene", "code": "3815", "display": "BAP1"},
        ]
    }
    fact = one(observation(component(GENE, written), component(PROTEIN, "p.Q590*")))
    assert fact.gene == "BAP1"
    assert "3815" in fact.notes[0]


def test_a_slip_in_the_name_is_read_by_the_id_with_a_note() -> None:
    fact = one(observation(gene("CHECK2", "HGNC:16627"), component(PROTEIN, "p.A10T")))
    assert fact.gene == "CHEK2"
    assert "CHECK2" in fact.notes[0]


def test_ids_exchanged_among_the_genes_of_one_negative_still_name_the_same_genes() -> None:
    genes = [gene("NRAS", "HGNC:6342"), gene("KIT", "HGNC:7989"), gene("BRAF", "HGNC:1097")]
    facts = read(observation(*genes, value=ABSENT))
    assert [fact.gene for fact in facts if isinstance(fact, GeneTested) and fact.found_nothing] == [
        "NRAS",
        "KIT",
        "BRAF",
    ]


def test_an_unknown_symbol_is_kept_as_written() -> None:
    assert one(observation(component(GENE, coded("", "ZZZ9")), component(PROTEIN, "p.A10T"))).gene == "ZZZ9"


def test_a_transcript_of_a_known_gene_names_the_gene() -> None:
    fact = one(observation(component("48004-6", "NM_004985.5:c.34G>T")))
    assert (fact.gene, fact.protein.text) == ("KRAS", "G12C")


def test_a_gene_named_only_in_a_note_is_read() -> None:
    fact = one(
        observation(value=None, note=[{"text": "BRAF1 Class II Mutation"}], interpretation=[coded("M")], component=[])
    )
    assert (fact.gene, fact.presence) == ("BRAF", Presence.PRESENT)


def test_a_gene_text_that_is_not_known_is_noted() -> None:
    fact = one(observation(component(GENE, coded(text="the usual suspect")), component(PROTEIN, "p.A10T")))
    assert fact.gene is None
    assert "the usual suspect" in fact.notes[0]


def test_a_gene_in_an_extension_of_a_result_of_unknown_kind_is_named_as_not_interpreted() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"
    tested = observation(code=coded("59041-4", "BRCA1+BRCA2 gene mutations tested for"), value=None, component=[])
    fact = one({**tested, "extension": [{"url": url, "valueCodeableConcept": coded("KX470182.1", "BRCA")}]})
    assert isinstance(fact, Uninterpreted)
    assert fact.presence is Presence.UNKNOWN
