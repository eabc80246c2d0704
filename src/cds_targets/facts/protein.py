"""Protein changes as an object: what `p.Gly12Cys`, `G12C` and `p.(Gly12Cys)` have in common."""

from __future__ import annotations

import re
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


class ProteinChangeError(ValueError):
    """A text that is no protein change; the message says why."""


MAX_LENGTH = 200

_THREE = {
    "ala": "A", "arg": "R", "asn": "N", "asp": "D", "cys": "C", "gln": "Q", "glu": "E", "gly": "G", "his": "H",
    "ile": "I", "leu": "L", "lys": "K", "met": "M", "phe": "F", "pro": "P", "ser": "S", "thr": "T", "trp": "W",
    "tyr": "Y", "val": "V", "sec": "U", "ter": "*", "xaa": "X",
}  # fmt: skip
# Codons where reports of hotspot tests write X for "any amino acid, the allele not specified", never for a stop.
_ALLELE_NOT_SPECIFIED = frozenset({("G", 12), ("G", 13), ("V", 600)})
_TO_ONE = re.compile("|".join(_THREE), re.IGNORECASE)
_PREFIX = re.compile(r"(?:[A-Za-z]{2,4}_?\d+(?:\.\d+)?(?:\([A-Za-z0-9-]+\))?:)?\s*[pP]\.\s*")
_AA = "[ACDEFGHIKLMNPQRSTVWYUX*]"

_SUBSTITUTION = re.compile(rf"({_AA})(\d{{1,5}})({_AA}|=|\?)")
_FRAMESHIFT = re.compile(
    rf"({_AA}{{1,60}}?)?-?(\d{{1,5}})(?:_{_AA}?\d{{1,5}})?({_AA})?fs(?:\*?(?:\d{{1,5}}|\?)?|X\d{{0,5}})?"
)
_SPLICE = re.compile(rf"({_AA})?(\d{{1,5}})?_?splice|({_AA})(\d{{1,5}})sp|({_AA})(\d{{1,5}})_splice(?:_.*)?")
_RANGE = re.compile(rf"({_AA}{{0,60}})(\d{{1,5}})(?:_({_AA})?(\d{{1,5}}))?(delins|del|ins|dup)({_AA}*|\d{{1,4}})?")
_NO_DEL = re.compile(rf"({_AA}{{0,60}})(\d{{1,5}})(?:_(\d{{1,5}}))?({_AA}*)>({_AA}+)")
_LONG_SWAP = re.compile(rf"(\d{{1,5}})_(\d{{1,5}})({_AA}+)>({_AA}+)")
_EXTENSION = re.compile(rf"(\*)(\d{{1,5}})({_AA})ext.*|({_AA})1ext.*")
_CODON = re.compile(r"codon\s*(\d{1,5})", re.IGNORECASE)
_AT = re.compile(rf"({_AA})(\d{{1,5}})")
_MULTI = re.compile(rf"({_AA}{{2,30}})(\d{{1,5}})({_AA}{{2,30}})")
_NUCLEOTIDE = re.compile(r"[cgmnr]\.")


def parse_protein(text: str) -> ProteinChange:
    """Any common spelling of a protein change in its short form; ProteinChangeError with a reason otherwise.

    One- and three-letter amino acids, with or without `p.`, brackets and accession; `*`, `Ter` and `X` for stop;
    every frameshift style; splice, in-frame, extension and codon-only texts. `%3D` is read as `=`. `Gly12Xaa`, and `X`
    at a hotspot codon (`G12X`, `V600X`), is a change to an amino acid that is not told (kind OTHER).
    """
    if len(text) > MAX_LENGTH:
        raise ProteinChangeError(f"longer than {MAX_LENGTH} characters")
    bare = _bare(text)
    for reader in _READERS:
        change = reader(bare)
        if change is not None:
            return change
    raise ProteinChangeError("no protein change that can be read")


def _bare(text: str) -> str:
    """Without accession, `p.`, brackets and blanks; one-letter amino acids; `Ter` as `*`."""
    stripped = text.strip().replace("%3D", "=").replace("%3d", "=")
    if _NUCLEOTIDE.match(stripped):
        raise ProteinChangeError("a nucleotide change, not a protein change")
    if any(sign in stripped for sign in ";/^|"):
        raise ProteinChangeError("several changes in one text")
    prefix = _PREFIX.match(stripped)
    bare = stripped[prefix.end() :] if prefix else stripped
    bare = re.sub(r"\[(?!\d)|(?<!\d)\]|[()\s]", "", bare)
    bare = re.sub(r"(?i)(?<=\d)xaa$", "?", bare)
    bare = re.sub(r"(?i)(?<=\d)stop$", "*", bare)
    bare = re.sub(r"(?<=\d)aa(?=[A-Z])", "", bare)
    if not bare:
        raise ProteinChangeError("empty")
    if bare in ("=", "?", "0", "0?", "(=)"):
        return bare
    return _TO_ONE.sub(lambda match: _THREE[match[0].lower()], bare)


