"""Tests that are named for one gene: "BRAF gene p.Val600Glu", "KRAS 12 mutation: Not Detected", "MDM2 FISH"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cds_targets.facts.genomic import (
    CopyNumber,
    CopyNumberCall,
    Fusion,
    GenomicFact,
    Presence,
    Source,
    Tested,
    Uninterpreted,
    Variant,
)
from cds_targets.facts.protein import ProteinChange
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.biomarkers import read_biomarker
from cds_targets.fhir.genomics.change import exon_in, parsed_protein, short_changes
from cds_targets.fhir.genomics.fusion import pair_in_text
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.presence import UNSTATED, read_presence, signal
from cds_targets.fhir.genomics.structural import NAMED
from cds_targets.fhir.genomics.tested import NO_CODON, limits
from cds_targets.fhir.genomics.words import answered
from cds_targets.fhir.reading import Resource, as_dict, as_list, as_text, codings, concept_text
from cds_targets.terms.genes import Genes

_GENE_TEST = re.compile(
    r"(?P<gene>[A-Z][A-Z0-9-]{1,11}?)(?i:[ -](?:gene |targeted |gen-?)*)(?:"
    r"(?P<fusion>(?i:rearrang\w*|fusion\w*|translo[ck]ation\w*))|(?P<amplified>(?i:amplifi[ck]ation\w*|copy number))"
    r"|(?P<exon>(?i:ex(?:on)?s? ?\d{1,2}\b.{0,60}))"
    r"|(?i:mutation\w*|variante?n?s?|sequenzierung|sequencing|full|deletion|status|analyse|analysis)\b"
    r"|(?P<change>(?:p\.)?\(?[A-Z][a-z]{0,2}\d{1,5}[A-Z*=a-z]{0,4}\)?)(?!\S))"
)
_GENE = r"[A-Z][A-Z0-9-]{1,11}"
_PROBE = r"(?i:\b(?:[DC]|SI)?ISH|\bFISH|\bin[- ]situ[- ]hybridi[sz]ation)\b"
_GENE_PROBE = re.compile(
    rf"(?P<gene>{_GENE})\b[^;]{{0,40}}?{_PROBE}|\w{{0,12}} ?{_PROBE}\W{{1,3}}(?:(?:for|of) )?(?P<probed>{_GENE})\b"
)
_CODONS = re.compile(r"\b(?:codons?\s*)?(\d{1,4}(?:\s*[/,+&]\s*\d{1,4}){0,5})\s+mutations?\b", re.IGNORECASE)
_CHANGE = re.compile(r"\b(?:p\.)?\(?([A-Z][a-z]{0,2}\d{1,5}(?:[A-Z*=][a-z]{0,2}|del|dup|fs\S{0,8}))\)?")
_GROUP = re.compile(
    rf"(?:(?i:all|pan)[- ]?)?(?P<group>{'|'.join(codes.GENES_OF_GROUP)})\b(?![- ]?(?i:like|associated))"
)
_OF_GENE = re.compile(r"\b(?:wild[- ]?typ|mutat|mutiert|unmut|exon)", re.IGNORECASE)
_SPLIT = re.compile(r"[;,]\s*(?=[A-Z])|\n")
_SEEN = re.compile(r"(?:gene )?(?:amplif|rearrang|fusion|translocat)", re.IGNORECASE)
_REARRANGED = re.compile(r"rearrang|fusion|translo[ck]at|break[- ]?apart")
_TESTS = frozenset(codes.GENE_OF_CODE)
_IGNORED = "the overall interpretation of the result says otherwise"


@dataclass(frozen=True, slots=True)
class NamedTest:
    """What a test is named for: a gene, its rearrangement, its amplification, one protein change, a codon or an exon.

    `exon`: the words from the exon on ("exon 19 deletion"). `probe`: it is an in-situ hybridisation that does not say
    what it looks for; its value does.
    """

    gene: str
    fusion: bool = False
    amplification: bool = False
    change: ProteinChange | None = None
    exon: str = ""
    probe: bool = False

    @property
    def codons(self) -> frozenset[int]:
        """The codons to which the test is limited; `NO_CODON` where the limit is an exon, empty where there is none."""
        if self.exon:
            return NO_CODON
        place = self.change.position if self.change is not None else None
        return frozenset({place}) if place is not None else frozenset()

    @property
    def one_change(self) -> bool:
        """Whether it looks for one change only, so that its value is yes or no."""
        return self.change is not None and self.change.alternative is not None


def named_test(resource: Resource, genes: Genes) -> NamedTest | None:
    """What an Observation's own code says it tests for; None if it is not named for one gene."""
    code = resource.get("code")
    for coding in codings(code):
        found = _named(coding.display, genes)
        if found is not None:
            return found
        if coding.code in codes.GENE_OF_CODE:
            return NamedTest(codes.GENE_OF_CODE[coding.code])
    name = as_text(as_dict(code).get("text"))
    if genes.has(name):
        # A bare symbol as name is a test of the gene only if its value is about genes: "KRAS" with "G12C", "wild type".
        values = [concept_text(concept) for concept in value_concepts(resource)]
        return NamedTest(name) if any(_CHANGE.match(value) or _OF_GENE.search(value) for value in values) else None
    return _named(name, genes)


