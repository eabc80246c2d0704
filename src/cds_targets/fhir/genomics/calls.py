"""What the words and codes of a marker's result say of it: its call in the field's words, and whether it is there."""

from __future__ import annotations

import re
from typing import Any

from cds_targets.facts.genomic import Presence
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.words import claims, left_open, said
from cds_targets.fhir.reading import codings

Call = tuple[str | None, Presence]

_MSI_HIGH = re.compile(
    r"msi-?h(?:igh)?\b|\bhigh\b|\binstability (?:present|detected)|unstable|instabil\b|\bdmmr\b|deficien|defizien"
    r"|mmr-?d\b|positiv"
)
_MSI_LOW = re.compile(r"msi-?l(?:ow)?\b|\blow\b")
_MSI_STABLE = re.compile(
    r"\bmss\b|\b(?:ms-?|mikrosatelliten-?)?stab(?:le|il)\b|\bpmmr\b|proficien|profizien|negativ|\bintact|\bintakt"
)
_PROFICIENT = re.compile(r"\bmss\b|\bpmmr\b|proficien|profizien")  # of the repair as a whole, not of one protein
_PROTEINS = 4
MMR_PROTEIN = re.compile(r"\b(?:mlh-?1|msh-?2|msh-?6|pms-?2)\b", re.IGNORECASE)
_LOST = re.compile(r"\bloss\b|\blost\b|verlust|verloren|\babsent\b|ausgefallen|\bausfall")
_KEPT = re.compile(r"\bintact|\bintakt|\bretained|\bpreserved|\berhalten|\bmaintained")
_POSITIVE = re.compile(r"\bpositiv|\bover-?express|\bexprimiert|\bexpressed")
_NEGATIVE = re.compile(r"\bnegativ")
_EXPRESSION = re.compile(r"\bpositiv|express|exprim|\bhigh\b|amplif")
_EQUIVOCAL = re.compile(r"\bequivocal|indeterminate|inconclusive|borderline\b")
_HIGH = re.compile(r"\bhigh\b|(?:tmb|hrd)-h\b|\bhoch\b|\bdeficien|\bdefizien")
_LOW = re.compile(r"\blow\b|(?:tmb|hrd)-l\b|\bniedrig\b|proficien|profizien")
_SCORE = re.compile(r"(?<![\d.])([0-3]\+)|(?:score|ihc)[ :]*([0-3])(?![\d.%+])|^([0-3])$")
_NUMBERED = frozenset({"TMB", "HRD", "BRCAness", "PD-L1"})  # what has a number of its own, so that 3 is no score


def read_call(marker: str, concepts: list[Any], texts: list[str]) -> Call:
    """The call of a marker; None where nothing says one, and unknown where it contradicts itself."""
    values = {coding.code for concept in concepts for coding in codings(concept)}
    words = " ; ".join(texts)
    if marker == "MSI":
        return _msi(values, words)
    if marker == "TTF-1" and claims(words, _HIGH) == {True}:
        return "high", Presence.PRESENT
    if marker not in _NUMBERED:
        scored = _scored(texts)
        if scored is not None:
            return scored
        if True in claims(words, _LOW):
            return "low", Presence.UNKNOWN
    if values & codes.INDETERMINATE or True in claims(words, _EQUIVOCAL):
        return "equivocal", Presence.UNKNOWN
    positive, negative = _signs(marker, words)
    positive = positive or bool(values & codes.PRESENT)
    negative = negative or bool(values & codes.ABSENT)
    if positive and negative:
        return None, Presence.UNKNOWN
    if positive or negative:
        return ("positive", Presence.PRESENT) if positive else ("negative", Presence.ABSENT)
    if marker in ("TMB", "HRD"):
        high, low = claims(words, _HIGH), claims(words, _LOW)
        if True in high and True not in low:
            return "high", Presence.PRESENT
        if True in low and True not in high:
            return "low", Presence.ABSENT
    spoken = {presence for text in texts if (presence := said(text)) is not None}
    if len(spoken) == 1 and (presence := spoken.pop()) is not Presence.UNKNOWN:
        return ("positive" if presence is Presence.PRESENT else "negative"), presence
    return None, Presence.UNKNOWN


def _signs(marker: str, words: str) -> tuple[bool, bool]:
    """Whether words call a marker positive, and whether they call it negative."""
    positive = True in claims(words, _POSITIVE)
    negative = True in claims(words, _NEGATIVE) or False in claims(words, _EXPRESSION)
    if marker not in _NUMBERED:
        lost, kept = claims(words, _LOST), claims(words, _KEPT)
        positive = positive or True in kept or False in lost
        negative = negative or True in lost or False in kept
    return positive, negative


def _scored(texts: list[str]) -> Call | None:
    """An immunohistochemical score: 3+ is positive, 0 negative, what lies between is neither."""
    for text in texts:
        match = _SCORE.search(text.casefold())
        if match is not None:
            digit = match[1] or match[2] or match[3]
            call = digit if digit.endswith("+") or digit == "0" else f"{digit}+"
            stands = {"3+": Presence.PRESENT, "0": Presence.ABSENT}
            return call, stands.get(call, Presence.UNKNOWN)
    return None


def _msi(values: set[str], words: str) -> Call:
    if "methyl" in words.casefold():
        return None, Presence.UNKNOWN
    if MMR_PROTEIN.search(words):
        return _repair_proteins(words)
    claimed = claims(words, _MSI_HIGH)
    lost, kept = claims(words, _LOST), claims(words, _KEPT)
    high = codes.MSI_HIGH in values or True in claimed or True in lost
    low = codes.MSI_LOW in values or True in claims(words, _MSI_LOW)
    stable = codes.MSI_STABLE in values or True in claims(words, _MSI_STABLE) or True in kept or lost == {False}
    if high and (low or stable or False in claimed):
        return None, Presence.UNKNOWN
    if high:
        return "MSI-H", Presence.PRESENT
    if low:
        return "MSI-L", Presence.ABSENT
    if stable:
        return "MSS", Presence.ABSENT
    if False in claimed:
        return "not MSI-H", Presence.ABSENT
    spoken = said(words)
    if spoken is Presence.PRESENT:
        return "MSI-H", spoken
    return ("MSS", spoken) if spoken is Presence.ABSENT else (None, Presence.UNKNOWN)


def _repair_proteins(words: str) -> Call:
    """Mismatch repair told protein by protein: one that is lost is deficient repair, all four kept is proficient.

    Source: doi 10.3390/encyclopedia2030106 (loss of nuclear staining of at least one of the four proteins).
    """
    lost = [
        claims(part, _LOST) | claims(part, _NEGATIVE) | _opposite(claims(part, _POSITIVE)) for part in _parts(words)
    ]
    kept = [claims(part, _KEPT) | claims(part, _POSITIVE) | _opposite(claims(part, _LOST)) for part in _parts(words)]
    if any(True in part for part in lost):
        return "MSI-H", Presence.PRESENT
    named = {match[0].casefold().replace("-", "") for match in MMR_PROTEIN.finditer(words)}
    all_kept = len(named) == _PROTEINS and any(True in part for part in kept) and not left_open(words)
    if all_kept or True in claims(words, _PROFICIENT):
        return "MSS", Presence.ABSENT
    return None, Presence.UNKNOWN


def _parts(words: str) -> list[str]:
    return re.split(r"[,;/]", words)


def _opposite(found: set[bool]) -> set[bool]:
    return {not claim for claim in found}
