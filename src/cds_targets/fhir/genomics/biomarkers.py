"""Markers that are no single gene change: MSI, TMB, HRD, PD-L1, HER2, hormone receptors, TTF-1, other stains.

Which marker an Observation is about, and its number; what its words say of it is read in `calls`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from cds_targets.facts.genomic import Biomarker, Presence, Source
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.calls import MMR_PROTEIN, read_call
from cds_targets.fhir.genomics.gene import notes_of, read_genes
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.reading import Coding, Resource, as_dict, as_list, as_number, as_text, codings, concept_text
from cds_targets.terms.genes import Genes

_ANY_NAME = re.compile(
    r"muta|tmb|satell|msi|mmr|mismatch|homolog|hrd|instab|pd-?l1|death|ttf|thyroid|her-?2|epidermal|recep|rezep"
    r"|\b[ep]r\b"
)
_STAINED_FOR = r"\b.*(?:stain|immun|ihc|presence|status|interpretation|ag\b)"
_NAMES = (
    (re.compile(r"tumou?r mutation(?:al)? (?:burden|load)|\bb?tmb\b|mutations/megabase|mutationslast"), "TMB"),
    (re.compile(r"micro ?satellite|mikrosatellit|\bmsi\b|\bmmr\b|mismatch[- ]?repair"), "MSI"),
    (re.compile(r"homologous recombination (?:defici|status)|\bhrd\b|genomic instability score"), "HRD"),
    (re.compile(r"\bpd-?l1\b|programmed (?:cell )?death[- ](?:1 )?ligand 1"), "PD-L1"),
    (re.compile(r"\bttf-?1\b|thyroid transcription factor"), "TTF-1"),
    (re.compile(r"\bher-?2\b|human epidermal growth factor receptor 2"), "HER2"),
    (re.compile(rf"\bo?estrogen receptor\b|östrogen-?rezeptor|\ber{_STAINED_FOR}"), "ER"),
    (re.compile(rf"\bprogesterone receptor\b|progesteron-?rezeptor|\bpr{_STAINED_FOR}"), "PR"),
)
_NOT_A_RESULT = ("implication", "family", "history", "therapy", "method", "serum", "plasma", "panel")
_STAIN = re.compile(r"immun(?:e|o|)[ -]?(?:stain|histo)|\bihc\b|(?:protein|nuclear) expression", re.IGNORECASE)
_REPAIR_STAINED = re.compile(r"\b(?:retained|intact|preserved|lost|loss of)\b", re.IGNORECASE)
_STAINED = re.compile(
    r"^(.{2,60}?)(?: Ag)?(?: (?:nuclear )?(?:protein|expression))*(?: \[| \(| by |[ -]?stain|[ -]ihc|[ -]?immun|,|$)",
    re.IGNORECASE,
)
_SCALE = {
    "TPS": re.compile(r"tumou?r proportion|\btps\b|viable tumou?r cells"),
    "CPS": re.compile(r"combined positive|\bcps\b"),
}
_SCORES = re.compile(
    r"(?P<before>\d{1,3}(?:\.\d{1,2})?)\s?(?P<percent>%)?\s(?P<named>tumou?r proportion score|combined positive score)"
    r"|\b(?P<name>tps|cps|tumou?r proportion score|combined positive score)\b[^\d<>≥≤;,]{0,15}"
    r"(?P<sign>[<>]=?|[≥≤])?\s?(?P<after>\d{1,3}(?:\.\d{1,2})?)(?![\d.]|\s?%?\s?[-–]\s?\d)\s?(?P<unit>%)?",
    re.IGNORECASE,
)
_HYBRIDISED = re.compile(r"\b(?:f|c|d|dc|si)?ish\b|in[- ]situ[- ]hybrid|amplif")
_UNITS = {"TMB": "1/1000000", "PD-L1 TPS": "%"}
_PER_MEGABASE = re.compile(r"mb\b|mega|1000000|10\*6|10\^6")
_NUMBER = re.compile(
    r"([<>]=?|[≥≤])?\s{0,3}(?<![\d.A-Za-z])(\d{1,4}(?:\.\d{1,6})?)(?![\d.]|\s*[-–]\s*\d)\s{0,3}(%|\w[^;,()]{0,30})?"
)
_RANGE = re.compile(r"\d\s{0,3}%?\s{0,3}(?:[-–]|to|bis)\s{0,3}\d")
_COMMA = re.compile(r"(?<=\d),(?=\d{1,2}\b)")
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
    if not by_code and not _STAIN.search(name) and not _is_repair_stain(name, resource):
        return None
    named = [gene.symbol for gene in read_genes(Parts.of(resource), genes) if gene.symbol]
    if len(named) == 1:
        return named[0]
    match = _STAINED.match(name)
    return genes.named(match[1]) if match is not None and not named else None


def _is_repair_stain(name: str, resource: Resource) -> bool:
    """A repair protein alone with the words of a stain: "MSH6" "Retained"."""
    told = " ".join(concept_text(concept) for concept in value_concepts(resource))
    return bool(MMR_PROTEIN.fullmatch(name.strip()) and _REPAIR_STAINED.search(told))


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
    if marker == "MSI":
        texts += _repair_proteins(resource)
    call, presence = read_call(marker, concepts, texts)
    notes: list[str] = []
    if "dataAbsentReason" in resource and call is None and value is None:
        notes.append(f"no result: {concept_text(resource['dataAbsentReason'])[:60] or 'reason not stated'}")
    if marker == "TMB" and value is not None and (value > MOST_PER_MEGABASE or value < 0):
        notes.append(f"{value:g} is implausible for mutations per megabase and is not used")
        value, call, presence = None, None, Presence.UNKNOWN
    elif marker == "TMB" and value is not None and not _per_megabase(quantity, unit):
        notes.append(f"{value:g} {unit} is no number of mutations per megabase and is not used")
        value = None
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


def read_biomarkers(marker: str, resource: Resource, source: Source, gene: str | None = None) -> list[Biomarker]:
    """The marker, and the scores of their own that components, the value's text or a note tell of it (TPS and CPS)."""
    whole = read_biomarker(marker, resource, source, gene)
    if marker != "PD-L1":
        return [whole]
    scores = []
    for component in as_list(resource.get("component")):
        if isinstance(component, dict) and (name := _refined(marker, component)) != marker:
            score = read_biomarker(marker, component, source, gene)
            if score.marker == name and (score.value is not None or score.call is not None):
                scores.append(score)
    written = [concept_text(concept) for concept in value_concepts(resource)]
    spoken = _scores_in(" ; ".join([*written, *notes_of(resource)]))
    told = {score.marker for score in scores} | ({whole.marker} if whole.value is not None else set())
    if (
        len(spoken) == 1
        and whole.marker == marker
        and whole.value is None
        and not scores
        and written
        and any(_SCORES.search(text) for text in written)
    ):
        name, (value, sign, unit) = next(iter(spoken.items()))
        return [replace(whole, marker=name, value=value, comparator=sign, unit=unit, notes=())]
    for name, (value, sign, unit) in spoken.items():
        if name not in told:
            scores.append(
                replace(
                    whole, marker=name, presence=Presence.UNKNOWN, call=None, value=value, comparator=sign, unit=unit
                )
            )
    if scores and whole.value is None and whole.call is None:
        return [replace(score, notes=()) for score in scores]
    return [whole, *scores]