def _named(name: str, genes: Genes) -> NamedTest | None:
    match = _GENE_TEST.match(name[:200])
    symbol = genes.named(match["gene"]) if match is not None else None
    if match is None or symbol is None:
        probe = _GENE_PROBE.match(name[:200])
        probed = genes.named(probe["gene"] or probe["probed"]) if probe is not None else None
        return NamedTest(probed, probe=True) if probed is not None else None
    change = parsed_protein(match["change"]) if match["change"] else None
    if isinstance(change, str):
        return None
    return NamedTest(symbol, match["fusion"] is not None, match["amplified"] is not None, change, match["exon"] or "")


def read_named_tests(
    resource: Resource, parts: Parts, source: Source, genes: Genes
) -> list[Variant | Tested | Uninterpreted]:
    """The findings of components whose code is a test of one gene."""
    if not parts.any_of(_TESTS):
        return []
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
            facts += _of_texts(NamedTest(gene), texts, stated, source, genes)
    overall = signal(as_list(resource.get("interpretation")))
    negative = bool(facts) and all(isinstance(fact, Tested) for fact in facts)
    if negative and overall is Presence.PRESENT:
        facts = [
            Tested(f.gene, f.source, f.found_nothing, f.codons, f.written, (*f.notes, _IGNORED))
            for f in facts
            if isinstance(f, Tested)
        ]
    return facts


def read_test_value(resource: Resource, test: NamedTest, source: Source, genes: Genes) -> list[GenomicFact]:
    """The value of an Observation that is itself a test of one gene; empty if it has none."""
    concepts = value_concepts(resource)
    interpretations = as_list(resource.get("interpretation"))
    if not concepts and not interpretations:
        return []
    texts = [text for concept in concepts if (text := concept_text(concept))]
    written = "; ".join([concept_text(resource.get("code")), *texts])[:200]
    if test.probe:
        return [_of_probe(resource, test.gene, written, source)]
    if test.fusion or test.amplification or test.one_change:
        presence, notes = read_presence(resource, False)
        if test.fusion:
            pair = next((found for text in texts if test.gene in (found := pair_in_text(text, genes))), [test.gene])
            if notes == [UNSTATED] and len(pair) == 2:
                presence, notes = Presence.PRESENT, [NAMED]
            return [Fusion(tuple(pair), presence, source, written=written, notes=tuple(notes))]
        if test.amplification:
            call = CopyNumberCall.AMPLIFICATION if presence is not Presence.UNKNOWN else CopyNumberCall.UNKNOWN
            return [CopyNumber(test.gene, presence, call, source, written=written, notes=tuple(notes))]
        return [Variant(test.gene, presence, source, test.change, written=written, notes=tuple(notes))]
    return list(_of_texts(test, texts, signal([*concepts, *interpretations]), source, genes))


def group_named(name: str) -> str | None:
    """The group of genes that a result is named for: "RAS mutation", "all-RAS status"."""
    match = _GROUP.match(name[:100])
    return match["group"] if match is not None else None


