"""The change of a small variant: protein, coding and genomic, from wherever the report writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cds_targets.facts.coding_change import CodingChange, find_coding
from cds_targets.facts.protein import MAX_LENGTH, ChangeKind, ProteinChange, ProteinChangeError, parse_protein
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import Parts
from cds_targets.fhir.reading import as_dict, as_number
from cds_targets.terms import Terms

_P_DOT = re.compile(r"(?<![A-Za-z])p\.\(?[^\s;,)]{1,80}\)?(?:fs[^\s;,)]{0,10})?")
_ACCESSION = re.compile(r"(?P<accession>(?:[NX][MR]_|ENST|LRG_)\d+(?:t\d+)?(?:\.\d+)?)")
_CLINVAR_GENE = re.compile(r"[NX][MR]_\d+(?:\.\d+)?\(([A-Z0-9-]{2,12})\):")
_SPDI = re.compile(r"([NX][CGT]_\d+\.\d+):(\d{1,10}):([ACGTN]*):([ACGTN]*)")
_CHROMOSOME = re.compile(r"(?:chr(?:omosome)?\s*)?(\d{1,2}|X|Y|MT?)", re.IGNORECASE)
_G_DOT = re.compile(r"^(?P<where>[^:\s]{1,40}):g\.(?P<at>\d{1,10})(?P<ref>[ACGT])>(?P<alt>[ACGT])$")
_CONSEQUENCES = (codes.AMINO_ACID_CHANGE_TYPE, codes.MOLECULAR_CONSEQUENCE, codes.FUNCTIONAL_EFFECT)
_INDEL_WORD = re.compile(r"del|ins|dup|inv|\[\d+\]")


@dataclass(frozen=True, slots=True)
class ChangeRead:
    """The change as read; `gene` is set where transcript, position or ClinVar name alone tell the gene."""

    protein: ProteinChange | None = None
    coding: CodingChange | None = None
    genomic: str | None = None
    indel: bool = False
    gene: str | None = None
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
    notes: list[str] = []
    protein, written = _protein(parts.texts(codes.PROTEIN), notes) if codes.PROTEIN in parts else (None, "")
    coding, transcript, genomic = None, "", None
    for text in parts.texts(codes.CDNA) if codes.CDNA in parts else ():
        coding = coding or find_coding(text)
        if not transcript and ":" in text:
            transcript = _accession(text)
        if protein is None and "p." in text:
            protein, written = _embedded_protein(text)
        if coding is None and _SPDI.search(text):
            genomic = text
        elif coding is None and "c." in text:
            notes.append("the coding change as written could not be read")
    for text in parts.texts(codes.GENOMIC_HGVS) if codes.GENOMIC_HGVS in parts else ():
        if "c." in text:
            coding = coding or find_coding(text)
            transcript = transcript or _accession(text)
        else:
            genomic = genomic or text
    if not transcript and codes.TRANSCRIPT in parts:
        transcript = next((found for text in parts.texts(codes.TRANSCRIPT) if (found := _accession(text))), "")
    known = gene
    if gene is None and transcript:
        known = terms.hotspots.gene_of_transcript(transcript)
        if known is not None:
            notes.append(f"no gene is named; {transcript} is a transcript of {known}")
    if codes.DISCRETE in parts and (protein is None or coding is None):
        alone = known is None and protein is None and coding is None and codes.GENE not in parts
        for text in parts.texts(codes.DISCRETE):
            if "." not in text or not (known or alone):
                continue
            if alone and (named := _CLINVAR_GENE.search(text)) and named[1] in terms.genes.by_symbol:
                known = named[1]
                notes.append("the gene is named only in the name of the variant")
            coding = coding or find_coding(text)
            transcript = transcript or _accession(text)
            if protein is None:
                protein, written = _embedded_protein(text)
    if protein is None and coding is not None and known is not None:
        protein = _translated(known, coding, transcript, terms, notes)
    if protein is None and coding is None:
        located = _from_coordinates(parts, genomic, known, terms, notes)
        if located is not None:
            protein, known = located[1], located[0]
    if genomic is None and protein is None and coding is None:
        genomic = _coordinates(parts)
    if any(code in parts for code in _CONSEQUENCES):
        protein = _with_consequence(parts, protein)
    return ChangeRead(
        protein,
        coding,
        genomic,
        _is_indel(parts, protein, coding, genomic),
        known if gene is None else None,
        written or (coding.text if coding else ""),
        tuple(dict.fromkeys(notes)) if notes else (),
    )


def _protein(texts: list[str], notes: list[str]) -> tuple[ProteinChange | None, str]:
    refused = ""
    for text in texts:
        found = parsed_protein(text)
        if isinstance(found, ProteinChange):
            return found, text
        refused = refused or found
        embedded, written = _embedded_protein(text)
        if embedded is not None:
            return embedded, written
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


def _accession(text: str) -> str:
    match = _ACCESSION.match(text)
    return match["accession"] if match else ""


def _translated(
    gene: str, coding: CodingChange, transcript: str, terms: Terms, notes: list[str]
) -> ProteinChange | None:
    short = terms.hotspots.translate(gene, coding.text, transcript)
    if short is not None:
        notes.append(f"the protein change is translated from {coding.text}")
        found = parsed_protein(short)
        return found if isinstance(found, ProteinChange) else None
    notes.append(f"{coding.text} was reported without a protein change and is not translated")
    return None


def _from_coordinates(
    parts: Parts, genomic: str | None, gene: str | None, terms: Terms, notes: list[str]
) -> tuple[str, ProteinChange] | None:
    """A known hotspot allele by genomic position, where assembly, reference and alternative base all agree."""
    for place in _places(parts, genomic):
        allele = terms.hotspots.at(*place)
        if allele is None or (gene is not None and allele[0] != gene):
            continue
        change = parsed_protein(allele[1])
        if isinstance(change, ProteinChange):
            notes.append(f"{allele[0]} {allele[1]} is recognised by its genomic position {place[0]}:{place[1]}")
            return allele[0], change
    return None


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
            where = _sequence(hgvs["where"], assembly)
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
    text = " ".join(parts.texts(codes.ASSEMBLY)).casefold()
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
    words = " ".join(text for code in _CONSEQUENCES for text in parts.texts(code)).casefold()
    if any(word in words for word in codes.SPLICE_WORDS):
        return ProteinChange("splice", ChangeKind.SPLICE)
    return protein


_INDEL_KINDS = frozenset(
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
        return protein.kind in _INDEL_KINDS
    reference, alternative = parts.texts(codes.REF_ALLELE), parts.texts(codes.ALT_ALLELE)
    if reference and alternative:
        return len(reference[0]) != len(alternative[0]) or "-" in (reference[0], alternative[0])
    if genomic is not None:
        spdi = _SPDI.search(genomic)
        if spdi is not None:
            return len(spdi[3]) != len(spdi[4])
        if _INDEL_WORD.search(genomic) or ("ins" in genomic or "del" in genomic):
            return True
    return bool(parts.values(codes.CHANGE_TYPE) & codes.INDEL_TYPES)
