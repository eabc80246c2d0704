"""The change of a small variant: protein, coding and genomic, from wherever the report writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cds_targets.facts.coding_change import CodingChange, find_coding
from cds_targets.facts.protein import MAX_LENGTH, ChangeKind, ProteinChange, ProteinChangeError, parse_protein
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.gene import gene_in_text
from cds_targets.fhir.genomics.parts import Parts
from cds_targets.fhir.reading import as_dict, as_number
from cds_targets.terms import Terms
from cds_targets.terms.genes import Genes

_P_DOT = re.compile(r"(?<![A-Za-z])p\.\(?[^\s;,)]{1,80}\)?(?:fs[^\s;,)]{0,10})?")
_ACCESSION = re.compile(r"(?P<accession>(?:[NX][MR]_|ENST|LRG_)\d+(?:t\d+)?(?:\.\d+)?)")
_CLINVAR_GENE = re.compile(r"[NX][MR]_\d+(?:\.\d+)?\(([A-Z0-9-]{2,12})\):")
_LEADING_GENE = re.compile(r"([A-Z][A-Z0-9-]{1,11})[ :]+(?=[(pc]|[A-Z]\d)")
_SPDI = re.compile(r"([NX][CGT]_\d+\.\d+):(\d{1,10}):([ACGTN]*):([ACGTN]*)")
_SPDI_LIKE = re.compile(r"[NX][CGTW]_\d+(?:\.\d+)?:\d{1,10}:")
_CHROMOSOME = re.compile(r"(?:chr(?:omosome)?\s*)?(\d{1,2}|X|Y|MT?)", re.IGNORECASE)
_G_DOT = re.compile(
    r"^(?P<where>[^:\s(]{1,40})(?:\((?P<assembly>[^)]{1,12})\))?:g\.(?P<at>\d{1,10})(?P<ref>[ACGT])>(?P<alt>[ACGT])$"
)
_EXON = re.compile(
    r"(?:\b|(?-i:(?<=[A-Z]{3})))ex(?:on)?s?[.\s#-]{0,3}(\d{1,3})(?!\d|\s{0,3}(?:[-–,/]|to|bis|and|und)\s{0,3}\d)[\s-]{0,3}"
    r"(?:in-?frame[\s-])?(del|ins|dup|indel)?",
    re.IGNORECASE,
)
_OF_EXON = re.compile(
    r"\b(?:del|ins|dup|indel)\w{0,10}(?: mutation)?(?: (?:in|of|im|within))? ex(?:on)?\s?#?(\d{1,3})\b", re.IGNORECASE
)
_SHORT = re.compile(
    r"(?<![\w.:-])([A-Z]\d{1,5}(?:[A-Z*]|del|dup|fs(?:\*?\d{0,4})?|_[A-Z]\d{1,5}(?:del|dup|ins|delins)[A-Z]{0,20}))(?![\w-])"
)
_INDEL_NAMED = re.compile(r"\b(?:deletion|insertion|duplication|indel|delins)", re.IGNORECASE)
_CONSEQUENCES = frozenset({codes.AMINO_ACID_CHANGE_TYPE, codes.MOLECULAR_CONSEQUENCE, codes.FUNCTIONAL_EFFECT})
_INDEL_WORD = re.compile(r"del|ins|dup|inv|\[\d+\]")


@dataclass(slots=True)
class ChangeRead:
    """The change as read; `gene` is set where transcript, position or ClinVar name alone tell the gene."""

    protein: ProteinChange | None = None
    coding: CodingChange | None = None
    genomic: str | None = None
    indel: bool = False
    gene: str | None = None
    exon: int | None = None
    written: str = ""
    notes: tuple[str, ...] = ()

    @property
    def stated(self) -> bool:
        """Whether any change is stated."""
        return self.protein is not None or self.coding is not None or self.genomic is not None


@lru_cache(maxsize=8192)
def parsed_protein(text: str) -> ProteinChange | str:
    """The protein change of a text, or the reason why it is none."""
    try:
        return parse_protein(text)
    except ProteinChangeError as error:
        return str(error)


def read_change(parts: Parts, gene: str | None, terms: Terms) -> ChangeRead:
    """Protein and coding change from their components, else from the discrete-variant name, else from coordinates."""
    reading = _Reading(gene, terms)
    if codes.PROTEIN in parts:
        reading.protein, reading.written = _protein(parts.texts(codes.PROTEIN), reading.notes)
    if codes.CDNA in parts:
        reading.from_coding(parts.texts(codes.CDNA))
    if codes.GENOMIC_HGVS in parts:
        reading.from_genomic(parts.texts(codes.GENOMIC_HGVS))
    needed = reading.protein is None or gene is None
    if needed and not reading.transcript and codes.TRANSCRIPT in parts:
        texts = parts.texts(codes.TRANSCRIPT)
        reading.transcript = next((found for text in texts if (found := _accession(text))), "")
    reading.know_gene_by_transcript()
    if codes.DISCRETE in parts and (reading.protein is None or reading.coding is None):
        reading.from_name(parts.texts(codes.DISCRETE), codes.GENE in parts)
    reading.translate()
    if reading.protein is None and reading.coding is None:
        reading.locate(parts)
    if parts.any_of(_CONSEQUENCES):
        reading.protein = _with_consequence(parts, reading.protein)
    if reading.protein is None and reading.coding is None:
        reading.from_exon(parts)
    coding = reading.coding
    return ChangeRead(
        reading.protein,
        coding,
        reading.genomic,
        reading.indel or _is_indel(parts, reading.protein, coding, reading.genomic),
        reading.gene if gene is None else None,
        reading.exon,
        reading.written or (coding.text if coding is not None else ""),
        tuple(dict.fromkeys(reading.notes)) if reading.notes else (),
    )


class _Reading:
    """What is known so far of one change; each step adds what the ones before did not find."""

    __slots__ = ("coding", "exon", "gene", "genomic", "indel", "notes", "protein", "terms", "transcript", "written")

    def __init__(self, gene: str | None, terms: Terms) -> None:
        self.gene = gene
        self.terms = terms
        self.protein: ProteinChange | None = None
        self.coding: CodingChange | None = None
        self.genomic: str | None = None
        self.exon: int | None = None
        self.indel = False
        self.transcript = ""
        self.written = ""
        self.notes: list[str] = []

    def from_coding(self, texts: list[str]) -> None:
        """The coding slot: `c.` with or without accession, SPDI put there by mistake, a `p.` behind the `c.`."""
        for text in texts:
            self.coding = self.coding or find_coding(text)
            if not self.transcript and ":" in text:
                self.transcript = _accession(text)
            if self.protein is None and "p." in text:
                self.protein, self.written = _embedded_protein(text)
            if self.coding is None and _SPDI_LIKE.match(text):
                self.genomic = text
            elif self.coding is None and "c." in text:
                self.notes.append("the coding change as written could not be read")

    def from_genomic(self, texts: list[str]) -> None:
        """The genomic slot, where a `c.` may stand by mistake."""
        for text in texts:
            if "c." in text:
                self.coding = self.coding or find_coding(text)
                self.transcript = self.transcript or _accession(text)
            else:
                self.genomic = self.genomic or text

    def from_exon(self, parts: Parts) -> None:
        """Words instead of a change: "exon 19 deletion", "Exon #15", "codon 12"."""
        for code in (codes.PROTEIN, codes.DISCRETE, codes.EXON):
            for text in parts.texts(code):
                found = exon_in(text if code != codes.EXON or not text.isdigit() else f"exon {text}")
                if found is not None and self.exon is None:
                    self.exon, self.indel = found
                    self.written = self.written or text[:MAX_LENGTH]
                codon = parsed_protein(text) if code == codes.EXON and "odon" in text else None
                if isinstance(codon, ProteinChange):
                    self.protein = codon

    def know_gene_by_transcript(self) -> None:
        """A transcript of one of the hotspot genes names its gene."""
        if self.gene is None and self.transcript:
            self.gene = self.terms.hotspots.gene_of_transcript(self.transcript)
            if self.gene is not None:
                self.notes.append(f"no gene is named; {self.transcript} is a transcript of {self.gene}")

    def from_name(self, texts: list[str], gene_given: bool) -> None:
        """The name of a discrete variant (ClinVar): used for a known gene, or where nothing else is said."""
        alone = self.gene is None and self.protein is None and self.coding is None and not gene_given
        for text in texts:
            if _SPDI_LIKE.match(text):
                self.genomic = self.genomic or text
                continue
            if not (self.gene or alone):
                continue
            if alone and self.gene is None:
                self.gene = gene_of_name(text, self.terms.genes)
                if self.gene is not None:
                    self.notes.append("the gene is named only in the name of the variant")
            found = find_coding(text) if self.coding is None else None
            if found is not None and not same_codon(found, self.protein):
                self.notes.append(f"{found.text} lies in another codon than the protein change and is not used")
                continue
            self.coding = self.coding or found
            self.transcript = self.transcript or _accession(text)
            if self.protein is None:
                self.protein, self.written = _embedded_protein(text)
            if self.protein is None and self.gene is not None:
                short = short_changes(text, self.terms.genes)
                if len(short) == 1:
                    self.protein, self.written = short[0], text[:MAX_LENGTH]
                elif short:
                    self.notes.append(f"several protein changes are named: {', '.join(c.text for c in short[:6])}")

    def translate(self) -> None:
        """The protein change of a hotspot from the coding change; a check of the codon where both are given."""
        if self.coding is None:
            return
        if self.protein is not None:
            if not same_codon(self.coding, self.protein):
                self.notes.append(
                    f"{self.coding.text} does not lie in the codon of {self.protein.text}: numbered on different"
                    " transcripts?"
                )
            return
        short = self.terms.hotspots.translate(self.gene, self.coding.text, self.transcript) if self.gene else None
        if short is not None:
            self.notes.append(f"the protein change is translated from {self.coding.text}")
            found = parsed_protein(short)
            self.protein = found if isinstance(found, ProteinChange) else None
        elif self.coding.splice_site:
            self.notes.append(f"{self.coding.text} was reported without a protein change; it changes a splice site")
            self.protein = ProteinChange("splice", ChangeKind.SPLICE)
        elif self.coding.shifts_frame:
            self.notes.append(f"{self.coding.text} was reported without a protein change; it shifts the reading frame")
            self.protein = ProteinChange("frameshift", ChangeKind.FRAMESHIFT)
        elif self.gene is not None:
            self.notes.append(f"{self.coding.text} was reported without a protein change and is not translated")

    def locate(self, parts: Parts) -> None:
        """A hotspot allele by genomic position, where sequence, reference and alternative base all agree."""
        for place in _places(parts, self.genomic):
            allele = self.terms.hotspots.at(*place)
            if allele is None or (self.gene is not None and allele[0] != self.gene):
                continue
            change = parsed_protein(allele[1])
            if isinstance(change, ProteinChange):
                self.gene, self.protein = allele[0], change
                self.notes.append(f"{allele[0]} {allele[1]} is recognised by its position {place[0]}:{place[1]}")
                break
        self.genomic = self.genomic or _coordinates(parts)


def exon_in(text: str) -> tuple[int, bool] | None:
    """The one exon a text names, and whether it says that bases are gained or lost there: "exon 19 deletion"."""
    match = _EXON.search(text[:200])
    if match is None:
        return None
    return int(match[1]), match[2] is not None or _OF_EXON.search(text[:200]) is not None


def short_changes(text: str, genes: Genes) -> list[ProteinChange]:
    """The protein changes written in short form in a text that speaks of one gene: "L858R and T790M"."""
    found = {}
    for match in _SHORT.finditer(text[:MAX_LENGTH]):
        change = parsed_protein(match[1])
        if isinstance(change, ProteinChange) and genes.named(match[1]) is None:
            found[change.text] = change
    return list(found.values())


def named_changes(text: str, genes: Genes) -> list[ProteinChange]:
    """The protein changes of a text that speaks of one gene, in whatever form they are written."""
    short = short_changes(text, genes)
    embedded = None if short else _embedded_protein(text)[0]
    return short if embedded is None else [embedded]


def has_bases(genomic: str | None) -> bool:
    """Whether a change at genome level tells the bases exchanged."""
    spdi = _SPDI.fullmatch(genomic) if genomic is not None else None
    return spdi is not None and bool(spdi[3] or spdi[4])


def gene_of_name(text: str, genes: Genes) -> str | None:
    """The gene that the name of a variant tells: `NM_004985.5(KRAS):c.34G>T`, "MET p.T1010I", "p.G12C in KRAS"."""
    clinvar = _CLINVAR_GENE.search(text)
    if clinvar is not None:
        return clinvar[1] if clinvar[1] in genes.by_symbol else None
    leading = _LEADING_GENE.match(text)
    first = genes.named(leading[1]) if leading is not None else None
    return first if first is not None else gene_in_text(text, genes)


def gene_of_accession(text: str, terms: Terms) -> str | None:
    """The gene that a change's own accession tells: `NM_005157.6(ABL1):c...`, or a transcript of a known gene."""
    named = _CLINVAR_GENE.search(text)
    if named is not None and named[1] in terms.genes.by_symbol:
        return named[1]
    return terms.hotspots.gene_of_transcript(text.split(":")[0]) if ":" in text else None


