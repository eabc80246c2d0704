"""From resources to genomic facts. One Observation never costs the others, and none disappears."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from cds_targets.facts.dates import When, read_when
from cds_targets.facts.genomic import (
    CopyNumber,
    CopyNumberCall,
    Fusion,
    GenomicFact,
    Presence,
    ReportStatus,
    Source,
    Specimen,
    Tested,
    Uninterpreted,
    Variant,
)
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.biomarkers import marker_of, read_biomarker
from cds_targets.fhir.genomics.parts import (
    Components,
    GeneRead,
    read_change,
    read_gene,
    read_origin,
    read_presence,
    read_significance,
    read_vaf,
    said,
    spellings,
)
from cds_targets.fhir.reading import (
    Entry,
    Resource,
    Resources,
    as_dict,
    as_list,
    as_number,
    as_text,
    codings,
    concept_text,
)
from cds_targets.terms import Terms

_VOID = frozenset({"entered-in-error", "cancelled"})
_PRELIMINARY = frozenset({"preliminary", "registered", "partial"})
_FINAL = frozenset({"final", "amended", "corrected", "appended"})


@dataclass(frozen=True, slots=True)
class GenomicsRead:
    """The facts read, and a sentence for everything of this topic that could not be read."""

    facts: list[GenomicFact] = field(default_factory=list)
    gaps: tuple[str, ...] = ()


def read_genomics(resources: Resources, terms: Terms, zone: tzinfo) -> GenomicsRead:
    """Every genomic Observation among the resources as facts."""
    reader = _Reader(resources, terms, zone)
    facts: list[GenomicFact] = []
    gaps: list[str] = []
    for entry in resources.of_type("Observation"):
        try:
            facts.extend(reader.observation(entry))
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
            gaps.append("a genomic result could not be read")
            why = "the result is malformed and could not be read"
            facts.append(Uninterpreted(why, Source(entry.reference, entry.pointer)))
    return GenomicsRead(_with_significance(facts, reader.significance), tuple(dict.fromkeys(gaps)))


def _with_significance(facts: list[GenomicFact], stated: dict[str, list[Any]]) -> list[GenomicFact]:
    """Significance stated by another Observation that is derived from the variant."""
    if not stated:
        return facts
    return [
        replace(fact, significance=read_significance(stated[fact.source.reference]))
        if isinstance(fact, Variant) and fact.source.reference in stated
        else fact
        for fact in facts
    ]


class _Reader:
    def __init__(self, resources: Resources, terms: Terms, zone: tzinfo) -> None:
        self.resources = resources
        self.terms = terms
        self.zone = zone
        self.significance: dict[str, list[Any]] = {}
        self.reports = _reports(resources)

    def observation(self, entry: Entry) -> list[GenomicFact]:
        resource = entry.resource
        found = codings(resource.get("code"))
        about = {coding.code for coding in found}
        text = concept_text(resource.get("code"))
        marker = marker_of(found, as_text(as_dict(resource.get("code")).get("text")) or text)
        gene_code = next((codes.GENE_OF_CODE[code] for code in about if code in codes.GENE_OF_CODE), None)
        if about & codes.THERAPEUTIC_IMPLICATION:
            self._implication(entry)
            return []
        variant = bool(about & codes.VARIANT_CODES)
        region = codes.REGION_STUDIED in about
        if not (variant or region or marker or gene_code or about & codes.GENOTYPE_CODES):
            if not _has_gene(resource):
                return []
            if not _genetic_text(text):
                return self._unread(entry, f"a genetic result of a kind that is not read ({text[:60]})")
        source = self.source(entry)
        if source is None:
            why = "entered in error or cancelled: not used"
            return [Uninterpreted(why, Source(entry.reference, entry.pointer), presence=Presence.UNKNOWN)]
        if marker:
            return [read_biomarker(marker, resource, source, self.terms)]
        if region:
            return self._region(resource, source)
        if about & codes.GENOTYPE_CODES:
            return []
        return self._variant(resource, source, gene_code)

    def source(self, entry: Entry) -> Source | None:
        """Where, when, how settled and from what specimen; None for results that are void."""
        resource = entry.resource
        word = as_text(resource.get("status"))
        if word in _VOID:
            return None
        status = ReportStatus.UNKNOWN
        if word in _FINAL:
            status = ReportStatus.FINAL
        elif word in _PRELIMINARY:
            status = ReportStatus.PRELIMINARY
        report = self.reports.get(entry.reference) or self.reports.get(entry.full_url)
        when = self._when(resource)
        specimen = self._specimen(resource, entry)
        if report is not None:
            void = as_text(report.resource.get("status")) in _VOID
            if void:
                return None
            if as_text(report.resource.get("status")) in _PRELIMINARY:
                status = ReportStatus.PRELIMINARY
            when = when or self._when(report.resource)
            if specimen is Specimen.UNKNOWN:
                specimen = self._specimen(report.resource, report)
        return Source(entry.reference, entry.pointer, when, status, specimen)

    def _when(self, resource: Resource) -> When | None:
        for key in ("effectiveDateTime", "effectiveInstant", "issued"):
            when = read_when(as_text(resource.get(key)), self.zone)
            if when is not None:
                return when
        period = as_dict(resource.get("effectivePeriod"))
        return read_when(as_text(period.get("end") or period.get("start")), self.zone)

    def _specimen(self, resource: Resource, entry: Entry) -> Specimen:
        words = []
        for reference in as_list(resource.get("specimen")):
            target = self.resources.resolve(reference, entry)
            words.append(as_text(as_dict(reference).get("display")))
            if target is not None:
                words.extend(spellings(target.resource.get("type")))
                words.append(concept_text(as_dict(target.resource.get("collection")).get("bodySite")))
        text = " ".join(words).casefold()
        if any(word in text for word in codes.TISSUE_WORDS):
            return Specimen.TISSUE
        return Specimen.PLASMA if any(word in text for word in codes.PLASMA_WORDS) else Specimen.UNKNOWN

    def _implication(self, entry: Entry) -> None:
        stated = Components.of(entry.resource).concepts(codes.SIGNIFICANCE)
        if stated and as_text(entry.resource.get("status")) not in _VOID:
            for reference in as_list(entry.resource.get("derivedFrom")):
                target = self.resources.resolve(reference, entry)
                if target is not None:
                    self.significance.setdefault(target.reference, []).extend(stated)

    def _unread(self, entry: Entry, why: str) -> list[GenomicFact]:
        source = self.source(entry) or Source(entry.reference, entry.pointer)
        return [Uninterpreted(why, source)]

    def _region(self, resource: Resource, source: Source) -> list[GenomicFact]:
        parts = Components.of(resource)
        genes = [read_gene(concept, self.terms) for concept in parts.concepts(codes.GENE)]
        written = "; ".join(parts.texts(codes.REGION_TEXT))[:300]
        return [Tested(g.symbol, source, written=written, notes=g.notes) for g in genes if g.symbol is not None]

    def _variant(self, resource: Resource, source: Source, gene_code: str | None) -> list[GenomicFact]:
        parts = Components.of(resource)
        genes = [read_gene(concept, self.terms) for concept in parts.concepts(codes.GENE)]
        if not genes and gene_code is not None:
            genes = [GeneRead(gene_code)]
        if not genes:
            genes = self._gene_in_text(resource)
        fusion = self._fusion(resource, parts, source)
        if fusion is not None:
            return [fusion]
        number = self._copy_number(resource, parts, source, genes)
        if number:
            return number
        identified = bool(genes) or any(parts[code] for code in (codes.PROTEIN, codes.CDNA, codes.GENOMIC_HGVS))
        presence, notes = read_presence(resource, identified or bool(parts.by_code))
        presence = _text_presence(resource, presence, notes)
        if _reference_equals_alternative(parts):
            presence = Presence.ABSENT
            notes.append("reference and alternative allele are the same: wild type")
        if len({gene.symbol for gene in genes}) > 1:
            return self._several_genes(genes, presence, source)
        gene = genes[0] if genes else GeneRead(None)
        return self._one_gene(resource, parts, source, gene, presence, notes)

    def _one_gene(
        self,
        resource: Resource,
        parts: Components,
        source: Source,
        gene: GeneRead,
        presence: Presence,
        notes: list[str],
    ) -> list[GenomicFact]:
        change = read_change(parts, gene.symbol, self.terms)
        if gene.notes:
            presence = Presence.UNKNOWN
        bare = change.protein is None and change.cdna is None and not parts[codes.GENOMIC_HGVS]
        if presence is Presence.ABSENT and bare and gene.symbol is not None:
            written = concept_text(resource.get("code"))
            return [Tested(gene.symbol, source, found_nothing=True, written=written, notes=tuple(notes))]
        vaf = read_vaf(parts, notes)
        return [
            Variant(
                gene=gene.symbol,
                presence=presence,
                source=source,
                protein=change.protein,
                cdna=change.cdna,
                origin=read_origin(parts),
                significance=read_significance(parts.concepts(codes.SIGNIFICANCE)),
                vaf=vaf,
                exon=_exon(parts),
                indel=_indel(parts, change.cdna),
                written=change.written,
                notes=(*gene.notes, *notes, *change.notes),
            )
        ]

    def _several_genes(self, genes: list[GeneRead], presence: Presence, source: Source) -> list[GenomicFact]:
        """A pertinent negative may list genes; a finding that lists genes cannot be attributed to any of them."""
        symbols = dict.fromkeys(gene.symbol for gene in genes if gene.symbol is not None)
        if presence is Presence.ABSENT:
            return [Tested(symbol, source, found_nothing=True) for symbol in symbols]
        why = "one result names several genes: which of them it is about cannot be judged"
        return [Uninterpreted(why, source, gene=symbol, presence=Presence.UNKNOWN) for symbol in symbols]

    def _gene_in_text(self, resource: Resource) -> list[GeneRead]:
        """A gene named only in the note or the text of the code (with an interpretation that speaks of it)."""
        texts = [as_text(as_dict(note).get("text")) for note in as_list(resource.get("note"))]
        texts.append(as_text(as_dict(resource.get("code")).get("text")))
        for text in texts:
            for word in text.replace(",", " ").split()[:12]:
                symbol = self.terms.genes.by_symbol.get(word)
                if symbol is not None:
                    return [GeneRead(symbol.symbol)]
        return []

    def _fusion(self, resource: Resource, parts: Components, source: Source) -> Fusion | None:
        genes: list[str] = []
        for code in (codes.FIVE_PRIME, codes.THREE_PRIME):
            for concept in parts.concepts(code):
                symbol = read_gene(concept, self.terms).symbol
                if symbol is not None:
                    genes.append(symbol)
        for text in parts.texts(codes.FUSION):
            if "::" in text and not genes:
                named = [self.terms.genes.named(word) or word for word in text.split("::")]
                genes = [name for name in named if not name.startswith("HGNC")]
        if not genes:
            stated = parts.values(codes.MOLECULAR_CONSEQUENCE) | parts.values("functional-effect")
            discrete = " ".join(parts.texts(codes.DISCRETE)).casefold()
            if not (stated & codes.FUSION_CONSEQUENCE or "fusion" in discrete or "rearrangement" in discrete):
                return None
            genes = [g.symbol for c in parts.concepts(codes.GENE) if (g := read_gene(c, self.terms)).symbol]
            if not genes:
                genes = [s for w in " ".join(parts.texts(codes.DISCRETE)).split() if (s := self.terms.genes.named(w))]
        if not genes:
            return None
        presence, notes = read_presence(resource, True)
        return Fusion(tuple(dict.fromkeys(genes)), presence, source, read_origin(parts), "::".join(genes), tuple(notes))

    def _copy_number(
        self, resource: Resource, parts: Components, source: Source, genes: list[GeneRead]
    ) -> list[GenomicFact]:
        """A copy-number call; a bare number stays without one, for no threshold is sourced."""
        copies = None
        for component in parts[codes.COPY_NUMBER]:
            copies = as_number(as_dict(component.get("valueQuantity")).get("value"))
        call = _copy_call(resource, parts)
        small = any(parts[code] for code in (codes.PROTEIN, codes.CDNA, codes.DISCRETE))
        if call is None and (copies is None or small):
            return []
        presence, notes = read_presence(resource, True)
        if call is CopyNumberCall.AMPLIFICATION and presence is Presence.UNKNOWN:
            presence, notes = Presence.PRESENT, ["amplification is stated by the interpretation"]
        if call is None:
            notes.append("a copy number without a call: no sourced threshold says whether this is an amplification")
        return [
            CopyNumber(
                gene.symbol,
                presence,
                call or CopyNumberCall.UNKNOWN,
                source,
                copies,
                read_origin(parts),
                notes=(*gene.notes, *notes),
            )
            for gene in genes
            if gene.symbol is not None
        ] or [Uninterpreted("a copy-number result names no gene that could be read", source)]


def _reports(resources: Resources) -> dict[str, Entry]:
    """The report each Observation belongs to, by its reference."""
    found: dict[str, Entry] = {}
    for entry in resources.of_type("DiagnosticReport"):
        for reference in as_list(entry.resource.get("result")):
            target = resources.resolve(reference, entry)
            if target is not None:
                found[target.reference] = entry
    return found


def _has_gene(resource: Resource) -> bool:
    components = as_list(resource.get("component"))
    return any(
        coding.code == codes.GENE
        for component in components
        if isinstance(component, dict)
        for coding in codings(component.get("code"))
    )


def _genetic_text(text: str) -> bool:
    folded = text.casefold()
    return any(word in folded for word in ("variant", "mutation", "gene", "copy number", "cnv", "fusion"))


def _text_presence(resource: Resource, presence: Presence, notes: list[str]) -> Presence:
    """Free text in components ("KRAS 12 mutation: Not Detected") against what the codes say."""
    texts = [as_text(c.get("valueString")) for c in as_list(resource.get("component")) if isinstance(c, dict)]
    signals = {signal for text in texts if (signal := said(text)) is not None}
    if signals == {Presence.ABSENT}:
        if presence is Presence.PRESENT:
            notes.append("the text says not detected although the code says present")
        return Presence.ABSENT
    return presence


def _reference_equals_alternative(parts: Components) -> bool:
    reference, alternative = parts.texts(codes.REF_ALLELE), parts.texts(codes.ALT_ALLELE)
    return bool(reference) and reference == alternative


def _exon(parts: Components) -> int | None:
    for text in parts.texts(codes.EXON):
        if text.casefold().startswith("ex"):
            digits = "".join(c if c.isdigit() else " " for c in text).split()
            if len(digits) == 1:
                return int(digits[0][:4])
    return None


def _indel(parts: Components, cdna: str | None) -> bool:
    if cdna is not None and any(word in cdna for word in ("del", "ins", "dup")):
        return True
    if parts.values(codes.CHANGE_TYPE) & codes.INDEL_TYPES:
        return True
    reference, alternative = parts.texts(codes.REF_ALLELE), parts.texts(codes.ALT_ALLELE)
    return bool(reference and alternative) and len(reference[0]) != len(alternative[0])


def _copy_call(resource: Resource, parts: Components) -> CopyNumberCall | None:
    values = set()
    for code in ("type", codes.CHANGE_TYPE, codes.MOLECULAR_CONSEQUENCE):
        values |= parts.values(code)
    values |= {c.code for c in codings(resource.get("interpretation"))}
    texts = [
        *parts.texts(codes.CHANGE_TYPE),
        *parts.texts(codes.DISCRETE),
        concept_text(resource.get("interpretation")),
    ]
    words = " ".join(texts).casefold()
    if values & codes.COPY_GAIN:
        return CopyNumberCall.GAIN
    if values & codes.AMPLIFIED or "amplification" in words or "amplified" in words:
        return CopyNumberCall.AMPLIFICATION
    if "deep deletion" in words or "homozygous deletion" in words:
        return CopyNumberCall.DELETION
    if values & codes.COPY_LOSS or "copy number loss" in words:
        return CopyNumberCall.LOSS
    return CopyNumberCall.GAIN if "copy number gain" in words or "gain" in words.split() else None
