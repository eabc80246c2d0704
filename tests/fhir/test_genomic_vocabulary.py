"""Every word of the genomic vocabulary read once, against a table; a word without a row fails."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cds_targets.cli.read import read_value
from cds_targets.facts.genomic import Biomarker, CopyNumber, Fusion, Variant
from cds_targets.fhir import codes
from tests.fhir.observations import (
    CODING,
    CONSEQUENCE,
    COPIES,
    GENOMIC,
    ORIGIN,
    PROTEIN,
    TYPE,
    coded,
    component,
    gene,
    observation,
    one,
    read,
    terms,
)

ROWS = [
    (row["constant"], row["code"], row["read_as"])
    for row in csv.DictReader(
        (Path(__file__).parent / "genomic_vocabulary.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"
    )
]
KRAS = gene("KRAS", "HGNC:6407")
G12C = component(PROTEIN, "p.G12C")


def kind(resource: dict[str, Any]) -> str:
    """The name of the only fact's type."""
    facts = read(resource)
    assert len(facts) <= 1
    return type(facts[0]).__name__ if facts else "nothing"


def _gene(resource: dict[str, Any]) -> str:
    return str(one(resource).gene)


def _marker(code: str) -> str:
    fact = one(observation(code=coded(code), value=coded(text="positive")))
    assert isinstance(fact, Biomarker)
    return fact.marker


def _msi(code: str) -> str:
    return str(one(observation(code=coded("81695-9"), value=coded(code))).call)


def _call(*parts: dict[str, Any]) -> str:
    fact = one(observation(KRAS, *parts))
    assert isinstance(fact, CopyNumber)
    return fact.call.value


def _fusion(code: str) -> str:
    fact = one(observation(gene("ALK", "HGNC:427"), component(CONSEQUENCE, coded(code))))
    assert isinstance(fact, Fusion)
    assert fact.genes == ("ALK",)
    return "Fusion"


def _indel(code: str) -> str:
    genomic = component(GENOMIC, coded("NC_000012.12:g.25245350"))
    fact = one(observation(gene("TP53", "HGNC:11998"), genomic, component(TYPE, coded(code))))
    assert isinstance(fact, Variant)
    return "indel" if fact.indel else "no indel"


# What stands in a slot, so that it can be told from the result whether the slot was read.
VALUES: dict[str, dict[str, Any]] = {
    codes.GENE: {"valueString": "KRAS"},
    codes.PROTEIN: {"valueString": "p.Gly12Cys"},
    codes.CDNA: {"valueString": "c.34G>T"},
    codes.VAF: {"valueQuantity": {"value": 12, "unit": "%"}},
    codes.COPY_NUMBER: {"valueQuantity": {"value": 6}},
    codes.SOURCE_CLASS: {"valueCodeableConcept": coded("LA6684-0")},
    codes.TRANSCRIPT: {"valueString": "NM_004985.5"},
    codes.EXON: {"valueString": "Exon 2"},
    codes.DISCRETE: {"valueString": "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)"},
    codes.CHANGE_TYPE: {"valueCodeableConcept": coded("SO:0000159")},
    codes.REF_ALLELE: {"valueString": "C"},
    codes.ALT_ALLELE: {"valueString": "A"},
    codes.COPY_NUMBER_TYPE: {"valueString": "amplification"},
}
# What stands beside it: enough to be a finding, nothing that says the same.
BESIDE: dict[str, list[dict[str, Any]]] = {
    codes.GENE: [G12C],
    codes.TRANSCRIPT: [component(CODING, coded("c.34G>T"))],
    codes.CHANGE_TYPE: [KRAS, component(GENOMIC, coded("NC_000012.12:g.25245350"))],
}


def _slot(read_as: str, resource: dict[str, Any]) -> str:
    """What was read of the slot, in the words of the table."""
    fact = one(resource)
    what = read_as.split()[0]
    if what == "protein":
        return f"protein {fact.protein.text}"
    if what == "gene":
        return f"gene {fact.gene}" + (" by transcript" if any("is a transcript" in note for note in fact.notes) else "")
    if what == "genomic":
        return "genomic" if fact.genomic else "nothing"
    if what == "indel":
        return "indel" if fact.indel else "no indel"
    found = getattr(fact, what)
    return f"{what} {found:g}" if isinstance(found, float) else f"{what} {found}"