def _protein(texts: list[str], notes: list[str]) -> tuple[ProteinChange | None, str]:
    refused = ""
    read: dict[str, tuple[ProteinChange, str]] = {}
    for text in texts:
        found = parsed_protein(text)
        if isinstance(found, ProteinChange):
            read.setdefault(found.text, (found, text))
            continue
        refused = refused or found
        embedded, written = _embedded_protein(text)
        if embedded is not None:
            read.setdefault(embedded.text, (embedded, written))
    if len(read) == 1:
        return next(iter(read.values()))
    if read:
        notes.append(f"the result names different protein changes: {', '.join(list(read)[:6])}")
        return None, "; ".join(texts)[:MAX_LENGTH]
    if refused:
        notes.append(f"the protein change as written could not be read: {refused}")
    return None, texts[0][:MAX_LENGTH] if texts else ""


def _embedded_protein(text: str) -> tuple[ProteinChange | None, str]:
    """A protein change inside a longer text, if there is exactly one."""
    if len(text) > 400:
        return None, ""
    found = {}
    for match in _P_DOT.finditer(text):
        change = parsed_protein(match[0])
        if isinstance(change, ProteinChange):
            found[change.text] = change
    return (next(iter(found.values())), text[:MAX_LENGTH]) if len(found) == 1 else (None, "")


