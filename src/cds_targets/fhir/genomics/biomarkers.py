"""Markers that are no single gene change: MSI, TMB, HRD, PD-L1, HER2, hormone receptors, TTF-1, other stains."""

from __future__ import annotations

import re
from typing import Any

from cds_targets.facts.genomic import Biomarker, Presence, Source
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.words import said
from cds_targets.fhir.reading import Coding, Resource, as_dict, as_list, as_number, as_text, codings, concept_text
from cds_targets.terms.genes import Genes

_ANY_NAME = re.compile(
    r"muta|tmb|satellite|msi|mmr|mismatch|homolog|hrd|pd-?l1|death|ttf|thyroid|her-?2|epidermal|recep"
)
_NAMES = (
    (re.compile(r"tumou?r mutation(?:al)? (?:burden|load)|\btmb\b|mutations/megabase"), "TMB"),
    (re.compile(r"micro ?satellite|\bmsi\b|\bmmr\b|mismatch repair"), "MSI"),
    (re.compile(r"homologous recombination defici|\bhrd\b"), "HRD"),
    (re.compile(r"\bpd-?l1\b|programmed (?:cell )?death[- ](?:1 )?ligand 1"), "PD-L1"),
    (re.compile(r"\bttf-?1\b|thyroid transcription factor"), "TTF-1"),
    (re.compile(r"\bher-?2\b|human epidermal growth factor receptor 2"), "HER2"),
    (re.compile(r"\b(?:o?estrogen receptor|er)\b.*(?:stain|immun|presence|status|interpretation|ag\b)"), "ER"),
    (re.compile(r"\b(?:progesterone receptor|pr)\b.*(?:stain|immun|presence|status|interpretation|ag\b)"), "PR"),
)
_NOT_A_RESULT = ("implication", "family", "history", "therapy", "method", "serum", "plasma", "panel")
_STAIN = re.compile(r"immun(?:e|o)[ -]?(?:stain|histo)|\bihc\b", re.IGNORECASE)
_STAINED = re.compile(r"^(.{2,60}?)(?: Ag)?(?: \[| by | stain| ihc| immuno|,|$)", re.IGNORECASE)
_MSI_HIGH = re.compile(
    r"msi-?h\b|\bhigh\b|instability (?:present|detected)|unstable|\bdmmr\b|deficient|mmr-?d\b|positiv"
)
_MSI_NOT_HIGH = re.compile(r"\b(?:not|non|no)[- ](?:an? )?(?:msi\b|msi-?h|msi-high|high|unstable|deficient|dmmr)")
_MSI_LOW = re.compile(r"msi-?l\b|\blow\b")
_MSI_STABLE = re.compile(
    r"\bmss\b|\bms-stable\b|\bstable\b|\bpmmr\b|proficient|negativ|not detected|no instability|intact"
    r"|instability absent"
)
_POSITIVE = re.compile(r"\bpositiv|\boverexpress|\bexprimiert")
_NEGATIVE = re.compile(r"\bnegativ")
_DENIED = re.compile(r"\b(?:not|no|nicht|kein\w*) (?:over-?express|express|exprimiert|positiv|high|amplif|loss)")
_SCORE = re.compile(r"(?<![\d.])([0-3]\+)|(?:score|ihc)[ :]*([0-3])(?![\d.%+])|^0$")
_SCALE = {"TPS": re.compile(r"tumou?r proportion|\btps\b"), "CPS": re.compile(r"combined positive|\bcps\b")}
_HYBRIDISED = re.compile(r"\b(?:f|c|d|dc|si)?ish\b|in[- ]situ[- ]hybrid|amplif")
_UNITS = {"TMB": "1/1000000", "PD-L1 TPS": "%"}
_NUMBER = re.compile(r"([<>]=?|[≥≤])?\s{0,3}(?<![\d.])(\d{1,4}(?:\.\d{1,6})?)(?![\d.]|\s*[-–]\s*\d)\s{0,3}(%|mut\S*)?")
_RANGE = re.compile(r"\d\s{0,3}(?:[-–]|to)\s{0,3}\d")
_PLAIN = {"≥": ">=", "≤": "<="}
MOST_PER_MEGABASE = 2000  # our own bound, wide on purpose: what lies beyond is a total count or a mistake of unit


