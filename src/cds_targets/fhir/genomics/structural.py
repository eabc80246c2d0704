"""A cheap first look, whether a result could be about copy number or a fusion; the readers of those decide."""

from __future__ import annotations

import re
from functools import lru_cache

from cds_targets.fhir import codes
from cds_targets.fhir.genomics.parts import Parts, spellings, value_concepts
from cds_targets.fhir.genomics.presence import states_presence
from cds_targets.fhir.reading import Resource, as_list, as_text

NAMED = "the value names the finding itself"
_STRUCTURAL = frozenset({codes.COPY_NUMBER, codes.COPY_NUMBER_TYPE, codes.FIVE_PRIME, codes.THREE_PRIME, codes.FUSION})
_SPEAKING = frozenset(
    {
        codes.CHANGE_TYPE,
        codes.MOLECULAR_CONSEQUENCE,
        codes.FEATURE_CONSEQUENCE,
        codes.FUNCTIONAL_EFFECT,
        codes.DISCRETE,
    }
)
_STRUCTURAL_WORD = re.compile(
    r"amplif|copy|gain|loss|verlust|deep|zyg|biallel|fusion|rearrang|translo[ck]|::|"
    + "|".join(map(re.escape, sorted(codes.AMPLIFIED | codes.COPY_GAIN_UNGRADED | codes.COPY_LOSS)))
    + "|"
    + "|".join(map(re.escape, sorted(codes.FUSION_CONSEQUENCE))),
    re.IGNORECASE,
)


def may_be_structural(resource: Resource, parts: Parts) -> bool:
    """A cheap first look: whether anything here could be about copy number or a fusion."""
    if parts.any_of(_STRUCTURAL):
        return True
    for code in _SPEAKING.intersection(parts.by_code):
        for text in parts.texts(code):
            if is_structural_word(text):
                return True
    if not states_presence(resource):
        for text in spellings(resource.get("valueCodeableConcept")):
            if is_structural_word(text):
                return True
    if "interpretation" not in resource and "valueString" not in resource:
        return False
    texts = [text for concept in as_list(resource.get("interpretation")) for text in spellings(concept)]
    return any(is_structural_word(text) for text in (*texts, as_text(resource.get("valueString"))))


def names_finding(resource: Resource) -> bool:
    """Whether the value is the finding ("MDM2 amplification", "EML4-ALK fusion"); what denies it was read before."""
    texts = [text for concept in value_concepts(resource) for text in spellings(concept)]
    return "interpretation" not in resource and any(is_structural_word(text) for text in texts)


@lru_cache(maxsize=4096)
def is_structural_word(text: str) -> bool:
    """Whether a word or code may speak of copy number or of a fusion."""
    return _STRUCTURAL_WORD.search(text) is not None
