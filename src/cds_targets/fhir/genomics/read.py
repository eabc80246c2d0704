"""From resources to genomic facts. One Observation never costs the others, and none disappears."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from cds_targets.facts.genomic import (
    Biomarker,
    GenomicFact,
    Presence,
    Source,
    Tested,
    Uninterpreted,
    Variant,
)
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.biomarkers import marker_of, read_biomarkers, stain_of
from cds_targets.fhir.genomics.change import (
    ChangeRead,
    gene_of_accession,
    gene_of_name,
    has_bases,
    named_changes,
    read_change,
)
from cds_targets.fhir.genomics.context import Context
from cds_targets.fhir.genomics.copy_number import read_copy_number
from cds_targets.fhir.genomics.fusion import is_pair, pair_in_text, read_fusion
from cds_targets.fhir.genomics.gene import UNNAMED, GeneRead, gene_in_text, genes_in_text, notes_of, read_genes
from cds_targets.fhir.genomics.implications import Implications
from cds_targets.fhir.genomics.named_tests import (
    group_named,
    named_test,
    read_group,
    read_named_tests,
    read_test_value,
)
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.plain import plain_variant
from cds_targets.fhir.genomics.presence import (
    UNSTATED,
    read_origin,
    read_presence,
    read_vaf,
    stated_significance,
    states_presence,
)
from cds_targets.fhir.genomics.structural import NAMED, is_structural_word, may_be_structural
from cds_targets.fhir.genomics.tested import limits, read_region, read_study
from cds_targets.fhir.genomics.words import said
from cds_targets.fhir.reading import Entry, Resource, Resources, as_dict, as_list, as_text, codings, concept_text
from cds_targets.terms import Terms

_GENETIC = re.compile(
    r"variant|mutation|\bgenes?\b|copy number|\bcnv\b|fusion|rearrangement|genotype|haplotype|sequencing|\bngs\b"
    r"|\bgenomic|\bgenetic|\bgenetisch|molecular (?:finding|result|patholog|genetic|profil)|molekular(?:patholog|genet)"
)
_NAME = re.compile(r"(?:[A-Z][A-Za-z0-9-]{1,11}[ :]+)?(?:p\.)?\(?[A-Z*][a-z]{0,2}\d{1,5}[A-Za-z*_0-9]{1,30}\)?")
_LIST = re.compile(r"[;,\n]|\b(?:and|und)\b")
_NORMAL_KARYOTYPE = re.compile(r"46,\s?X[XY](?:\[\d{1,3}\])?")
_CHANGES = (codes.PROTEIN, codes.CDNA, codes.GENOMIC_HGVS, codes.DISCRETE, codes.COPY_NUMBER, codes.ALT_ALLELE)
_OTHER_KINDS = codes.GENOTYPE_CODES | {codes.OVERALL_INTERPRETATION}


@dataclass(frozen=True, slots=True)
class GenomicsRead:
    """The facts read, and a sentence for everything of this topic that could not be read."""

    facts: list[GenomicFact] = field(default_factory=list)
    gaps: tuple[str, ...] = ()


def read_genomics(resources: Resources, terms: Terms, zone: tzinfo) -> GenomicsRead:
    """Every genomic Observation among the resources as facts."""
    reader = VariantReader(terms, Context(resources, zone))
    facts: list[GenomicFact] = []
    gaps: list[str] = []
    sent: dict[str, Entry] = {}
    for entry in resources.entries:
        kind = entry.resource.get("resourceType")
        if kind not in ("Observation", "Procedure") or _sent_twice(entry, sent):
            continue
        try:
            facts.extend(reader.observation(entry) if kind == "Observation" else reader.study(entry))
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError):
            gaps.append("a genomic result is malformed and could not be read")
            facts.append(Uninterpreted("the result is malformed and could not be read", _place(entry)))
    return GenomicsRead(reader.implications.completed(facts), tuple(dict.fromkeys(gaps)))


def _sent_twice(entry: Entry, sent: dict[str, Entry]) -> bool:
    """Whether the very same result came under another prefetch key already."""
    identity = entry.resource.get("id")
    if not entry.key or not isinstance(identity, str):
        return False
    first = sent.setdefault(identity, entry)
    return first.key != entry.key and first.resource == entry.resource


def _place(entry: Entry) -> Source:
    return Source(entry.reference, entry.pointer)


class VariantReader:
    """One pass over the Observations; what results say of each other is put together at the end."""

    def __init__(self, terms: Terms, context: Context) -> None:
        self.terms = terms
        self.genes = terms.genes
        self.context = context
        self.implications = Implications(context)

    def observation(self, entry: Entry) -> list[GenomicFact]:
        """The facts of one Observation, none if it is not about genomics."""
        resource = entry.resource
        about = resource.get("code")
        try:
            first = about["coding"][0]["code"]  # type: ignore[index]
        except (KeyError, TypeError, IndexError):
            first = None
        if first in codes.VARIANT_CODES:
            return self._settled(entry, self._variant)
        found = codings(about)
        known = {coding.code for coding in found}
        if known & codes.VARIANT_CODES:
            return self._settled(entry, self._variant)
        if known & codes.THERAPEUTIC_IMPLICATIONS:
            return []
        if known & codes.DIAGNOSTIC_IMPLICATIONS or codes.MOLECULAR_CONSEQUENCE in known:
            self.implications.take(entry, codes.MOLECULAR_CONSEQUENCE in known)
            return []
        if codes.REGION_STUDIED in known:
            return self._settled(entry, self._region)
        if known & _OTHER_KINDS:
            return self._settled(entry, self._other_kind)
        text = as_text(as_dict(about).get("text"))
        marker = marker_of(found, text)
        if marker is not None:
            return self._settled(entry, lambda resource, source: read_biomarkers(marker, resource, source))
        name = text or concept_text(about)
        stain = stain_of(found, name, resource, self.genes)
        if stain is not None:
            return self._settled(entry, lambda resource, source: self._stain(stain, resource, source))
        if named_test(resource, self.genes) is not None:
            return self._settled(entry, self._variant)
        if group_named(name) and _worded(resource):
            return self._settled(entry, lambda resource, source: read_group(resource, name, source))
        genetic = not known and "component" in resource and _GENETIC.search(name.casefold()) is not None
        if genetic and codes.GENE in Parts.of(resource):
            return self._settled(entry, self._variant)
        if not known and "component" not in resource and _worded(resource) and _GENETIC.search(name.casefold()):
            return self._settled(entry, self._worded_result)
        if _carries_gene(resource):
            return self._settled(entry, self._unknown_kind)
        return []

    def study(self, entry: Entry) -> list[GenomicFact]:
        """What the analysis of a genomic study covered; nothing of any other Procedure, or of one not done."""
        source = self.context.source(entry) if "extension" in entry.resource else None
        return list(read_study(entry.resource, source, self.genes)) if source is not None else []

    def _settled(self, entry: Entry, reader: Any) -> list[GenomicFact]:
        """Void and superseded results are no facts, but are named."""
        if id(entry.resource) in self.context.superseded:
            return [Uninterpreted("an older version of a result that was sent again: not used", _place(entry))]
        source = self.context.source(entry)
        if source is None:
            return [Uninterpreted("entered in error or cancelled: not used", _place(entry))]
        facts: list[GenomicFact] = reader(entry.resource, source)
        return facts

    def _stain(self, gene: str, resource: Resource, source: Source) -> list[Biomarker]:
        return read_biomarkers(codes.MARKER_OF_GENE.get(gene, gene), resource, source, gene)

    def _worded_result(self, resource: Resource, source: Source) -> list[GenomicFact]:
        """A result without a code whose value is a sentence: "Gene fusion panel: ETV6::NTRK3 fusion detected"."""
        text = "; ".join(concept_text(concept) for concept in value_concepts(resource))
        several = self._listed(text, source)
        if several:
            return several
        named = genes_in_text(text, self.genes)
        if len(named) > 1 and said(text) is Presence.ABSENT and not is_structural_word(text):
            return [Tested(gene, source, True, limits([text]), text[:200]) for gene in named]
        if len(named) == 1 or pair_in_text(text, self.genes):
            return self._variant(resource, source)
        why = "a genetic result is given as a text that could not be read"
        return [Uninterpreted(why, source, gene=gene, written=text[:200]) for gene in named]

    def _listed(self, text: str, source: Source) -> list[GenomicFact]:
        """Changes listed with their genes ("KRAS G12C, TP53 R273H"), if every part of the list is just that."""
        parts = [part.strip() for part in _LIST.split(text[:600]) if part.strip()]
        facts: list[GenomicFact] = []
        for part in parts:
            gene, changes = gene_of_name(part, self.genes), named_changes(part, self.genes)
            if gene is None or len(changes) != 1:
                return []
            presence = said(part) or Presence.PRESENT
            facts.append(
                Variant(gene, presence, source, changes[0], written=part, notes=("read from a list in words",))
            )
        return facts if len(facts) > 1 else []

    def _unknown_kind(self, resource: Resource, source: Source) -> list[GenomicFact]:
        what = concept_text(resource.get("code"))[:80]
        genes: list[str | None] = [gene.symbol for gene in read_genes(Parts.of(resource), self.genes) if gene.symbol]
        why = f"a genetic result of a kind that is not read ({what or 'without a code'})"
        return [Uninterpreted(why, source, gene=gene) for gene in genes or [None]]

    def _other_kind(self, resource: Resource, source: Source) -> list[GenomicFact]:
        """Genotypes, haplotypes and overall interpretations: said to be there, not interpreted."""
        parts = Parts.of(resource)
        overall = any(c.code == codes.OVERALL_INTERPRETATION for c in codings(resource.get("code")))
        kind = "an overall interpretation of the report" if overall else "a genotype or haplotype"
        written = "; ".join(text for concept in value_concepts(resource) for text in spellings(concept))[:120]
        genes = list(dict.fromkeys(gene.symbol for gene in read_genes(parts, self.genes))) or [None]
        return [Uninterpreted(f"{kind}: not interpreted", source, gene=gene, written=written) for gene in genes]

    def _region(self, resource: Resource, source: Source) -> list[GenomicFact]:
        return list(read_region(resource, source, self.genes))

    def _variant(self, resource: Resource, source: Source) -> list[GenomicFact]:
        plain = plain_variant(resource, source, self.genes)
        return [plain] if plain is not None else self.any_variant(resource, source)

    def any_variant(self, resource: Resource, source: Source) -> list[GenomicFact]:
        """The full reader of variants, copy numbers and fusions."""
        parts = Parts.of(resource)
        genes = read_genes(parts, self.genes) if codes.GENE in parts else []
        named = read_named_tests(resource, parts, source, self.genes)
        if named:
            return list(named)
        if not genes and (test := named_test(resource, self.genes)) is not None:
            genes = [GeneRead(test.gene)]
            valued = not any(code in parts for code in _CHANGES) and read_test_value(resource, test, source, self.genes)
            if valued:
                return valued
        structural = may_be_structural(resource, parts) or self._may_be_pair(parts, genes)
        if structural and not genes and codes.GENE not in parts:
            spoken = self._gene_of_value(resource)
            genes = [GeneRead(spoken)] if spoken is not None else []
        if structural and (fusion := read_fusion(resource, parts, source, genes, self.genes)) is not None:
            return [fusion]
        if len(genes) > 1:
            genes = list(dict.fromkeys(genes))
        if structural and (copies := read_copy_number(resource, parts, source, genes)):
            return list(copies)
        if len(genes) > 1:
            return self._several_genes(resource, parts, source, genes)
        if not genes and not resource.get("component") and _worded(resource):
            listed = self._listed("; ".join(concept_text(concept) for concept in value_concepts(resource)), source)
            if listed:
                return listed
        return self._one_gene(resource, parts, source, genes[0] if genes else UNNAMED)

    def _one_gene(self, resource: Resource, parts: Parts, source: Source, gene: GeneRead) -> list[GenomicFact]:
        change = read_change(parts, gene.symbol, self.terms)
        notes: list[str] = list(gene.notes) if gene.notes else []
        by_value = None
        if not change.stated and change.exon is None and not gene.rivals and not states_presence(resource):
            by_value = self._named_by_value(resource, gene.symbol)
            change = by_value if by_value.stated or by_value.exon is not None else change
        if not change.stated and change.exon is None and not gene.rivals and (notes_given := notes_of(resource)):
            change = self._named_by_note(notes_given, gene.symbol, change)
        symbol = gene.symbol or (None if gene.rivals else change.gene)
        if symbol is None and not gene.rivals and not change.stated:
            for text in notes_of(resource):
                symbol = symbol or gene_in_text(text, self.genes)
            spoken = self._gene_of_value(resource) if symbol is None else None
            if spoken is not None:
                why = f"a {spoken} result is given as a text that could not be read"
                return [Uninterpreted(why, source, gene=spoken, written=concept_text(value_concepts(resource))[:200])]
        presence, doubts = read_presence(resource, symbol is not None or change.stated)
        if change is by_value and doubts == [UNSTATED]:
            presence, doubts = Presence.PRESENT, [NAMED]
        notes += doubts
        notes += change.notes
        if codes.REF_ALLELE in parts and parts.texts(codes.REF_ALLELE) == parts.texts(codes.ALT_ALLELE):
            presence = Presence.ABSENT
            notes.append("reference and alternative allele are the same: wild type here")
        elif (negative := _negative_words(parts, change)) is not None:
            presence = Presence.ABSENT
            notes.append(f"stated to be absent: “{negative}”")
        if gene.rivals:
            return [
                Uninterpreted(gene.notes[0], source, gene=rival, written=change.written, notes=tuple(notes[1:]))
                for rival in gene.rivals
            ]
        exon = change.exon
        if not change.stated and exon is None:
            if presence is Presence.ABSENT and symbol is not None:
                written = concept_text(resource.get("code"))
                return [Tested(symbol, source, found_nothing=True, written=written, notes=tuple(notes))]
            if symbol is None and codes.KARYOTYPE in parts:
                return [_karyotype(parts, source, presence, notes)]
            if symbol is None:
                why = "a genetic variant is reported without a gene or a change"
                return [Uninterpreted(why, source, presence=presence, written=_words(parts), notes=tuple(notes))]
        structural = symbol is None and not change.protein and not change.coding and _only_coordinates(parts, change)
        if structural:
            notes.append("a structural variant is given by its coordinates only: which genes it touches is not told")
        vaf = read_vaf(parts, notes) if codes.VAF in parts else None
        significance = stated_significance(parts)
        return [
            Variant(
                symbol,
                presence,
                source,
                change.protein,
                change.coding.text if change.coding is not None else None,
                read_origin(parts),
                significance,
                vaf,
                exon,
                change.indel,
                change.genomic,
                change.written,
                tuple(notes),
                structural,
            )
        ]

    def _may_be_pair(self, parts: Parts, genes: list[GeneRead]) -> bool:
        """Whether two genes stand joined where one should, or where the variant is named; or a translocation."""
        known = bool(genes) and all(gene.symbol in self.genes.by_symbol for gene in genes)
        slots = (codes.DISCRETE,) if known else (codes.GENE, codes.DISCRETE)
        return codes.KARYOTYPE in parts or any(is_pair(text, self.genes) for text in parts.texts_of(slots))

    def _gene_of_value(self, resource: Resource) -> str | None:
        """The one gene that a value's text names."""
        for concept in value_concepts(resource):
            symbol = gene_in_text(concept_text(concept), self.genes)
            if symbol is not None:
                return symbol
        return None

    def _named_by_value(self, resource: Resource, gene: str | None) -> ChangeRead:
        """The change that the value itself names: "KRAS p.G12C", "Exon 19 deletion detected"."""
        texts = [text for concept in value_concepts(resource) for text in spellings(concept)]
        return read_change(Parts({codes.DISCRETE: [{"valueString": text} for text in texts]}), gene, self.terms)

    def _named_by_note(self, notes: list[str], gene: str | None, change: ChangeRead) -> ChangeRead:
        """The change that a note names if it does nothing else ("BRAF V600E"), else the change as read before."""
        names = [{"valueString": text} for text in notes if _NAME.fullmatch(text)]
        named = read_change(Parts({codes.DISCRETE: names}), gene, self.terms)
        return named if named.stated else change

    def _several_genes(
        self, resource: Resource, parts: Parts, source: Source, genes: list[GeneRead]
    ) -> list[GenomicFact]:
        """A pertinent negative may list genes. A finding that lists genes is paired by transcript, else not judged."""
        presence, notes = read_presence(resource, True)
        symbols = list(dict.fromkeys(symbol for gene in genes for symbol in (gene.symbol, *gene.rivals) if symbol))
        remarks = tuple(dict.fromkeys([*notes, *(note for gene in genes for note in gene.notes)]))
        if presence is Presence.ABSENT and not any(gene.rivals for gene in genes):
            return [Tested(symbol, source, found_nothing=True, notes=remarks) for symbol in symbols]
        facts: list[GenomicFact] = []
        for text in dict.fromkeys([*parts.texts(codes.CDNA), *parts.texts(codes.GENOMIC_HGVS)]):
            gene = gene_of_accession(text, self.terms)
            if gene in symbols and "c." in text:
                alone = Parts({codes.CDNA: [{"valueString": text}]})
                change = read_change(alone, gene, self.terms)
                coding = change.coding.text if change.coding else None
                note = f"paired with {gene} by its transcript; the result lists {len(symbols)} genes"
                facts.append(
                    Variant(gene, presence, source, change.protein, coding, written=text, notes=(note, *change.notes))
                )
        paired = {fact.gene for fact in facts if isinstance(fact, Variant)}
        why = f"one result lists {len(symbols)} genes: which of them it is about cannot be judged"
        facts += [Uninterpreted(why, source, gene=symbol, notes=remarks) for symbol in symbols if symbol not in paired]
        return facts