def marker_of(found: list[Coding], text: str) -> str | None:
    """The marker an Observation is about, by code, else by its name; None if it is none."""
    for coding in found:
        marker = codes.MARKER_OF_CODE.get(coding.code) or codes.OTHER_MARKERS.get(coding.code)
        if marker is not None:
            return marker
    for name in (text, *(coding.display for coding in found)):
        folded = name[:200].casefold()
        if folded and _ANY_NAME.search(folded) and not any(word in folded for word in _NOT_A_RESULT):
            for pattern, marker in _NAMES:
                if pattern.search(folded):
                    return marker
    return None


def stain_of(found: list[Coding], name: str, resource: Resource, genes: Genes) -> str | None:
    """The gene whose protein was stained, if the Observation is an immunohistochemical result; else None."""
    by_code = any(coding.code == codes.IMMUNOHISTOCHEMISTRY for coding in found)
    if not by_code and not _STAIN.search(name):
        return None
    from cds_targets.fhir.genomics.gene import read_genes

    named = [gene.symbol for gene in read_genes(Parts.of(resource), genes) if gene.symbol]
    if len(named) == 1:
        return named[0]
    match = _STAINED.match(name)
    return genes.named(match[1]) if match is not None and not named else None


def read_biomarker(marker: str, resource: Resource, source: Source, gene: str | None = None) -> Biomarker:
    """The marker's call, or its number and unit; a number alone has no call."""
    concepts = [*value_concepts(resource), *as_list(resource.get("interpretation"))]
    texts = [text for concept in concepts for text in spellings(concept)]
    quantity = as_dict(resource.get("valueQuantity"))
    value = as_number(quantity.get("value"))
    if value is None:
        value = as_number(resource.get("valueInteger"))
    if value is None:
        value = _ratio(as_dict(resource.get("valueRatio")))
    comparator = as_text(quantity.get("comparator")) or None
    unit = as_text(quantity.get("unit")) or as_text(quantity.get("code")) or None
    name = _refined(marker, resource)
    if value is None and name.startswith(("PD-L1", "TMB")):
        value, comparator, unit = _number_in([concept_text(c) for c in concepts], comparator, unit)
    call, presence = _call(marker, concepts, texts)
    notes: list[str] = []
    if "dataAbsentReason" in resource and call is None and value is None:
        notes.append(f"no result: {concept_text(resource['dataAbsentReason'])[:60] or 'reason not stated'}")
    if marker == "TMB" and value is not None and (value > MOST_PER_MEGABASE or value < 0):
        notes.append(f"{value:g} is implausible for mutations per megabase and is not used")
        value, call, presence = None, None, Presence.UNKNOWN
    if value is None and call is None and not notes:
        notes.append("the result was not stated in a form that can be read")
    return Biomarker(
        name,
        presence,
        source,
        call=call,
        value=value,
        comparator=comparator,
        unit=unit or (_UNITS.get(name) if value is not None else None),
        gene=gene or codes.GENE_OF_MARKER.get(marker),
        written="; ".join(dict.fromkeys(concept_text(c) for c in concepts))[:200],
        notes=tuple(notes),
    )


def read_biomarkers(marker: str, resource: Resource, source: Source) -> list[Biomarker]:
    """The marker, and what its components say of it where they are scores of their own (TPS and CPS)."""
    whole = read_biomarker(marker, resource, source)
    scores = []
    for component in as_list(resource.get("component")) if marker == "PD-L1" else ():
        if isinstance(component, dict) and (name := _refined(marker, component)) != marker:
            score = read_biomarker(marker, component, source)
            if score.marker == name and (score.value is not None or score.call is not None):
                scores.append(score)
    if scores and whole.value is None and whole.call is None:
        return scores
    return [whole, *scores]


def _ratio(ratio: Resource) -> float | None:
    """A quotient (mutations per so many megabases)."""
    top = as_number(as_dict(ratio.get("numerator")).get("value"))
    bottom = as_number(as_dict(ratio.get("denominator")).get("value"))
    return top / bottom if top is not None and bottom else None


