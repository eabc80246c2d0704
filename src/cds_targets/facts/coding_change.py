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
    """`text` without accession and brackets; `first` is the first coding base, None in introns and UTRs."""

    text: str
    kind: CodingKind
    first: int | None = None

    @property
    def indel(self) -> bool:
        """Whether the sequence is changed by more than single bases exchanged."""
        return self.kind in INDELS


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
    first = match["first"]
    return CodingChange("c." + bare, kind, int(first) if first.isdigit() else None)
