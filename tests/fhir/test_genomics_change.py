"""The change of a variant, from wherever reports write it: p., c., g., names, coordinates, old extensions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_targets.facts.genomic import Presence, Significance, Uninterpreted, Variant
from cds_targets.facts.protein import ChangeKind
from tests.fhir.observations import (
    ALTERNATIVE,
    CODING,
    CONSEQUENCE,
    GENOMIC,
    HGNC,
    NAME,
    PROTEIN,
    REFERENCE,
    TRANSCRIPT,
    coded,
    component,
    gene,
    observation,
    one,
    read,
)

KRAS = gene("KRAS", "HGNC:6407")


@pytest.mark.parametrize(
    "value",
    [
        coded("p.Gly12Cys"),
        coded("NP_004976.2:p.(Gly12Cys)", "NP_004976.2:p.(Gly12Cys)", "http://varnomen.hgvs.org"),
        coded("", "p.G12C"),
        coded(text="p.G12C"),
        coded(text="NP_203524.1:p.G12C"),
        coded("LA9658-1", "p.Gly12Cys"),
        coded(text="KRAS p.Gly12Cys (c.34G>T)"),
    ],
    ids=str,
)
def test_a_protein_change_is_read_from_code_display_or_text(value: dict[str, Any]) -> None:
    assert one(observation(KRAS, component(PROTEIN, value))).protein.text == "G12C"


@pytest.mark.parametrize("key", ["valueString", "valueCodeableConcept"])
def test_values_may_be_strings(key: str) -> None:
    value: Any = "p.Gly12Cys" if key == "valueString" else coded(text="p.Gly12Cys")
    assert one(observation(KRAS, component(PROTEIN, value, key))).protein.text == "G12C"


@pytest.mark.parametrize(
    ("symbol", "coding", "short"),
    [
        ("KRAS", "c.34G>T", "G12C"),
        ("KRAS", "NM_004985.5:c.35G>A", "G12D"),
        ("KRAS", "NM_033360.4:c.38G>A", "G13D"),
        ("KRAS", "c.183A>T", "Q61H"),
        ("KRAS", "c.436G>A", "A146T"),
        ("NRAS", "c.34G>T", "G12C"),
        ("NRAS", "NM_002524.5:c.181C>A", "Q61K"),
        ("HRAS", "c.37G>C", "G13R"),
        ("BRAF", "NM_004333.6:c.1799T>A", "V600E"),
        ("BRAF", "c.1798_1799delinsAA", "V600K"),
        ("EGFR", "NM_005228.5:c.2573T>G", "L858R"),
        ("PIK3CA", "NM_006218.4:c.3140A>G", "H1047R"),
        ("TP53", "NM_000546.6:c.524G>A", "R175H"),
    ],
)
def test_a_hotspot_coding_change_is_translated_and_says_so(symbol: str, coding: str, short: str) -> None:
    fact = one(observation(gene(symbol), component(CODING, coding)))
    assert fact.protein.text == short
    assert any("translated from" in note for note in fact.notes)


@pytest.mark.parametrize(
    ("symbol", "coding"),
    [
        ("KRAS", "c.35C>A"),  # the reference base is not C
        ("KRAS", "NM_000546.6:c.34G>T"),  # another gene's transcript
        ("KRAS", "c.40G>A"),  # no hotspot
        ("SACS", "c.12118G>A"),
    ],
)
def test_what_is_not_certain_is_said_to_be_untranslated(symbol: str, coding: str) -> None:
    fact = one(observation(gene(symbol), component(CODING, coding)))
    assert fact.protein is None
    assert any("not translated" in note for note in fact.notes)


@pytest.mark.parametrize(
    ("coding", "kind"),
    [
        ("c.725del", ChangeKind.FRAMESHIFT),
        ("c.375+1G>A", ChangeKind.SPLICE),
        ("c.9_32del", None),
        ("c.374+20G>A", None),
    ],
)
def test_a_coding_change_may_be_truncating_where_its_protein_change_is_not_told(
    coding: str, kind: ChangeKind | None
) -> None:
    fact = one(observation(gene("STK11"), component(CODING, coding)))
    assert (fact.protein.kind if fact.protein else None) == kind
    assert fact.cdna == coding
    assert any("without a protein change" in note for note in fact.notes)


@pytest.mark.parametrize(
    ("sequence", "position", "counting", "bases", "short"),
    [
        ("NC_000012.11", 25398285, "LA30102-0", "C>A", "KRAS G12C"),
        ("NC_000012.11", 25398284, "LA30100-4", "C>A", "KRAS G12C"),
        ("NC_000012.12", 25245351, "LA30102-0", "C>A", "KRAS G12C"),
        ("NC_000007.14", 140753335, "LA30100-4", "A>T", "BRAF V600E"),
        ("NC_000007.13", 55259515, "LA30102-0", "T>G", "EGFR L858R"),
        ("NC_000012.11", 25398285, "LA30100-4", "C>A", None),  # counted from 0 this is another base
        ("NC_000012.11", 25398285, "", "C>A", None),  # counting not stated
        ("NC_000012.11", 25398285, "LA30102-0", "G>A", None),  # reference base disagrees
        ("NC_000012.12", 25398285, "LA30102-0", "C>A", None),  # position of the other assembly
    ],
)
def test_a_hotspot_allele_is_recognised_by_its_position(
    sequence: str, position: int, counting: str, bases: str, short: str | None
) -> None:
    parts = [
        component("48013-7", coded(sequence)),
        component("81254-5", {"low": {"value": position}}, "valueRange"),
        component(REFERENCE, bases[0], "valueString"),
        component(ALTERNATIVE, bases[-1], "valueString"),
        *([component("92822-6", coded(counting))] if counting else []),
    ]
    fact = one(observation(*parts))
    found = f"{fact.gene} {fact.protein.text}" if fact.protein else None
    assert found == short
    assert fact.presence is Presence.PRESENT


@pytest.mark.parametrize(
    ("slot", "text", "short"),
    [
        (GENOMIC, "NC_000012.11:g.25398285C>A", "G12C"),
        (GENOMIC, "NC_000012.12:g.25245351C>A", "G12C"),
        (CODING, "NC_000012.11:25398284:C:A", "G12C"),
        (GENOMIC, "NM_004985.5:c.34G>T", "G12C"),
        (CODING, "NM_004985.5:c.34G>T p.(Gly12Cys)", "G12C"),
    ],
)
def test_changes_in_the_wrong_slot_are_read(slot: str, text: str, short: str) -> None:
    fact = one(observation(component(slot, text)))
    assert (fact.gene, fact.protein.text) in {("KRAS", short)} or fact.protein.text == short


def test_the_name_of_a_variant_gives_change_and_gene_where_nothing_else_does() -> None:
    name = component(NAME, coded("376314", "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)"))
    fact = one(observation(name))
    assert (fact.gene, fact.protein.text, fact.cdna) == ("KRAS", "G12C", "c.34G>T")
    with_gene = one(observation(gene("MSH2"), component(NAME, coded("1", "NM_000251.3(MSH2):c.1832del (p.Val611fs)"))))
    assert (with_gene.protein.text, with_gene.cdna, with_gene.indel) == ("V611fs", "c.1832del", True)


def test_coding_and_protein_change_of_different_codons_are_noted() -> None:
    fact = one(observation(KRAS, component(CODING, "c.1799T>A"), component(PROTEIN, "p.G12C")))
    assert any("does not lie in the codon" in note for note in fact.notes)


@pytest.mark.parametrize("text", ["p.Trp24=/Cys", "p.(Gly56Ala^Ser^Cys)", "KDD", "p.Gly12Xyz"])
def test_an_unreadable_protein_change_is_noted_and_the_variant_stays(text: str) -> None:
    fact = one(observation(KRAS, component(PROTEIN, text)))
    assert isinstance(fact, (Variant, Uninterpreted)) or fact.found_nothing is False
    assert any("could not be read" in note for note in fact.notes)


def test_a_splice_site_beside_an_unknown_protein_change_is_truncating() -> None:
    consequence = component("48006-1", coded("NO LOINC CODE", "Essential_splice_site"))
    fact = one(observation(gene("TP53"), component(CODING, "c.672+1G>T"), component(PROTEIN, "p.(?)"), consequence))
    assert fact.protein.kind is ChangeKind.SPLICE
    assert fact.protein.truncating


def test_an_exon_is_read_where_nothing_more_is_said() -> None:
    fact = one(observation(gene("EGFR"), component("47999-8", "Exon #19", "valueString")))
    assert (fact.exon, fact.protein) == (19, None)


@pytest.mark.parametrize("prefix", ["genetics", "observation-genetics"])
def test_the_extensions_of_the_old_genetics_profiles_are_read(prefix: str) -> None:
    base = "http://hl7.org/fhir/StructureDefinition/" + prefix
    old = {
        "resourceType": "Observation",
        "status": "final",
        "code": coded("55233-1"),
        "extension": [
            {"url": base + "Gene", "valueCodeableConcept": coded("3236", "EGFR", "http://www.genenames.org")},
            {"url": base + "AminoAcidChange", "valueString": "p.Leu858Arg"},
            {"url": base + "DNASequenceVariation", "valueString": "c.2573T>G"},
            {"url": base + "GenomicSourceClass", "valueCodeableConcept": coded("LA6684-0", "Somatic")},
        ],
        "interpretation": {"coding": [{"code": "POS"}]},
    }
    fact = one(old)
    assert (fact.gene, fact.protein.text, fact.cdna, fact.origin.value) == ("EGFR", "L858R", "c.2573T>G", "somatic")


def test_components_named_only_in_text_are_read() -> None:
    parts = [
        {"code": {"text": "Gene"}, "valueString": "KRAS"},
        {"code": {"text": "Amino acid change"}, "valueString": "p.G12C"},
        {"code": {"text": "VAF"}, "valueQuantity": {"value": 12, "unit": "%"}},
    ]
    fact = one(observation(*parts))
    assert (fact.gene, fact.protein.text, fact.vaf) == ("KRAS", "G12C", 0.12)


def test_significance_and_protein_change_reach_the_variant_through_what_derives_from_it() -> None:
    implication = {
        "resourceType": "Observation",
        "id": "i",
        "status": "final",
        "code": coded("diagnostic-implication"),
        "derivedFrom": [{"reference": "urn:x:v"}],
        "component": [component("53037-8", coded("LA26333-7", "Uncertain significance"))],
    }
    consequence = {
        **implication,
        "id": "m",
        "code": coded("molecular-consequence"),
        "component": [component(PROTEIN, "p.Lys117Asn")],
    }
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": implication},
            {"fullUrl": "urn:x:v", "resource": observation(KRAS, component(CODING, "c.351A>X"))},
            {"resource": consequence},
        ],
    }
    fact = one(bundle)
    assert fact.significance is Significance.UNCERTAIN
    assert fact.protein.text == "K117N"


def test_many_genes_in_one_result_are_paired_by_transcript_only() -> None:
    genes = [gene(symbol) for symbol in ("TP53", "KEAP1", "KRAS", "EGFR", "ALK")]
    changes = [component(CODING, coded(text="NM_004985.5:c.34G>T")), component(CODING, coded(text="c.1799T>A"))]
    facts = read(observation(*genes, *changes))
    variants = [fact for fact in facts if isinstance(fact, Variant)]
    assert [(v.gene, v.protein.text if v.protein else None) for v in variants] == [("KRAS", "G12C")]
    unjudged = {fact.gene for fact in facts if isinstance(fact, Uninterpreted)}
    assert unjudged == {"TP53", "KEAP1", "EGFR", "ALK"}


def test_a_genotype_and_an_empty_variant_are_named_as_not_interpreted() -> None:
    genotype = observation(gene("CYP2D6"), code=coded("84413-4"), value=coded("", "*1/*4"))
    facts = read(genotype, observation(value=PRESENT_TEXT))
    assert all(isinstance(fact, Uninterpreted) for fact in facts)
    assert len(facts) == 2


PRESENT_TEXT = coded("LA9633-4")
THREE = {"G": "Gly", "A": "Ala", "V": "Val", "D": "Asp", "R": "Arg", "K": "Lys", "L": "Leu", "H": "His", "S": "Ser"}
FORMS = ["p.{three}", "p.({three})", "NP_000001.2:p.{three}", "p.{one}", "{one}", "NM_000001.3:p.{one}"]
SYMBOLS = ["KRAS", "TP53", "STK11", "KEAP1", "BRAF", "EGFR", "MET"]


@given(
    st.sampled_from(SYMBOLS),
    st.sampled_from(sorted(THREE)),
    st.integers(2, 3000),
    st.sampled_from(sorted(THREE)),
    st.sampled_from(FORMS),
    st.sampled_from(["code", "display", "text", "string"]),
    st.booleans(),
)
def test_a_variant_rendered_in_any_form_is_read_back(
    symbol: str, before: str, position: int, after: str, form: str, place: str, absent: bool
) -> None:
    written = form.format(one=f"{before}{position}{after}", three=f"{THREE[before]}{position}{THREE[after]}")
    part = {
        "code": component(PROTEIN, coded(written)),
        "display": component(PROTEIN, coded("x1", written)),
        "text": component(PROTEIN, coded(text=written)),
        "string": component(PROTEIN, written, "valueString"),
    }[place]
    value = coded("LA9634-2") if absent else coded("LA9633-4")
    fact = one(observation(gene(symbol, system=HGNC), part, value=value))
    assert (fact.gene, fact.protein.text) == (symbol, f"{before}{position}{after}")
    assert fact.presence is (Presence.ABSENT if absent else Presence.PRESENT)


def test_consequences_of_fusion_do_not_make_a_missense_change_one() -> None:
    fact = one(observation(KRAS, component(PROTEIN, "p.G12C"), component(CONSEQUENCE, coded("SO:0001583"))))
    assert isinstance(fact, Variant)
    assert component(TRANSCRIPT, "NM_004985.5")


@pytest.mark.parametrize(
    ("slot", "text", "exon", "indel"),
    [
        (NAME, "EGFR exon 19 deletion", 19, True),
        (NAME, "EGFR exon 20 insertion", 20, True),
        (NAME, "MET exon 14 skipping", 14, False),
        (PROTEIN, "Exon 19 deletion", 19, True),
        ("47999-8", "Exon #15", 15, False),
    ],
)
def test_an_exon_level_change_is_read_from_words(slot: str, text: str, exon: int, indel: bool) -> None:
    fact = one(observation(gene(text.split()[0] if text[0] in "M" else "EGFR"), component(slot, coded(text=text))))
    assert isinstance(fact, Variant)
    assert (fact.exon, fact.indel, fact.presence) == (exon, indel, Presence.PRESENT)


def test_a_codon_is_read_where_the_change_is_not_said() -> None:
    fact = one(observation(KRAS, component("47999-8", "codon 12", "valueString")))
    assert (fact.protein.position, fact.protein.alternative) == (12, None)


def test_a_position_given_as_the_id_of_a_variant_is_recognised() -> None:
    fact = one(observation(component(NAME, "NC_000007.13:140453135:A:T")))
    assert (fact.gene, fact.protein.text) == ("BRAF", "V600E")


def test_two_different_protein_changes_in_one_result_are_named_and_none_is_chosen() -> None:
    fact = one(observation(KRAS, component(PROTEIN, "p.G12C"), component(PROTEIN, "p.G13D")))
    assert fact.protein is None
    assert "G12C, G13D" in fact.notes[0]


def test_one_change_in_two_spellings_is_one_change() -> None:
    fact = one(observation(KRAS, component(PROTEIN, coded("p.G12C", "NP_004976.2:p.(Gly12Cys)"))))
    assert (fact.protein.text, fact.notes) == ("G12C", ())


@pytest.mark.parametrize(("name", "value"), [("KRAS", "G12C"), ("KRAS", "p.Gly12Cys detected")])
def test_a_test_named_by_a_bare_symbol_is_read_if_its_value_is_a_change(name: str, value: str) -> None:
    fact = one({"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value})
    assert (fact.gene, fact.protein.text) == ("KRAS", "G12C")


def test_an_observation_that_merely_shares_a_word_with_a_gene_is_no_finding() -> None:
    for name, value in (("MET", "5.5"), ("CAT", "10"), ("Smoking status", "MET"), ("KRAS", "see report")):
        assert (
            read({"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value}) == []
        )