def same_codon(coding: CodingChange, protein: ProteinChange | None) -> bool:
    """Whether a single-base change and a one-residue change name the same codon (or cannot be compared)."""
    if protein is None or protein.position is None or protein.end is not None or coding.first is None or coding.indel:
        return True
    return (coding.first - 1) // 3 + 1 == protein.position


def _accession(text: str) -> str:
    match = _ACCESSION.match(text)
    return match["accession"] if match else ""


def _places(parts: Parts, genomic: str | None) -> list[tuple[str, int, str, str]]:
    """Sequence (accession, or `GRCh37 7`), 1-based position, reference and alternative base."""
    found = []
    assembly = _assembly(parts)
    if genomic is not None:
        spdi = _SPDI.search(genomic)
        if spdi and spdi[3] and spdi[4]:
            # SPDI counts from 0; writers of this slot often give the 1-based VCF position. Both are tried, and the
            # reference base must agree with the table, so that at most one can match a hotspot.
            found += [(spdi[1], int(spdi[2]) + 1, spdi[3], spdi[4]), (spdi[1], int(spdi[2]), spdi[3], spdi[4])]
        hgvs = _G_DOT.match(genomic)
        if hgvs:
            where = _sequence(hgvs["where"], _assembly_in(hgvs["assembly"]) if hgvs["assembly"] else assembly)
            found.append((where, int(hgvs["at"]), hgvs["ref"], hgvs["alt"]))
    start = _start(parts)
    reference, alternative = parts.texts(codes.REF_ALLELE), parts.texts(codes.ALT_ALLELE)
    if start is not None and reference and alternative:
        zero = bool(parts.values(codes.COORDINATES) & codes.ZERO_BASED)
        stated = bool(parts.values(codes.COORDINATES))
        for name in (*parts.texts(codes.REFERENCE_SEQUENCE), *parts.texts(codes.CHROMOSOME)):
            where = _sequence(name, assembly)
            if where and stated:
                found.append((where, start + 1 if zero else start, reference[0], alternative[0]))
    return found


