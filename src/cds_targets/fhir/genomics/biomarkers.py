"""Markers that are no single gene change: MSI, TMB, HRD, PD-L1, HER2, hormone receptors, TTF-1."""

from __future__ import annotations

import re

from cds_targets.facts.genomic import Biomarker, Presence, Source
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import spellings, value_concepts
from cds_targets.fhir.reading import Coding, Resource, as_dict, as_list, as_number, as_text, codings
from cds_targets.terms import Terms

_NAMES = (
    (re.compile(r"tumou?r mutation(al)? burden|\btmb\b"), "TMB"),
    (re.compile(r"micro ?satellite|\bmsi\b|\bmmr\b|mismatch repair"), "MSI"),
    (re.compile(r"homologous recombination defici|\bhrd\b"), "HRD"),
    (re.compile(r"pd-?l1|programmed (cell )?death[- ]ligand 1"), "PD-L1"),
    (re.compile(r"\bttf-?1\b|thyroid transcription factor"), "TTF-1"),
    (re.compile(r"\bher-?2\b|human epidermal growth factor receptor 2"), "HER2"),
)
_MSI_HIGH = re.compile(r"msi-?h\b|high|instability present|unstable|\bdmmr\b|deficient|mmr-?d|positive")
_MSI_LOW = re.compile(r"msi-?l\b|\blow\b")
_MSI_STABLE = re.compile(r"\bmss\b|stable|\bpmmr\b|proficient|negative|not detected|no instability")
_POSITIVE = frozenset({"LA6576-8", "10828004", "POS"})
_NEGATIVE = frozenset({"LA6577-6", "260385009", "NEG", "not-exp"})
_SCORE = re.compile(r"\b([0-3]\+|0)(?![\d.%])")
_SUBSTANCE = {"TPS": re.compile(r"tumou?r proportion|\btps\b"), "CPS": re.compile(r"combined positive|\bcps\b")}
_ESTIMATE = {"TMB": "1/1000000", "PD-L1 TPS": "%"}


def marker_of(found: list[Coding], text: str) -> str | None:
    """The marker an Observation is about, by code, else by its name; None if it is none."""
    for coding in found:
        if coding.code in codes.MARKER_OF_CODE:
            return codes.MARKER_OF_CODE[coding.code]
    folded = text.casefold()
    if any(word in folded for word in ("implication", "family", "history")):
        return None
    return next((name for pattern, name in _NAMES if pattern.search(folded)), None)


def read_biomarker(marker: str, resource: Resource, source: Source, terms: Terms) -> Biomarker:
    """The marker's call, or its number and unit; a number alone has no call."""
    concepts = [*value_concepts(resource), *as_list(resource.get("interpretation"))]
    texts = [text for concept in concepts for text in spellings(concept)]
    quantity = as_dict(resource.get("valueQuantity"))
    value = as_number(quantity.get("value"))
    if value is None:
        value = as_number(resource.get("valueInteger"))
    comparator = as_text(quantity.get("comparator")) or None
    unit = as_text(quantity.get("unit")) or as_text(quantity.get("code")) or None
    name = _refined(marker, resource)
    if value is None and name.startswith(("PD-L1", "TMB")):
        value, comparator = _number_in(texts, comparator)
    call, presence = _call(marker, concepts, texts)
    notes: tuple[str, ...] = ()
    if marker == "TMB" and value is not None and value > 2000:
        notes = (f"{value:g} is implausible for mutations per megabase and is not used",)
        value = None
    return Biomarker(
        name,
        presence,
        source,
        call=call,
        value=value,
        comparator=comparator,
        unit=unit or _ESTIMATE.get(name),
        gene=codes.GENE_OF_MARKER.get(marker),
        written="; ".join(texts)[:200],
        notes=notes,
    )


def _refined(marker: str, resource: Resource) -> str:
    """PD-L1 as TPS or CPS where the report says which."""
    if marker != "PD-L1":
        return marker
    words = [c.display for c in codings(resource.get("code"))]
    words.append(as_text(as_dict(resource.get("code")).get("text")))
    words.append(as_text(as_dict(resource.get("method")).get("text")))
    text = " ".join(words).casefold()
    for score, pattern in _SUBSTANCE.items():
        if pattern.search(text):
            return f"PD-L1 {score}"
    return marker


def _number_in(texts: list[str], comparator: str | None) -> tuple[float | None, str | None]:
    for text in texts:
        match = re.search(r"([<>]=?)?\s*(\d{1,3}(?:\.\d+)?)\s*%?", text)
        if match and len(text) <= 40:
            return float(match[2]), match[1] or comparator
    return None, comparator


def _call(marker: str, concepts: list[object], texts: list[str]) -> tuple[str | None, Presence]:
    values = {coding.code for concept in concepts for coding in codings(concept)}
    words = " ".join(texts).casefold()
    if marker == "MSI":
        return _msi_call(values, words)
    if marker == "HER2":
        score = _SCORE.search(words)
        if score:
            call = score[1]
            positive = {"3+": Presence.PRESENT, "0": Presence.ABSENT}
            return call, positive.get(call, Presence.UNKNOWN)
        if "low" in words:
            return "low", Presence.UNKNOWN
    if "equivocal" in words or "indeterminate" in words:
        return "equivocal", Presence.UNKNOWN
    if values & _POSITIVE or re.search(r"\bpositiv", words):
        return "positive", Presence.PRESENT
    if values & _NEGATIVE or re.search(r"\bnegativ|not expressed|nicht exprimiert", words):
        return "negative", Presence.ABSENT
    if marker in ("TMB", "TTF-1") and re.search(r"\bhigh\b", words):
        return "high", Presence.PRESENT
    if marker in ("TMB", "TTF-1") and re.search(r"\blow\b", words):
        return "low", Presence.ABSENT
    return None, Presence.UNKNOWN


def _msi_call(values: set[str], words: str) -> tuple[str | None, Presence]:
    if "LA26203-2" in values or (_MSI_HIGH.search(words) and not _MSI_STABLE.search(words)):
        return "MSI-H", Presence.PRESENT
    if "LA26202-4" in values or _MSI_LOW.search(words):
        return "MSI-L", Presence.ABSENT
    if "LA14122-8" in values or _MSI_STABLE.search(words):
        return "MSS", Presence.ABSENT
    return None, Presence.UNKNOWN
