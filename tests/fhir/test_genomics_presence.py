"""Present, absent, unknown: from codes, words, interpretation and alleles; contradictions stay unknown."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from cds_targets.facts.genomic import (
    Biomarker,
    CopyNumber,
    Fusion,
    Origin,
    Presence,
    ReportStatus,
    Specimen,
    Uninterpreted,
    Variant,
)
from cds_targets.facts.genomic import (
    Tested as GeneTested,
)
from cds_targets.fhir.genomics import read_genomics
from cds_targets.fhir.reading import Resources
from tests.fhir.observations import (
    ABSENT,
    ALTERNATIVE,
    FRACTION,
    GENE,
    ORIGIN,
    PRESENT,
    PROTEIN,
    REFERENCE,
    TYPE,
    coded,
    component,
    gene,
    observation,
    one,
    read,
    terms,
)

G12C = (gene("KRAS", "HGNC:6407"), component(PROTEIN, "p.Gly12Cys"))


@pytest.mark.parametrize(
    ("more", "presence"),
    [
        ({"value": PRESENT}, Presence.PRESENT),
        ({"value": coded("LA9633-4")}, Presence.PRESENT),
        ({"value": coded("LA9633-4", "present")}, Presence.PRESENT),
        ({"value": coded("52101004", "Present (qualifier value)")}, Presence.PRESENT),
        ({"value": coded("10828004", "Positive")}, Presence.PRESENT),
        ({"value": coded(text="Detected")}, Presence.PRESENT),
        ({"value": None, "valueString": "mutation detected"}, Presence.PRESENT),
        ({"value": None, "valueBoolean": True}, Presence.PRESENT),
        ({"value": None}, Presence.PRESENT),
        ({"value": ABSENT}, Presence.ABSENT),
        ({"value": coded("2667000")}, Presence.ABSENT),
        ({"value": coded(text="Not detected")}, Presence.ABSENT),
        ({"value": coded(text="no pathogenic mutation found")}, Presence.ABSENT),
        ({"value": coded(text="wild-type")}, Presence.ABSENT),
        ({"value": None, "valueBoolean": False}, Presence.ABSENT),
        ({"value": None, "interpretation": [coded("NEG")]}, Presence.ABSENT),
        ({"value": None, "interpretation": coded("POS")}, Presence.PRESENT),
        ({"value": coded("LA11884-6", "Indeterminate")}, Presence.UNKNOWN),
        ({"value": coded(text="inconclusive")}, Presence.UNKNOWN),
        ({"value": coded(text="Not tested")}, Presence.UNKNOWN),
        ({"value": coded("X99", "purple")}, Presence.UNKNOWN),
        ({"value": None, "dataAbsentReason": coded("error")}, Presence.UNKNOWN),
        ({"value": PRESENT, "interpretation": [coded("NEG")]}, Presence.UNKNOWN),
        ({"value": PRESENT, "interpretation": [coded("A", "Abnormal")]}, Presence.PRESENT),
        ({"value": None, "interpretation": [coded("A", "Abnormal")]}, Presence.PRESENT),
        ({"value": None, "interpretation": [coded("N", "Normal")]}, Presence.UNKNOWN),
        ({"value": coded("LA9633-4", "Absent")}, Presence.UNKNOWN),
        ({"value": coded("LA9634-2", "Present")}, Presence.UNKNOWN),
        ({"value": coded("LA9633-4", text="Not detected")}, Presence.UNKNOWN),
        ({"value": coded("LA9633-4", "Vorhanden")}, Presence.PRESENT),
        ({"value": coded("260415000", "Not detected (qualifier value)")}, Presence.ABSENT),
        ({"value": ABSENT, "interpretation": [coded("POS")]}, Presence.UNKNOWN),
    ],
    ids=str,
)
def test_presence_is_read_from_whatever_says_it(more: dict[str, Any], presence: Presence) -> None:
    fact = one(observation(*G12C, **more))
    assert isinstance(fact, Variant)
    assert fact.presence is presence


def test_a_presence_that_was_only_implied_is_noted() -> None:
    assert "implied" in one(observation(*G12C, value=None)).notes[0]


def test_an_absent_allele_is_not_a_wild_type_gene() -> None:
    fact = one(observation(*G12C, value=ABSENT))
    assert isinstance(fact, Variant)
    assert fact.names_change


def test_an_absent_gene_is_a_gene_tested_with_nothing_found() -> None:
    fact = one(observation(gene("KRAS", "HGNC:6407"), value=ABSENT))
    assert isinstance(fact, GeneTested)
    assert (fact.gene, fact.found_nothing) == ("KRAS", True)


def test_present_with_equal_alleles_is_wild_type_at_that_place() -> None:
    alleles = [component(REFERENCE, "C", "valueString"), component(ALTERNATIVE, "C", "valueString")]
    fact = one(observation(gene("CYP2C19"), *alleles))
    assert (fact.presence, fact.names_change) == (Presence.ABSENT, True)


def test_a_change_type_of_wild_type_is_absent() -> None:
    assert isinstance(one(observation(gene("KRAS"), component(TYPE, coded("", "wild type")))), GeneTested)


def test_a_text_of_not_detected_beats_a_report_that_is_merely_positive() -> None:
    test = component("21702-6", "KRAS 12 mutation: Not Detected, KRAS 13 mutation: Not Detected", "valueString")
    fact = one(observation(test, value=None, interpretation=[coded("POS")], valueString="report"))
    assert isinstance(fact, GeneTested)
    assert (fact.gene, fact.found_nothing, fact.codons) == ("KRAS", True, frozenset({12, 13}))
    assert "says otherwise" in fact.notes[0]


def test_a_gene_test_may_find_one_codon_and_not_another() -> None:
    test = component("21702-6", "KRAS 12 mutation: Detected; KRAS 61 mutation: Not Detected", "valueString")
    found, negative = read(observation(test, value=None))
    assert isinstance(found, Variant)
    assert (found.gene, found.presence) == ("KRAS", Presence.PRESENT)
    assert found.protein is not None
    assert found.protein.position == 12
    assert isinstance(negative, GeneTested)
    assert negative.codons == {61}


@pytest.mark.parametrize(
    ("text", "kind"), [("Not detected", GeneTested), ("p.Gly12Cys", Variant), ("Detected: G12C", Variant)]
)
def test_the_value_of_a_test_of_one_gene_is_read(text: str, kind: type) -> None:
    fact = one(observation(value=None, code=coded("21702-6"), valueString=text, component=[]))
    assert isinstance(fact, kind)
    assert fact.gene == "KRAS"


@pytest.mark.parametrize(
    ("stated", "origin"),
    [
        (coded("LA6684-0", "Somatic"), Origin.SOMATIC),
        (coded("LA6683-2"), Origin.GERMLINE),
        (coded("", "Somatic"), Origin.SOMATIC),
        (coded("LA18197-6", "Unknown"), Origin.UNKNOWN),
    ],
)
def test_origin_is_never_assumed(stated: dict[str, Any], origin: Origin) -> None:
    assert one(observation(*G12C, component(ORIGIN, stated))).origin is origin
    assert one(observation(*G12C)).origin is Origin.UNKNOWN


@pytest.mark.parametrize(
    ("quantity", "fraction"),
    [
        ({"value": 0.31, "code": "1"}, 0.31),
        ({"value": 31, "code": "%"}, 0.31),
        ({"value": 31, "unit": "%"}, 0.31),
        ({"value": 31, "unit": "Prozent"}, 0.31),
        ({"value": 0.5, "unit": "decimal"}, 0.5),
        ({"value": 0}, 0.0),
        ({"value": 1.0}, 1.0),
        ({"value": "0.2"}, 0.2),
        ({"value": 0.88, "code": "%"}, None),
        ({"value": 12}, None),
        ({"value": -1}, None),
        ({"value": 250, "unit": "%"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_allele_fraction_is_a_fraction_or_not_known(quantity: dict[str, Any], fraction: float | None) -> None:
    fact = one(observation(*G12C, component(FRACTION, quantity, "valueQuantity")))
    assert fact.vaf == fraction
    if fraction is None and "value" in quantity and quantity["value"] > 0:
        assert "allele fraction" in fact.notes[0]


@pytest.mark.parametrize(
    ("code", "fraction"),
    [
        ("0.32", 0.32),
        ("32 %", 0.32),
        ("32%", 0.32),
        ("VAF 32%", 0.32),
        ("32 percent", 0.32),
        ("32,5 %", 0.325),
        ("12 reads", None),
    ],
)
def test_an_allele_fraction_misplaced_as_a_code_is_read(code: str, fraction: float | None) -> None:
    assert one(observation(*G12C, component(FRACTION, coded(code)))).vaf == fraction


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("final", ReportStatus.FINAL),
        ("amended", ReportStatus.FINAL),
        ("corrected", ReportStatus.FINAL),
        ("preliminary", ReportStatus.PRELIMINARY),
        ("registered", ReportStatus.PRELIMINARY),
        ("unknown", ReportStatus.UNKNOWN),
        ("active", ReportStatus.UNKNOWN),
        (None, ReportStatus.UNKNOWN),
        (7, ReportStatus.UNKNOWN),
    ],
)
def test_the_status_says_how_settled_a_result_is(status: Any, read_as: ReportStatus) -> None:
    assert one(observation(*G12C, status=status)).source.status is read_as


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_void_results_are_no_facts_but_are_named(status: str) -> None:
    fact = one(observation(*G12C, status=status))
    assert isinstance(fact, Uninterpreted)
    assert (fact.gene, fact.presence) == (None, Presence.UNKNOWN)


def test_results_of_a_void_report_are_void_and_of_a_preliminary_one_preliminary() -> None:
    report = {"resourceType": "DiagnosticReport", "id": "r", "result": [{"reference": "Observation/v1"}]}
    assert isinstance(one({**report, "status": "entered-in-error"}, observation(*G12C)), Uninterpreted)
    fact = one({**report, "status": "preliminary"}, observation(*G12C))
    assert fact.source.status is ReportStatus.PRELIMINARY


def test_date_and_specimen_come_from_the_report_where_the_result_has_none() -> None:
    specimen = {"resourceType": "Specimen", "id": "s", "type": coded(text="Circulating tumor DNA in plasma")}
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "effectiveDateTime": "2026-02-03",
        "specimen": [{"reference": "Specimen/s"}],
        "result": [{"reference": "Observation/v1"}],
    }
    source = one(specimen, report, observation(*G12C)).source
    assert (str(source.when), source.specimen) == ("2026-02-03", Specimen.PLASMA)


@pytest.mark.parametrize(
    ("display", "specimen"),
    [
        ("FFPE tumour tissue", Specimen.TISSUE),
        ("Liquid biopsy", Specimen.PLASMA),
        ("Venous blood", Specimen.PLASMA),
        ("Lung biopsy", Specimen.TISSUE),
        ("Specimen 12", Specimen.UNKNOWN),
    ],
)
def test_the_specimen_is_read_from_its_words(display: str, specimen: Specimen) -> None:
    assert one(observation(*G12C, specimen={"display": display})).source.specimen is specimen


def test_an_older_version_of_a_result_is_not_used() -> None:
    old = observation(*G12C, meta={"versionId": "1"})
    new = observation(*G12C, value=ABSENT, meta={"versionId": "2"})
    first, second = read(old, new)
    assert isinstance(first, Uninterpreted)
    assert isinstance(second, Variant)
    assert second.presence is Presence.ABSENT


@pytest.mark.parametrize(
    ("code", "value", "marker", "call", "presence"),
    [
        ("81695-9", coded("LA26203-2", "MSI-H"), "MSI", "MSI-H", Presence.PRESENT),
        ("81695-9", coded("LA14122-8", "Stable"), "MSI", "MSS", Presence.ABSENT),
        ("81695-9", coded("LA26202-4", "MSI-L"), "MSI", "MSI-L", Presence.ABSENT),
        ("62862-8", coded(text="dMMR"), "MSI", "MSI-H", Presence.PRESENT),
        ("62862-8", coded(text="pMMR"), "MSI", "MSS", Presence.ABSENT),
        ("48676-1", coded("LA6576-8", "Positive"), "HER2", "positive", Presence.PRESENT),
        ("48676-1", coded(text="IHC 2+"), "HER2", "2+", Presence.UNKNOWN),
        ("48676-1", coded(text="HER2 low"), "HER2", "low", Presence.UNKNOWN),
        ("48676-1", coded(text="3+"), "HER2", "3+", Presence.PRESENT),
        ("85337-4", coded("260385009", "Negative"), "ER", "negative", Presence.ABSENT),
        ("85339-0", coded("10828004", "Positive"), "PR", "positive", Presence.PRESENT),
        ("85147-7", coded("LA6576-8", "Positive"), "PD-L1", "positive", Presence.PRESENT),
        ("39004-7", coded("10828004"), "EGFR", "positive", Presence.PRESENT),
    ],
)
def test_markers_are_read_by_code(code: str, value: Any, marker: str, call: str, presence: Presence) -> None:
    fact = one(observation(code=coded(code), value=value, component=[]))
    assert isinstance(fact, Biomarker)
    assert (fact.marker, fact.call, fact.presence) == (marker, call, presence)


@pytest.mark.parametrize(
    ("name", "value", "marker", "call", "number"),
    [
        ("Tumor Mutational Burden", {"valueQuantity": {"value": 25, "code": "1/1000000{Base}"}}, "TMB", None, 25),
        ("TMB", {"valueString": "12.5 mut/Mb"}, "TMB", None, 12.5),
        ("MSI status", {"valueString": "High"}, "MSI", "MSI-H", None),
        ("Mismatch repair (IHC)", {"valueString": "proficient"}, "MSI", "MSS", None),
        ("PD-L1 tumor proportion score (22C3)", {"valueQuantity": {"value": 60, "unit": "%"}}, "PD-L1 TPS", None, 60),
        ("PD-L1 (22C3) TPS", {"valueString": "≥ 50 %"}, "PD-L1 TPS", None, 50),
        ("PD-L1 combined positive score", {"valueInteger": 10}, "PD-L1 CPS", None, 10),
        ("TTF-1 by immunohistochemistry", {"valueString": "positive"}, "TTF-1", "positive", None),
        ("HRD score", {"valueQuantity": {"value": 42}}, "HRD", None, 42),
    ],
)
def test_markers_are_read_by_name(name: str, value: Any, marker: str, call: str | None, number: float | None) -> None:
    fact = one({"resourceType": "Observation", "status": "final", "code": {"text": name}, **value})
    assert isinstance(fact, Biomarker)
    assert (fact.marker, fact.call, fact.value) == (marker, call, number)


@pytest.mark.parametrize("more", [{}, {"interpretation": [coded("L", "low")]}])
def test_an_implausible_mutational_burden_is_neither_high_nor_low(more: dict[str, Any]) -> None:
    burden = observation(code=coded("94076-7"), value=None, valueQuantity={"value": 472438}, component=[], **more)
    fact = one(burden)
    assert (fact.value, fact.call, fact.presence) == (None, None, Presence.UNKNOWN)
    assert "implausible" in fact.notes[0]


def test_a_stain_of_a_named_gene_is_no_variant() -> None:
    stain = coded("1234806008", "Observation using immunohistochemistry")
    fact = one(observation(component(GENE, coded("", "FGFR2")), code=stain, value=coded("", "3+")))
    assert isinstance(fact, Biomarker)
    assert (fact.gene, fact.call, fact.presence) == ("FGFR2", "3+", Presence.PRESENT)


@pytest.mark.parametrize(
    ("name", "value", "protein", "presence"),
    [
        ("MLH1 by immunohistochemistry", "Loss of nuclear expression", "MLH1", Presence.ABSENT),
        ("MSH2 IHC", "Intact nuclear expression", "MSH2", Presence.PRESENT),
        ("PMS2 protein expression [IHC]", "Absent", "PMS2", Presence.ABSENT),
        ("PMS2 nuclear expression", "Retained", "PMS2", Presence.PRESENT),
        ("MSH6", "Retained", "MSH6", Presence.PRESENT),
        ("MSH6", "Lost", "MSH6", Presence.ABSENT),
    ],
)
def test_repair_proteins_stained_one_by_one_are_read(name: str, value: str, protein: str, presence: Presence) -> None:
    fact = one({"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value})
    assert isinstance(fact, Biomarker)
    assert (fact.marker, fact.presence) == (protein, presence)


def test_laboratory_results_and_family_history_are_no_genomics() -> None:
    psa = {"text": "Prostate specific Ag [Mass/volume] in Serum or Plasma"}
    history = {"text": "Family history of MSI-H colorectal cancer"}
    for code in (psa, history, {"text": "Creatinine"}, {}, None):
        assert read({"resourceType": "Observation", "status": "final", "code": code}) == []


def named(name: str, value: str, **more: Any) -> dict[str, Any]:
    """A test named in words, its value a text."""
    return {"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value, **more}


@pytest.mark.parametrize(
    ("name", "value", "gene_name", "change", "presence"),
    [
        ("BRAF gene p.Val600Glu [Presence] in Tissue", "Detected", "BRAF", "V600E", Presence.PRESENT),
        ("BRAF V600E", "Negative", "BRAF", "V600E", Presence.ABSENT),
        ("EGFR T790M", "indeterminate", "EGFR", "T790M", Presence.UNKNOWN),
        ("KRAS mutation", "p.Gly12Cys", "KRAS", "G12C", Presence.PRESENT),
        ("KRAS mutation analysis", "G12C detected", "KRAS", "G12C", Presence.PRESENT),
        ("KRAS mutation analysis", "G12C not detected", "KRAS", "G12C", Presence.ABSENT),
    ],
)
def test_a_test_named_for_a_change_is_about_that_change(
    name: str, value: str, gene_name: str, change: str, presence: Presence
) -> None:
    fact = one(named(name, value))
    assert isinstance(fact, Variant)
    assert (fact.gene, fact.protein and fact.protein.text, fact.presence) == (gene_name, change, presence)


@pytest.mark.parametrize(("value", "presence"), [("Positive", Presence.PRESENT), ("Not detected", Presence.ABSENT)])
def test_a_test_named_for_a_rearrangement_is_about_a_fusion(value: str, presence: Presence) -> None:
    fact = one(named("ALK gene rearrangements in Tissue by FISH", value))
    assert isinstance(fact, Fusion)
    assert (fact.genes, fact.presence) == (("ALK",), presence)


@pytest.mark.parametrize(("value", "presence"), [("Amplified", Presence.PRESENT), ("Not amplified", Presence.ABSENT)])
def test_a_test_named_for_an_amplification_is_about_copy_number(value: str, presence: Presence) -> None:
    fact = one(named("MDM2 gene amplification by FISH", value))
    assert isinstance(fact, CopyNumber)
    assert (fact.gene, fact.presence) == ("MDM2", presence)


@pytest.mark.parametrize(
    ("name", "value", "about", "presence"),
    [
        ("MDM2 FISH", "Amplified", "amplification of MDM2", Presence.PRESENT),
        ("MDM2 FISH", "Not amplified", "amplification of MDM2", Presence.ABSENT),
        ("FISH MDM2", "Amplified, ratio MDM2/CEP12 8", "amplification of MDM2", Presence.PRESENT),
        ("Fluorescence in situ hybridization for CDK4", "amplified", "amplification of CDK4", Presence.PRESENT),
        ("ALK FISH", "Rearranged", "fusion of ALK", Presence.PRESENT),
        ("ALK break-apart FISH", "Negative", "fusion of ALK", Presence.ABSENT),
        ("ALK (FISH)", "Kein Nachweis einer Translokation", "fusion of ALK", Presence.ABSENT),
        ("HER2 FISH", "Amplified", "HER2 ISH positive", Presence.PRESENT),
        ("ERBB2 FISH", "Not amplified", "HER2 ISH negative", Presence.ABSENT),
        ("HER2 IHC", "3+", "HER2 3+", Presence.PRESENT),
        ("MDM2 FISH", "Positive", "nothing that is told of MDM2", Presence.UNKNOWN),
    ],
)
def test_a_hybridisation_is_about_what_its_words_say(name: str, value: str, about: str, presence: Presence) -> None:
    fact = one(named(name, value))
    match fact:
        case CopyNumber():
            told = f"{fact.call.value} of {fact.gene}"
        case Fusion():
            told = f"fusion of {fact.genes[0]}"
        case Biomarker():
            told = f"{fact.marker} {fact.call}"
        case _:
            told = f"nothing that is told of {fact.gene}" if isinstance(fact, Uninterpreted) else "?"
    assert (told, fact.presence) == (about, presence)


@pytest.mark.parametrize("text", ["ETV6::NTRK3 fusion detected", "ETV6-NTRK3 fusion detected"])
def test_a_fusion_in_the_words_of_a_panel_is_read(text: str) -> None:
    fact = one(named("RNA fusion panel", text))
    assert isinstance(fact, Fusion)
    assert (fact.genes, fact.presence) == (("ETV6", "NTRK3"), Presence.PRESENT)


def test_changes_in_the_words_of_a_panel_are_read_if_each_has_its_gene() -> None:
    fact = one(named("Mutation panel", "KRAS p.G12C detected"))
    assert (fact.gene, fact.protein.text) == ("KRAS", "G12C")
    several = read(named("Mutation panel", "KRAS G12C, TP53 R273H not detected"))
    assert [(f.gene, f.protein and f.protein.text, f.presence) for f in several if isinstance(f, Variant)] == [
        ("KRAS", "G12C", Presence.PRESENT),
        ("TP53", "R273H", Presence.ABSENT),
    ]
    mixed = read(named("Mutation panel", "G12C in KRAS, TP53 mutated"))
    assert [(type(fact), getattr(fact, "gene", None)) for fact in mixed] == [
        (Uninterpreted, "KRAS"),
        (Uninterpreted, "TP53"),
    ]


@pytest.mark.parametrize(
    "resource",
    [
        named("NGS panel", "KRAS p.Gly12Cys, STK11 p.Q37*"),
        observation(value=None, valueString="KRAS G12C; STK11 p.Gln37*"),
    ],
)
def test_a_list_of_changes_is_read_wherever_it_stands(resource: dict[str, Any]) -> None:
    facts = [fact for fact in read(resource) if isinstance(fact, Variant)]
    assert [(f.gene, f.protein and f.protein.text) for f in facts] == [("KRAS", "G12C"), ("STK11", "Q37*")]


def test_a_panel_in_words_without_a_finding_names_the_genes_it_looked_at() -> None:
    facts = read(named("Mutation panel", "No mutations detected in EGFR, KRAS or BRAF"))
    assert [(f.gene, f.found_nothing) for f in facts if isinstance(f, GeneTested)] == [
        ("EGFR", True),
        ("KRAS", True),
        ("BRAF", True),
    ]
    assert not [f for f in read(named("Fusion panel", "No fusion of ALK, ROS1 or RET")) if isinstance(f, GeneTested)]


@pytest.mark.parametrize("name", ["RAS", "RAS mutation (KRAS, NRAS)", "all-RAS status", "RAS-Status"])
def test_a_group_of_genes_without_a_finding_is_each_of_them_without_one(name: str) -> None:
    negative = read(named(name, "wild type"))
    assert [(f.gene, f.found_nothing) for f in negative if isinstance(f, GeneTested)] == [
        ("KRAS", True),
        ("NRAS", True),
    ]
    positive = read(named(name, "mutation detected"))
    assert [f.gene for f in positive if isinstance(f, Uninterpreted)] == ["KRAS", "NRAS"]


def test_a_high_expression_is_more_than_a_positive_stain() -> None:
    calls = [one(named("TTF-1 IHC", text)) for text in ("high expression", "not high", "Positive")]
    assert [fact.call for fact in calls if isinstance(fact, Biomarker)] == ["high", "negative", "positive"]


@pytest.mark.parametrize(
    ("text", "presence"),
    [
        ("KRAS p.G12C", Presence.PRESENT),
        ("KRAS G12C detected", Presence.PRESENT),
        ("KRAS G12C: not detected", Presence.ABSENT),
    ],
)
def test_a_variant_that_is_only_a_text_is_read(text: str, presence: Presence) -> None:
    fact = one(observation(value=None, valueString=text, component=[]))
    assert isinstance(fact, Variant)
    assert (fact.gene, fact.protein and fact.protein.text, fact.presence) == ("KRAS", "G12C", presence)


def test_a_variant_named_and_coded_only_in_words_is_read() -> None:
    words = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Genetic variant"},
        "valueString": "Detected",
        "component": [
            {"code": {"text": "Gene"}, "valueString": "KRAS"},
            {"code": {"text": "Protein change"}, "valueString": "p.Gly12Cys"},
        ],
    }
    fact = one(words)
    assert (fact.gene, fact.protein.text, fact.presence) == ("KRAS", "G12C", Presence.PRESENT)


def test_pd_l1_scores_in_components_are_read_each() -> None:
    scores = [
        {"code": {"text": "Tumor proportion score (TPS)"}, "valueQuantity": {"value": 60, "unit": "%"}},
        {"code": {"text": "Combined positive score (CPS)"}, "valueInteger": 65},
    ]
    facts = read(observation(*scores, code=coded("85147-7"), value=None))
    assert [(f.marker, f.value) for f in facts if isinstance(f, Biomarker)] == [("PD-L1 TPS", 60), ("PD-L1 CPS", 65)]


def test_a_mutational_burden_given_as_a_ratio_is_per_megabase() -> None:
    ratio = {"numerator": {"value": 24}, "denominator": {"value": 2, "unit": "Mb"}}
    assert one(observation(code=coded("94076-7"), value=None, valueRatio=ratio, component=[])).value == 12


def test_the_digits_of_a_code_are_no_result() -> None:
    low = observation(code=coded("94076-7"), value=coded("62482003", "Low (qualifier value)"), component=[])
    assert one(low).value is None
    positive = observation(code=coded("85147-7"), value=coded("10828004", "Positive"), component=[])
    assert (one(positive).value, one(positive).call) == (None, "positive")


@pytest.mark.parametrize("text", ["1-49 %", "22C3", "SP263", "2020-03-01"])
def test_ranges_clones_and_dates_are_no_score(text: str) -> None:
    assert one(named("PD-L1 TPS", text)).value is None


@pytest.mark.parametrize(
    ("name", "value", "call", "presence"),
    [
        ("MSI", "Not MSI-H", "not MSI-H", Presence.ABSENT),
        ("MSI", "non-MSI-high", "not MSI-H", Presence.ABSENT),
        ("MSI", "Cannot be determined", None, Presence.UNKNOWN),
        ("HER2", "not overexpressed", "negative", Presence.ABSENT),
        ("TTF-1", "Nicht exprimiert", "negative", Presence.ABSENT),
        ("PD-L1", "not expressed", "negative", Presence.ABSENT),
    ],
)
def test_a_denied_marker_is_never_read_as_there(name: str, value: str, call: str | None, presence: Presence) -> None:
    fact = one(named(name, value))
    assert (fact.call, fact.presence) == (call, presence)


@pytest.mark.parametrize("text", ["Wild type", "not detected", "No mutation detected"])
def test_words_of_absence_where_a_change_should_stand_are_an_absence(text: str) -> None:
    fact = one(observation(gene("KRAS"), component(PROTEIN, coded(text=text))))
    assert isinstance(fact, GeneTested)
    assert fact.found_nothing


def test_a_gene_with_a_text_that_cannot_be_read_is_named_as_not_interpreted() -> None:
    fact = one(observation(value=None, valueString="Positive for KRAS something", component=[]))
    assert isinstance(fact, Uninterpreted)
    assert (fact.gene, fact.presence) == ("KRAS", Presence.UNKNOWN)


def test_a_stated_significance_implies_presence() -> None:
    fact = one(observation(*G12C, value=None, interpretation=[coded(text="Likely pathogenic")]))
    assert fact.presence is Presence.PRESENT


def test_a_result_sent_under_two_prefetch_keys_is_one_fact() -> None:
    resources = Resources()
    for key in ("observations", "variants"):
        resources.add(observation(*G12C), f"/prefetch/{key}", key=key)
    resources.add(observation(*G12C, value=ABSENT), "/prefetch/third", key="third")
    facts = read_genomics(resources, terms(), UTC).facts
    assert [fact.presence for fact in facts if isinstance(fact, Variant)] == [Presence.PRESENT, Presence.ABSENT]