def _scores_in(text: str) -> dict[str, tuple[float, str | None, str | None]]:
    """PD-L1 scores written out with their names: "TPS 60 %, CPS 65", "5% tumor proportion score"."""
    found: dict[str, tuple[float, str | None, str | None]] = {}
    for match in _SCORES.finditer(_COMMA.sub(".", text[:400])):
        named = (match["name"] or match["named"]).casefold()
        score = "PD-L1 CPS" if named.startswith("c") else "PD-L1 TPS"
        sign = _PLAIN.get(match["sign"], match["sign"]) if match["sign"] else None
        found.setdefault(score, (float(match["after"] or match["before"]), sign, match["unit"] or match["percent"]))
    return found


def _repair_proteins(resource: Resource) -> list[str]:
    """The mismatch-repair proteins stained in components: "MLH1 Loss of expression"."""
    told = []
    for component in as_list(resource.get("component")):
        if isinstance(component, dict) and (protein := MMR_PROTEIN.search(concept_text(component.get("code")))):
            told += [f"{protein[0]} {concept_text(value)}" for value in value_concepts(component)]
    return told


def _per_megabase(quantity: Resource, unit: str | None) -> bool:
    """Whether a unit, if one is stated, is one per megabase."""
    units = [word for word in (unit, as_text(quantity.get("unit")), as_text(quantity.get("code"))) if word]
    return not units or any(_PER_MEGABASE.search(word.casefold()) for word in units)


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
        counted = {c.code for c in codings(resource.get("code"))} & codes.HYBRIDISED
        return "HER2 ISH" if counted or _HYBRIDISED.search(" ".join(words).casefold()) else marker
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
        bare = _COMMA.sub(".", bare)
        match = None if _RANGE.search(bare) else _NUMBER.search(bare)
        if match:
            sign = _PLAIN.get(match[1], match[1]) if match[1] else comparator
            return float(match[2]), sign, unit or (match[3].strip() if match[3] else None)
    return None, comparator, unit
