"""Findings that only words tell: tests named for a gene, an exon or a codon; variants that are named, not coded."""

from __future__ import annotations

from typing import Any

import pytest

from cds_targets.facts.genomic import GenomicFact, Presence, Uninterpreted, Variant
from cds_targets.facts.genomic import Tested as GeneTested
from tests.fhir.observations import CODING, NAME, PROTEIN, coded, component, gene, observation, one, read

EGFR = gene("EGFR", "HGNC:3236")
MET = gene("MET", "HGNC:7029")


def brief(fact: GenomicFact) -> str:
    """Gene, change and presence in a line."""
    if isinstance(fact, GeneTested):
        limited = f" of {sorted(fact.codons)}" if fact.codons else ""
        return f"{fact.gene} nothing{limited}"
    if isinstance(fact, Uninterpreted):
        return f"{fact.gene} uninterpreted"
    assert isinstance(fact, Variant)
    exon = f" exon {fact.exon}{' indel' if fact.indel else ''}" if fact.exon else ""
    return f"{fact.gene}{f' {fact.protein.text}' if fact.protein else ''}{exon} {fact.presence.value}"


@pytest.mark.parametrize(
    ("name", "value", "read_as"),
    [
        ("EGFR exon 19 deletion", "Detected", ["EGFR exon 19 indel present"]),
        ("EGFR exon 19 deletion", "Not detected", ["EGFR exon 19 indel absent"]),
        ("EGFR mutation", "Exon 19 deletion", ["EGFR exon 19 indel present"]),
        ("EGFR mutation analysis", "L858R and T790M detected", ["EGFR L858R present", "EGFR T790M present"]),
        ("EGFR mutation", "exon 19 deletion, T790M", ["EGFR exon 19 indel present", "EGFR T790M present"]),
        ("EGFR mutation", "No mutation detected in exons 18-21", ["EGFR nothing of [0]"]),
        ("EGFR-Mutationsanalyse", "Wildtyp", ["EGFR nothing"]),
        ("EGFR", "p.L858R (exon 21)", ["EGFR L858R present"]),
        ("MET exon 14 skipping", "positive", ["MET exon 14 present"]),
        ("MET exon 14 skipping", "not detected", ["MET nothing of [0]"]),
        ("NRAS exon 2, 3, 4", "Wildtyp", ["NRAS nothing of [0]"]),
        ("KRAS", "wild type", ["KRAS nothing"]),
        ("KRAS-Mutationsstatus", "p.G12C nachgewiesen", ["KRAS G12C present"]),
        ("KRAS G12C mutation", "Detected", ["KRAS G12C present"]),
        ("KRAS G12C", "not detected", ["KRAS G12C absent"]),
        ("KRAS mutation", "codon 12 mutation detected", ["KRAS codon 12 present"]),
        ("KRAS mutation", "see report", ["KRAS uninterpreted"]),
        ("BRAF V600", "V600E", ["BRAF V600E present"]),
        ("BRAF V600 mutation", "not detected", ["BRAF nothing of [600]"]),
        ("BRAF V600 mutation", "detected", ["BRAF V600 present"]),
    ],
)
def test_a_test_named_in_words_is_about_what_its_name_says(name: str, value: str, read_as: list[str]) -> None:
    result = {"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value}
    assert [brief(fact) for fact in read(result)] == read_as


@pytest.mark.parametrize(
    ("text", "exon", "indel"),
    [
        ("exon 19 deletion", 19, True),
        ("EGFR Exon-19-Deletion", 19, True),
        ("Exon 19 del", 19, True),
        ("ex19del", 19, True),
        ("Ex19 deletion", 19, True),
        ("Deletion in Exon 19", 19, True),
        ("deletion exon 19", 19, True),
        ("ex20ins", 20, True),
        ("in-frame insertion in exon 20", 20, True),
        ("METex14", 14, False),
        ("exon14 skipping", 14, False),
        ("Exon #15", 15, False),
        ("exons 18-21", None, False),
        ("Exon 18 to 21", None, False),
        ("exon 2 and 3", None, False),
        ("complex 14", None, False),
    ],
)
def test_an_exon_is_read_however_it_is_written(text: str, exon: int | None, indel: bool) -> None:
    fact = one(observation(EGFR, component(NAME, coded(text=text))))
    assert (fact.exon, fact.indel, fact.presence) == (exon, indel, Presence.PRESENT)


NAMED: list[tuple[dict[str, Any], str]] = [
    (observation(value=None, valueString="KRAS p.Gly12Cys (c.34G>T)"), "KRAS G12C present"),
    (observation(value=coded(text="KRAS p.G12C, VAF 34 %")), "KRAS G12C present"),
    (observation(value=coded(text="MET p.T1010I")), "MET T1010I present"),
    (observation(value=coded("376314", "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)")), "KRAS G12C present"),
    (observation(component(NAME, coded(text="KRAS G12C"))), "KRAS G12C present"),
    (observation(component(NAME, coded(text="BRAF V600E"))), "BRAF V600E present"),
    (observation(gene("STK11"), component(NAME, coded(text="K48fs"))), "STK11 K48fs present"),
    (observation(value=None, interpretation=[coded("M")], note=[{"text": "BRAF V600E"}]), "BRAF V600E present"),
    (observation(gene("KRAS"), note=[{"text": "p.Gly12Cys"}]), "KRAS G12C present"),
    (observation(gene("KRAS"), note=[{"text": "G12C is the commonest change in lung cancer"}]), "KRAS present"),
    (observation(EGFR, value=coded(text="exon 19 deletion")), "EGFR exon 19 indel present"),
    (observation(EGFR, value=coded(text="L858R not detected")), "EGFR L858R absent"),
    (observation(gene("B2M"), component(NAME, coded(text="B2M mutation"))), "B2M present"),
    (observation(EGFR, component("47999-8", "Exon 19", "valueString"), component("48019-4", coded(text="Deletion"))),
     "EGFR exon 19 indel present"),
    (observation(MET, component("47999-8", "14", "valueString")), "MET exon 14 present"),
    (observation(MET, component(CODING, coded("c.3028+1G>T")), component(PROTEIN, coded(text="None"))),
     "MET splice present"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "read_as"), NAMED, ids=[read_as for _, read_as in NAMED])
def test_a_variant_that_is_named_and_not_coded_is_read(resource: dict[str, Any], read_as: str) -> None:
    assert brief(one(resource)) == read_as


def test_several_changes_in_one_name_are_noted_and_none_is_chosen() -> None:
    fact = one(observation(EGFR, component(NAME, coded(text="L858R, T790M"))))
    assert fact.protein is None
    assert "L858R, T790M" in fact.notes[0]


@pytest.mark.parametrize("assembly", ["GRCh37", "hg19"])
def test_a_position_may_carry_its_assembly(assembly: str) -> None:
    fact = one(observation(component("81290-9", coded(f"chr12({assembly}):g.25398285C>A"))))
    assert brief(fact) == "KRAS G12C present"
