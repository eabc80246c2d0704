"""Changes at hotspot codons, translated where the reference codon or its place in the genome is known from a source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import Field

from cds_targets.errors import ContentError, Problem
from cds_targets.terms.files import TermModel

_SUBSTITUTION = re.compile(r"c\.(\d{1,5})([ACGT])>([ACGT])")
_RUN = re.compile(r"c\.(\d{1,5})_(\d{1,5})(?:del([ACGT]*)ins|([ACGT]+)>)([ACGT]{1,3})")
_SPELT_OUT = re.compile(r"(?<=del|dup)(?:[ACGT]+|\d+)$")
_PLACE = re.compile(r"(GRCh3[78] (?:\d{1,2}|X|Y)):(\d+) ([ACGT])>([ACGT])")
_CODON = re.compile(r"([ACGTacgt]{3})(?: (\d+) (\d+))?")
_BASES = "TCAG"
_AMINO = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # the standard genetic code, TCAG order
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


class Hotspot(TermModel):
    """Codons of one gene by number; `alleles` are single coding changes with their protein change.

    A codon may name the places of its first base in GRCh37 and GRCh38 (`GGT 25398285 25245351`), on `chromosome` and
    `strand`; a base in small letters was not seen at its place. `positions` are genomic alleles (`GRCh37 12:25398285
    C>A`, 1-based, plus strand) with their protein change.
    """

    gene: str
    transcripts: tuple[str, ...] = ()
    cite: str = ""
    chromosome: str = ""
    strand: str = Field(default="+", pattern=r"[+-]")
    codons: dict[str, str] = Field(default_factory=dict)
    alleles: dict[str, str] = Field(default_factory=dict)
    positions: dict[str, str] = Field(default_factory=dict)


class HotspotFile(TermModel):
    """`hotspots.yaml`."""

    source: str
    sequences: dict[str, str] = Field(default_factory=dict)
    genes: tuple[Hotspot, ...]


class PlacedBase(NamedTuple):
    """One base of a codon, as it stands in the coding sequence."""

    gene: str
    number: int
    codon: str
    offset: int
    forward: bool


@dataclass(frozen=True, slots=True)
class Hotspots:
    """Hotspots by gene, their codons by number, and their bases and alleles by genomic position."""

    by_gene: dict[str, Hotspot]
    _codons: dict[str, dict[int, str]] = field(default_factory=dict)
    _by_transcript: dict[str, str] = field(default_factory=dict)
    _by_position: dict[tuple[str, int, str, str], tuple[str, str]] = field(default_factory=dict)
    _bases: dict[tuple[str, int], PlacedBase] = field(default_factory=dict)
    _sequences: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: HotspotFile) -> Hotspots:
        """Index the file by gene, transcript and genomic position."""
        codons: dict[str, dict[int, str]] = {}
        bases: dict[tuple[str, int], PlacedBase] = {}
        for hotspot in file.genes:
            for number, written in hotspot.codons.items():
                codon, starts = _codon(written)
                codons.setdefault(hotspot.gene, {})[int(number)] = codon.upper()
                forward = hotspot.strand == "+"
                for assembly, start in zip(("GRCh37", "GRCh38"), starts, strict=False):
                    for offset, base in enumerate(codon):
                        if base.isupper():
                            place = (f"{assembly} {hotspot.chromosome}", start + (offset if forward else -offset))
                            bases[place] = PlacedBase(hotspot.gene, int(number), codon.upper(), offset, forward)
        return cls(
            {hotspot.gene: hotspot for hotspot in file.genes},
            codons,
            {transcript: hotspot.gene for hotspot in file.genes for transcript in hotspot.transcripts},
            {
                _position(place): (hotspot.gene, protein)
                for hotspot in file.genes
                for place, protein in hotspot.positions.items()
            },
            bases,
            file.sequences,
        )

    def codon(self, gene: str, number: int) -> str | None:
        """The reference codon, None where it is not known."""
        return self._codons.get(gene, {}).get(number)

    def gene_of_transcript(self, transcript: str) -> str | None:
        """The gene of a transcript (with or without version), None if it is none of ours."""
        return self._by_transcript.get(transcript.split(".")[0])

    def at(self, sequence: str, position: int, reference: str, alternative: str) -> tuple[str, str] | None:
        """Gene and protein change of a genomic allele; None unless sequence, position and all bases agree.

        `sequence` is an accession with version (`NC_000012.11`) or `GRCh37 12`; `position` counts from 1.
        """
        where = self._sequences.get(sequence, sequence)
        return self._by_position.get((where, position, reference, alternative)) or self._in_codon(
            where, position, reference, alternative
        )

    def _in_codon(self, where: str, position: int, reference: str, alternative: str) -> tuple[str, str] | None:
        """One to three bases exchanged in one placed codon."""
        if not 0 < len(reference) == len(alternative) <= 3 or reference == alternative:
            return None
        placed = [self._bases.get((where, position + step)) for step in range(len(reference))]
        first = placed[0]
        if first is None or not set(alternative) <= set(_BASES):
            return None
        changed = list(first.codon)
        for base, before, after in zip(placed, reference, alternative, strict=True):
            if base is None or (base.gene, base.number) != (first.gene, first.number):
                return None
            if not base.forward:
                before, after = before.translate(_COMPLEMENT), after.translate(_COMPLEMENT)
            if base.codon[base.offset] != before:
                return None
            changed[base.offset] = after
        return first.gene, _exchange(first.codon, first.number, "".join(changed))

    def translate(self, gene: str, cdna: str, transcript: str = "") -> str | None:
        """The short protein change of `c.34G>T` and the like; None where it is not certain.

        None for another codon, a reference base that does not agree, or a transcript of another numbering.
        """
        hotspot = self.by_gene.get(gene)
        if hotspot is None or (transcript and transcript.split(".")[0] not in hotspot.transcripts):
            return None
        return (
            hotspot.alleles.get(_SPELT_OUT.sub("", cdna)) or hotspot.alleles.get(cdna) or self._translated(gene, cdna)
        )

    def _translated(self, gene: str, cdna: str) -> str | None:
        change = _SUBSTITUTION.fullmatch(cdna)
        if change is not None:
            first, before, after = int(change[1]), change[2], change[3]
        else:
            run = _RUN.fullmatch(cdna)
            if run is None or int(run[2]) - int(run[1]) + 1 != len(run[5]):
                return None
            first, before, after = int(run[1]), run[3] or run[4] or "", run[5]
        number, offset = (first - 1) // 3 + 1, (first - 1) % 3
        codon = self.codon(gene, number)
        if codon is None or offset + len(after) > 3:
            return None
        if before and codon[offset : offset + len(before)] != before:
            return None
        return _exchange(codon, number, codon[:offset] + after + codon[offset + len(after) :])


def _codon(written: str) -> tuple[str, tuple[int, ...]]:
    match = _CODON.fullmatch(written)
    if match is None:
        raise ContentError([Problem("cards/terms/hotspots.yaml", 1, f"{written!r} is no codon with its places")])
    return match[1], (int(match[2]), int(match[3])) if match[2] else ()


def _position(place: str) -> tuple[str, int, str, str]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ContentError([Problem("cards/terms/hotspots.yaml", 1, f"{place!r} is no genomic allele")])
    return match[1], int(match[2]), match[3], match[4]


def _exchange(codon: str, number: int, changed: str) -> str:
    old, new = _amino(codon), _amino(changed)
    return f"{old}{number}{'=' if old == new else new}"


def _amino(codon: str) -> str:
    first, second, third = (_BASES.index(base) for base in codon)
    return _AMINO[16 * first + 4 * second + third]
