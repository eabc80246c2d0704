"""Whether a finding is there: from value, interpretation, and words. Contradictions leave it unknown, with a note."""

from __future__ import annotations

import re
from typing import Any

from cds_targets.facts.genomic import Origin, Presence, Significance
from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.words import answered
from cds_targets.fhir.reading import Resource, as_dict, as_list, as_number, as_text, codings, concept_text

CLEAR = {
    **dict.fromkeys(codes.PRESENT, Presence.PRESENT),
    **dict.fromkeys(codes.ABSENT, Presence.ABSENT),
    **dict.fromkeys(codes.INDETERMINATE, Presence.UNKNOWN),
    codes.MUTATED_INTERPRETATION: Presence.PRESENT,
}
_USUAL_DISPLAYS = {
    Presence.PRESENT: frozenset({"Present", "present", "Present (qualifier value)", "Positive"}),
    Presence.ABSENT: frozenset({"Absent", "absent", "Absent (qualifier value)", "Negative"}),
    Presence.UNKNOWN: frozenset({"Indeterminate"}),
}
_FRACTION = re.compile(
    r"(?:(?:vaf|af|allel\w*|allel\w* (?:frequency|fraction))[ :=]{0,3})?(?P<number>\d{1,3}(?:[.,]\d{1,18})?)\s?"
    r"(?P<percent>%|percent|prozent)?",
    re.IGNORECASE,
)
IMPLIED = "no value was reported; presence is implied by the finding"
UNSTATED = "whether it is present was not stated in a form that can be read"


def read_presence(resource: Resource, identified: bool) -> tuple[Presence, list[str]]:
    """Present, absent or unknown, and what there is to say about it. `identified`: it names a gene or a change."""
    plain = _plainly(resource)
    return (plain, []) if plain is not None else _weighed(resource, identified)


def states_presence(resource: Resource) -> bool:
    """Whether the value is one code for present or absent and nothing else, the usual case."""
    return _plainly(resource) is not None


def _plainly(resource: Resource) -> Presence | None:
    """What a value says that is one code and nothing else, where no interpretation could say otherwise."""
    concept = resource.get("valueCodeableConcept")
    if type(concept) is dict and "interpretation" not in resource and "text" not in concept:
        given = concept.get("coding")
        if type(given) is list and len(given) == 1 and type(given[0]) is dict:
            return of_coding(given[0].get("code"), given[0].get("display"))
    return None


def of_coding(code: Any, display: Any) -> Presence | None:
    """What a code for present or absent says; None if it is none, or if its display says something else."""
    if type(code) is not str:
        return None
    presence = CLEAR.get(code)
    if presence is None or display is None or display in _USUAL_DISPLAYS[presence]:
        return presence
    return presence if type(display) is str and answered(display) in (None, presence) else None


def _weighed(resource: Resource, identified: bool) -> tuple[Presence, list[str]]:
    value = signal(value_concepts(resource))
    if isinstance(resource.get("valueBoolean"), bool):
        value = Presence.PRESENT if resource["valueBoolean"] else Presence.ABSENT
    interpretation = signal(as_list(resource.get("interpretation")))
    if value is None and interpretation is None and "interpretation" in resource and identified:
        significance = read_significance(as_list(resource["interpretation"]))
        if significance is not Significance.UNSTATED and not any(key.startswith("value") for key in resource):
            return Presence.PRESENT, ["no value was reported; presence is implied by the stated significance"]
    stated = {part for part in (value, interpretation) if part is not None}
    if len(stated) > 1:
        if Presence.UNKNOWN in stated:
            return Presence.UNKNOWN, ["reported as indeterminate"]
        return Presence.UNKNOWN, ["the report contradicts itself about presence"]
    if stated:
        return stated.pop(), []
    if "dataAbsentReason" in resource:
        return Presence.UNKNOWN, [
            f"no result: {concept_text(resource['dataAbsentReason'])[:60] or 'reason not stated'}"
        ]
    abnormal = {coding.code for coding in codings(resource.get("interpretation"))} <= codes.ABNORMAL
    if any(key.startswith("value") for key in resource) or not abnormal or not identified:
        return Presence.UNKNOWN, [UNSTATED]
    return Presence.PRESENT, [IMPLIED]


