"""Copy number and fusions in their several ways."""

from __future__ import annotations

from typing import Any

import pytest

from cds_targets.facts.genomic import CopyNumber, CopyNumberCall, Fusion, Presence, Uninterpreted, Variant
from tests.fhir.observations import (
    ABSENT,
    CONSEQUENCE,
    COPIES,
    NAME,
    PRESENT,
    TYPE,
    coded,
    component,
    gene,
    observation,
    one,
    read,
)

MDM2 = gene("MDM2", "HGNC:6973")
AMPLIFIED = coded("12645001", "Gene amplification (finding)", "http://snomed.info/sct")


@pytest.mark.parametrize(
    ("parts", "more", "call", "copies"),
    [
        ([], {"interpretation": [AMPLIFIED]}, CopyNumberCall.AMPLIFICATION, None),
        ([component(COPIES, 12)], {"interpretation": [AMPLIFIED]}, CopyNumberCall.AMPLIFICATION, 12),
        ([component("type", coded("high-level-gain"))], {}, CopyNumberCall.AMPLIFICATION, None),
        ([component(NAME, coded(text="MDM2 amplification"))], {}, CopyNumberCall.AMPLIFICATION, None),
        ([component(TYPE, coded(text="amplification"))], {}, CopyNumberCall.AMPLIFICATION, None),
        ([component("type", coded("low-level-gain")), component(COPIES, 3)], {}, CopyNumberCall.GAIN, 3),
        ([component("type", coded("loss")), component(COPIES, 1)], {}, CopyNumberCall.LOSS, 1),
        ([component(CONSEQUENCE, coded("SO:0001743", "copy_number_loss"))], {}, CopyNumberCall.LOSS, None),
        ([component(NAME, coded(text="copy number loss"))], {}, CopyNumberCall.LOSS, None),
        ([component(NAME, coded(text="homozygous deletion"))], {}, CopyNumberCall.DELETION, None),
        ([component(COPIES, 0)], {}, CopyNumberCall.DELETION, 0),
        ([component(COPIES, 1), component(TYPE, coded("SO:0000159"))], {}, CopyNumberCall.LOSS, 1),
        ([component(CONSEQUENCE, coded("SO:0001742", "copy_number_gain"))], {}, CopyNumberCall.UNKNOWN, None),
        ([component(COPIES, 12)], {}, CopyNumberCall.UNKNOWN, 12),
        ([component(COPIES, {"value": 6, "code": "6"}, "valueQuantity")], {}, CopyNumberCall.UNKNOWN, 6),
        ([component(COPIES, 2)], {}, CopyNumberCall.UNKNOWN, 2),
    ],
    ids=str,
)
def test_copy_number_is_called_only_as_reported(
    parts: list[Any], more: dict[str, Any], call: CopyNumberCall, copies: float | None
) -> None:
    fact = one(observation(MDM2, *parts, **more))
    assert isinstance(fact, CopyNumber)
    assert (fact.gene, fact.presence, fact.call, fact.copies) == ("MDM2", Presence.PRESENT, call, copies)
    if call is CopyNumberCall.UNKNOWN:
        assert any("amplification" in note for note in fact.notes)


def test_mdm2_by_its_long_name_amplified_only_by_interpretation() -> None:
    by_name = component("48018-6", coded("", "MDM2 proto-oncogene"))
    fact = one(observation(by_name, interpretation=[AMPLIFIED]))
    assert (fact.gene, fact.call, fact.presence) == ("MDM2", CopyNumberCall.AMPLIFICATION, Presence.PRESENT)


def test_an_absent_amplification_is_absent() -> None:
    fact = one(observation(MDM2, component(NAME, coded(text="amplification")), value=ABSENT))
    assert (fact.call, fact.presence) == (CopyNumberCall.AMPLIFICATION, Presence.ABSENT)


@pytest.mark.parametrize("text", ["not amplified", "no amplification"])
def test_not_amplified_says_nothing_of_mutations(text: str) -> None:
    for said in (observation(MDM2, value=coded(text=text)), observation(MDM2, component(NAME, coded(text=text)))):
        fact = one(said)
        assert isinstance(fact, CopyNumber)
        assert (fact.call, fact.presence) == (CopyNumberCall.AMPLIFICATION, Presence.ABSENT)


def test_a_copy_number_of_several_genes_holds_for_each_and_says_so() -> None:
    facts = read(observation(MDM2, gene("CDK4"), component("type", coded("high-level-gain"))))
    assert [fact.gene for fact in facts if isinstance(fact, CopyNumber)] == ["MDM2", "CDK4"]
    assert "2 genes" in facts[0].notes[0]