def _named_component(name: str, read_as: str) -> str:
    code = codes.COMPONENT_NAMES[name]
    part = {"code": {"text": name.title()}, **VALUES[code]}
    return _slot(read_as, observation(*BESIDE.get(code, [KRAS]), part))


def _extension(name: str, read_as: str) -> str:
    code = codes.GENETICS_EXTENSIONS[name]
    url = f"http://hl7.org/fhir/StructureDefinition/observation-genetics{name}"
    old = observation(*BESIDE.get(code, [KRAS]), code=coded("55233-1"), extension=[{"url": url, **VALUES[code]}])
    return _slot(read_as, old)


READERS: dict[str, Callable[[str, str], str]] = {
    "VARIANT_CODES": lambda code, _: kind(observation(KRAS, G12C, code=coded(code))),
    "GENOTYPE_CODES": lambda code, _: kind(observation(KRAS, code=coded(code))),
    "OVERALL_INTERPRETATION": lambda code, _: kind(observation(code=coded(code))),
    "REGION_STUDIED": lambda code, _: kind(observation(KRAS, code=coded(code))),
    "GENE_OF_CODE": lambda code, _: _gene(observation(code=coded(code), value=coded(text="Not detected"))),
    "THERAPEUTIC_IMPLICATIONS": lambda code, _: kind(observation(KRAS, code=coded(code))),
    "MARKER_OF_CODE": lambda code, _: _marker(code),
    "PRESENT": lambda code, _: one(observation(KRAS, G12C, value=coded(code))).presence.value,
    "ABSENT": lambda code, _: one(observation(KRAS, G12C, value=coded(code))).presence.value,
    "INDETERMINATE": lambda code, _: one(observation(KRAS, G12C, value=coded(code))).presence.value,
    "MUTATED_INTERPRETATION": lambda code, _: (
        one(observation(KRAS, value=None, interpretation=[coded(code)])).presence.value
    ),
    "SOMATIC": lambda code, _: one(observation(KRAS, G12C, component(ORIGIN, coded(code)))).origin.value,
    "GERMLINE": lambda code, _: one(observation(KRAS, G12C, component(ORIGIN, coded(code)))).origin.value,
    "PATHOGENIC": lambda code, _: _significance(code),
    "UNCERTAIN": lambda code, _: _significance(code),
    "BENIGN": lambda code, _: _significance(code),
    "MSI_HIGH": lambda code, _: _msi(code),
    "MSI_LOW": lambda code, _: _msi(code),
    "MSI_STABLE": lambda code, _: _msi(code),
    "AMPLIFIED": lambda code, _: _call(component("type", coded(code))),
    "COPY_GAIN": lambda code, _: _call(component("type", coded(code))),
    "COPY_GAIN_UNGRADED": lambda code, _: _call(component("type", coded(code))),
    "COPY_LOSS": lambda code, _: _call(component("type", coded(code))),
    "DELETION_TYPES": lambda code, _: _call(component(COPIES, 1), component(TYPE, coded(code))),
    "FUSION_CONSEQUENCE": lambda code, _: _fusion(code),
    "INDEL_TYPES": lambda code, _: _indel(code),
    "COMPONENT_NAMES": _named_component,
    "GENETICS_EXTENSIONS": _extension,
}


READERS |= {
    "ABNORMAL": lambda code, _: one(observation(KRAS, G12C, value=None, interpretation=[coded(code)])).presence.value,
    "DIAGNOSTIC_IMPLICATIONS": lambda code, _: kind(observation(KRAS, code=coded(code))),
    "GENES_OF_GROUP": lambda code, _: " ".join(
        str(fact.gene) for fact in read(observation(code=coded(text=code), value=coded(text="wild type")))
        if not isinstance(fact, Fusion)
    ),
    "HYBRIDISED": lambda code, _: one(observation(code=coded(code), value=coded(text="amplified"))).marker,
    "IMMUNOHISTOCHEMISTRY": lambda code, _: kind(observation(KRAS, code=coded(code))),
    "MOLECULAR_CONSEQUENCE": lambda code, _: kind(observation(G12C, code=coded(code))),
    "OTHER_MARKERS": lambda code, _: _marker(code),
    "SPLICE_WORDS": lambda code, _: str(
        one(observation(KRAS, component("48006-1", coded("", code)))).protein.kind.value
    ),
    "GENE_SYSTEMS": lambda code, _: _gene(
        observation(G12C, {"valueCodeableConcept": coded("", "KRAS", f"http://www.{code}")})
    ),
}  # fmt: skip