def _sequence(name: str, assembly: str) -> str:
    if name.startswith("NC_"):
        return name
    number = _CHROMOSOME.fullmatch(name.strip())
    return f"{assembly} {number[1].upper()}" if number and assembly else ""


def _assembly(parts: Parts) -> str:
    return _assembly_in(" ".join(parts.texts(codes.ASSEMBLY)))


def _assembly_in(words: str) -> str:
    text = words.casefold()
    old, new = "37" in text or "hg19" in text, "38" in text
    return "" if old == new else "GRCh37" if old else "GRCh38"


def _start(parts: Parts) -> int | None:
    for code in (codes.START, codes.EXACT_START_END):
        for component in parts[code]:
            low = as_number(as_dict(as_dict(component.get("valueRange")).get("low")).get("value"))
            if low is not None and 0 <= low < 1e10:
                return int(low)
    return None


def _coordinates(parts: Parts) -> str | None:
    """The change as coordinates and alleles, if that is how it is reported."""
    if codes.ALT_ALLELE not in parts and codes.REF_ALLELE not in parts and codes.START not in parts:
        return None
    where = next(iter(parts.texts(codes.REFERENCE_SEQUENCE)), "") or next(iter(parts.texts(codes.CHROMOSOME)), "")
    reference = next(iter(parts.texts(codes.REF_ALLELE)), "")
    alternative = next(iter(parts.texts(codes.ALT_ALLELE)), "")
    start = _start(parts)
    if not (reference or alternative):
        return None
    return f"{where}:{'' if start is None else start} {reference[:60]}>{alternative[:60]}".strip(": ")


