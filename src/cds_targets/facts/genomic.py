"""What a tumour report may say: variants, copy number, fusions, biomarkers, and what was tested.

Every fact keeps where it came from and how it was written. Presence has three values: a report that does not
say is not a report that says no. `Source` and `Variant` are NamedTuples because panels bring hundreds of them, and a
frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cds_targets.facts.dates import When
from cds_targets.facts.protein import ProteinChange


class Presence(StrEnum):
    """Whether the finding is there."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where the change arose; never assumed somatic by default."""

    SOMATIC = "somatic"
    GERMLINE = "germline"
    UNKNOWN = "unknown"


class Specimen(StrEnum):
    """What was tested."""

    TISSUE = "tissue"
    PLASMA = "plasma"
    UNKNOWN = "unknown"


class ReportStatus(StrEnum):
    """How settled the report is. Entered-in-error and cancelled reports are never facts (a note remains)."""

    FINAL = "final"
    PRELIMINARY = "preliminary"
    UNKNOWN = "unknown"


class Significance(StrEnum):
    """Significance as the laboratory reported it."""

    PATHOGENIC = "pathogenic"
    UNCERTAIN = "uncertain"
    BENIGN = "benign"
    UNSTATED = "unstated"


class CopyNumberCall(StrEnum):
    """A copy-number call as reported, or read from a number above a sourced threshold."""

    AMPLIFICATION = "amplification"
    GAIN = "gain"
    LOSS = "loss"
    DELETION = "deletion"
    NEUTRAL = "neutral"
    UNKNOWN = "unknown"


class Source(NamedTuple):
    """Where a fact stands: `Type/id` (else the JSON pointer), its pointer, date and status."""

    reference: str
    pointer: str = ""
    when: When | None = None
    status: ReportStatus = ReportStatus.FINAL
    specimen: Specimen = Specimen.UNKNOWN


class Variant(NamedTuple):
    """A small variant in one gene (`gene` is the current HGNC symbol; None when the report names none).

    `vaf` is a fraction from 0 to 1. `exon` is the exon number if reported. `genomic` is the change at genome level as
    written, where that was reported. `structural` is a large change of which only the coordinates are told.
    `notes` say every repair and doubt.
    """

    gene: str | None
    presence: Presence
    source: Source
    protein: ProteinChange | None = None
    cdna: str | None = None
    origin: Origin = Origin.UNKNOWN
    significance: Significance = Significance.UNSTATED
    vaf: float | None = None
    exon: int | None = None
    indel: bool = False
    genomic: str | None = None
    written: str = ""
    notes: tuple[str, ...] = ()
    structural: bool = False

    @property
    def names_change(self) -> bool:
        """Whether it is about one change or place. The absence of such a one says nothing of the rest of the gene."""
        return not (self.protein is None and self.cdna is None and self.genomic is None and self.exon is None)


@dataclass(frozen=True, slots=True)
class CopyNumber:
    """A copy-number finding; `gene` is None where none is named, `copies` the absolute number if one was reported."""

    gene: str | None
    presence: Presence
    call: CopyNumberCall
    source: Source
    copies: float | None = None
    origin: Origin = Origin.UNKNOWN
    vaf: float | None = None
    written: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fusion:
    """A rearrangement; `genes` in 5'-3' order where known, one gene if the partner was not reported."""

    genes: tuple[str, ...]
    presence: Presence
    source: Source
    origin: Origin = Origin.UNKNOWN
    written: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Biomarker:
    """A tumour marker that is no single gene change.

    `marker` is one of MSI, TMB, HRD, PD-L1 TPS, PD-L1 CPS, PD-L1, HER2, ER, PR, TTF-1 or another term of `labs`;
    `call` its category in the field's words (`MSI-H`, `MSS`, `positive`, `negative`, `3+`, `low` ...);
    `value` a number in `unit` (TMB: mutations per megabase; TPS: percent).
    """

    marker: str
    presence: Presence
    source: Source
    call: str | None = None
    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    gene: str | None = None
    written: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """A gene that was looked at: which kinds of change, and which codons if the test covered only some.

    `found_nothing` is True only where the report says so explicitly (absent, wild type); a tested region alone
    says nothing about what was found. `codons` empty means the whole coding region as far as stated; codon 0
    alone: a part of the gene that was not told in codons.
    """

    gene: str
    source: Source
    found_nothing: bool = False
    codons: frozenset[int] = frozenset()
    written: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uninterpreted:
    """Something reported that could not be read as any of the above; `why` is a clinician's sentence."""

    why: str
    source: Source
    gene: str | None = None
    presence: Presence = Presence.UNKNOWN
    written: str = ""
    notes: tuple[str, ...] = ()


GenomicFact = Variant | CopyNumber | Fusion | Biomarker | Tested | Uninterpreted


@dataclass(frozen=True, slots=True)
class Genomics:
    """All genomic facts of a patient by kind, with an index by gene built once."""

    variants: tuple[Variant, ...] = ()
    copy_numbers: tuple[CopyNumber, ...] = ()
    fusions: tuple[Fusion, ...] = ()
    biomarkers: tuple[Biomarker, ...] = ()
    tested: tuple[Tested, ...] = ()
    uninterpreted: tuple[Uninterpreted, ...] = ()
    by_gene: dict[str, tuple[GenomicFact, ...]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, facts: list[GenomicFact]) -> Genomics:
        """Sort facts by kind and index them by gene."""
        index: dict[str, list[GenomicFact]] = {}
        for fact in facts:
            genes = fact.genes if isinstance(fact, Fusion) else (fact.gene,)
            for gene in dict.fromkeys(genes):
                if gene is not None:
                    index.setdefault(gene, []).append(fact)
        return cls(
            variants=tuple(f for f in facts if isinstance(f, Variant)),
            copy_numbers=tuple(f for f in facts if isinstance(f, CopyNumber)),
            fusions=tuple(f for f in facts if isinstance(f, Fusion)),
            biomarkers=tuple(f for f in facts if isinstance(f, Biomarker)),
            tested=tuple(f for f in facts if isinstance(f, Tested)),
            uninterpreted=tuple(f for f in facts if isinstance(f, Uninterpreted)),
            by_gene={gene: tuple(found) for gene, found in index.items()},
        )