PLACE = [
    component(codes.REFERENCE_SEQUENCE, coded("NC_000012.12")),
    component(codes.START, {"low": {"value": 25245350}}, "valueRange"),
    component(codes.COORDINATES, coded("LA30100-4")),
    component(codes.REF_ALLELE, "C", "valueString"),
    component(codes.ALT_ALLELE, "A", "valueString"),
]
STRETCH = {"low": {"value": 100}, "high": {"value": 90_000}}
REGION = {"code": coded(codes.REGION_STUDIED), "value": None}
# Every component code once: the smallest Observation in which it says something, and what.
FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "GENE": (observation(KRAS, G12C), "snv KRAS G12C"),
    "PROTEIN": (observation(G12C), "snv G12C"),
    "CDNA": (observation(component(codes.CDNA, coded("c.34G>T"))), "snv c.34G>T"),
    "GENOMIC_HGVS": (observation(component(codes.GENOMIC_HGVS, coded("NC_000012.12:g.25245351C>A"))), "snv KRAS G12C"),
    "DISCRETE": (observation(component(codes.DISCRETE, coded(text="KRAS p.G12C"))), "snv KRAS G12C"),
    "TRANSCRIPT": (
        observation(component(codes.TRANSCRIPT, coded("NM_004985.5")), component(CODING, coded("c.34G>T"))),
        "snv KRAS G12C",
    ),
    "SOURCE_CLASS": (observation(G12C, component(codes.SOURCE_CLASS, coded("LA6684-0"))), "snv G12C somatic"),
    "VAF": (observation(G12C, component(codes.VAF, 0.2)), "snv G12C 0.2"),
    "COPY_NUMBER": (observation(KRAS, component(codes.COPY_NUMBER, 0)), "cnv-deletion KRAS"),
    "COPY_NUMBER_TYPE": (
        observation(KRAS, component(codes.COPY_NUMBER_TYPE, coded("high-level-gain"))),
        "cnv-amplification KRAS",
    ),
    "CHANGE_TYPE": (
        observation(KRAS, component(codes.CHANGE_TYPE, coded(text="amplification"))),
        "cnv-amplification KRAS",
    ),
    "FEATURE_CONSEQUENCE": (
        observation(KRAS, component(codes.FEATURE_CONSEQUENCE, coded("SO:0001743"))),
        "cnv-deletion KRAS",
    ),
    "FUNCTIONAL_EFFECT": (observation(KRAS, component(codes.FUNCTIONAL_EFFECT, coded("SO:0001886"))), "fusion KRAS"),
    "AMINO_ACID_CHANGE_TYPE": (
        observation(KRAS, component(codes.AMINO_ACID_CHANGE_TYPE, coded("", "Essential_splice_site"))),
        "snv KRAS",
    ),
    "SIGNIFICANCE": (observation(KRAS, component(codes.SIGNIFICANCE, coded("LA6668-3"))), "other KRAS"),
    "REFERENCE_SEQUENCE": (observation(*PLACE), "snv KRAS G12C"),
    "START": (observation(*PLACE), "snv KRAS G12C"),
    "COORDINATES": (observation(*PLACE), "snv KRAS G12C"),
    "REF_ALLELE": (observation(*PLACE), "snv KRAS G12C"),
    "ALT_ALLELE": (observation(*PLACE), "snv KRAS G12C"),
    "EXACT_START_END": (
        observation(
            *PLACE[:1], component(codes.EXACT_START_END, {"low": {"value": 25245350}}, "valueRange"), *PLACE[2:]
        ),
        "snv KRAS G12C",
    ),
    "CHROMOSOME": (
        observation(
            component(codes.CHROMOSOME, coded("", "Chromosome 12")),
            component(codes.ASSEMBLY, coded("", "GRCh38")),
            *PLACE[1:],
        ),
        "snv KRAS G12C",
    ),
    "ASSEMBLY": (
        observation(
            component(codes.GENOMIC_HGVS, coded("chr12:g.25245351C>A")), component(codes.ASSEMBLY, coded("", "hg38"))
        ),
        "snv KRAS G12C",
    ),
    "OUTER_START_END": (observation(component(codes.OUTER_START_END, STRETCH, "valueRange")), "other"),
    "INNER_START_END": (observation(component(codes.INNER_START_END, STRETCH, "valueRange")), "other"),
    "EXON": (observation(KRAS, component(codes.EXON, "Exon 2", "valueString")), "other KRAS"),
    "FUSION": (observation(component(codes.FUSION, coded("EML4::ALK"))), "fusion EML4::ALK"),
    "FIVE_PRIME": (observation(component(codes.FIVE_PRIME, coded("", "ALK"))), "fusion ALK"),
    "THREE_PRIME": (observation(component(codes.THREE_PRIME, coded("", "ALK"))), "fusion ALK"),
    "KARYOTYPE": (observation(component(codes.KARYOTYPE, coded("46,XX"))), "wildtype/absent"),
    "REGION_TEXT": (
        observation(KRAS, component(codes.REGION_TEXT, "codon 12", "valueString"), **REGION),
        "region-studied KRAS",
    ),
    "EXAMINED": (
        observation(KRAS, component(codes.EXAMINED, {"low": {"value": 12, "unit": "codon"}}, "valueRange"), **REGION),
        "region-studied KRAS",
    ),
    "CONCLUSION": (
        observation(KRAS, component(codes.CONCLUSION, "nothing", "valueString"), **REGION),
        "region-studied KRAS",
    ),
    # Read over: nothing that is asked depends on them.
    "ALLELIC_STATE": (observation(G12C, component(codes.ALLELIC_STATE, coded("LA6706-1"))), "snv G12C"),
    "READ_DEPTH": (observation(G12C, component(codes.READ_DEPTH, 120)), "snv G12C"),
    "CYTOGENETIC_LOCATION": (observation(G12C, component(codes.CYTOGENETIC_LOCATION, coded("12p12.1"))), "snv G12C"),
}
# Read through the words and sets that name them, which have rows; a study is a Procedure and has tests of its own.
NAMED_ELSEWHERE = {"STUDY_REGIONS", "VARIANT", "GENETICS_MASTER", "GENE_OF_MARKER", "MARKER_OF_GENE", "ZERO_BASED"}


