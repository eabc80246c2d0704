"""Coding changes at hotspot codons, translated where the reference codon is known from a cited source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import Field

from cds_targets.errors import ContentError, Problem
from cds_targets.terms.files import TermModel

_SUBSTITUTION = re.compile(r"c\.(\d{1,5})([ACGT])>([ACGT])")
_RUN = re.compile(r"c\.(\d{1,5})_(\d{1,5})(?:del([ACGT]*)ins|([ACGT]+)>)([ACGT]{1,3})")
_PLACE = re.compile(r"(GRCh3[78] (?:\d{1,2}|X|Y)):(\d+) ([ACGT])>([ACGT])")
_BASES = "TCAG"
_AMINO = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # the standard genetic code, TCAG order


class Hotspot(TermModel):
    """Codons of one gene by number; `alleles` are single coding changes with their protein change.

    `positions` are genomic alleles (`GRCh37 12:25398285 C>A`, 1-based, plus strand) with their protein change.
    """

    gene: str
    transcripts: tuple[str, ...] = ()
    cite: str
    codons: dict[str, str] = Field(default_factory=dict)
    alleles: dict[str, str] = Field(default_factory=dict)
    positions: dict[str, str] = Field(default_factory=dict)


class HotspotFile(TermModel):
    """`hotspots.yaml`."""

    source: str
    sequences: dict[str, str] = Field(default_factory=dict)
    genes: tuple[Hotspot, ...]


@dataclass(frozen=True, slots=True)
class Hotspots:
    """Hotspots by gene."""

    by_gene: dict[str, Hotspot]
    _by_transcript: dict[str, str] = field(default_factory=dict)
    _by_position: dict[tuple[str, int, str, str], tuple[str, str]] = field(default_factory=dict)
    _sequences: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: HotspotFile) -> Hotspots:
        """Index the file by gene, transcript and genomic position."""
        return cls(
            {hotspot.gene: hotspot for hotspot in file.genes},
            {transcript: hotspot.gene for hotspot in file.genes for transcript in hotspot.transcripts},
            {
                _position(place): (hotspot.gene, protein)
                for hotspot in file.genes
                for place, protein in hotspot.positions.items()
            },
            file.sequences,
        )

    def gene_of_transcript(self, transcript: str) -> str | None:
        """The gene of a transcript (with or without version), None if it is none of ours."""
        return self._by_transcript.get(transcript.split(".")[0])

    def at(self, sequence: str, position: int, reference: str, alternative: str) -> tuple[str, str] | None:
        """Gene and protein change of a genomic allele; None unless sequence, position and both bases agree.

        `sequence` is an accession with version (`NC_000012.11`) or `GRCh37 12`; `position` counts from 1.
        """
        return self._by_position.get((self._sequences.get(sequence, sequence), position, reference, alternative))

    def translate(self, gene: str, cdna: str, transcript: str = "") -> str | None:
        """The short protein change of `c.34G>T` and the like; None where it is not certain.

        None for another codon, a reference base that does not agree, or a transcript of another numbering.
        """
        hotspot = self.by_gene.get(gene)
        if hotspot is None:
            return None
        if transcript and transcript.split(".")[0] not in hotspot.transcripts:
            return None
        return hotspot.alleles.get(cdna) or _translated(hotspot, cdna)


def _position(place: str) -> tuple[str, int, str, str]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ContentError([Problem("cards/terms/hotspots.yaml", 1, f"{place!r} is no genomic allele")])
    return match[1], int(match[2]), match[3], match[4]


def _translated(hotspot: Hotspot, cdna: str) -> str | None:
    change = _SUBSTITUTION.fullmatch(cdna)
    if change is not None:
        first, before, after = int(change[1]), change[2], change[3]
    else:
        run = _RUN.fullmatch(cdna)
        if run is None or int(run[2]) - int(run[1]) + 1 != len(run[5]):
            return None
        first, before, after = int(run[1]), run[3] or run[4] or "", run[5]
    number, offset = (first - 1) // 3 + 1, (first - 1) % 3
    codon = hotspot.codons.get(str(number))
    if codon is None or offset + len(after) > 3:
        return None
    if before and codon[offset : offset + len(before)] != before:
        return None
    changed = codon[:offset] + after + codon[offset + len(after) :]
    old, new = _amino(codon), _amino(changed)
    return f"{old}{number}{'=' if old == new else new}"


def _amino(codon: str) -> str:
    first, second, third = (_BASES.index(base) for base in codon)
    return _AMINO[16 * first + 4 * second + third]