def _whole(bare: str) -> ProteinChange | None:
    if bare == "=":
        return ProteinChange("=", ChangeKind.SYNONYMOUS)
    if bare in ("?", "0?"):
        return ProteinChange("?", ChangeKind.OTHER)
    return ProteinChange("0", ChangeKind.START_LOST) if bare == "0" else None


def _substitution(bare: str) -> ProteinChange | None:
    match = _SUBSTITUTION.fullmatch(bare)
    if match is None:
        return None
    reference, position, alternative = match[1], int(match[2]), match[3]
    if alternative == "X" and (reference, position) in _ALLELE_NOT_SPECIFIED:
        return ProteinChange(f"{reference}{position}X", ChangeKind.OTHER, reference, position)
    if alternative == "X" and reference != "X":
        alternative = "*"
    text = f"{reference}{position}{alternative}"
    if alternative in ("=", reference):
        kind = ChangeKind.SYNONYMOUS
        text = f"{reference}{position}{alternative}"
    elif reference == "M" and position == 1:
        kind = ChangeKind.START_LOST
    elif alternative == "*":
        kind = ChangeKind.NONSENSE
    elif reference == "*":
        kind = ChangeKind.STOP_LOST
    elif alternative == "?":
        kind = ChangeKind.OTHER
    else:
        kind = ChangeKind.MISSENSE
    return ProteinChange(text, kind, reference, position, None, None if alternative == "?" else alternative)


def _frameshift(bare: str) -> ProteinChange | None:
    match = _FRAMESHIFT.fullmatch(bare)
    if match is None:
        return None
    text = re.sub(r"fsX(?=\d|$)", "fs*", bare)
    reference = match[1][0] if match[1] else None
    return ProteinChange(text, ChangeKind.FRAMESHIFT, reference, int(match[2]), None, match[3])


def _splice(bare: str) -> ProteinChange | None:
    match = _SPLICE.fullmatch(bare)
    if match is None:
        return None
    reference = match[1] or match[3] or match[5]
    position = match[2] or match[4] or match[6]
    text = f"{reference or ''}{position or ''}_splice"
    return ProteinChange(text, ChangeKind.SPLICE, reference, int(position) if position else None)


def _range(bare: str) -> ProteinChange | None:
    match = _RANGE.fullmatch(bare)
    if match is None:
        return None
    kinds = {
        "del": ChangeKind.INFRAME_DELETION,
        "ins": ChangeKind.INFRAME_INSERTION,
        "dup": ChangeKind.INFRAME_INSERTION,
        "delins": ChangeKind.INFRAME_DELINS,
    }
    kind = kinds[match[5]]
    if match[6] and "*" in match[6]:
        kind = ChangeKind.NONSENSE
    end = int(match[4]) if match[4] else None
    if end is None and len(match[1]) > 1:
        end = int(match[2]) + len(match[1]) - 1
    return ProteinChange(bare, kind, match[1] or None, int(match[2]), end, match[6] or None)


def _swap(bare: str) -> ProteinChange | None:
    long = _LONG_SWAP.fullmatch(bare)
    if long is not None:
        kind = ChangeKind.NONSENSE if "*" in long[4] else _swap_kind(long[3], long[4])
        return ProteinChange(bare, kind, long[3][0], int(long[1]), int(long[2]), long[4])
    match = _NO_DEL.fullmatch(bare)
    if match is None:
        return None
    kind = ChangeKind.NONSENSE if "*" in match[5] else _swap_kind(match[1] or match[4], match[5])
    end = int(match[3]) if match[3] else None
    return ProteinChange(bare, kind, (match[1] or match[4] or None), int(match[2]), end, match[5])


def _swap_kind(before: str, after: str) -> ChangeKind:
    return ChangeKind.MISSENSE if len(before) == len(after) == 1 else ChangeKind.INFRAME_DELINS


def _extension(bare: str) -> ProteinChange | None:
    match = _EXTENSION.fullmatch(bare)
    if match is None:
        return None
    if match[1]:
        return ProteinChange(bare, ChangeKind.STOP_LOST, "*", int(match[2]), None, match[3])
    return ProteinChange(bare, ChangeKind.OTHER, match[4], 1)


def _several_residues(bare: str) -> ProteinChange | None:
    match = _MULTI.fullmatch(bare)
    if match is None:
        return None
    position = int(match[2])
    if "*" in match[3]:
        kind = ChangeKind.NONSENSE
    elif match[1] == match[3]:
        kind = ChangeKind.SYNONYMOUS
    else:
        kind = ChangeKind.INFRAME_DELINS
    return ProteinChange(bare, kind, match[1], position, position + len(match[1]) - 1, match[3])


def _position_only(bare: str) -> ProteinChange | None:
    """A codon without the change: something is there, what cannot be told."""
    match = _CODON.fullmatch(bare)
    if match is not None:
        return ProteinChange(f"codon {match[1]}", ChangeKind.OTHER, None, int(match[1]))
    at = _AT.fullmatch(bare)
    return ProteinChange(bare, ChangeKind.OTHER, at[1], int(at[2])) if at else None


_READERS = (
    _whole,
    _substitution,
    _frameshift,
    _splice,
    _range,
    _swap,
    _extension,
    _several_residues,
    _position_only,
)