FUSION_PARTS: list[list[Any]] = [
    [component("95123-6", coded("HGNC:3689::HGNC:2697", "FGFR2::DBP"))],
    [component("95123-6", coded("HGNC:3689::HGNC:2697"))],
    [component("five-prime-gene", coded("HGNC:3689", "FGFR2")), component("three-prime-gene", coded("", "DBP"))],
    [gene("FGFR2", "HGNC:3689"), gene("DBP"), component(CONSEQUENCE, coded("SO:0001565", "gene_fusion"))],
    [component(NAME, coded(text="FGFR2-DBP fusion"))],
    [component(NAME, coded(text="FGFR2::DBP fusion"))],
    [gene("FGFR2", "HGNC:3689"), component(NAME, coded(text="FGFR2::DBP rearrangement"))],
]


@pytest.mark.parametrize("parts", FUSION_PARTS, ids=str)
def test_a_fusion_is_read_in_each_of_its_forms(parts: list[Any]) -> None:
    fact = one(observation(*parts))
    assert isinstance(fact, Fusion)
    assert (fact.genes, fact.presence) == (("FGFR2", "DBP"), Presence.PRESENT)


def test_a_fusion_without_its_partner_names_one_gene() -> None:
    fact = one(observation(gene("ROS1"), component(NAME, coded(text="ROS1 Fusion"))))
    assert isinstance(fact, Fusion)
    assert fact.genes == ("ROS1",)


def test_an_absent_fusion_is_absent() -> None:
    fact = one(observation(gene("ALK"), component(NAME, coded(text="ALK rearrangement")), value=ABSENT))
    assert (fact.genes, fact.presence) == (("ALK",), Presence.ABSENT)


def test_a_copy_number_of_a_gene_that_is_contradicted_is_not_interpreted() -> None:
    facts = read(observation(gene("CDK4", "HGNC:6973"), component("type", coded("high-level-gain"))))
    assert {fact.gene for fact in facts if isinstance(fact, Uninterpreted)} == {"CDK4", "MDM2"}


def test_a_fusion_written_where_the_gene_stands_is_a_fusion() -> None:
    pair = component("48018-6", coded(text="ETV6::NTRK3"))
    for more in ([], [component(TYPE, coded(text="gene fusion"))]):
        fact = one(observation(pair, *more))
        assert isinstance(fact, Fusion)
        assert (fact.genes, fact.presence) == (("ETV6", "NTRK3"), Presence.PRESENT)


@pytest.mark.parametrize("ends", ["81301-4", "81302-2"])
@pytest.mark.parametrize("kind", ["SO:0000159", "SO:1000036"])
def test_a_large_change_given_by_its_ends_only_is_named_as_such(ends: str, kind: str) -> None:
    """An inversion of half a megabase is no single-base change, and nobody says which genes it breaks."""
    stretch = component(ends, {"low": {"value": 12855952}, "high": {"value": 13448205}}, "valueRange")
    fact = one(observation(component("69547-8", "C", "valueString"), component(TYPE, coded(kind)), stretch))
    assert isinstance(fact, Variant)
    assert fact.structural
    assert any("which genes it touches" in note for note in fact.notes)


def test_a_change_with_bases_and_ends_is_a_small_one() -> None:
    stretch = component("81302-2", {"low": {"value": 100}, "high": {"value": 104}}, "valueRange")
    fact = one(observation(component("48004-6", coded("NC_000001.10:100:ACGT:A")), stretch))
    assert (fact.structural, fact.indel) == (False, True)


AS_REPORTED: list[tuple[list[Any], Any, str]] = [
    ([component(NAME, coded(text="MDM2 Amplifikation"))], PRESENT, "amplification present"),
    ([component(TYPE, coded(text="Amplifikation"))], PRESENT, "amplification present"),
    ([], coded(text="Amplified"), "amplification present"),
    ([], coded(text="amplifiziert"), "amplification present"),
    ([], coded(text="keine Amplifikation nachgewiesen"), "amplification absent"),
    ([], coded(text="No amplification detected"), "amplification absent"),
    ([component(NAME, coded(text="no amplification"))], PRESENT, "amplification absent"),
    ([component(TYPE, coded(text="homozygote Deletion"))], PRESENT, "deletion present"),
    ([component(TYPE, coded(text="homozygous loss"))], PRESENT, "deletion present"),
    ([component(TYPE, coded(text="biallelic loss"))], PRESENT, "deletion present"),
    ([component(TYPE, coded(text="loss"))], PRESENT, "loss present"),
    ([component(TYPE, coded(text="heterozygous deletion")), component(COPIES, 1)], PRESENT, "loss present"),
    ([component(TYPE, coded(text="gain")), component(COPIES, 8)], PRESENT, "unknown present"),
    ([component(TYPE, coded(text="loss of heterozygosity"))], PRESENT, "no copy number"),
    (
        [component(TYPE, coded(text="homozygous deletion")), component("48004-6", coded("c.68_69del"))],
        PRESENT,
        "no copy number",
    ),
]


