"""Performance status: ECOG and Karnofsky as a number, a coded answer or in words."""

from __future__ import annotations

import re
from datetime import tzinfo

from cds_targets.facts.clinical import Performance
from cds_targets.facts.genomic import Source
from cds_targets.fhir import codes
from cds_targets.fhir.reading import Resource, Resources, as_dict, as_list, as_number, as_text, codings, observed_on

_LIMITS = {"ECOG": 5, "Karnofsky": 100}
_SAID = {
    "ECOG": re.compile(
        r"(?:ecog|who|ps|performance|status|grade|score|grad|\W)*(?P<score>[0-5])\b(?!\s*[-–/]\s*\d)", re.IGNORECASE
    ),
    "Karnofsky": re.compile(
        r"(?:karnofsky|kps|performance|status|index|score|\W)*(?P<score>100|[1-9]0|0)\b(?!\s*[-–/]\s*\d)", re.IGNORECASE
    ),
}


def read_performance(resources: Resources, zone: tzinfo) -> list[Performance]:
    """ECOG and Karnofsky, as an integer, a quantity, a coded answer (also in `interpretation`) or a text."""
    found = []
    for entry in resources.of_type("Observation"):
        scale = _scale(entry.resource)
        if scale is None or as_text(entry.resource.get("status")) in ("entered-in-error", "cancelled"):
            continue
        value = _score(entry.resource, scale)
        if value is not None and 0 <= value <= _LIMITS[scale]:
            when = observed_on(entry.resource, zone)
            found.append(Performance(scale, value, Source(entry.reference, entry.pointer, when), when))
    return found


def _scale(resource: Resource) -> str | None:
    about = codings(resource.get("code"))
    known = {coding.code for coding in about}
    if known & codes.ECOG:
        return "ECOG"
    if known & codes.KARNOFSKY:
        return "Karnofsky"
    if any(codes.system_name(coding.system) in ("loinc", "snomed") for coding in about):
        return None
    named = " ".join([as_text(as_dict(resource.get("code")).get("text")), *(c.display for c in about)]).casefold()
    return "ECOG" if re.search(r"\becog\b", named) else "Karnofsky" if re.search(r"\bkarnofsky\b", named) else None


def _score(resource: Resource, scale: str) -> int | None:
    number = as_number(resource.get("valueInteger"))
    if number is None:
        quantity = as_dict(resource.get("valueQuantity"))
        number = None if as_text(quantity.get("comparator")) else as_number(quantity.get("value"))
    if number is not None:
        return int(number) if number == int(number) else None
    concepts = [resource.get("valueCodeableConcept"), *as_list(resource.get("interpretation"))]
    answers = [coding for concept in concepts for coding in codings(concept)]
    for coding in answers:
        if coding.code in codes.PERFORMANCE_ANSWERS[scale]:
            return codes.PERFORMANCE_ANSWERS[scale][coding.code]
        if re.fullmatch(r"\d{1,3}", coding.code):
            return int(coding.code)
    texts = [as_text(resource.get("valueString"))]
    texts += [as_text(as_dict(concept).get("text")) for concept in concepts]
    texts += [coding.display for coding in answers]
    said = [match for text in texts if (match := _SAID[scale].match(text))]
    return int(said[0]["score"]) if said else None
