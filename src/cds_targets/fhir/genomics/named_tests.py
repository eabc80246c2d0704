"""Tests of one gene inside a wider Observation, in words: "KRAS 12 mutation: Not Detected"."""

from __future__ import annotations

import re

from cds_targets.facts.genomic import Presence, Source, Tested, Uninterpreted, Variant
from cds_targets.facts.protein import ProteinChange
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.change import parsed_protein
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.presence import said, signal
from cds_targets.fhir.reading import Resource, as_list, codings, concept_text
from cds_targets.terms.genes import Genes

_CODONS = re.compile(r"\b(?:codons?\s*)?(\d{1,4}(?:\s*[/,+&]\s*\d{1,4}){0,5})\s+mutations?\b", re.IGNORECASE)
_CHANGE = re.compile(r"\b(?:p\.)?\(?([A-Z][a-z]{0,2}\d{1,5}(?:[A-Z*=][a-z]{0,2}|del|dup|fs\S{0,8}))\)?")
_SPLIT = re.compile(r"[;,]\s*(?=[A-Z])|\n")
_IGNORED = "the overall interpretation of the result says otherwise"


def read_named_tests(
    resource: Resource, parts: Parts, source: Source, genes: Genes
) -> list[Variant | Tested | Uninterpreted]:
    """The findings of components whose code is a test of one gene."""
    facts: list[Variant | Tested | Uninterpreted] = []
    for code, gene in codes.GENE_OF_CODE.items():
        for component in parts[code]:
            concepts = value_concepts(component)
            kinds = {coding.code for coding in codings(concepts)} & codes.INDEL_TYPES
            if kinds:
                written = concept_text(concepts[0])
                facts.append(Variant(gene, Presence.PRESENT, source, indel=True, written=written))
                continue
            texts = [text for concept in concepts for text in spellings(concept)]
            stated = signal(as_list(component.get("interpretation")))
            facts += _of_texts(gene, texts, stated, source)
    overall = signal(as_list(resource.get("interpretation")))
    negative = bool(facts) and all(isinstance(fact, Tested) for fact in facts)
    if negative and overall is Presence.PRESENT:
        facts = [
            Tested(f.gene, f.source, f.found_nothing, f.codons, f.written, (*f.notes, _IGNORED))
            for f in facts
            if isinstance(f, Tested)
        ]
    return facts


def read_test_value(resource: Resource, gene: str, source: Source) -> list[Variant | Tested | Uninterpreted]:
    """The value of an Observation that is itself a test of one gene; empty if it has none."""
    concepts = value_concepts(resource)
    texts = [text for concept in concepts if (text := concept_text(concept))]
    return _of_texts(gene, texts, signal([*concepts, *as_list(resource.get("interpretation"))]), source)


def _of_texts(
    gene: str, texts: list[str], stated: Presence | None, source: Source
) -> list[Variant | Tested | Uninterpreted]:
    negative: list[str] = []
    codons: set[int] = set()
    narrow = True
    facts: list[Variant | Tested | Uninterpreted] = []
    for text in texts:
        for phrase in _SPLIT.split(text[:600]):
            presence = said(phrase) or stated
            positions = [int(number) for match in _CODONS.finditer(phrase) for number in re.findall(r"\d+", match[1])]
            written = _CHANGE.search(phrase)
            change = parsed_protein(written[1]) if written else None
            if stated is not None and presence is not stated:
                presence = Presence.UNKNOWN
            if presence is Presence.ABSENT and isinstance(change, ProteinChange):
                facts.append(Variant(gene, Presence.ABSENT, source, change, written=phrase[:120]))
            elif presence is Presence.ABSENT:
                negative.append(phrase)
                codons.update(positions)
                narrow = narrow and bool(positions)
            elif presence is Presence.PRESENT and (isinstance(change, ProteinChange) or len(positions) == 1):
                if not isinstance(change, ProteinChange):
                    change = parsed_protein(f"codon {positions[0]}")
                protein = change if isinstance(change, ProteinChange) else None
                facts.append(Variant(gene, Presence.PRESENT, source, protein, written=phrase[:120]))
            elif presence is Presence.PRESENT:
                facts.append(Variant(gene, Presence.PRESENT, source, written=phrase[:120]))
            elif isinstance(change, ProteinChange) and presence is None:
                facts.append(Variant(gene, Presence.PRESENT, source, change, written=phrase[:120]))
            else:
                why = f"the {gene} result could not be read"
                facts.append(Uninterpreted(why, source, gene=gene, written=phrase[:120]))
    if not texts and stated is not None:
        if stated is Presence.ABSENT:
            facts.append(Tested(gene, source, found_nothing=True))
        else:
            facts.append(Variant(gene, stated, source))
    if negative:
        covered = frozenset(codons) if narrow else frozenset[int]()
        facts.append(Tested(gene, source, True, covered, "; ".join(negative)[:200]))
    return facts