@pytest.mark.parametrize(("parts", "value", "told"), AS_REPORTED, ids=str)
def test_copy_number_in_words_is_called_as_reported(parts: list[Any], value: Any, told: str) -> None:
    fact = one(observation(MDM2, *parts, value=value))
    read_as = f"{fact.call.value} {fact.presence.value}" if isinstance(fact, CopyNumber) else "no copy number"
    assert read_as == told


PAIRS: list[list[Any]] = [
    [component("95123-6", coded(text="EML4(13)-ALK(20)"))],
    [component("95123-6", coded(text="EML4::ALK (E13;A20)"))],
    [component("95123-6", coded(text="EML4 (exon 13) - ALK (exon 20) fusion"))],
    [component(NAME, coded(text="EML4/ALK fusion"))],
    [component(NAME, coded(text="EML4–ALK-Fusion"))],
    [component(NAME, coded(text="t(2;2)(p21;p23) EML4-ALK translocation"))],
    [component("48018-6", coded(text="EML4-ALK"))],
    [gene("EML4"), gene("ALK"), component(NAME, coded(text="EML4-ALK"))],
    [gene("EML4"), gene("ALK"), component("81291-7", coded("46,XX,t(2;2)(p21;p23)"))],
    [gene("EML4"), gene("ALK"), component(TYPE, coded(text="Translokation"))],
]


@pytest.mark.parametrize("parts", PAIRS, ids=str)
def test_partners_are_read_however_they_are_joined(parts: list[Any]) -> None:
    fact = one(observation(*parts))
    assert isinstance(fact, Fusion)
    assert (fact.genes, fact.presence) == (("EML4", "ALK"), Presence.PRESENT)


@pytest.mark.parametrize("text", ["KRAS/NRAS", "BRCA1/BRCA2", "NKX2-1", "HLA-DRB1"])
def test_two_genes_beside_each_other_or_a_hyphened_one_are_no_fusion(text: str) -> None:
    assert not any(isinstance(fact, Fusion) for fact in read(observation(component("48018-6", coded(text=text)))))


def test_a_value_that_is_the_fusion_itself_says_that_it_is_there() -> None:
    for more in ({"value": coded(text="EML4-ALK fusion")}, {"value": None, "valueString": "EML4-ALK fusion detected"}):
        fact = one(observation(**more))
        assert (fact.genes, fact.presence) == (("EML4", "ALK"), Presence.PRESENT)


@pytest.mark.parametrize(
    ("name", "value", "genes", "presence"),
    [
        ("ALK rearrangement", "EML4-ALK fusion detected", ("EML4", "ALK"), Presence.PRESENT),
        ("RET fusion", "KIF5B-RET", ("KIF5B", "RET"), Presence.PRESENT),
        ("ALK-Translokation", "nachgewiesen", ("ALK",), Presence.PRESENT),
        ("ALK-Translokation", "nicht nachgewiesen", ("ALK",), Presence.ABSENT),
        ("ROS1 Fusion", "negativ", ("ROS1",), Presence.ABSENT),
        ("ALK rearrangement", "No rearrangement detected", ("ALK",), Presence.ABSENT),
    ],
)
def test_a_test_of_a_fusion_names_the_partner_it_found(
    name: str, value: str, genes: tuple[str, ...], presence: Presence
) -> None:
    fact = one({"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value})
    assert isinstance(fact, Fusion)
    assert (fact.genes, fact.presence) == (genes, presence)


@pytest.mark.parametrize(
    ("karyotype", "presence"),
    [
        ("46,XX", Presence.ABSENT),
        ("46,XY[20]", Presence.ABSENT),
        ("46,XX,t(9;22)(q34;q11)", Presence.PRESENT),
        ("45,X,-Y", Presence.PRESENT),
    ],
)
def test_a_karyotype_is_named_and_a_normal_one_is_no_finding(karyotype: str, presence: Presence) -> None:
    fact = one(observation(component("81291-7", coded(karyotype))))
    assert isinstance(fact, Uninterpreted)
    assert (fact.presence, fact.written) == (presence, karyotype)