def _refined(marker: str, resource: Resource) -> str:
    """PD-L1 as TPS or CPS where the report says which; HER2 as "HER2 ISH" where the gene was counted, not stained."""
    if marker not in ("PD-L1", "HER2"):
        return marker
    words = [c.display for c in codings(resource.get("code"))]
    words.append(as_text(as_dict(resource.get("code")).get("text")))
    words.append(concept_text(resource.get("method")))
    if marker == "HER2":
        return "HER2 ISH" if _HYBRIDISED.search(" ".join(words).casefold()) else marker
    quantity = as_dict(resource.get("valueQuantity"))
    words += [as_text(quantity.get("unit")), as_text(resource.get("valueString"))]
    text = " ".join(words).casefold()
    for score, pattern in _SCALE.items():
        if pattern.search(text):
            return f"PD-L1 {score}"
    return marker


def _number_in(
    texts: list[str], comparator: str | None, unit: str | None
) -> tuple[float | None, str | None, str | None]:
    """A number written as text; clone names (22C3, SP263) and codes are no numbers."""
    for text in texts:
        if not text or len(text) > 60:
            continue
        bare = re.sub(r"\b(?:\d{2}[-A-Z]\d|sp\d+|pd-?l1)\b", " ", text, flags=re.IGNORECASE)
        match = None if _RANGE.search(bare) else _NUMBER.search(bare)
        if match and not any(c.isalpha() for c in bare[max(0, match.start() - 1) : match.start(2)]):
            sign = _PLAIN.get(match[1], match[1]) if match[1] else comparator
            return float(match[2]), sign, unit or ("%" if match[3] == "%" else None)
    return None, comparator, unit


def _call(marker: str, concepts: list[Any], texts: list[str]) -> tuple[str | None, Presence]:
    values = {coding.code for concept in concepts for coding in codings(concept)}
    words = " ".join(texts).casefold()
    if marker == "MSI":
        return _msi_call(values, words)
    if marker == "TTF-1" and re.search(r"\bhigh\b", words) and not _DENIED.search(words):
        return "high", Presence.PRESENT
    if marker == "HER2" or marker not in ("TMB", "HRD", "BRCAness", "PD-L1"):
        scored = _scored(texts)
        if scored is not None:
            return scored
        if re.search(r"\blow\b", words):
            return "low", Presence.UNKNOWN
    if values & codes.INDETERMINATE or re.search(r"\bequivocal|indeterminate|inconclusive|borderline\b", words):
        return "equivocal", Presence.UNKNOWN
    denied = _DENIED.search(words) is not None
    positive = bool(values & codes.PRESENT) or (not denied and _POSITIVE.search(words) is not None)
    negative = bool(values & codes.ABSENT) or denied or _NEGATIVE.search(words) is not None
    if positive and negative:
        return None, Presence.UNKNOWN
    if positive or negative:
        return ("positive", Presence.PRESENT) if positive else ("negative", Presence.ABSENT)
    if marker in ("TMB", "HRD"):
        if re.search(r"\bhigh\b|tmb-h\b", words):
            return "high", Presence.PRESENT
        if re.search(r"\blow\b|tmb-l\b", words):
            return "low", Presence.ABSENT
    spoken = [presence for text in texts if (presence := said(text)) is not None]
    if len(set(spoken)) == 1 and spoken[0] is not Presence.UNKNOWN:
        return ("positive" if spoken[0] is Presence.PRESENT else "negative"), spoken[0]
    return None, Presence.UNKNOWN


def _scored(texts: list[str]) -> tuple[str, Presence] | None:
    """An immunohistochemical score: 3+ is positive, 0 negative, what lies between is neither."""
    for text in texts:
        match = _SCORE.search(text.casefold())
        if match is not None:
            call = match[1] or match[2] or "0"
            return call, {"3+": Presence.PRESENT, "3": Presence.PRESENT, "0": Presence.ABSENT}.get(
                call, Presence.UNKNOWN
            )
    return None


def _msi_call(values: set[str], words: str) -> tuple[str | None, Presence]:
    if _MSI_NOT_HIGH.search(words):
        return "not MSI-H", Presence.ABSENT
    high = codes.MSI_HIGH in values or _MSI_HIGH.search(words) is not None
    low = codes.MSI_LOW in values or _MSI_LOW.search(words) is not None
    stable = codes.MSI_STABLE in values or _MSI_STABLE.search(words) is not None
    if "unstable" in words and "mss" not in words:
        stable = codes.MSI_STABLE in values
    if high and (low or stable):
        return None, Presence.UNKNOWN
    if high:
        return "MSI-H", Presence.PRESENT
    if low:
        return "MSI-L", Presence.ABSENT
    return ("MSS", Presence.ABSENT) if stable else (None, Presence.UNKNOWN)