def signal(concepts: list[Any]) -> Presence | None:
    """What coded or textual values say of presence; None if nothing."""
    if not concepts:
        return None
    given = {coding.code for concept in concepts for coding in codings(concept) if coding.code in CLEAR}
    words = (answered(text) for concept in concepts for text in spellings(concept) if text not in given)
    found = {CLEAR[code] for code in given} | {word for word in words if word is not None}
    if not found:
        return None
    return found.pop() if len(found) == 1 else Presence.UNKNOWN


def read_origin(parts: Parts) -> Origin:
    """Somatic or germline as stated; anything else is unknown, never somatic by default."""
    if codes.SOURCE_CLASS not in parts:
        return Origin.UNKNOWN
    usual = parts.only_code(codes.SOURCE_CLASS)
    if type(usual) is str and usual in codes.SOMATIC:
        return Origin.SOMATIC
    words = {text.casefold() for text in parts.texts(codes.SOURCE_CLASS)}
    somatic = bool(words & _SOMATIC) or any(word.startswith(("somatic", "somatisch")) for word in words)
    germline = bool(words & _GERMLINE) or any(word.startswith(("germline", "keimbahn")) for word in words)
    if somatic == germline:
        return Origin.UNKNOWN
    return Origin.SOMATIC if somatic else Origin.GERMLINE


_SOMATIC = {code.casefold() for code in codes.SOMATIC}
_GERMLINE = {code.casefold() for code in codes.GERMLINE}


def stated_significance(parts: Parts) -> Significance:
    """The significance an Observation states of itself."""
    if codes.SIGNIFICANCE not in parts:
        return Significance.UNSTATED
    usual = parts.only_code(codes.SIGNIFICANCE)
    if type(usual) is str and usual in SIGNIFICANCE:
        return SIGNIFICANCE[usual]
    return read_significance(parts.concepts(codes.SIGNIFICANCE))


def read_significance(concepts: list[Any]) -> Significance:
    """The significance as the laboratory reported it; several that differ are taken as uncertain."""
    found = {part for concept in concepts for part in _significances(concept)}
    if not found:
        return Significance.UNSTATED
    return found.pop() if len(found) == 1 else Significance.UNCERTAIN


def _significances(concept: Any) -> set[Significance]:
    texts = spellings(concept)
    for text in texts:
        if text in SIGNIFICANCE:
            return {SIGNIFICANCE[text]}
    words = " ".join(texts).casefold()
    if "uncertain" in words or "unknown significance" in words or words == "vus":
        return {Significance.UNCERTAIN}
    if "benign" in words:
        return {Significance.BENIGN}
    return {Significance.PATHOGENIC} if "pathogenic" in words or "oncogenic" in words else set()


SIGNIFICANCE = {
    **dict.fromkeys(codes.PATHOGENIC, Significance.PATHOGENIC),
    **dict.fromkeys(codes.UNCERTAIN, Significance.UNCERTAIN),
    **dict.fromkeys(codes.BENIGN, Significance.BENIGN),
}


def read_vaf(parts: Parts, notes: list[str]) -> float | None:
    """The allele fraction from 0 to 1: a fraction, a percentage, or a number misplaced as a code."""
    for component in parts[codes.VAF]:
        quantity = as_dict(component.get("valueQuantity"))
        number = as_number(quantity.get("value"))
        unit = as_text(quantity.get("code")) or as_text(quantity.get("unit"))
        unit = "%" if unit.casefold().startswith(("percent", "prozent")) else unit
        if number is None:
            number = as_number(component.get("valueDecimal"))
        if number is None:
            number, unit = _written_number(value_concepts(component))
        if number is None or number < 0:
            continue
        if "%" in unit and 0 < number < 1:
            notes.append(f"the allele fraction is written as {number:g} %: percent or fraction, cannot be told")
            return None
        if "%" in unit:
            number = round(number / 100, 10)
        if number <= 1:
            return number
        notes.append(f"the allele fraction is written as {number:g} without a unit that says what it means")
    return None


def _written_number(concepts: list[Any]) -> tuple[float | None, str]:
    for concept in concepts:
        for text in spellings(concept):
            match = _FRACTION.fullmatch(text)
            if match is not None:
                return float(match["number"].replace(",", ".")), "%" if match["percent"] else ""
    return None, ""
