"""The plain variant, read in one pass.

Most variants of a panel are written alike: every component once, one coding each, gene and protein change stated, and
nothing beside that could mean more. They are read here at a third of the cost. Whatever is unusual in any way is left
to the full reader, which alone decides; tests hold both to the same answer on every form that is rendered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cds_targets.facts.coding_change import find_coding
from cds_targets.facts.genomic import Origin, Significance, Source, Variant
from cds_targets.facts.protein import ChangeKind, ProteinChange
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.change import INDEL_KINDS, parsed_protein, same_codon
from cds_targets.fhir.genomics.presence import SIGNIFICANCE, of_coding
from cds_targets.fhir.genomics.structural import is_structural_word
from cds_targets.fhir.genomics.words import said
from cds_targets.fhir.reading import Resource
from cds_targets.terms.genes import Genes

# Components whose words must not speak of copy number, fusions or absence.
_SPEAKING = frozenset(
    {codes.CHANGE_TYPE, codes.MOLECULAR_CONSEQUENCE, codes.FEATURE_CONSEQUENCE, codes.FUNCTIONAL_EFFECT}
)
# Components that add nothing where gene and protein change are stated.
_BESIDE = frozenset(
    {
        codes.TRANSCRIPT,
        codes.AMINO_ACID_CHANGE_TYPE,
        codes.REFERENCE_SEQUENCE,
        codes.ASSEMBLY,
        codes.COORDINATES,
        codes.START,
        codes.CHROMOSOME,
        codes.ALLELIC_STATE,
        codes.READ_DEPTH,
        codes.CYTOGENETIC_LOCATION,
    }
)
_READ = frozenset(
    {
        codes.GENE,
        codes.PROTEIN,
        codes.CDNA,
        codes.GENOMIC_HGVS,
        codes.SOURCE_CLASS,
        codes.SIGNIFICANCE,
        codes.VAF,
        codes.REF_ALLELE,
        codes.ALT_ALLELE,
    }
)
_KNOWN = _READ | _BESIDE | _SPEAKING
_UNUSUAL = frozenset({"interpretation", "extension", "valueString", "valueBoolean", "dataAbsentReason"})
_UNSTATED = Significance.UNSTATED
_ORIGINS = {**dict.fromkeys(codes.SOMATIC, Origin.SOMATIC), **dict.fromkeys(codes.GERMLINE, Origin.GERMLINE)}


class _UnusualError(Exception):
    """The full reader is needed."""


def plain_variant(resource: Resource, source: Source, genes: Genes) -> Variant | None:
    """The variant of an Observation of the usual shape; None leaves it to the full reader."""
    if not _UNUSUAL.isdisjoint(resource):
        return None
    try:
        return _read(resource, source, genes)
    except (KeyError, ValueError, TypeError, AttributeError, _UnusualError):
        return None


def _read(resource: Resource, source: Source, genes: Genes) -> Variant:
    value = _only(resource)
    presence = of_coding(value["code"], value.get("display"))
    if presence is None:
        raise _UnusualError
    parts: dict[str, Any] = {}
    for component in resource["component"]:
        (coding,) = component["code"]["coding"]
        parts[coding["code"]] = component
    if len(parts) != len(resource["component"]) or not _KNOWN.issuperset(parts):
        raise _UnusualError
    named = _only(parts[codes.GENE])
    gene = named["display"]
    if genes.by_hgnc[named["code"].removeprefix("HGNC:")] != gene or named["code"][:5] != "HGNC:":
        raise _UnusualError
    written = _text(parts[codes.PROTEIN])
    protein = parsed_protein(written)
    if type(protein) is not ProteinChange or protein.kind is ChangeKind.OTHER or protein.position is None:
        raise _UnusualError
    cdna, indel = None, protein.kind in INDEL_KINDS
    if codes.CDNA in parts:
        coding_change = find_coding(_text(parts[codes.CDNA]))
        if coding_change is None or not same_codon(coding_change, protein):
            raise _UnusualError
        cdna, indel = coding_change.text, coding_change.indel
    genomic = _text(parts[codes.GENOMIC_HGVS]) if codes.GENOMIC_HGVS in parts else None
    if genomic is not None and "c." in genomic:
        raise _UnusualError
    for code in _SPEAKING.intersection(parts):
        spoken = _only(parts[code])
        if not _unremarkable(spoken["code"], spoken.get("display", "")):
            raise _UnusualError
    if codes.REF_ALLELE in parts and parts[codes.REF_ALLELE]["valueString"] == parts[codes.ALT_ALLELE]["valueString"]:
        raise _UnusualError
    return Variant(
        gene,
        presence,
        source,
        protein,
        cdna,
        _ORIGINS[_only(parts[codes.SOURCE_CLASS])["code"]] if codes.SOURCE_CLASS in parts else Origin.UNKNOWN,
        SIGNIFICANCE[_only(parts[codes.SIGNIFICANCE])["code"]] if codes.SIGNIFICANCE in parts else _UNSTATED,
        _fraction(parts[codes.VAF]["valueQuantity"]) if codes.VAF in parts else None,
        None,
        indel,
        genomic,
        written,
    )


def _only(part: Resource) -> dict[str, Any]:
    """The one coding of a value that is nothing else; raises for any other value."""
    concept = part["valueCodeableConcept"]
    if len(concept) != 1:
        raise _UnusualError
    coding: dict[str, Any]
    (coding,) = concept["coding"]
    return coding


def _text(part: Resource) -> str:
    """The code of a value whose display, if any, says the same."""
    coding = _only(part)
    text: str = coding["code"]
    if coding.get("display", text) != text or text.strip() != text or not text:
        raise _UnusualError
    return text


def _fraction(quantity: dict[str, Any]) -> float:
    """An allele fraction stated as such (UCUM `1`)."""
    value = quantity["value"]
    if type(value) not in (float, int) or quantity["code"] != "1" or not 0 <= value <= 1:
        raise _UnusualError
    return float(value)


@lru_cache(maxsize=1024)
def _unremarkable(code: str, display: str) -> bool:
    """Whether a change type or consequence says nothing of copy number, fusions or absence."""
    return not any(is_structural_word(text) or said(text) is not None for text in (code, display))
