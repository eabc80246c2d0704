"""Protein changes as an object: what `p.Gly12Cys`, `G12C` and `p.(Gly12Cys)` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """What a change does to the protein."""

    MISSENSE = "missense"
    NONSENSE = "nonsense"
    FRAMESHIFT = "frameshift"
    SPLICE = "splice"
    START_LOST = "start-lost"
    STOP_LOST = "stop-lost"
    INFRAME_DELETION = "in-frame deletion"
    INFRAME_INSERTION = "in-frame insertion"
    INFRAME_DELINS = "in-frame deletion-insertion"
    SYNONYMOUS = "synonymous"
    OTHER = "other"


TRUNCATING = frozenset({ChangeKind.NONSENSE, ChangeKind.FRAMESHIFT, ChangeKind.SPLICE, ChangeKind.START_LOST})


@dataclass(frozen=True, slots=True)
class ProteinChange:
    """One protein change in its short form: one-letter amino acids, `*` for stop, no accession, no `p.`."""

    text: str
    kind: ChangeKind
    reference: str | None = None
    position: int | None = None
    end: int | None = None
    alternative: str | None = None

    @property
    def truncating(self) -> bool:
        """Whether the product is cut short or not made (stop, frameshift, splice site, start lost)."""
        return self.kind in TRUNCATING
