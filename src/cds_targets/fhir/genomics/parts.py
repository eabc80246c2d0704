"""The parts of a genomic Observation: its components by code, the gene, the change, and what was said of presence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from cds_targets.facts.genomic import Origin, Presence, Significance
from cds_targets.facts.protein import ProteinChange, ProteinChangeError, parse_protein
from cds_targets.fhir import codes
from cds_targets.fhir.reading import (
    Coding,
    Resource,
    as_dict,
    as_list,
    as_number,
    as_text,
    codings,
    concept_text,
)
from cds_targets.terms import Terms

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,9}(?:-[A-Z0-9]{1,4})?(?:orf\d{1,3})?")
_HGNC = re.compile(r"(?:HGNC:)?(\d{1,6})", re.IGNORECASE)
_C_DOT = re.compile(r"c\.\(?([-*+\d_A-Za-z>=?]+)\)?")
_P_DOT = re.compile(r"p\.\(?[^\s;,)]+\)?")
_NO = re.compile(r"\b(not detected|no mutation|negative|wild[- ]?type|wildtyp|absent|not found|nicht nachgewiesen)\b")
_YES = re.compile(r"\b(detected|positive|present|mutated|mutation found|nachgewiesen)\b")


@dataclass(slots=True)
class Components:
    """The components of an Observation by code; the extensions of the older genetics profiles count as such."""

    by_code: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, resource: Resource) -> Components:
        """Index the components by every code they carry."""
        found: dict[str, list[Any]] = {}
        for component in as_list(resource.get("component")):
            if not isinstance(component, dict):
                continue
            code = component.get("code")
            for coding in code.get("coding") or () if isinstance(code, dict) else ():
                if isinstance(coding, dict):
                    found.setdefault(as_text(coding.get("code")), []).append(component)
        for extension in as_list(resource.get("extension")):
            name = as_text(extension.get("url")).rsplit("/", 1)[-1] if isinstance(extension, dict) else ""
            code = _EXTENSIONS.get(name)
            if code is not None:
                found.setdefault(code, []).append(extension)
        return cls(found)

    def __getitem__(self, code: str) -> list[Any]:
        return self.by_code.get(code, [])

    def concepts(self, code: str) -> list[Any]:
        """The coded or textual values of a component code, one CodeableConcept each."""
        return [concept for component in self[code] for concept in value_concepts(component)]

    def values(self, code: str) -> set[str]:
        """Every code given as value of a component code."""
        return {coding.code for concept in self.concepts(code) for coding in codings(concept) if coding.code}

    def texts(self, code: str) -> list[str]:
        """Every code, display and text given as value of a component code."""
        return [text for concept in self.concepts(code) for text in spellings(concept)]


_EXTENSIONS = {
    "observation-geneticsGene": codes.GENE,
    "observation-geneticsAminoAcidChange": codes.PROTEIN,
    "observation-geneticsAminoAcidChangeName": codes.PROTEIN,
    "observation-geneticsDNARegionName": codes.EXON,
    "observation-geneticsDNAVariantId": codes.DISCRETE,
    "observation-geneticsVariant": codes.CDNA,
    "observation-geneticsVariationHGVS": codes.CDNA,
    "observation-geneticsDNASequenceVariantName": codes.CDNA,
    "observation-geneticsGenomicSourceClass": codes.SOURCE_CLASS,
    "observation-geneticsAlleleFrequency": codes.VAF,
}


def value_concepts(part: Resource) -> list[Any]:
    """The value of an Observation, component or extension as CodeableConcepts (a string becomes a text)."""
    for key in ("valueCodeableConcept", "valueCoding"):
        if key in part:
            return as_list(part[key])
    text = part.get("valueString", part.get("valueCode"))
    if isinstance(text, str):
        return [{"text": text}]
    nested = [inner for inner in as_list(part.get("extension")) if isinstance(inner, dict)]
    return [concept for inner in nested for concept in value_concepts(inner)]


def spellings(concept: Any) -> list[str]:
    """Every way a concept is written: codes, displays, text."""
    found = [text for coding in codings(concept) for text in (coding.code, coding.display) if text]
    text = as_text(as_dict(concept).get("text"))
    return [*found, text] if text else found


@dataclass(frozen=True, slots=True)
class GeneRead:
    """A gene as read: the symbol, or None with a note where the report contradicts itself."""

    symbol: str | None
    notes: tuple[str, ...] = ()


def read_gene(concept: Any, terms: Terms) -> GeneRead:
    """The gene of a concept by HGNC id, NCBI id, symbol, alias or name; a contradiction is reported, not resolved."""
    by_id: dict[str, str] = {}
    by_word: dict[str, str] = {}
    written: list[str] = []
    for coding in codings(concept):
        _gene_of_coding(coding, terms, by_id, by_word, written)
    text = as_text(as_dict(concept).get("text"))
    if text and len(text) <= 80:
        symbol = terms.genes.named(text)
        if symbol:
            by_word[symbol] = text
        elif _SYMBOL.fullmatch(text):
            written.append(text)
    found = set(by_id) | set(by_word)
    if len(found) > 1:
        said = " and ".join(sorted(f"{name} ({how})" for name, how in {**by_word, **by_id}.items()))
        return GeneRead(None, (f"the report names two genes for one finding: {said}",))
    if found:
        return GeneRead(found.pop())
    return GeneRead(written[0]) if written else GeneRead(None)


def _gene_of_coding(
    coding: Coding, terms: Terms, by_id: dict[str, str], by_word: dict[str, str], written: list[str]
) -> None:
    system = coding.system.casefold()
    for value in (coding.code, coding.display):
        number = _HGNC.fullmatch(value)
        if number and ("genenames" in system or value.upper().startswith("HGNC")):
            symbol = terms.genes.by_hgnc.get(number[1])
            if symbol:
                by_id[symbol] = value
        elif number and "ncbi" in system and "gene" in system:
            symbol = terms.genes.by_ncbi.get(number[1])
            if symbol:
                by_id[symbol] = value
        elif value and len(value) <= 80:
            symbol = terms.genes.named(value)
            if symbol:
                by_word[symbol] = value
            elif _SYMBOL.fullmatch(value):
                written.append(value)


@dataclass(frozen=True, slots=True)
class ChangeRead:
    """The change of a small variant: protein, coding and how it was written; `stated` is what stood there."""

    protein: ProteinChange | None = None
    cdna: str | None = None
    written: str = ""
    notes: tuple[str, ...] = ()


def read_change(parts: Components, gene: str | None, terms: Terms) -> ChangeRead:
    """The protein and coding change from the p., c., g. and discrete-variant components."""
    notes: list[str] = []
    protein, written = _protein(parts.texts(codes.PROTEIN), notes)
    cdna = None
    transcript = next(iter(parts.texts(codes.TRANSCRIPT)), "")
    for code in (codes.CDNA, codes.DISCRETE, codes.GENOMIC_HGVS):
        for text in parts.texts(code):
            found = _C_DOT.search(text)
            if found and cdna is None:
                cdna = "c." + found[1]
                transcript = text.split(":")[0].split("(")[0] if ":" in text else transcript
            if protein is None and "p." in text:
                protein, part = _protein([match[0] for match in _P_DOT.finditer(text)], notes)
                written = written or part
    if protein is None and cdna is not None and gene is not None:
        short = terms.hotspots.translate(gene, cdna, transcript)
        if short is not None:
            protein = parse_protein(short)
            notes.append(f"protein change translated from {cdna}")
        else:
            notes.append(f"{cdna} was reported without a protein change and is not translated")
    return ChangeRead(protein, cdna, written or cdna or "", tuple(dict.fromkeys(notes)))


def _protein(texts: list[str], notes: list[str]) -> tuple[ProteinChange | None, str]:
    refused = []
    for text in texts:
        for candidate in (text, *(match[0] for match in _P_DOT.finditer(text))):
            try:
                return parse_protein(candidate), text
            except ProteinChangeError as error:
                refused.append(f"the protein change as written could not be read: {error}")
    notes.extend(refused[:1])
    return None, texts[0] if texts else ""


def read_vaf(parts: Components, notes: list[str]) -> float | None:
    """The allele fraction from 0 to 1: a fraction, a percentage, or a number misplaced as a code."""
    for component in parts[codes.VAF]:
        quantity = as_dict(component.get("valueQuantity"))
        number = as_number(quantity.get("value"))
        unit = as_text(quantity.get("code")) or as_text(quantity.get("unit"))
        if number is None:
            number = as_number(component.get("valueDecimal"))
        if number is None:
            number = next((n for c in value_concepts(component) for t in spellings(c) if (n := as_number(t))), None)
        if number is None or number < 0:
            continue
        if "%" in unit and number < 1:
            notes.append(f"allele fraction written as {number:g} %, read as {number:g}")
            return number
        if number > 1 or "%" in unit:
            number /= 100
        return number if number <= 1 else None
    return None


def read_origin(parts: Components) -> Origin:
    """Somatic or germline as stated; anything else is unknown."""
    values = parts.values(codes.SOURCE_CLASS)
    words = {text.casefold() for text in parts.texts(codes.SOURCE_CLASS)}
    somatic = bool(values & codes.SOMATIC) or "somatic" in words
    germline = bool(values & codes.GERMLINE) or "germline" in words
    if somatic == germline:
        return Origin.UNKNOWN
    return Origin.SOMATIC if somatic else Origin.GERMLINE


def read_significance(concepts: list[Any]) -> Significance:
    """The significance as the laboratory reported it."""
    values = {coding.code for concept in concepts for coding in codings(concept)}
    words = " ".join(concept_text(concept).casefold() for concept in concepts)
    if values & codes.BENIGN or "benign" in words:
        return Significance.BENIGN
    if values & codes.UNCERTAIN or "uncertain" in words or "unknown significance" in words:
        return Significance.UNCERTAIN
    if values & codes.PATHOGENIC or "pathogenic" in words:
        return Significance.PATHOGENIC
    return Significance.UNSTATED


def read_presence(resource: Resource, identified: bool) -> tuple[Presence, list[str]]:
    """Present, absent or unknown from the value, else the interpretation; contradictions leave it unknown."""
    notes: list[str] = []
    value = _signal(value_concepts(resource))
    if isinstance(resource.get("valueBoolean"), bool):
        value = Presence.PRESENT if resource["valueBoolean"] else Presence.ABSENT
    interpretation = _signal(as_list(resource.get("interpretation")))
    stated = [signal for signal in (value, interpretation) if signal is not None]
    if len(set(stated)) > 1:
        if Presence.UNKNOWN in stated:
            return Presence.UNKNOWN, ["reported as indeterminate"]
        return Presence.UNKNOWN, ["the report contradicts itself about presence"]
    if stated:
        return stated[0], notes
    has_value = any(key.startswith("value") for key in resource) or "dataAbsentReason" in resource
    if has_value or not identified:
        return Presence.UNKNOWN, ["whether it is present was not stated in a form that can be read"]
    notes.append("no value was reported; presence is implied by the finding")
    return Presence.PRESENT, notes


def _signal(concepts: list[Any]) -> Presence | None:
    values = {coding.code for concept in concepts for coding in codings(concept)}
    found = set()
    if values & codes.PRESENT or codes.MUTATED_INTERPRETATION in values:
        found.add(Presence.PRESENT)
    if values & codes.ABSENT:
        found.add(Presence.ABSENT)
    if values & codes.INDETERMINATE:
        found.add(Presence.UNKNOWN)
    if not found:
        for concept in concepts:
            for text in spellings(concept):
                word = said(text)
                if word is not None:
                    found.add(word)
    if not found:
        return None
    return found.pop() if len(found) == 1 else Presence.UNKNOWN


def said(text: str) -> Presence | None:
    """Whether a text says present or absent; None if neither."""
    folded = text.casefold()
    if _NO.search(folded):
        return Presence.ABSENT
    return Presence.PRESENT if _YES.search(folded) else None