def read_group(resource: Resource, name: str, source: Source) -> list[Tested | Uninterpreted]:
    """A group reported as a whole: nothing found holds for each gene of it, a finding for one that is not told."""
    group = group_named(name) or ""
    presence, notes = read_presence(resource, False)
    written = "; ".join([name, *(concept_text(concept) for concept in value_concepts(resource))])[:200]
    genes = codes.GENES_OF_GROUP.get(group, ())
    if presence is Presence.ABSENT:
        note = f"{group} is reported as a whole"
        return [Tested(gene, source, True, written=written, notes=(note, *notes)) for gene in genes]
    why = f"a {group} result does not tell which of {' and '.join(genes)} it is about"
    return [Uninterpreted(why, source, gene=gene, written=written, notes=tuple(notes)) for gene in genes]


def _of_probe(resource: Resource, gene: str, written: str, source: Source) -> GenomicFact:
    """An in-situ hybridisation: a HER2 result of its own kind, else what its words say was seen."""
    marker = codes.MARKER_OF_GENE.get(gene)
    if marker == "HER2":
        return read_biomarker(marker, resource, source, gene)
    presence, notes = read_presence(resource, False)
    if notes == [UNSTATED] and any(_SEEN.match(concept_text(concept)) for concept in value_concepts(resource)):
        presence, notes = Presence.PRESENT, []
    words = written.casefold()
    if presence is not Presence.UNKNOWN and "amplif" in words:
        return CopyNumber(gene, presence, CopyNumberCall.AMPLIFICATION, source, written=written, notes=tuple(notes))
    if presence is not Presence.UNKNOWN and _REARRANGED.search(words):
        return Fusion((gene,), presence, source, written=written, notes=tuple(notes))
    why = f"an in-situ hybridisation of {gene} does not say whether the gene is amplified or rearranged"
    return Uninterpreted(why, source, gene=gene, written=written)


def _of_texts(
    test: NamedTest, texts: list[str], stated: Presence | None, source: Source, genes: Genes
) -> list[Variant | Tested | Uninterpreted]:
    gene = test.gene
    negative: list[str] = []
    codons: set[int] = set()
    narrow = True
    facts: list[Variant | Tested | Uninterpreted] = []
    for text in texts:
        for phrase in _SPLIT.split(text[:600]):
            presence = answered(phrase) or stated
            if stated is not None and presence is not stated:
                presence = Presence.UNKNOWN
            positions = [int(number) for match in _CODONS.finditer(phrase) for number in re.findall(r"\d+", match[1])]
            exon = exon_in(phrase) or (exon_in(test.exon) if test.exon else None)
            changes = short_changes(phrase, genes) or _long_change(phrase)
            if not changes and len(positions) == 1 and presence is Presence.PRESENT:
                changes = [codon] if isinstance(codon := parsed_protein(f"codon {positions[0]}"), ProteinChange) else []
            if changes:
                there = Presence.PRESENT if presence is None else presence
                facts += [Variant(gene, there, source, change, written=phrase[:120]) for change in changes]
            elif exon is not None and (exon[1] or presence in (Presence.PRESENT, None)):
                there = Presence.PRESENT if presence is None else presence
                facts.append(Variant(gene, there, source, exon=exon[0], indel=exon[1], written=phrase[:120]))
            elif presence is Presence.ABSENT:
                negative.append(phrase)
                codons.update(positions)
                narrow = narrow and bool(positions)
            elif presence is Presence.PRESENT:
                facts.append(Variant(gene, Presence.PRESENT, source, test.change, written=phrase[:120]))
            else:
                why = f"the {gene} result could not be read"
                facts.append(Uninterpreted(why, source, gene=gene, written=phrase[:120]))
    if not texts and stated is not None:
        if stated is Presence.ABSENT:
            facts.append(Tested(gene, source, True, test.codons))
        else:
            facts.append(Variant(gene, stated, source, test.change))
    if negative:
        covered = frozenset(codons) if narrow else test.codons or limits(negative)
        facts.append(Tested(gene, source, True, covered, "; ".join(negative)[:200]))
    return facts


def _long_change(phrase: str) -> list[ProteinChange]:
    """A protein change in three letters or with `p.`."""
    written = _CHANGE.search(phrase)
    change = parsed_protein(written[1]) if written else None
    return [change] if isinstance(change, ProteinChange) else []
