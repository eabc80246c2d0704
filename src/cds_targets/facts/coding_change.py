"""Coding-DNA changes (`c.34G>T`) as an object: where they are, what they do. The numbering is the transcript's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

MAX_LENGTH = 200


class CodingKind(StrEnum):
    """What a coding change does to the sequence."""

    SUBSTITUTION = "substitution"
    DELETION = "deletion"
    INSERTION = "insertion"
    DUPLICATION = "duplication"
    DELINS = "deletion-insertion"
    INVERSION = "inversion"
    REPEAT = "repeat"
    SAME = "no change"


INDELS = frozenset(CodingKind) - {CodingKind.SUBSTITUTION, CodingKind.SAME}


@dataclass(frozen=True, slots=True)
class CodingChange:
    """`text` without accession and brackets; `first` is the first coding base, None in introns and UTRs.

    `gained`: the bases by which the coding sequence grows (negative: shrinks), None where that is not told.
    `splice_site`: it changes one of the two bases of an intron that lie next to an exon.
    """

    text: str
    kind: CodingKind
    first: int | None = None
    gained: int | None = None
    splice_site: bool = False

    @property
    def indel(self) -> bool:
        """Whether the sequence is changed by more than single bases exchanged."""
        return self.kind in INDELS

    @property
    def shifts_frame(self) -> bool:
        """Whether the reading frame is certainly lost."""
        return self.gained is not None and self.gained % 3 != 0


_POSITION = r"[-*]?\d{1,6}(?:[+-]\d{1,6})?"
_PLACE = rf"(?P<first>{_POSITION})(?:_(?P<last>{_POSITION}))?"
_CHANGES = (
    (CodingKind.SUBSTITUTION, "[ACGTN]>[ACGTN]"),
    (CodingKind.SAME, "[ACGTN]?="),
    (CodingKind.DELINS, r"del(?:[ACGTN]+|\d+)?ins(?:[ACGTN]+|\d+|\(\d+\))|[ACGTN]{2,}>[ACGTN]+|[ACGTN]+>[ACGTN]{2,}"),
    (CodingKind.DELETION, r"del(?:[ACGTN]+|\d+)?"),
    (CodingKind.DUPLICATION, r"dup(?:[ACGTN]+|\d+)?"),
    (CodingKind.INSERTION, r"ins(?:[ACGTN]+|\d+|\(\d+\)|[A-Z]{2}_?\d+\.\d+:[\w.:]{1,60})"),
    (CodingKind.INVERSION, r"inv(?:[ACGTN]+|\d+)?"),
    (CodingKind.REPEAT, r"[ACGTN]*\[\d{1,5}\]"),
)
_ORDER = tuple(kind for kind, _ in _CHANGES)
_GRAMMAR = re.compile(_PLACE + "(?:" + "|".join(f"(?P<k{i}>{form})" for i, (_, form) in enumerate(_CHANGES)) + ")")
_EXCHANGES = frozenset({CodingKind.SUBSTITUTION, CodingKind.DELETION, CodingKind.DELINS})
_SPLICE_SITE = re.compile(r"\d+[+-][12]")
_NEW = re.compile(r"(?:ins|>)(?:([ACGTN]+)|\(?(\d+)\)?)$")
_FIND = re.compile(r"(?<![A-Za-z])c\.\s?([(\[]?[-*+\d_A-Za-z>=?.:]+[\d\]]?[)\]]?(?:\[\d{1,5}\])?)")


@lru_cache(maxsize=8192)
def find_coding(text: str) -> CodingChange | None:
    """The first coding change written in `text` (with or without accession and brackets), None if there is none."""
    if len(text) > MAX_LENGTH or "c." not in text:
        return None
    written = _FIND.search(text)
    if written is None:
        return None
    bare = written[1].strip("()")
    match = _GRAMMAR.fullmatch(bare)
    if match is None:
        return None
    kind = _ORDER[next(i for i in range(len(_ORDER)) if match[f"k{i}"] is not None)]
    first, last = match["first"], match["last"] or match["first"]
    coding = first.isdigit() and last.isdigit()
    gained = _gained(kind, int(last) - int(first) + 1, match[0]) if coding else None
    splice_site = kind in _EXCHANGES and any(_SPLICE_SITE.fullmatch(place) for place in (first, last))
    return CodingChange("c." + bare, kind, int(first) if first.isdigit() else None, gained, splice_site)


def _gained(kind: CodingKind, length: int, written: str) -> int | None:
    """The bases gained by a change of `length` bases within the coding sequence."""
    if kind is CodingKind.DELETION:
        return -length
    if kind is CodingKind.DUPLICATION:
        return length
    new = _NEW.search(written)
    if kind not in (CodingKind.INSERTION, CodingKind.DELINS) or new is None:
        return 0 if kind in (CodingKind.SUBSTITUTION, CodingKind.SAME, CodingKind.INVERSION) else None
    bases = int(new[2]) if new[2] else len(new[1])
    return bases if kind is CodingKind.INSERTION else bases - length
