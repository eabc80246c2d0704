"""How far a cancer has spread: stage groups and TNM beside a diagnosis, in its words, and as Observations."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cds_targets.facts.clinical import Extent
from cds_targets.fhir import codes
from cds_targets.fhir.diagnosis_words import denies_spread
from cds_targets.fhir.reading import Entry, Resource, Resources, as_dict, as_list, as_text, codings, concept_text

_STAGE = re.compile(
    r"\b(?:stage|stadium|uicc|ajcc|figo)\W*(?:group\W*)?(?:c|p|yp)?(IV|III|II|I|[1-4])([ABC]?)\d?\b", re.IGNORECASE
)
_BARE_STAGE = re.compile(r"\b(?:c|p|yp)?(IV|III|II|I|[1-4])([ABC]?)\d?\b")
_OTHER_SCALE = re.compile(r"\b(?:grade|grading|level|clark|breslow|type|gleason|deauville|ecog|phase)\b")
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}
_M1 = re.compile(r"(?:\b|\d|[a-z])[cp]?M1[a-d]?(?:\(\w+\))?(?![0-9])")
_METASTATIC = re.compile(
    r"\bmetastatic|metastasi[sz]ed|metastasiert|\bmetastas[ei]s\b|metastasen?\b|\bmets\b|\boligometastatic"
    r"|\bm(?:crc|nsclc|pdac)\b|\bextensive.stage\b|\bdisseminated\b|\bperitonealkarzinose\b"
)
_ADVANCED = re.compile(
    r"\blocally advanced|\bunresectable\b|\binoperabl|\blokal fortgeschritten|\binoperabel|\bnicht resektab"
)
_VOID = frozenset({"entered-in-error", "cancelled"})
_STAGING_NAMES = re.compile(r"\btnm\b|\bstage group|\b(?:cancer|tumou?r) stage\b|\bdistant metasta", re.IGNORECASE)


def extent_of(text: str, *, is_stage: bool = False, lung: bool = False) -> tuple[Extent, str | None]:
    """The extent a text states, and the stage group it names; `is_stage`: the text is a stage, so that "IVA" will do.

    Stage III is locally advanced only in `lung` cancer, and there from IIIB: elsewhere it may well be resectable.
    """
    folded = text.casefold()
    named = _STAGE.search(text)
    if named is None and is_stage and not _OTHER_SCALE.search(folded):
        named = _BARE_STAGE.search(text)
    number = _ROMAN.get(named[1], named[1].upper()) if named else None
    group = f"{number}{named[2].upper()}" if named else None
    if (_METASTATIC.search(folded) and not denies_spread(folded)) or _M1.search(text) or number == "IV":
        return Extent.METASTATIC, group
    if _ADVANCED.search(folded) or (lung and group in ("IIIB", "IIIC")):
        return Extent.LOCALLY_ADVANCED, group
    if number in ("I", "II"):
        return Extent.EARLY, group
    return Extent.UNKNOWN, group


def furthest(stated: Iterable[tuple[Extent, str | None]]) -> tuple[Extent, str | None]:
    """The furthest of several statements, with the first stage group that names it (or any)."""
    order = (Extent.METASTATIC, Extent.LOCALLY_ADVANCED, Extent.EARLY, Extent.UNKNOWN)
    every = list(stated)
    extent = min((e for e, _ in every), key=order.index, default=Extent.UNKNOWN)
    groups = [group for e, group in every if group and e is extent] or [group for _, group in every if group]
    return extent, groups[0] if groups else None


def stated_extent(entry: Entry, words: str, resources: Resources, *, lung: bool) -> tuple[Extent, str | None]:
    """Extent and stage group from the words of the diagnosis, Condition.stage and the Observations that refer to it."""
    found = [extent_of(words, lung=lung)]
    for stage in as_list(entry.resource.get("stage")):
        summary = as_dict(stage).get("summary")
        if not _OTHER_SCALE.search(concept_text(as_dict(stage).get("type")).casefold()):
            found += [extent_of(text, is_stage=True, lung=lung) for text in _words(summary)]
        for reference in as_list(as_dict(stage).get("assessment")):
            target = resources.resolve(reference, entry)
            if target is not None:
                found += _observed(target.resource, lung=lung)
    for observation in resources.of_type("Observation"):
        focus = [resources.resolve(reference, observation) for reference in as_list(observation.resource.get("focus"))]
        if any(target is entry for target in focus):
            found += _observed(observation.resource, lung=lung)
    return furthest(found)


def observed_extent(resources: Resources, *, lung: bool) -> tuple[Extent, str | None]:
    """The furthest extent of the staging Observations that name no diagnosis they belong to."""
    found: list[tuple[Extent, str | None]] = []
    for entry in resources.of_type("Observation"):
        if not any(as_text(as_dict(focus).get("reference")) for focus in as_list(entry.resource.get("focus"))):
            found += _observed(entry.resource, lung=lung)
    return furthest(found)


def _observed(resource: Resource, *, lung: bool) -> list[tuple[Extent, str | None]]:
    """What a staging Observation and its components state; nothing for any other Observation."""
    if as_text(resource.get("status")) in _VOID:
        return []
    found: list[tuple[Extent, str | None]] = []
    for part in (resource, *(as_dict(component) for component in as_list(resource.get("component")))):
        about = {coding.code for coding in codings(part.get("code"))}
        value = [*_words(part.get("valueCodeableConcept")), as_text(part.get("valueString"))]
        if about & codes.STAGE_GROUP:
            found += [extent_of(text, is_stage=True, lung=lung) for text in value if text]
        elif about & codes.M_CATEGORY:
            found += [(Extent.METASTATIC, None) for text in value if _M1.search(text) or text in codes.M1]
        elif _STAGING_NAMES.search(as_text(as_dict(part.get("code")).get("text"))):
            found += [extent_of(text, lung=lung) for text in value if text]
    return found


def _words(concept: object) -> list[str]:
    """Every text, display and code of a concept."""
    every = [as_text(as_dict(concept).get("text"))]
    for coding in codings(concept):
        every += [coding.display, coding.code]
    return [text for text in every if text]