@pytest.mark.parametrize("constant", sorted(FORMS))
def test_every_component_code_is_read(constant: str) -> None:
    resource, read_as = FORMS[constant]
    (line,) = read_value(resource, "", terms(), UTC).findings
    parts = (line["kind"], line["gene"], line["protein"] or line["cdna"], line["vaf"])
    origin = line["origin"] if line["origin"] != "unknown" else None
    assert " ".join(str(part) for part in (*parts, origin) if part is not None) == read_as


def test_every_constant_of_the_genomic_code_lists_has_a_form_or_a_row() -> None:
    source = Path(codes.__file__).read_text(encoding="utf-8")
    sections = re.split(r"(?m)^# --- (.*?) -+$", source)
    genomic = [body for title, body in pairwise(sections) if title.startswith(("Genomics", "Answers"))]
    constants = {name for body in genomic for name in re.findall(r"(?m)^([A-Z][A-Z_]+)(?::| =)", body)}
    assert len(constants) > 60
    assert constants - set(READERS) - set(FORMS) == NAMED_ELSEWHERE


def _significance(code: str) -> str:
    return str(one(observation(KRAS, G12C, component("53037-8", coded(code)))).significance.value)


@pytest.mark.parametrize(("constant", "code", "read_as"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_every_word_is_read_as_the_table_says(constant: str, code: str, read_as: str) -> None:
    assert READERS[constant](code, read_as) == read_as


@pytest.mark.parametrize("constant", sorted(READERS))
def test_every_word_of_the_vocabulary_has_a_row(constant: str) -> None:
    value = getattr(codes, constant)
    words = {value} if isinstance(value, str) else set(value)
    assert words == {code for name, code, _ in ROWS if name == constant}
