"""The shipped genes and hotspots: whole, without contradictions, and careful."""

from __future__ import annotations

from collections import Counter
from itertools import chain

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
        assert hotspot.cite
        for change in (*hotspot.alleles.values(), *hotspot.positions.values()):
            assert parse_protein(change).position is not None


def test_codons_and_alleles_of_a_hotspot_agree() -> None:
    for hotspot in terms().hotspots.by_gene.values():
        for coding, protein in hotspot.alleles.items():
            first = int("".join(c for c in coding.split("_")[0].split(">")[0] if c.isdigit()))
            assert (first - 1) // 3 + 1 == parse_protein(protein).position, (hotspot.gene, coding)


@pytest.mark.parametrize("gene", ["KRAS", "NRAS"])
def test_positions_and_codons_of_the_ras_genes_agree(gene: str) -> None:
    """Both lie on the minus strand: one base of the stated codon, complemented, gives the stated change."""
    hotspot = terms().hotspots.by_gene[gene]
    complement = str.maketrans("ACGT", "TGCA")
    for place, protein in hotspot.positions.items():
        change = parse_protein(protein)
        codon = hotspot.codons.get(str(change.position))
        if codon is None or change.position is None:
            continue
        before, after = (base.translate(complement) for base in place.split()[-1].split(">"))
        found = {
            terms().hotspots.translate(gene, f"c.{3 * (change.position - 1) + 1 + i}{before}>{after}")
            for i in range(3)
            if codon[i] == before
        }
        assert protein in found, place


@pytest.mark.parametrize("place", ["12:25398285 C>A", "GRCh36 12:5 A>C", "GRCh37 12:x A>C", ""])
def test_a_position_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(ContentError):
        Hotspots.of(HotspotFile(source="x", genes=(Hotspot(gene="KRAS", cite="x", positions={place: "G12C"}),)))


def test_a_transcript_is_known_with_and_without_its_version() -> None:
    hotspots = terms().hotspots
    assert hotspots.gene_of_transcript("NM_004985.5") == hotspots.gene_of_transcript("NM_004985") == "KRAS"
    assert hotspots.gene_of_transcript("NM_000000") is None
    assert hotspots.translate("KRAS", "c.34G>T", "NM_000546.6") is None