def _karyotype(parts: Parts, source: Source, presence: Presence, notes: list[str]) -> Uninterpreted:
    """A karyotype is named; only that it is normal can be said of it, which is no finding."""
    texts = parts.texts(codes.KARYOTYPE)
    if texts and all(_NORMAL_KARYOTYPE.fullmatch(text) for text in texts) and presence is Presence.PRESENT:
        why, presence = "a normal karyotype", Presence.ABSENT
    else:
        why = "a karyotype: which genes its changes touch is not told"
    return Uninterpreted(why, source, presence=presence, written="; ".join(texts)[:200], notes=tuple(notes))


def _worded(resource: Resource) -> bool:
    return "valueString" in resource or "valueCodeableConcept" in resource


def _only_coordinates(parts: Parts, change: ChangeRead) -> bool:
    """Whether this is a structural variant: its ends are given as ranges, not its bases."""
    ranged = codes.INNER_START_END in parts or codes.OUTER_START_END in parts
    return ranged and codes.ALT_ALLELE not in parts and not has_bases(change.genomic)


def _carries_gene(resource: Resource) -> bool:
    """Whether a component or extension names a gene (asked of every Observation of a chart, so kept cheap)."""
    if "extension" in resource and codes.GENE in Parts.of(resource):
        return True
    components = resource.get("component")
    if not components:
        return False
    for component in as_list(components):
        code = component.get("code") if isinstance(component, dict) else None
        given = code.get("coding") if isinstance(code, dict) else None
        for coding in given if isinstance(given, list) else ():
            if isinstance(coding, dict) and coding.get("code") == codes.GENE:
                return True
    return False


def _negative_words(parts: Parts, change: ChangeRead) -> str | None:
    """Where a change should stand, words that there is none ("wild type", "not detected")."""
    slots = (codes.CHANGE_TYPE, codes.PROTEIN, codes.CDNA, codes.DISCRETE)
    for code in slots if change.protein is None and change.coding is None else slots[:1]:
        if code in parts:
            for text in parts.texts(code):
                if not text.startswith(("SO:", "LA")) and said(text) is Presence.ABSENT:
                    return text[:60]
    return None


def _words(parts: Parts) -> str:
    """What an Observation without gene and change says at all."""
    return "; ".join(parts.texts(codes.DISCRETE))[:200]
