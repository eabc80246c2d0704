"""What was looked at: genes, and the codons or exons to which a test was limited. Nothing here says what was found."""

from __future__ import annotations

import re

from cds_targets.facts.genomic import Source, Tested, Uninterpreted
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.gene import read_gene, read_genes
from cds_targets.fhir.genomics.parts import Parts
from cds_targets.fhir.reading import Resource, as_dict, as_list, as_number, as_text
from cds_targets.terms.genes import Genes

# A codon no gene has: the test covers a part of the gene that is not told in codons, so that no codon is known covered.
NO_CODON = frozenset({0})
MAX_SPAN = 5_000
_CODONS = re.compile(
    r"codons?\s*#?\s*(\d{1,5}(?:\s{0,3}(?:[-–,/&+]|to|and|und|bis)\s{0,3}#?\s{0,3}\d{1,5}){0,40})", re.IGNORECASE
)
_SPAN = re.compile(r"(\d{1,5})(?:\s*(?:[-–]|to|bis)\s*#?\s*(\d{1,5}))?")
_LIMITED = re.compile(r"\b(?:exons?|ex)\b\.?\s*#?\s*\d|hot\s?spot|partial|selected (?:exons|regions)", re.IGNORECASE)
_NOT_DONE = frozenset({"not-performed", "not-applicable", "unknown", "error", "unsupported"})


def read_region(resource: Resource, source: Source, genes: Genes) -> list[Tested | Uninterpreted]:
    """The genes of a studied region with the codons it covers, where it says that it covers only some."""
    parts = Parts.of(resource)
    texts = [*parts.texts(codes.REGION_TEXT), *parts.texts(codes.EXON)]
    written = "; ".join([*texts, *parts.texts(codes.CONCLUSION)])[:300]
    if _not_performed(parts):
        return [Uninterpreted("a region that was not studied (not performed)", source, written=written)]
    codons = _codons(parts, texts)
    facts: list[Tested | Uninterpreted] = []
    found = read_genes(parts, genes)
    for gene in dict.fromkeys(found):
        if gene.symbol is not None:
            covered = codons if len(found) == 1 or not codons else NO_CODON
            facts.append(Tested(gene.symbol, source, codons=covered, written=written, notes=gene.notes))
        else:
            why = gene.notes[0] if gene.notes else "a studied region names no gene that could be read"
            facts += [Uninterpreted(why, source, gene=rival, written=written) for rival in gene.rivals or (None,)]
    return facts or [Uninterpreted("a studied region names no gene", source, written=written)]


def read_study(resource: Resource, source: Source, genes: Genes) -> list[Tested]:
    """The genes that an analysis of a genomic study (a Procedure) says it studied, without those it could not call."""
    facts: list[Tested] = []
    for extension in as_list(resource.get("extension")):
        if not as_text(as_dict(extension).get("url")).endswith(codes.STUDY_REGIONS):
            continue
        parts = [part for part in as_list(as_dict(extension).get("extension")) if isinstance(part, dict)]
        described = [text for part in parts if (text := as_text(part.get("valueString")))]
        missed = _genes_of(parts, "uncalled", genes)
        for symbol in _genes_of(parts, "studied", genes):
            if symbol not in missed:
                facts.append(Tested(symbol, source, codons=limits(described), written="; ".join(described)[:300]))
    return facts


def _genes_of(parts: list[Resource], url: str, genes: Genes) -> list[str]:
    found = [read_gene(part.get("valueCodeableConcept"), genes).symbol for part in parts if part.get("url") == url]
    return [symbol for symbol in dict.fromkeys(found) if symbol is not None]


def _not_performed(parts: Parts) -> bool:
    ranges = parts[codes.EXAMINED]
    reasons = [as_dict(as_dict(part.get("dataAbsentReason")).get("coding")).get("code") for part in ranges]
    return bool(ranges) and all(reason in _NOT_DONE for reason in reasons)


def limits(texts: list[str]) -> frozenset[int]:
    """`NO_CODON` where words limit a test to exons or hotspots, else no limit."""
    return NO_CODON if any(_LIMITED.search(text[:500]) for text in texts) else frozenset()


def _codons(parts: Parts, texts: list[str]) -> frozenset[int]:
    """The codons a limited test covers; empty for an unlimited one, `NO_CODON` where the limit is told otherwise."""
    found: set[int] = set()
    limited = False
    for component in parts[codes.EXAMINED]:
        span = as_dict(component.get("valueRange"))
        low, high = as_dict(span.get("low")), as_dict(span.get("high"))
        unit = f"{as_text(low.get('code'))} {as_text(low.get('unit'))}".casefold()
        first, last = as_number(low.get("value")), as_number(high.get("value"))
        if "codon" in unit and first is not None:
            found |= _between(first, first if last is None else last)
        limited = limited or "exon" in unit or "codon" in unit
    for text in texts:
        for match in _CODONS.finditer(text[:500]):
            for run in _SPAN.finditer(match[1]):
                found |= _between(float(run[1]), float(run[2] or run[1]))
        limited = limited or _LIMITED.search(text[:500]) is not None
    if found:
        return frozenset(found)
    return NO_CODON if limited else frozenset()


def _between(first: float, last: float) -> set[int]:
    if not 0 < first <= last < 1e5 or last - first > MAX_SPAN:
        return set()
    return set(range(int(first), int(last) + 1))