def _with_consequence(parts: Parts, protein: ProteinChange | None) -> ProteinChange | None:
    """A splice-site consequence stated beside an unreadable or missing protein change ("p.?")."""
    if protein is not None and protein.kind is not ChangeKind.OTHER:
        return protein
    words = " ".join(text for code in sorted(_CONSEQUENCES) for text in parts.texts(code)).casefold()
    if any(word in words for word in codes.SPLICE_WORDS):
        return ProteinChange("splice", ChangeKind.SPLICE)
    return protein


INDEL_KINDS = frozenset(
    {
        ChangeKind.FRAMESHIFT,
        ChangeKind.INFRAME_DELETION,
        ChangeKind.INFRAME_INSERTION,
        ChangeKind.INFRAME_DELINS,
    }
)


def _is_indel(parts: Parts, protein: ProteinChange | None, coding: CodingChange | None, genomic: str | None) -> bool:
    if coding is not None:
        return coding.indel
    if protein is not None and protein.position is not None:
        return protein.kind in INDEL_KINDS
    reference, alternative = parts.texts(codes.REF_ALLELE), parts.texts(codes.ALT_ALLELE)
    if reference and alternative:
        return len(reference[0]) != len(alternative[0]) or "-" in (reference[0], alternative[0])
    if genomic is not None:
        spdi = _SPDI.search(genomic)
        if spdi is not None:
            return len(spdi[3]) != len(spdi[4])
        if _INDEL_WORD.search(genomic) or ("ins" in genomic or "del" in genomic):
            return True
    return any(text in codes.INDEL_TYPES or _INDEL_NAMED.match(text) for text in parts.texts(codes.CHANGE_TYPE))
