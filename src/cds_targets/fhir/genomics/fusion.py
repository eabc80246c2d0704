"""Fusions and rearrangements, in every way in which reports write them."""

from __future__ import annotations

import re

from cds_targets.facts.genomic import Fusion, Presence, Source
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.gene import GeneRead, read_gene
from cds_targets.fhir.genomics.parts import Parts
from cds_targets.fhir.genomics.presence import UNSTATED, read_origin, read_presence
from cds_targets.fhir.genomics.structural import NAMED, names_finding
from cds_targets.fhir.reading import Resource, as_text
from cds_targets.terms.genes import Genes

_GENE = r"[A-Za-z][A-Za-z0-9]{1,11}(?:-[A-Za-z0-9]{1,4})??"
_PAIR = re.compile(rf"(?<![A-Za-z0-9])({_GENE})\s?(::|--|[-–—/])\s?({_GENE})(?![A-Za-z0-9])")
_IN_BRACKETS = re.compile(r"\s{0,2}[(\[][^()\[\]]{0,40}[)\]]")
_IDS = re.compile(r"HGNC:(\d{1,6})::HGNC:(\d{1,6})")
_SINGLE = re.compile(r"\b([A-Z][A-Z0-9-]{1,11})[\s-](?:gene )?(?:fusion|rearrangement|translo[ck]ation)", re.IGNORECASE)
_WORDS = ("fusion", "rearrange", "translocation", "translokation", "rearrangiert")


def read_fusion(resource: Resource, parts: Parts, source: Source, genes: list[GeneRead], known: Genes) -> Fusion | None:
    """The fusion an Observation is about, or None."""
    by_code = parts.by_code
    written = ""
    partners: list[str] = []
    if codes.FIVE_PRIME in by_code or codes.THREE_PRIME in by_code:
        for code in (codes.FIVE_PRIME, codes.THREE_PRIME):
            partners += [gene.symbol for c in parts.concepts(code) if (gene := read_gene(c, known)).symbol]
    if not partners and codes.FUSION in by_code:
        for written in parts.texts(codes.FUSION):
            partners = partners or pair_in_text(written, known)
    if not partners:
        for named in (*parts.texts(codes.GENE), *parts.texts(codes.DISCRETE)):
            if is_pair(named, known):
                written, partners = named, partners or pair_in_text(named, known)
    if not partners:
        words = _speaking(resource, parts)
        stated = bool(parts.values(codes.MOLECULAR_CONSEQUENCE) & codes.FUSION_CONSEQUENCE) or bool(
            (parts.values(codes.FUNCTIONAL_EFFECT) | parts.values(codes.CHANGE_TYPE)) & codes.FUSION_CONSEQUENCE
        )
        folded = words.casefold()
        karyotype = " ".join(parts.texts(codes.KARYOTYPE))
        stated = stated or (len(genes) == 2 and "t(" in karyotype)
        if not stated and not any(word in folded for word in _WORDS):
            return None
        written = words[:120]
        partners = [gene.symbol for gene in genes if gene.symbol] or pair_in_text(words, known)
        if len(partners) == 1:
            pair = pair_in_text(words, known)
            partners = pair if partners[0] in pair else partners
        if not partners and (single := _SINGLE.search(words)) and (symbol := known.named(single[1])):
            partners = [symbol]
    if not partners:
        return None
    presence, notes = read_presence(resource, True)
    if notes == [UNSTATED] and names_finding(resource):
        presence, notes = Presence.PRESENT, [NAMED]
    notes += [note for gene in genes for note in gene.notes]
    if any(gene.rivals for gene in genes):
        presence = Presence.UNKNOWN
    return Fusion(
        tuple(partners[:2]), presence, source, read_origin(parts), written or "::".join(partners), tuple(notes)
    )


def _speaking(resource: Resource, parts: Parts) -> str:
    texts = parts.texts(codes.DISCRETE) + parts.texts(codes.CHANGE_TYPE) + parts.texts(codes.MOLECULAR_CONSEQUENCE)
    value = resource.get("valueString")
    concept = resource.get("valueCodeableConcept")
    if isinstance(concept, dict):
        texts.append(as_text(concept.get("text")))
    return " ".join([*texts, as_text(value)])[:600]


def pair_in_text(text: str, known: Genes) -> list[str]:
    """`FGFR2::DBP`, `EML4-ALK fusion`: both partners as symbols, empty if they are not two genes."""
    ids = _IDS.fullmatch(text.strip()[:60])
    if ids is not None:
        first, second = known.by_hgnc.get(ids[1]), known.by_hgnc.get(ids[2])
        return [first, second] if first and second else []
    for match in _PAIR.finditer(_IN_BRACKETS.sub("", text[:300])):
        if match[1].upper().startswith("HGNC"):
            continue
        first, second = known.named(match[1]), known.named(match[3])
        if first and second:
            return [first, second]
        if match[2] == "::" and (first or second):
            return [first or match[1], second or match[3]]
    return []


def is_pair(text: str, known: Genes) -> bool:
    """Whether a text is two genes joined as a fusion is written and nothing else (`A/B` may be any two genes)."""
    if len(text) > 40 or known.named(text) is not None:
        return False
    joined = _PAIR.fullmatch(_IN_BRACKETS.sub("", text).strip())
    return joined is not None and (joined[2] == "::" or (joined[2] != "/" and bool(pair_in_text(text, known))))
