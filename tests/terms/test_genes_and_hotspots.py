"""The shipped genes and hotspots: whole, without contradictions, and careful."""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise

import pytest

from cds_targets.errors import ContentError
from cds_targets.facts.protein import parse_protein
from cds_targets.terms.hotspots import Hotspot, HotspotFile, Hotspots
from tests.fhir.observations import terms

REVIEW = [
    "KRAS", "NRAS", "HRAS", "TP53", "STK11", "KEAP1", "MDM2", "MDM4", "BRAF", "EGFR", "PCNA", "CDK4", "CDKN2A",
    "ERBB2", "PIK3CA", "MET", "ALK", "ROS1", "RET",
]  # fmt: skip


def test_the_genes_of_the_review_are_known_by_symbol_and_id() -> None:
    genes = terms().genes
    for symbol in REVIEW:
        gene = genes.by_symbol[symbol]
        assert gene.hgnc is not None, symbol
        assert genes.by_hgnc[gene.hgnc.removeprefix("HGNC:")] == symbol


def test_no_id_and_no_word_belongs_to_two_genes() -> None:
    genes = terms().genes.by_symbol.values()
    ids = Counter(gene.hgnc for gene in genes if gene.hgnc)
    numbers = Counter(gene.ncbi for gene in genes if gene.ncbi)
    words = Counter(chain.from_iterable({word.casefold() for word in (*g.aliases, *g.previous)} for g in genes))
    for counted in (ids, numbers, words):
        assert [key for key, count in counted.items() if count > 1] == []
    symbols = {gene.symbol.casefold() for gene in genes}
    assert sorted(symbols & set(words)) == []


@pytest.mark.parametrize("word", ["p16", "ER", "PR", "", " ", "not a gene"])
def test_a_word_that_could_be_two_genes_or_none_is_no_gene(word: str) -> None:
    assert terms().genes.named(word) is None


@pytest.mark.parametrize(
    ("word", "symbol"),
    [("kras", "KRAS"), ("HER-2", "ERBB2"), ("HDMX", "MDM4"), ("HDM2", "MDM2"), ("BRCA 1", "BRCA1"), ("c-MYC", "MYC")],
)
def test_a_gene_is_found_by_its_other_names(word: str, symbol: str) -> None:
    assert terms().genes.named(word) == symbol


def test_every_hotspot_is_a_known_gene_with_changes_that_can_be_read() -> None:
    for gene, hotspot in terms().hotspots.by_gene.items():
        assert gene in terms().genes.by_symbol
        assert hotspot.cite or not (hotspot.alleles or hotspot.positions)
        for change in (*hotspot.alleles.values(), *hotspot.positions.values()):
            assert parse_protein(change).position is not None


def test_codons_and_alleles_of_a_hotspot_agree() -> None:
    for hotspot in terms().hotspots.by_gene.values():
        for coding, protein in hotspot.alleles.items():
            first = int("".join(c for c in coding.split("_")[0].split(">")[0] if c.isdigit()))
            position = parse_protein(protein).position or 0
            # A deletion may begin with the last base of the codon before, which stays the same residue.
            assert position - (first - 1) // 3 - 1 in ((0, 1) if "_" in coding else (0,)), (hotspot.gene, coding)


@pytest.mark.parametrize(
    ("sequence", "position", "bases", "read_as"),
    [
        ("NC_000012.12", 25245351, "C>A", "KRAS G12C"),
        ("GRCh37 12", 25398284, "C>T", "KRAS G12D"),
        ("NC_000012.12", 25245350, "CC>AA", "KRAS G12F"),
        ("NC_000007.14", 140753336, "A>T", "BRAF V600E"),
        ("NC_000007.14", 140753336, "AC>TT", "BRAF V600K"),
        ("NC_000002.12", 208248388, "C>T", "IDH1 R132H"),
        ("NC_000015.10", 90088702, "C>T", "IDH2 R140Q"),
        ("NC_000017.11", 39711955, "C>T", "ERBB2 S310F"),
        ("NC_000014.9", 104780214, "C>T", "AKT1 E17K"),
        ("NC_000003.12", 179234297, "A>G", "PIK3CA H1047R"),
        ("NC_000010.11", 43121968, "T>C", "RET M918T"),
        ("NC_000007.14", 116771989, "G>A", "MET D1010N"),
        ("NC_000007.13", 116412044, "G>A", None),  # the first base of the intron after MET exon 14
        ("NC_000012.12", 25245352, "C>A", None),  # the base before codon 12
        ("NC_000012.12", 25245351, "G>A", None),
        ("NC_000012.12", 25245351, "C>CA", None),
    ],
)
def test_an_allele_is_recognised_by_the_place_of_its_codon(
    sequence: str, position: int, bases: str, read_as: str | None
) -> None:
    reference, alternative = bases.split(">")
    found = terms().hotspots.at(sequence, position, reference, alternative)
    assert (" ".join(found) if found else None) == read_as


def test_places_of_codons_follow_the_strand_in_both_assemblies() -> None:
    for gene, hotspot in terms().hotspots.by_gene.items():
        placed = [
            (int(number), *map(int, written.split()[1:]))
            for number, written in hotspot.codons.items()
            if " " in written
        ]
        direction = 1 if hotspot.strand == "+" else -1
        for (before, *starts), (after, *nexts) in pairwise(placed):
            for start, following in zip(starts, nexts, strict=True):
                assert (following - start) * direction >= 3 * (after - before), (gene, before, after)


@pytest.mark.parametrize(
    ("gene", "coding", "short"),
    [
        ("STK11", "c.580G>T", "D194Y"),
        ("KEAP1", "c.1408C>T", "R470C"),
        ("ERBB2", "c.929C>T", "S310F"),
        ("ERBB2", "c.2313_2324dupATACGTGATGGC", "Y772_A775dup"),
        ("EGFR", "c.2235_2249del15", "E746_A750del"),
        ("EGFR", "c.2236_2250delGAATTAAGAGAAGCA", "E746_A750del"),
        ("MET", "c.3028G>A", "D1010N"),
        ("TP53", "c.743G>A", "R248Q"),
        ("PIK3CA", "c.1633G>A", "E545K"),
        ("STK11", "c.581G>T", None),  # the reference base of codon 194 is an A there
    ],
)
def test_coding_changes_of_actionable_genes_are_translated(gene: str, coding: str, short: str | None) -> None:
    assert terms().hotspots.translate(gene, coding) == short


@pytest.mark.parametrize("codon", ["GG", "GGT 5", "GGU", "GGT a b", ""])
def test_a_codon_that_is_none_is_refused(codon: str) -> None:
    with pytest.raises(ContentError):
        Hotspots.of(HotspotFile(source="x", genes=(Hotspot(gene="KRAS", codons={"12": codon}),)))


@pytest.mark.parametrize("place", ["12:25398285 C>A", "GRCh36 12:5 A>C", "GRCh37 12:x A>C", ""])
def test_a_position_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(ContentError):
        Hotspots.of(HotspotFile(source="x", genes=(Hotspot(gene="KRAS", cite="x", positions={place: "G12C"}),)))


def test_a_transcript_is_known_with_and_without_its_version() -> None:
    hotspots = terms().hotspots
    assert hotspots.gene_of_transcript("NM_004985.5") == hotspots.gene_of_transcript("NM_004985") == "KRAS"
    assert hotspots.gene_of_transcript("NM_000000") is None
    assert hotspots.translate("KRAS", "c.34G>T", "NM_000546.6") is None
